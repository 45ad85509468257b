using SecureAggregation.Crypto;
using SecureAggregation.Protocol;

namespace SecureAggregation.EndToEnd;

/// <summary>The station's log, published as files, and read by who has nothing but an address.</summary>
[Collection(nameof(MadeDemo))]
public class LogTests(MadeDemo demo)
{
    private string Auditor => Path.Combine(demo.Folder, "dashboard", "auditor.pem");

    private string StationKey => Path.Combine(demo.Folder, "station", "station.pem");

    [Fact]
    public async Task Log_is_exported_served_and_verified_from_its_address()
    {
        using var folder = new TemporaryFolder();
        var (tiles, heads) = (folder["tiles"], folder["heads"]);
        var round = demo.Ended.Json.GetProperty("rounds")[1].GetProperty("round").GetString()!;
        await using (var station = await StationAsync(folder))
        {
            string[] access = ["--station", station.Address, "--roster", demo.Roster, "--key", Auditor];
            var export = await Programs.Secagg(["log", "export", "--tiles", tiles, "--vectors", .. access, "--json"]);
            Assert.True(export.Code == 0, export.ToString());
            Assert.Equal(3, export.Json.GetProperty("rounds").GetInt32());
            Assert.Equal(0, (await Programs.Secagg(["log", "verify", .. access, "--heads", heads])).Code);

            // What was verified is remembered, and the station's next evidence is held against it.
            var again = await Programs.Secagg(["verify", round, .. access, "--heads", heads, "--json"]);
            Assert.True(again.Code == 0, again.ToString());
            Assert.Contains("remembered", Step(again, 2), StringComparison.Ordinal);
            var head = await Programs.Secagg(["log", "head", .. access, "--heads", heads]);
            Assert.True(head.Code == 0, head.ToString());
            Assert.Equal(File.ReadAllText(Path.Combine(tiles, "checkpoint")), head.Output);
        }

        await using var server = new FileServer(tiles);
        var run = await Programs.Secagg("verify", round, "--tiles", server.Address, "--roster", demo.Roster, "--heads", heads, "--json");
        Assert.True(run.Code == 0, run.ToString());
        Assert.True(run.Json.GetProperty("verified").GetBoolean());
        Assert.All(run.Json.GetProperty("steps").EnumerateArray(), s => Assert.True(s.GetProperty("passed").GetBoolean()));
        Assert.Contains(run.Json.GetProperty("manifest").EnumerateArray(), f => f.GetProperty("name").GetString() == "MaskedVector.data");
        var whole = await Programs.Secagg("log", "verify", "--tiles", server.Address, "--rounds", "--roster", demo.Roster, "--heads", heads, "--json");
        Assert.True(whole.Code == 0, whole.ToString());
        Assert.Equal(3, whole.Json.GetProperty("checked").GetArrayLength());
        Assert.Equal(0, (await Programs.Secagg("log", "head", "--tiles", server.Address, "--roster", demo.Roster, "--heads", heads)).Code);

        // What the web server changes is found, and named.
        var entry = Path.Combine(tiles, "entry", "001");
        var bytes = File.ReadAllBytes(entry);
        bytes[^3] ^= 2;
        File.WriteAllBytes(entry, bytes);
        var changed = await Programs.Secagg("log", "verify", "--tiles", server.Address, "--roster", demo.Roster, "--heads", heads);
        Assert.Equal(1, changed.Code);
        Assert.Contains("entry/001", changed.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Forked_log_is_refused_with_both_values()
    {
        using var folder = new TemporaryFolder();
        var roster = Roster.Open(File.ReadAllBytes(demo.Roster));
        using var key = IdentityKey.FromPem(File.ReadAllBytes(StationKey));
        var other = Checkpoint.Create(roster.LogOrigin, 10, MerkleTree.Root([.. Enumerable.Range(0, 10).Select(i => MerkleTree.LeafHash([(byte)i]))]), key);
        var note = folder.Write("remembered.note", other.Note);
        await using var station = await StationAsync(folder);
        var round = demo.Ended.Json.GetProperty("rounds")[2].GetProperty("round").GetString()!;

        var run = await Programs.Secagg("verify", round, "--head", note, "--station", station.Address, "--roster", demo.Roster, "--key", Auditor, "--heads", folder["heads"], "--json");

        Assert.Equal(1, run.Code);
        Assert.Equal("consistency", run.Json.GetProperty("failed_step").GetString());
        Assert.Contains($"At 10 entries the remembered head has root {Convert.ToHexStringLower(other.Root)}", Step(run, 2), StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder["heads"]));
    }

    private static string Step(Ended run, int step) => run.Json.GetProperty("steps")[step].GetProperty("detail").GetString()!;

    /// <summary>The demo's station, once more, over a copy of what it kept.</summary>
    private async Task<RunningStation> StationAsync(TemporaryFolder folder)
    {
        var (from, to) = (Path.Combine(demo.Folder, "station", "data"), folder["station"]);
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        return await RunningStation.StartAsync(StationKey, demo.Roster, folder);
    }
}
