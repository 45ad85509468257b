using System.Net;
using System.Net.Sockets;
using System.Text.Json;

namespace SecureAggregation.Cli.Tests;

[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class DoctorTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Nothing_named_is_nothing_wrong()
    {
        var run = await Run.Of("doctor", "--json");
        Assert.Equal(ExitCode.Ok, run.Code);
        Assert.True(run.Json.GetProperty("healthy").GetBoolean());
        Assert.Equal(["roster", "key", "data", "port", "station", "clock"], Checks(run).Select(c => c.GetProperty("check").GetString()));
        Assert.All(Checks(run), c => Assert.Equal("skipped", State(c)));
    }

    [Fact]
    public async Task Each_thing_that_is_wrong_is_named_with_what_to_do()
    {
        await Run.Of("keygen", _folder["mars.pem"]);
        File.SetUnixFileMode(_folder["mars.pem"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.OtherRead);
        await File.WriteAllTextAsync(_folder["roster.bin"], "no roster");
        using var taken = new TcpListener(IPAddress.Loopback, 0);
        taken.Start();

        var run = await Run.Of("doctor", "--json", "--roster", _folder["roster.bin"], "--key", _folder["mars.pem"], "--data", _folder["nowhere"], "--listen", $"{taken.LocalEndpoint}");

        Assert.Equal(ExitCode.Failed, run.Code);
        Assert.Equal(["failed", "failed", "failed", "failed", "skipped", "skipped"], Checks(run).Select(State));
        Assert.Contains("chmod 600", Checks(run)[1].GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Contains("install -d -m 700", Checks(run)[2].GetProperty("do").GetString(), StringComparison.Ordinal);
        Assert.Contains("is in use", Checks(run)[3].GetProperty("detail").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Folder_that_others_can_read_is_a_warning_and_a_closed_one_is_well()
    {
        Directory.CreateDirectory(_folder["data"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var well = await Run.Of("doctor", "--json", "--data", _folder["data"], "--listen", "127.0.0.1:0");
        Assert.Equal(("ok", "ok"), (State(Checks(well)[2]), State(Checks(well)[3])));
        Assert.Empty(Directory.GetFileSystemEntries(_folder["data"]));
        File.SetUnixFileMode(_folder["data"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.OtherRead);
        var open = await Run.Of("doctor", "--json", "--data", _folder["data"]);
        Assert.Equal(("warning", ExitCode.Ok), (State(Checks(open)[2]), open.Code));
    }

    [Fact]
    public async Task Link_that_somebody_laid_into_the_folder_empties_no_file()
    {
        Directory.CreateDirectory(_folder["data"]);
        await File.WriteAllTextAsync(_folder["precious"], "rows");
        File.CreateSymbolicLink(Path.Combine(_folder["data"], ".secagg-doctor"), _folder["precious"]);
        await Run.Of("doctor", "--json", "--data", _folder["data"]);
        Assert.Equal("rows", await File.ReadAllTextAsync(_folder["precious"]));
        Assert.Single(Directory.GetFileSystemEntries(_folder["data"]));
    }

    [Theory]
    [InlineData(0ul, 1970)]
    [InlineData(ulong.MaxValue, 9999)]
    public void Time_that_a_station_made_up_is_a_time(ulong milliseconds, int year) => Assert.Equal(year, Moment.Of(milliseconds).Year);

    [Fact]
    public async Task People_get_a_line_a_check()
    {
        var run = await Run.Of("doctor", "--data", _folder["nowhere"]);
        Assert.Equal(ExitCode.Failed, run.Code);
        Assert.Contains("failed   data", run.Output, StringComparison.Ordinal);
        Assert.Contains("-> make it for the program's user", run.Output, StringComparison.Ordinal);
    }

    private static List<JsonElement> Checks(Run run) => [.. run.Json.GetProperty("checks").EnumerateArray()];

    private static string? State(JsonElement check) => check.GetProperty("state").GetString();
}
