using System.Text.Json;

namespace SecureAggregation.Cli.Tests;

/// <summary>What is wrong ends with a sentence and a code, before anything is spent, overwritten or read without end.</summary>
[System.Runtime.Versioning.SupportedOSPlatform("linux")]
public sealed class WrongInputTests : IDisposable
{
    private const string Query = "dataset: d\nepsilon: 1\nmeasures: [count]\n";
    private const string Schema = "name: d\none_row_per_person: true\ncolumns:\n  age: { type: integer, low: 0, high: 110 }\n";

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Error_with_json_is_one_document()
    {
        var run = await Run.Of("verify", _folder["nowhere.secagg"], "--json");

        Assert.Equal(ExitCode.BadInput, run.Code);
        Assert.Contains("nowhere.secagg does not exist", run.Json.GetProperty("error").GetString(), StringComparison.Ordinal);
        Assert.Equal(2, run.Json.GetProperty("exit_code").GetInt32());
        Assert.Contains("nowhere.secagg does not exist", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wrong_usage_with_json_is_one_document()
    {
        var run = await Run.Of("watch", "--json", "--frob");

        Assert.Equal(ExitCode.BadInput, run.Code);
        Assert.Contains("--frob", run.Json.GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Answer_that_is_no_is_its_only_document()
    {
        File.WriteAllText(_folder["rubbish"], "rubbish");

        var run = await Run.Of("verify", _folder["rubbish"], "--json");

        Assert.Equal(ExitCode.Failed, run.Code);
        Assert.Equal(JsonValueKind.False, run.Json.GetProperty("verified").ValueKind);
    }

    [Fact]
    public async Task File_that_is_no_key_is_said_to_be_none()
    {
        File.WriteAllBytes(_folder["roster.bin"], [10, 200, 255]);
        File.SetUnixFileMode(_folder["roster.bin"], UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var run = await Run.Of("schedule", "run", "--roster", _folder["roster.bin"], "--key", _folder["roster.bin"], "--station", "https://127.0.0.1:1");
        Assert.Contains("not a roster", run.Error.ToLowerInvariant(), StringComparison.Ordinal);
        run = await Run.Of("doctor", "--key", _folder["roster.bin"]);
        Assert.Contains("PKCS#8 PEM", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("more than 1000 runs", "--until", "9999-12-31", "--total", "1")]
    [InlineData("--total is '79228162514264337593543950335'", "--until", "2999-01-01", "--total", "79228162514264337593543950335")]
    public async Task Schedule_with_numbers_beyond_all_bounds_is_refused(string said, params string[] numbers)
    {
        File.WriteAllText(_folder["q.yaml"], Query);
        var run = await Run.Of(["schedule", "accept", _folder["q.yaml"], "--cron", "0 6 * * 1", "--name", "x", .. numbers]);
        Assert.Equal(ExitCode.BadInput, run.Code);
        Assert.Contains(said, run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("query", "run", "q.yaml", "--deadline", "-4")]
    [InlineData("query", "run", "q.yaml", "--deadline", "1e99")]
    [InlineData("demo", "--once", "--deadline", "0")]
    [InlineData("watch", "--rounds", "0")]
    [InlineData("watch", "--rounds", "501")]
    public async Task Number_out_of_range_names_option_and_range(params string[] arguments)
    {
        var run = await Run.Of(arguments);

        Assert.Equal(ExitCode.BadInput, run.Code);
        Assert.Contains(arguments[^2], run.Error, StringComparison.Ordinal);
        Assert.Contains("it must be from", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("query", "plan", "/dev/zero")]
    [InlineData("roster", "show", "/dev/zero")]
    [InlineData("roster", "sign", "roster.bin", "--key", "/dev/zero")]
    [InlineData("decode", "/dev/zero")]
    [InlineData("verify", "/dev/zero")]
    public async Task File_without_end_is_not_read_to_its_end(params string[] arguments)
    {
        var run = await Run.Of(arguments);

        Assert.NotEqual(ExitCode.Ok, run.Code);
        Assert.NotEmpty(run.Output + run.Error);
    }

    [Fact]
    public async Task Query_that_is_not_utf8_is_refused_with_the_place()
    {
        File.WriteAllBytes(_folder["q.yaml"], [.. "name: J"u8, 0xF6, .. "rg\n"u8]);

        var run = await Run.Of("query", "plan", _folder["q.yaml"]);

        Assert.Equal(ExitCode.BadInput, run.Code);
        Assert.Contains("q.yaml, byte 8: not UTF-8", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Query_with_a_byte_order_mark_is_read()
    {
        File.WriteAllBytes(_folder["q.yaml"], [0xEF, 0xBB, 0xBF, .. "dataset: d\nepsilon: 1\nmeasures: [count]\n"u8]);
        File.WriteAllText(_folder["s.yaml"], Schema);

        Assert.Equal(ExitCode.Ok, (await Run.Of("query", "plan", _folder["q.yaml"], "--schema", _folder["s.yaml"])).Code);
    }

    [Theory]
    [InlineData(Query + "min_survivors: 9\n", "min_survivors is 9, but there are 5 outposts")]
    [InlineData("dataset: d\nepsilon: 1\nmeasures: [{ mean: weight }]\n", "no column 'weight'")]
    [InlineData(Query + "noise: distributed\n", "noise")]
    public async Task Query_that_no_round_can_answer_is_refused_with_its_file(string query, string said)
    {
        File.WriteAllText(_folder["q.yaml"], query);
        File.WriteAllText(_folder["s.yaml"], Schema);

        var run = await Run.Of("query", "plan", _folder["q.yaml"], "--schema", _folder["s.yaml"]);

        Assert.Equal(ExitCode.BadInput, run.Code);
        Assert.Contains("q.yaml: ", run.Error, StringComparison.Ordinal);
        Assert.Contains(said, run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Key_that_others_may_read_is_refused()
    {
        using (var key = Crypto.IdentityKey.Generate()) KeyFiles.Write(_folder["a.pem"], key, overwrite: false);
        File.SetUnixFileMode(_folder["a.pem"], UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);

        var refused = Assert.Throws<CliException>(() => KeyFiles.Read(_folder["a.pem"]));

        Assert.Contains("chmod 600", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Private_key_is_not_taken_for_a_public_one()
    {
        using (var key = Crypto.IdentityKey.Generate()) KeyFiles.Write(_folder["a.pem"], key, overwrite: false);

        var refused = Assert.Throws<CliException>(() => KeyFiles.ReadPublic(_folder["a.pem"]));

        Assert.Contains("a.pem.pub", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Place_for_the_bundle_that_cannot_be_written_is_told_before_the_round()
    {
        Assert.Throws<CliException>(() => EvidenceFile.Create(_folder["nowhere/q.secagg"]));
        Assert.Throws<CliException>(() => EvidenceFile.Create(_folder.Path));
    }

    [Fact]
    public async Task Bundle_of_a_round_that_failed_leaves_nothing_and_the_old_one_stays()
    {
        File.WriteAllText(_folder["q.secagg"], "old");

        await using (var lost = EvidenceFile.Create(_folder["q.secagg"])) lost.Stream.Write("half"u8);

        Assert.Equal(["q.secagg"], Directory.EnumerateFiles(_folder.Path).Select(Path.GetFileName));
        Assert.Equal("old", File.ReadAllText(_folder["q.secagg"]));
        // Of a program that was killed, and open to others.
        File.WriteAllText(_folder["q.secagg.part"], "half");
        await using var kept = EvidenceFile.Create(_folder["q.secagg"]);
        kept.Stream.Write("new"u8);
        Assert.Equal(_folder["q.secagg"], await kept.KeepAsync());
        Assert.Equal("new", File.ReadAllText(_folder["q.secagg"]));
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder["q.secagg"]));
    }

    public void Dispose() => _folder.Dispose();
}
