using System.Diagnostics;
using System.Text.Json;

namespace SecureAggregation.EndToEnd;

[Collection(nameof(MadeDemo))]
public class DemoTests(MadeDemo demo)
{
    [Fact]
    public void Demo_opens_verifies_and_ends_with_zero() => Assert.True(demo.Ended.Code == 0, demo.Ended.ToString());

    [Fact]
    public void Standard_output_is_one_document_with_the_promised_names()
    {
        var document = demo.Ended.Json;

        Assert.Equal(["dashboard", "rounds"], document.EnumerateObject().Select(p => p.Name));
        Assert.StartsWith("http://127.0.0.1:", document.GetProperty("dashboard").GetString(), StringComparison.Ordinal);
        string[] names = ["query", "round", "parties", "survivors", "dropped", "epsilon", "totals", "verified", "bundle", "seconds"];
        Assert.All(document.GetProperty("rounds").EnumerateArray(), round => Assert.Equal(names, round.EnumerateObject().Select(p => p.Name)));
        Assert.All(Totals(document), total => Assert.Equal(["name", "value", "low", "high", "truth"], total.EnumerateObject().Select(p => p.Name)));
    }

    [Fact]
    public void Three_rounds_are_opened_and_the_second_without_the_outpost_that_was_killed()
    {
        var rounds = demo.Ended.Json.GetProperty("rounds").EnumerateArray().ToList();

        Assert.Equal([5, 4, 4], rounds.Select(r => r.GetProperty("survivors").GetInt32()));
        Assert.Equal([5, 5, 4], rounds.Select(r => r.GetProperty("parties").GetInt32()));
        Assert.Equal(["Ganymede"], rounds[1].GetProperty("dropped").EnumerateArray().Select(d => d.GetString()));
        Assert.All(rounds, r => Assert.True(r.GetProperty("verified").GetBoolean()));
    }

    /// <summary>Each total is within eight times its 95 % half width of the truth: noise goes there once in 10^13 rounds, a mistake at once.</summary>
    [Fact]
    public void Every_total_lies_near_the_pooled_truth()
    {
        foreach (var total in Totals(demo.Ended.Json))
        {
            var (value, truth) = (total.GetProperty("value").GetDouble(), total.GetProperty("truth").GetDouble());
            var width = Math.Max(total.GetProperty("high").GetDouble() - value, value - total.GetProperty("low").GetDouble());
            Assert.True(Math.Abs(value - truth) <= 8 * width, total.ToString());
            Assert.True(width > 0, $"no noise: {total}");
        }
    }

    [Fact]
    public void Nothing_is_left_running()
    {
        var left = Process.GetProcessesByName("dotnet").Where(p => Arguments(p.Id).Contains(demo.Folder, StringComparison.Ordinal)).Select(p => Arguments(p.Id));

        Assert.Empty(left);
    }

    [Fact]
    public void Keys_are_for_their_owner_only()
    {
        var keys = Directory.EnumerateFiles(demo.Folder, "*.pem", SearchOption.AllDirectories).ToList();

        Assert.Equal(8, keys.Count);
        Assert.All(keys, key => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, OperatingSystem.IsWindows() ? default : File.GetUnixFileMode(key)));
    }

    private static IEnumerable<JsonElement> Totals(JsonElement document) =>
        document.GetProperty("rounds").EnumerateArray().SelectMany(r => r.GetProperty("totals").EnumerateArray());

    private static string Arguments(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/cmdline").Replace('\0', ' ');
        }
        catch (IOException)
        {
            return "";
        }
    }
}
