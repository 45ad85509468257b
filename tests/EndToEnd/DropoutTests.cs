using System.Globalization;
using System.Text;
using SecureAggregation.Testing;

namespace SecureAggregation.EndToEnd;

public sealed class DropoutTests : IDisposable
{
    private const string Query = """
        dataset: rows
        epsilon: 2
        measures: [count, { sum: age, low: 0, high: 100 }]
        """;

    private static readonly string[] s_names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"];

    private readonly TemporaryFolder _folder = new();

    /// <summary>One outpost is killed in each phase, one round after the other, and in the last round one while it unmasks and another one while it recovers.</summary>
    [Fact]
    public async Task Round_goes_on_without_an_outpost_that_is_killed_in_any_phase()
    {
        string[] losses = ["a@join", "b@shares", "c@masked-input", "d@agreement", "e@unmasking,f@recovery"];
        Data(s_names);

        var run = await Demo([.. losses.SelectMany(l => (string[])["--lose", l])]);

        Assert.True(run.Code == 0, run.ToString());
        var rounds = run.Json.GetProperty("rounds").EnumerateArray().ToList();
        Assert.Equal(losses.Length, rounds.Count);
        Assert.All(rounds, r => Assert.True(r.GetProperty("verified").GetBoolean()));
        // Whoever vanished before its masked input was in is not in the total; whoever vanished later is.
        Assert.Equal(["a"], Dropped(rounds[0]));
        Assert.Equal(["b"], Dropped(rounds[1]));
        Assert.Equal(["c"], Dropped(rounds[2]));
        Assert.Empty(Dropped(rounds[3]));
        Assert.Empty(Dropped(rounds[4]));
    }

    [Theory]
    [InlineData("a@masked-input,b@masked-input,c@masked-input", "3 survivors cannot be reached")]
    [InlineData("a@agreement,b@agreement,c@agreement", "fewer agreements than the threshold")]
    public async Task Round_stops_with_a_reason_where_it_must(string losses, string why)
    {
        Data(s_names[..5]);

        var run = await Demo("--lose", losses);

        Assert.True(run.Code == 1, why + "\n" + run);
        Assert.Contains("aborted", run.Error, StringComparison.Ordinal);
        var round = run.Json.GetProperty("rounds")[0];
        Assert.Empty(round.GetProperty("totals").EnumerateArray());
        Assert.False(round.GetProperty("verified").GetBoolean());
    }

    public void Dispose() => _folder.Dispose();

    private static IEnumerable<string?> Dropped(System.Text.Json.JsonElement round) => round.GetProperty("dropped").EnumerateArray().Select(d => d.GetString());

    private Task<Ended> Demo(params string[] more) =>
        Programs.Secagg(["demo", "--once", "--json", "--data", _folder["data"], "--query", _folder.Write("query.yaml", Query), "--folder", _folder["run"], "--deadline", "6", .. more]);

    private void Data(IEnumerable<string> names)
    {
        Directory.CreateDirectory(_folder["data"]);
        var random = new SeededRandom(3);
        foreach (var name in names)
        {
            var rows = new StringBuilder("age,sex\n");
            for (var i = 0; i < 200; i++) rows.Append(CultureInfo.InvariantCulture, $"{random.Next(100)},{random.Next(2)}\n");
            _folder.Write($"data/{name}.csv", rows.ToString());
        }
    }
}
