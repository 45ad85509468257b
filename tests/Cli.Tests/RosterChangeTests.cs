using SecureAggregation.Protocol;

namespace SecureAggregation.Cli.Tests;

public sealed class RosterChangeTests : IDisposable
{
    private static readonly string[] s_parties = ["Mars", "Titan", "Europa", "Ganymede"];

    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Party_that_is_added_gets_a_new_index_and_the_defaults_follow()
    {
        var before = await Signed();
        await Keygen("Ceres", "Vesta", "Pallas");
        var run = await Run.Of("roster", "add", File, "--to", Next, "--party", Pair("Ceres"), "--party", Pair("Vesta"), "--party", Pair("Pallas"), "--json");
        Assert.True(run.Code == ExitCode.Ok, run.Error);
        Assert.Equal(["Mars", "Titan", "Europa", "Ganymede", "Ceres", "Vesta", "Pallas", "Control"], Missing(run));

        var after = await Sign(Next, [.. s_parties, "Ceres", "Vesta", "Pallas", "Control"]);
        Assert.Equal(2ul, after.Epoch);
        Assert.Equal(before.Hash, after.PreviousHash);
        Assert.Equal([0u, 1, 2, 3, 4, 5, 6], after.Parties.Select(p => p.Index));
        Assert.Equal((1, 2), (before.MaxColluders, after.MaxColluders));
        Assert.Equal(Roster.DefaultWitnesses(7, 2), after.Witnesses);
        Assert.Equal(before.LogOrigin, after.LogOrigin);
        Assert.Equal(before.Signed, System.IO.File.ReadAllBytes(File));
    }

    [Fact]
    public async Task Party_that_is_removed_is_gone_and_its_index_is_not_given_away()
    {
        await Signed();
        await Keygen("Ceres");
        Assert.Equal(ExitCode.Ok, (await Run.Of("roster", "remove", File, "Titan", "--to", Next)).Code);
        Assert.Equal(ExitCode.Ok, (await Run.Of("roster", "add", Next, "--party", Pair("Ceres"))).Code);

        var after = await Sign(Next, ["Mars", "Europa", "Ganymede", "Ceres", "Control"]);
        Assert.Equal([("Mars", 0u), ("Europa", 2u), ("Ganymede", 3u), ("Ceres", 4u)], after.Parties.Select(p => (p.Name, p.Index)));
        Assert.Equal(2ul, after.Epoch);
    }

    [Fact]
    public async Task Key_that_is_rotated_keeps_its_owner_s_place_and_the_old_one_cannot_sign()
    {
        var before = await Signed();
        await Run.Of("keygen", Key("Titan-2"));
        await Run.Of("keygen", Key("Station-2"));
        Assert.Equal(ExitCode.Ok, (await Run.Of("roster", "rotate", File, $"Titan={Key("Titan-2")}.pub", "--station", Key("Station-2") + ".pub", "--to", Next)).Code);

        Assert.Equal(ExitCode.BadInput, (await Run.Of("roster", "sign", Next, "--key", Key("Titan"))).Code);
        var after = await Sign(Next, ["Mars", "Titan-2", "Europa", "Ganymede", "Control"]);
        Assert.Equal((before.Parties[1].Index, before.Parties[1].Name), (after.Parties[1].Index, after.Parties[1].Name));
        Assert.NotEqual(before.Parties[1].Key, after.Parties[1].Key);
        Assert.NotEqual(before.Aggregator, after.Aggregator);
    }

    [Fact]
    public async Task Draft_that_is_changed_loses_its_signatures_and_says_so()
    {
        await Signed();
        await Run.Of("roster", "remove", File, "Titan", "--to", Next);
        await Run.Of("roster", "sign", Next, "--key", Key("Mars"));
        await Keygen("Ceres");

        var run = await Run.Of("roster", "add", Next, "--party", Pair("Ceres"));

        Assert.Contains("1 signature of the former draft no longer count", run.Output, StringComparison.Ordinal);
        Assert.Contains("Mars", (await Run.Of("roster", "show", Next)).Output.Split("signatures of")[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Diff_names_everything_that_who_signs_should_read()
    {
        await Signed();
        await Keygen("Ceres");
        await Run.Of("roster", "remove", File, "Titan", "--to", Next);
        await Run.Of("roster", "add", Next, "--party", Pair("Ceres"), "--colluders", "0", "--days", "30");

        var run = await Run.Of("roster", "diff", File, Next, "--json");

        Assert.True(run.Json.GetProperty("follows").GetBoolean());
        var said = run.Json.GetProperty("differences").EnumerateArray().Select(d => $"{d.GetProperty("kind").GetString()} {d.GetProperty("what").GetString()}").ToArray();
        Assert.Equal(
            ["added party Ceres", "removed party Titan", "changed epoch", "changed end of life", "changed colluders withstood"],
            said.Where(s => s != "changed witnesses"));
        var text = await Run.Of("roster", "diff", File, Next);
        Assert.Contains("names the first as the roster that it follows", text.Output, StringComparison.Ordinal);
        var backwards = await Run.Of("roster", "diff", Next, File, "--json");
        Assert.False(backwards.Json.GetProperty("follows").GetBoolean());
        Assert.Contains("both say the same", (await Run.Of("roster", "diff", File, File)).Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("nobody called 'Io'", "remove", "Io")]
    [InlineData("parties; it must have 3", "remove", "Mars", "Titan")]
    [InlineData("no coordinator", "remove", "Control")]
    [InlineData("nobody is named", "add")]
    [InlineData("no key is named", "rotate")]
    [InlineData("also somebody else's", "rotate", "Titan=MARS")]
    [InlineData("occurs twice", "add", "--party", "mars=STATION")]
    [InlineData("write NAME=KEY.pub", "rotate", "Titan")]
    public async Task Change_that_cannot_be_is_refused_and_nothing_is_written(string says, string verb, params string[] rest)
    {
        await Signed();
        string[] keyed = [.. rest.Select(r => r.Replace("=MARS", $"={Key("Mars")}.pub", StringComparison.Ordinal).Replace("=STATION", $"={Key("Station")}.pub", StringComparison.Ordinal))];

        var run = await Run.Of(["roster", verb, File, .. keyed, "--to", Next]);

        Assert.Equal(ExitCode.BadInput, run.Code);
        Assert.Contains(says, run.Error, StringComparison.Ordinal);
        Assert.False(System.IO.File.Exists(Next));
    }

    [Fact]
    public async Task Roster_in_force_is_never_overwritten()
    {
        var before = await Signed();
        var bare = await Run.Of("roster", "remove", File, "Titan");
        Assert.Equal(ExitCode.BadInput, bare.Code);
        Assert.Contains("--to", bare.Error, StringComparison.Ordinal);

        await Run.Of("roster", "remove", File, "Titan", "--to", Next);
        var again = await Run.Of("roster", "remove", File, "Mars", "--to", Next);
        Assert.Contains("--force", again.Error, StringComparison.Ordinal);
        Assert.Equal(before.Signed, System.IO.File.ReadAllBytes(File));
    }

    public void Dispose() => _folder.Dispose();

    private string File => _folder["roster.bin"];

    private string Next => _folder["next.bin"];

    private string Key(string name) => _folder[name + ".pem"];

    private string Pair(string name) => $"{name}={Key(name)}.pub";

    private static IEnumerable<string?> Missing(Run run) => run.Json.GetProperty("missing_signatures").EnumerateArray().Select(e => e.GetString());

    private async Task Keygen(params string[] names)
    {
        foreach (var name in names) Assert.Equal(ExitCode.Ok, (await Run.Of("keygen", Key(name))).Code);
    }

    private async Task<Roster> Signed()
    {
        await Keygen([.. s_parties, "Control", "Station"]);
        string[] parties = [.. s_parties.SelectMany(n => (string[])["--party", Pair(n)])];
        Assert.Equal(ExitCode.Ok, (await Run.Of(["roster", "new", File, "--consortium", "Test", .. parties, "--coordinator", Pair("Control"), "--station", Key("Station") + ".pub"])).Code);
        return await Sign(File, [.. s_parties, "Control"]);
    }

    private async Task<Roster> Sign(string file, string[] names)
    {
        foreach (var name in names)
        {
            var run = await Run.Of("roster", "sign", file, "--key", Key(name));
            Assert.True(run.Code == ExitCode.Ok, run.Error);
        }

        return Roster.Open(System.IO.File.ReadAllBytes(file));
    }
}
