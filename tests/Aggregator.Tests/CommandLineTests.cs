using System.Collections;
using SecureAggregation.Aggregator.Hosting;

namespace SecureAggregation.Aggregator.Tests;

public sealed class CommandLineTests : IDisposable
{
    private static readonly Hashtable s_none = [];

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Options_come_from_the_command_line()
    {
        var options = CommandLine.Read(
            ["--key", "k.pem", "--roster=r.bin", "--data", "d", "--listen", "0.0.0.0:0", "--cores", "3", "--set", "Station:Deadlines:Input=00:05:00"], s_none);
        Assert.Equal(("k.pem", "r.bin", "d", 0), (options.KeyFile, options.RosterFile, options.DataDirectory, options.Endpoint.Port));
        Assert.Equal(TimeSpan.FromMinutes(5), options.Deadlines.Input);
        Assert.Equal(3, options.Cores);
        Assert.Equal(Environment.ProcessorCount, new StationOptions().Cores);
    }

    [Theory]
    [InlineData("--nonsense 1", "--nonsense is not an option")]
    [InlineData("--key", "--key needs a value")]
    [InlineData("run", "run is not an option")]
    [InlineData("--set Station:Listen", "has no '='")]
    [InlineData("--key k --roster r", "Station:DataDirectory is not set")]
    [InlineData("--key k --roster r --data d --listen 7443", "Station:Listen is \"7443\"")]
    [InlineData("--key k --roster r --data d --listen localhost:1", "must be an IP address and a port")]
    [InlineData("--key k --roster r --data d --set Station:Deadlines:Input=00:20:00", "Station:Deadlines:Input is 00:20:00; it must be from")]
    [InlineData("--key k --roster r --data d --cores 0", "Station:Cores is 0; it must be 1 or more")]
    [InlineData("--key k --roster r --data d --set Station:Limits:RunningRounds=0", "Station:Limits:RunningRounds is 0")]
    [InlineData("--key k --roster r --data d --set Station:Limits:RunningRounds=many", "RunningRounds")]
    [InlineData("--key k --roster r --data d --set Station:Lisen=1", "The section \"Station\" has an unknown key: 'Lisen'. docs/station.md lists the keys.")]
    [InlineData("--config /nowhere/x.json", "/nowhere/x.json")]
    public void Wrong_options_are_named(string args, string said)
    {
        var failure = Assert.Throws<StartException>(() => CommandLine.Read(args.Split(' '), s_none));
        Assert.Equal(ExitCode.Configuration, failure.Code);
        Assert.Contains(said, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Environment_is_weaker_than_the_command_line_and_other_programs_variables_are_left_alone()
    {
        var environment = new Hashtable
        {
            ["SECAGG_STATION"] = "https://elsewhere:1", ["SECAGG_STATION__KEYFILE"] = "env.pem", ["SECAGG_STATION__DATADIRECTORY"] = "env", ["SECAGG_STATION__LIMITS__SENDQUEUE"] = "77",
        };
        var options = CommandLine.Read(["--roster", "r", "--data", "d"], environment);
        Assert.Equal(("env.pem", "d", 77), (options.KeyFile, options.DataDirectory, options.Limits.SendQueue));
    }

    [Fact]
    public void Connection_string_comes_from_a_file_that_is_its_owners_only()
    {
        string[] args = ["--key", "k", "--roster", "r", "--data", "d", "--set", $"Station:DatabaseFile={_folder.File("db")}"];
        Assert.Contains("cannot be read", Assert.Throws<StartException>(() => CommandLine.Read(args, s_none)).Message, StringComparison.Ordinal);
        File.WriteAllText(_folder.File("db"), "Host=db;Password=secret\n");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(_folder.File("db"), UnixFileMode.UserRead | UnixFileMode.OtherRead);
            var open = Assert.Throws<StartException>(() => CommandLine.Read(args, s_none)).Message;
            Assert.Contains("chmod 600", open, StringComparison.Ordinal);
            Assert.DoesNotContain("secret", open, StringComparison.Ordinal);
            File.SetUnixFileMode(_folder.File("db"), UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }

        Assert.Equal("Host=db;Password=secret", CommandLine.Read(args, s_none).Database);
        Assert.Contains("keep one of them", Assert.Throws<StartException>(() => CommandLine.Read([.. args, "--database", "Host=x"], s_none)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Broken_file_is_named_with_the_place()
    {
        File.WriteAllText(_folder.File("s.json"), "{ \"Station\": {\n  \"KeyFile\" \"k\" } }");
        var failure = Assert.Throws<StartException>(() => CommandLine.Read(["--config", _folder.File("s.json")], s_none));
        Assert.Contains("s.json", failure.Message, StringComparison.Ordinal);
        Assert.Contains("LineNumber: 1", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void File_is_weaker_than_the_command_line()
    {
        File.WriteAllText(_folder.File("s.json"), """{ "Station": { "KeyFile": "k", "RosterFile": "r", "DataDirectory": "d", "Limits": { "SendQueue": 99 } } }""");
        var options = CommandLine.Read(["--config", _folder.File("s.json"), "--data", "elsewhere"], s_none);
        Assert.Equal(("k", "elsewhere", 99), (options.KeyFile, options.DataDirectory, options.Limits.SendQueue));
    }
}
