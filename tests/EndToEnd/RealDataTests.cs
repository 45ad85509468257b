using System.Globalization;
using System.Text;
using System.Text.Json;

namespace SecureAggregation.EndToEnd;

/// <summary>A test that needs a folder of real rows, which is not part of the repository; skipped with a reason where it is missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
public sealed class RealDataFactAttribute : FactAttribute
{
    public RealDataFactAttribute(string folder)
    {
        Folder = folder;
        if (!Directory.Exists(Of(folder))) Skip = $"the folder {Of(folder)} is not there (SECAGG_TEST_DATA names another place for its parent)";
    }

    public string Folder { get; }

    public static string Of(string folder) =>
        Path.Combine(Environment.GetEnvironmentVariable("SECAGG_TEST_DATA") ?? Path.GetFullPath(Path.Combine(Programs.Root, "..", "shared", "data")), folder);
}

/// <summary>Real rows, a real station, and a real outpost for each folder's file.</summary>
public class RealDataTests
{
    [RealDataFact("heart")]
    public async Task Table_1_of_four_clinics_holds_the_pooled_values_and_its_counts_are_near()
    {
        using var folder = new TemporaryFolder();
        var run = await Demo(folder, "heart", Path.Combine(Programs.Root, "examples", "heart", "table1.yaml"));

        Assert.True(run.Code == 0, run.ToString());
        var round = run.Json.GetProperty("rounds")[0];
        var check = await Programs.Secagg("verify", round.GetProperty("bundle").GetString()!, "--confidence", "0.999", "--json");
        Assert.True(check.Code == 0, check.ToString());
        var statistics = check.Json.GetProperty("statistics").EnumerateArray().ToDictionary(s => s.GetProperty("name").GetString()!);
        // The README of the data, and tests/Statistics.Tests/Reference.
        foreach (var (name, truth) in ((string, double)[])
        [
            ("count", 920), ("count{disease=no}", 411), ("count{disease=yes}", 509), ("compare(sex)[male]", 726), ("count(chol)", 718),
            ("compare(sex)[female]{disease=no}", 144), ("compare(sex)[female]{disease=yes}", 50), ("compare(sex)[male]{disease=no}", 267), ("compare(sex)[male]{disease=yes}", 459),
            ("compare(age) mean", 49_230.0 / 920), ("compare(age) sd", Math.Sqrt((2_715_970 - (49_230.0 * 49_230 / 920)) / 919)), ("compare(chol) mean", 177_226.0 / 718),
        ])
        {
            var s = statistics[name];
            Assert.Equal(0.999, s.GetProperty("confidence").GetDouble(), 9);
            Assert.True(s.GetProperty("low").GetDouble() <= truth && truth <= s.GetProperty("high").GetDouble(), $"{truth} {s}");
            if (name.StartsWith("count", StringComparison.Ordinal) && truth > 200) Assert.InRange(s.GetProperty("value").GetDouble(), 0.95 * truth, 1.05 * truth);
        }

        Assert.InRange(statistics["compare(sex) chi2"].GetProperty("value").GetDouble(), 60, 120);
    }

    /// <summary>734 of 12,344 persons were tested in more than one clinic: an outpost may count each release as so many as there can be of one person.</summary>
    [RealDataFact("covid")]
    public async Task Persons_of_several_clinics_are_charged_for_and_nobodys_name_leaves()
    {
        using var folder = new TemporaryFolder();
        var policy = folder.Write("policy.yaml", """
            policy: 1
            coordinators: [ Mission control ]
            noise: [ local, distributed ]
            floors: { parties: 3, survivors: 3 }
            datasets:
              covid:
                operations: [ "*" ]
                columns: [ result, age ]
                epsilon_per_query: 2
                epsilon_total: 10
                overlap: 2
                rows_per_person: 5
            """);
        var run = await Demo(folder, "covid", Path.Combine(Programs.Root, "examples", "covid", "tests.yaml"), "--policy", policy, "--trace-wire");

        Assert.True(run.Code == 0, run.ToString());
        var totals = run.Json.GetProperty("rounds")[0].GetProperty("totals").EnumerateArray().ToDictionary(t => t.GetProperty("name").GetString()!);
        // Of the rows in each clinic, at most three of a person: 7,476 + 3,395 + 270 + 275 + 484 + 3,111.
        Assert.InRange(totals["count"].GetProperty("value").GetDouble(), 15_011 - 150, 15_011 + 150);
        Assert.Equal(15_011, totals["count"].GetProperty("truth").GetDouble(), 6);

        var state = Path.Combine(Directory.EnumerateDirectories(folder["run/outposts"]).First(), "state");
        var ledger = await Programs.Outpost("ledger", "export", "--state", state, "--format", "json");
        Assert.True(ledger.Code == 0, ledger.ToString());
        var entry = Assert.Single(ledger.Json.EnumerateArray());
        Assert.Equal((2, 2), (entry.GetProperty("epsilon").GetDouble(), entry.GetProperty("overlap").GetInt32()));
        var spent = (await Programs.Outpost("ledger", "show", "--state", state, "--json")).Json.GetProperty("spent")[0];
        Assert.Equal(2, spent.GetProperty("spent").GetDouble());
        // ρ = (2·1)²/2 at δ = 1e-6, where the plain sum is the better bound.
        Assert.InRange(spent.GetProperty("zcdpEpsilon").GetDouble(), 8, 13);

        var rows = Directory.EnumerateFiles(RealDataFactAttribute.Of("covid"), "*.csv").SelectMany(f => File.ReadLines(f).Skip(1)).Select(r => r.Split(',')).ToList();
        // Short first names ("red", "the") are words of any program; a family name and "first,last" are not.
        var names = rows.Select(r => r[2]).Where(n => n.Length >= 6).Concat(rows.Select(r => $"{r[1]},{r[2]}")).Distinct().Select(n => Encoding.ASCII.GetBytes(n)).ToList();
        Assert.True(names.Count > 5_000);
        AssertNowhere(folder["run"], [.. names.Take(40), .. names.Where((_, i) => i % 50 == 0)]);
    }

    /// <summary>The centre with three patients: what it counted is in nothing that leaves it, only in the total.</summary>
    [RealDataFact("indo_rct")]
    public async Task A_centre_with_three_patients_takes_part_and_its_subtotal_appears_nowhere()
    {
        using var folder = new TemporaryFolder();
        var run = await Demo(folder, "indo_rct", Path.Combine(Programs.Root, "examples", "indo_rct", "trial.yaml"), "--trace-wire");

        Assert.True(run.Code == 0, run.ToString());
        var round = run.Json.GetProperty("rounds")[0];
        Assert.Equal(4, round.GetProperty("survivors").GetInt32());
        var totals = round.GetProperty("totals").EnumerateArray().ToDictionary(t => t.GetProperty("name").GetString()!);
        var table = totals.Keys.First(k => k.EndsWith(" chi2", StringComparison.Ordinal) && !k.Contains("yates", StringComparison.Ordinal))[..^" chi2".Length];
        Holds(totals[$"{table} chi2"], 7.9985);
        Holds(totals[$"{table} yates chi2"], 7.3302);
        Holds(totals[$"{table} rr"], 0.5404);
        Holds(totals[$"{table}[placebo,yes]"], 52);
        Holds(totals[$"{table}[indomethacin,yes]"], 27);

        // Every number that is shown is of four centres: nobody's own can be.
        var bundle = round.GetProperty("bundle").GetString()!;
        var check = await Programs.Secagg("verify", bundle, "--json");
        Assert.True(check.Code == 0, check.ToString());
        Assert.Equal(["1_UM", "2_IU", "3_UK", "4_Case"], check.Json.GetProperty("survivors").EnumerateArray().Select(s => s.GetString()));

        // Its four cells, as the ring's whole numbers of 64 and 32 bits side by side: no placebo/yes, one placebo/no, no drug/yes, two drug/no.
        byte[] Row(int width) => [.. ((int[])[2, 0, 1, 0]).SelectMany(v => BitConverter.GetBytes((long)v)[..width])];
        byte[] Other(int width) => [.. ((int[])[0, 2, 0, 1]).SelectMany(v => BitConverter.GetBytes((long)v)[..width])];
        AssertNowhere(folder["run"], [Row(8), Row(4), Other(8), Other(4), "4001,4_Case"u8.ToArray(), "1_indomethacin"u8.ToArray()]);
        // No log or page counts rows of an outpost.
        foreach (var log in Directory.EnumerateFiles(folder["run"], "*.log", SearchOption.AllDirectories).Where(f => !f.Contains("/outposts/", StringComparison.Ordinal)))
        {
            Assert.DoesNotContain("3 rows", File.ReadAllText(log), StringComparison.Ordinal);
        }
    }

    /// <summary>A regression asks several rounds and ends with coefficients or with a reason.</summary>
    [RealDataFact("heart")]
    public async Task Logistic_regression_over_four_clinics_converges_or_says_why_not()
    {
        using var folder = new TemporaryFolder();
        var run = await Demo(folder, "heart", Path.Combine(Programs.Root, "examples", "heart", "logistic.yaml"));

        // Five coefficients from so few rows: at times the noise is too large for a step.
        Assert.True(run.Code == 0 || run.Error.Contains("no number could be shown", StringComparison.Ordinal), run.ToString());
        Assert.True(run.Json.GetProperty("rounds")[0].GetProperty("verified").GetBoolean(), run.ToString());
        Assert.Contains("of which", run.Error, StringComparison.Ordinal);
    }

    private static Task<Ended> Demo(TemporaryFolder folder, string data, string query, params string[] more) =>
        Programs.Secagg(["demo", "--once", "--json", "--data", RealDataFactAttribute.Of(data), "--query", query, "--folder", folder["run"], .. more]);

    /// <summary>The published values have four decimals; at such an ε most noise is 0, and so is the interval's width.</summary>
    private static void Holds(JsonElement total, double truth) => Assert.True(
        total.GetProperty("low").GetDouble() - 1e-4 <= truth && truth <= total.GetProperty("high").GetDouble() + 1e-4,
        string.Create(CultureInfo.InvariantCulture, $"{truth} is not in {total}"));

    /// <summary>Traffic of both sides, the station's storage, bundles, logs of all programs: everything of a run but what stays with an outpost.</summary>
    private static void AssertNowhere(string run, IReadOnlyList<byte[]> forms)
    {
        var searched = Directory.EnumerateFiles(run, "*", SearchOption.AllDirectories).Where(f => !f.Contains("/state/", StringComparison.Ordinal) && !f.EndsWith("schema.yaml", StringComparison.Ordinal)).ToList();
        Assert.Contains(searched, f => f.Contains("wire", StringComparison.Ordinal) && new FileInfo(f).Length > 1000);
        Assert.Contains(searched, f => f.Contains("station/data", StringComparison.Ordinal));
        Assert.Contains(searched, f => f.EndsWith(".secagg", StringComparison.Ordinal));
        foreach (var file in searched)
        {
            var bytes = File.ReadAllBytes(file);
            foreach (var form in forms) Assert.True(bytes.AsSpan().IndexOf(form) < 0, $"{Encoding.Latin1.GetString(form)} is in {file}");
        }
    }
}
