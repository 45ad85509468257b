using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using SecureAggregation.Testing;

namespace SecureAggregation.EndToEnd;

/// <summary>SIGTERM, as systemd and containers send it.</summary>
[Collection(nameof(MadeDemo))]
public sealed class StopTests(MadeDemo demo)
{
    private const string Stopped = "Titan";

    [Fact]
    public async Task Station_that_is_told_to_stop_says_so_and_ends_in_order()
    {
        using var folder = new TemporaryFolder();
        using var station = Programs.Start(
            "Aggregator",
            ["--key", Path.Combine(demo.Folder, "station", "station.pem"), "--roster", demo.Roster, "--data", folder["data"], "--listen", "127.0.0.1:0"]);
        // It listens.
        Assert.StartsWith("The station listens", await station.StandardOutput.ReadLineAsync().Guard(), StringComparison.Ordinal);
        var began = Stopwatch.GetTimestamp();
        await Terminate(station);
        Assert.Equal(0, station.ExitCode);
        Assert.Contains("[1001]", await station.StandardError.ReadToEndAsync().Guard(), StringComparison.Ordinal);
        Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(10));
        // Nothing is left to be read back: SQLite's write-ahead log is folded in.
        Assert.False(File.Exists(Path.Combine(folder["data"], "transcript.db-wal")));
    }

    /// <summary>
    /// The outposts of the demo once more, before a station of the same consortium: one is stopped in two rounds, is in the next, and then gets the state back that
    /// it had before that one.
    /// </summary>
    [Fact]
    public async Task Outpost_that_is_told_to_stop_in_a_round_ends_it_or_is_missed_in_it_alone_and_answers_nothing_with_an_older_state()
    {
        using var folder = new TemporaryFolder();
        await using var station = await RunningStation.StartAsync(Path.Combine(demo.Folder, "station", "station.pem"), demo.Roster, folder);
        var others = Directory.GetDirectories(Path.Combine(demo.Folder, "outposts")).Where(o => !o.EndsWith(Stopped, StringComparison.Ordinal)).Select(o => Start(o, [])).ToList();
        try
        {
            foreach (var other in others) await Saw(other, "[2100]");
            foreach (var other in others) _ = other.StandardError.ReadToEndAsync();

            // Its part takes five seconds, and it has sixty.
            var (parties, log) = await StoppedIn("[2201]", "count", "--set", "Outpost:Pause=00:00:01");
            Assert.Equal(("done", ""), parties[Stopped]);
            Assert.Contains("[2008] Stopping: no new round is joined; 1 under way have 60 s to end", log, StringComparison.Ordinal);
            Assert.Contains("cosigned", log, StringComparison.Ordinal);
            Assert.Contains("1 have ended, 0 were left", log, StringComparison.Ordinal);

            (parties, log) = await StoppedIn("[2201]", "{ mean: age }", "--set", "Outpost:Pause=00:00:01", "--set", "Outpost:ShutdownSeconds=0");
            Assert.Equal(("declined", "Leaving"), parties[Stopped]);
            Assert.Equal(4, parties.Values.Count(p => p.State == "done"));
            Assert.Contains("[2213]", log, StringComparison.Ordinal);
            Assert.Contains("0 have ended, 1 were left", log, StringComparison.Ordinal);

            var state = Directory.GetDirectories(folder.Path, "*" + Stopped).Single();
            Copy(state, folder["backup"]);
            (parties, _) = await StoppedIn("[2207]", "{ variance: age }");
            Assert.All(parties.Values, p => Assert.Equal("done", p.State));

            Directory.Delete(state, recursive: true);
            Directory.Move(folder["backup"], state);
            (parties, log) = await StoppedIn("[2203]", "{ sum: age }");
            Assert.Equal(("declined", "Budget"), parties[Stopped]);
        }
        finally
        {
            foreach (var other in others)
            {
                other.Kill();
                await other.WaitForExitAsync();
                other.Dispose();
            }
        }

        Process Start(string outpost, string[] more) =>
            Programs.Start("Party", ["--config", Path.Combine(outpost, "outpost.json"), "--station", station.Address, "--state", folder[Path.GetFileName(outpost)], .. more]);

        // Starts the outpost, asks, and stops it when this stands in its log; gives how each outpost ended in the round, and the rest of the log.
        async Task<(Dictionary<string, (string? State, string? Reason)> Parties, string Log)> StoppedIn(string part, string measure, params string[] more)
        {
            using var outpost = Start(Directory.GetDirectories(Path.Combine(demo.Folder, "outposts"), "*" + Stopped).Single(), ["--set", "Outpost:ShutdownSeconds=60", .. more]);
            await Saw(outpost, "[2100]");
            var query = folder.Write("query.yaml", $"dataset: patients\nepsilon: 1\nmeasures: [{measure}]\n");
            var asking = Programs.Secagg(
                "query", "run", query, "--json", "--station", station.Address, "--roster", demo.Roster, "--key", Path.Combine(demo.Folder, "coordinator", "coordinator.pem"));
            var seen = Saw(outpost, part);
            if (await Task.WhenAny(seen, asking) == asking && asking.Result.Code != 0) Assert.Fail(asking.Result.ToString());
            await seen;
            var rest = outpost.StandardError.ReadToEndAsync();
            await Terminate(outpost);
            Assert.Equal(0, outpost.ExitCode);
            var answer = await asking;
            Assert.True(answer.Code == 0, answer.ToString());
            Assert.True(answer.Json.GetProperty("verified").GetBoolean());
            var parties = answer.Json.GetProperty("parties").EnumerateArray().ToDictionary(p => Text(p, "name")!, p => (Text(p, "state"), Text(p, "reason")));
            return (parties, await rest.Guard());
        }

        static void Copy(string from, string to)
        {
            Directory.CreateDirectory(to);
            foreach (var file in Directory.GetFiles(from)) File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }

        static string? Text(JsonElement element, string name) => element.GetProperty(name).GetString();
    }

    private static async Task Saw(Process process, string part)
    {
        while (await process.StandardError.ReadLineAsync().Guard() is { } line)
        {
            if (line.Contains(part, StringComparison.Ordinal)) return;
        }

        Assert.Fail($"The program ended before it said {part}.");
    }

    private static async Task Terminate(Process process)
    {
        using var kill = Process.Start("/bin/kill", ["-TERM", process.Id.ToString(CultureInfo.InvariantCulture)])!;
        await kill.WaitForExitAsync().Guard();
        await process.WaitForExitAsync().Guard();
    }
}
