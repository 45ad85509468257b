using System.Diagnostics;
using System.Text.RegularExpressions;

namespace SecureAggregation.EndToEnd;

/// <summary>The outposts' own guard over a real station, with the programs as people use them.</summary>
public sealed partial class GuardTests
{
    private const string Schema = """
        name: visits
        columns:
          patient_id: person_key
          age: { type: integer, unit: years, low: 0, high: 89 }
          sex: { type: category, codes: { 0: female, 1: male } }
        """;

    private static string Policy(string more) => $"""
        policy: 1
        coordinators: [ Control ]
        noise: [ local, none ]
        {more}
        datasets:
          visits:
            operations: "*"
            columns: "*"
            epsilon_per_query: 2
            epsilon_total: 10
        """;

    [Fact]
    public async Task Query_waits_for_a_person_is_answered_after_the_approval_and_costs_nothing_when_it_is_asked_again()
    {
        using var folder = new TemporaryFolder();
        await using var world = await World.StartAsync(folder, "approval: manual");
        var query = folder.Write("q.yaml", "name: Ages\ndataset: visits\nepsilon: 1\nstudy: cardio\nmeasures: [ count, { mean: age } ]\n");
        var signed = folder["q.signed"];

        var waits = await world.Ask(query, "--signed", signed, "--valid", "2");
        Assert.True(waits.Code == 1, waits.ToString());
        Assert.Contains("PendingApproval", waits.Error, StringComparison.Ordinal);
        foreach (var name in World.Names) await world.Approve(name, "Dr Quill");

        var answer = await world.Ask(query, "--signed", signed, "--json");
        Assert.True(answer.Code == 0, answer.ToString());
        Assert.True(answer.Json.GetProperty("verified").GetBoolean());
        Assert.InRange(answer.Json.GetProperty("statistics")[0].GetProperty("value").GetDouble(), 800, 1000);

        // The same question, signed anew: no person is asked, nothing is spent, the earlier numbers come.
        var again = await world.Ask(query, "--json");
        Assert.True(again.Code == 0, again.ToString());
        Assert.Equal(answer.Json.GetProperty("round").GetString(), again.Json.GetProperty("round").GetString());
        Assert.Equal(answer.Json.GetProperty("statistics").ToString(), again.Json.GetProperty("statistics").ToString());

        foreach (var name in World.Names)
        {
            var ledger = await Programs.Secagg("ledger", "show", "--state", folder[$"{name}/state"], "--policy", folder[$"{name}/policy.yaml"], "--json");
            Assert.True(ledger.Code == 0, ledger.ToString());
            var all = ledger.Json.GetProperty("spent")[0];
            Assert.Equal((1, 1.0, 9.0), (all.GetProperty("releases").GetInt32(), all.GetProperty("spent").GetDouble(), all.GetProperty("left").GetDouble()));
        }
    }

    [Fact]
    public async Task Exact_answer_needs_two_persons_at_each_outpost_and_is_exact()
    {
        using var folder = new TemporaryFolder();
        await using var world = await World.StartAsync(folder, "");
        var query = folder.Write("q.yaml", "name: Exactly\ndataset: visits\nepsilon: 1\nnoise: none\nmeasures: [ count, { mean: age } ]\n");
        var signed = folder["q.signed"];
        Assert.Contains("PendingApproval", (await world.Ask(query, "--signed", signed)).Error, StringComparison.Ordinal);
        foreach (var name in World.Names) await world.Approve(name, "Ada");
        Assert.Contains("PendingApproval", (await world.Ask(query, "--signed", signed)).Error, StringComparison.Ordinal);
        foreach (var name in World.Names) await world.Approve(name, "Grace");

        var answer = await world.Ask(query, "--signed", signed, "--json");
        Assert.True(answer.Code == 0, answer.ToString());
        Assert.Equal(900, answer.Json.GetProperty("statistics")[0].GetProperty("value").GetDouble());
        var people = await world.Ask(folder.Write("p.yaml", "name: Once more\ndataset: visits\nepsilon: 1\nnoise: none\nmeasures: [ { mean: age } ]\n"), "--signed", folder["p.signed"]);
        Assert.Contains("PendingApproval", people.Error, StringComparison.Ordinal);
        foreach (var name in World.Names) await world.Approve(name, "Ada");
        foreach (var name in World.Names) await world.Approve(name, "Grace");
        people = await world.Ask(folder["p.yaml"], "--signed", folder["p.signed"]);
        Assert.Contains("exact: no noise was added", people.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("Intervals cover", people.Output, StringComparison.Ordinal);
        var table = folder.Write("t.yaml", "name: Table\ndataset: visits\nepsilon: 1\nnoise: none\nmeasures: [ { histogram: sex } ]\n");
        Assert.NotEqual(0, (await world.Ask(table)).Code);
    }

    /// <summary>Three outposts with 300 persons each, a station, a coordinator.</summary>
    private sealed partial class World : IAsyncDisposable
    {
        public static readonly string[] Names = ["mars", "titan", "europa"];

        private readonly TemporaryFolder _folder;
        private readonly RunningStation _station;
        private readonly List<Process> _outposts = [];

        private World(TemporaryFolder folder, RunningStation station) => (_folder, _station) = (folder, station);

        public static async Task<World> StartAsync(TemporaryFolder folder, string policy)
        {
            foreach (var who in (string[])["hub", "control", .. Names])
            {
                Directory.CreateDirectory(folder[who]);
                await Ok("keygen", folder[$"{who}/key.pem"]);
            }

            await Ok(
                [
                    "roster", "new", folder["roster.bin"], "--consortium", "Three", "--station", folder["hub/key.pem.pub"],
                    .. Names.SelectMany(n => (string[])["--party", $"{n}={folder[$"{n}/key.pem.pub"]}"]), "--coordinator", $"Control={folder["control/key.pem.pub"]}",
                ]);
            foreach (var who in (string[])[.. Names, "control"]) await Ok("roster", "sign", folder["roster.bin"], "--key", folder[$"{who}/key.pem"]);
            var words = (await Ok("roster", "words", folder["roster.bin"])).Output.Trim();
            var world = new World(folder, await RunningStation.StartAsync(folder["hub/key.pem"], folder["roster.bin"], folder));
            foreach (var name in Names) await world.StartOutpost(name, words, policy);
            await world.AllOnline();
            return world;
        }

        public Task<Ended> Ask(string query, params string[] more) => Programs.Secagg(["query", "run", query, .. Access, .. more]);

        public async Task Approve(string name, string approver)
        {
            var state = _folder[$"{name}/state"];
            var waiting = await Programs.Secagg("approvals", "list", "--state", state, "--json");
            Assert.True(waiting.Code == 0, waiting.ToString());
            await Ok("approvals", "accept", waiting.Json[0].GetProperty("id").GetString()!, "--as", approver, "--state", state);
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var outpost in _outposts)
            {
                outpost.Kill();
                await outpost.WaitForExitAsync();
                outpost.Dispose();
            }

            await _station.DisposeAsync();
        }

        private string[] Access => ["--station", _station.Address, "--roster", _folder["roster.bin"], "--key", _folder["control/key.pem"]];

        private static async Task<Ended> Ok(params string[] arguments)
        {
            var ended = await Programs.Secagg(arguments);
            Assert.True(ended.Code == 0, ended.ToString());
            return ended;
        }

        private async Task StartOutpost(string name, string words, string policy)
        {
            var rows = Enumerable.Range(1, 300).Select(i => $"{name}-{i},{20 + (i * 37 % 60)},{i % 2}");
            _folder.Write($"{name}/visits.csv", "patient_id,age,sex\n" + string.Join('\n', rows) + "\n");
            _folder.Write($"{name}/visits.yaml", Schema);
            _folder.Write($"{name}/policy.yaml", Policy(policy));
            var config = _folder.Write($"{name}/outpost.json", $$"""
                { "Outpost": {
                    "Station": "{{_station.Address}}", "Roster": "../roster.bin", "Key": "key.pem",
                    "Datasets": { "visits": { "Csv": "visits.csv", "Schema": "visits.yaml" } } } }
                """);
            var enrolled = await Programs.Outpost("enrol", "--config", config, "--words", words);
            Assert.True(enrolled.Code == 0, enrolled.ToString());
            var outpost = Programs.Start("Party", ["--config", config]);
            outpost.BeginOutputReadLine();
            outpost.BeginErrorReadLine();
            _outposts.Add(outpost);
        }

        private async Task AllOnline()
        {
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
            while (!Online().IsMatch((await Programs.Secagg(["watch", "--once", .. Access])).Output)) await Task.Delay(200, limit.Token);
        }

        [GeneratedRegex("3 of 3 outposts online", RegexOptions.None, 1000)]
        private static partial Regex Online();
    }
}
