using SecureAggregation.Protocol;

namespace SecureAggregation.Cli.Tests;

public sealed class RosterCommandTests : IDisposable
{
    private static readonly string[] s_parties = ["Mars", "Titan", "Europa", "Ganymede"];

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Roster_is_complete_once_every_founder_has_signed()
    {
        var draft = await Draft();
        Assert.Equal(ExitCode.Ok, draft.Code);
        Assert.Equal(["Mars", "Titan", "Europa", "Ganymede", "Control"], draft.Json.GetProperty("missing_signatures").EnumerateArray().Select(e => e.GetString()));
        Assert.Throws<RosterException>(() => Roster.Open(File.ReadAllBytes(_folder["roster.bin"])));

        foreach (var name in s_parties)
        {
            Assert.Equal(ExitCode.Ok, (await Run.Of("roster", "sign", _folder["roster.bin"], "--key", Key(name))).Code);
        }

        Assert.Equal(ExitCode.BadInput, (await Run.Of("roster", "words", _folder["roster.bin"])).Code);
        Assert.Equal(ExitCode.Ok, (await Run.Of("roster", "sign", _folder["roster.bin"], "--key", Key("Control"))).Code);

        var roster = Roster.Open(File.ReadAllBytes(_folder["roster.bin"]));
        Assert.Equal(s_parties, roster.Parties.Select(p => p.Name));
        Assert.Equal(1, roster.MaxColluders);
        var words = await Run.Of("roster", "words", _folder["roster.bin"]);
        Assert.Equal(string.Join(' ', roster.Words), words.Output.Trim());
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Sparse_graph_is_what_the_draft_says(bool sparse)
    {
        var draft = await Draft(sparse ? ["--sparse-graph", "--dropout-permille", "250"] : []);
        Assert.Equal((sparse, sparse ? 250 : 100), (draft.Json.GetProperty("sparse_graph").GetBoolean(), draft.Json.GetProperty("dropout_permille").GetInt32()));
        var shown = await Run.Of("roster", "show", _folder["roster.bin"]);
        Assert.Equal(sparse, shown.Output.Contains("sparse graph", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Signing_twice_changes_nothing()
    {
        await Draft();
        await Run.Of("roster", "sign", _folder["roster.bin"], "--key", Key("Mars"));
        var once = File.ReadAllBytes(_folder["roster.bin"]).Length;

        await Run.Of("roster", "sign", _folder["roster.bin"], "--key", Key("Mars"));

        Assert.Equal(once, File.ReadAllBytes(_folder["roster.bin"]).Length);
    }

    [Fact]
    public async Task Stranger_cannot_sign()
    {
        await Draft();
        await Run.Of("keygen", Key("Stranger"));

        var run = await Run.Of("roster", "sign", _folder["roster.bin"], "--key", Key("Stranger"));

        Assert.Equal(ExitCode.BadInput, run.Code);
        Assert.Contains("nothing was signed", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Draft_that_breaks_a_rule_is_refused_before_anybody_signs()
    {
        var run = await Draft("--min-survivors", "2");

        Assert.Equal(ExitCode.BadInput, run.Code);
        Assert.Contains("survivors", run.Error, StringComparison.OrdinalIgnoreCase);
        Assert.False(File.Exists(_folder["roster.bin"]));
    }

    [Fact]
    public async Task Draft_does_not_overwrite_a_roster_and_its_signatures()
    {
        await Draft();
        await Run.Of("roster", "sign", _folder["roster.bin"], "--key", Key("Mars"));
        var signed = File.ReadAllBytes(_folder["roster.bin"]);

        var run = await Draft();

        Assert.Equal(ExitCode.BadInput, run.Code);
        Assert.Contains("--force", run.Error, StringComparison.Ordinal);
        Assert.Equal(signed, File.ReadAllBytes(_folder["roster.bin"]));
        Assert.Equal(ExitCode.Ok, (await Draft("--force")).Code);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("2000000000")]
    public async Task Draft_that_has_expired_or_never_does_is_refused(string days)
    {
        var run = await Draft("--days", days);

        Assert.Equal(ExitCode.BadInput, run.Code);
        Assert.Contains("--days", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("this is no roster")]
    public async Task File_that_is_no_roster_is_named(string text)
    {
        File.WriteAllText(_folder["roster.bin"], text);

        var run = await Run.Of("roster", "show", _folder["roster.bin"]);

        Assert.Equal(ExitCode.BadInput, run.Code);
        Assert.Contains("roster.bin", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Wrong_usage_ends_with_two_and_points_to_help()
    {
        var run = await Run.Of("roster", "new", _folder["roster.bin"]);

        Assert.Equal(ExitCode.BadInput, run.Code);
        Assert.Contains("--consortium", run.Error, StringComparison.Ordinal);
        Assert.Contains("secagg roster new --help", run.Error, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();

    private string Key(string name) => _folder[name + ".pem"];

    private async Task<Run> Draft(params string[] more)
    {
        foreach (var name in (string[])[.. s_parties, "Control", "Station"]) await Run.Of("keygen", Key(name), "--force");
        string[] parties = [.. s_parties.SelectMany(n => (string[])["--party", $"{n}={Key(n)}.pub"])];
        return await Run.Of(["roster", "new", _folder["roster.bin"], "--consortium", "Test", .. parties, "--coordinator", $"Control={Key("Control")}.pub", "--station", Key("Station") + ".pub", "--json", .. more]);
    }
}
