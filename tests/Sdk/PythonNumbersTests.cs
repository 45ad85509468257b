using System.Numerics;
using System.Text;
using System.Text.Json.Nodes;
using SecureAggregation.Privacy;
using SecureAggregation.Statistics;
using SecureAggregation.Testing;
using Xunit.Abstractions;

namespace SecureAggregation.Sdk;

/// <summary>The Python client computes statistics from verified totals for itself: they must be this program's.</summary>
public sealed class PythonNumbersTests(ITestOutputHelper output)
{
    // Python takes some seconds for the simulations of a thousand cells.
    private const int MostCells = 300;

    private const int Cases = 60;

    // What random queries seldom ask: groups compared, no noise, and each other kind with enough rows to be determined.
    private static readonly string[] s_asked =
    [
        """{ "dataset": "heart", "epsilon": 1, "group_by": { "sex": null }, "measures": [{ "compare": "age" }, { "compare": "ill" }, { "survival": { "time": "days", "event": "ill" }, "from": 0, "to": 365, "step": 73 }] }""",
        """{ "dataset": "heart", "epsilon": 1, "group_by": { "num": [0, 1, 3] }, "measures": [{ "compare": "chol" }, { "compare": "site" }] }""",
        """{ "dataset": "heart", "epsilon": 1, "noise": "none", "measures": ["count", { "mean": "age" }, { "sd": "chol" }, { "linear": { "outcome": "chol", "predictors": ["age", "score"] } }] }""",
        """{ "dataset": "heart", "epsilon": 1, "measures": [{ "pca": ["age", "chol", "score"] }, { "correlation": ["age", "chol", "score"] }, { "roc": { "score": "score", "outcome": "ill" }, "bins": 8 }] }""",
        """{ "dataset": "heart", "epsilon": 1, "measures": [{ "linear": { "outcome": "chol", "predictors": ["age", "sex", "score"] } }, { "contingency": ["sex", "ill"] }, { "incidence": { "time": "visits", "event": "ill" }, "per": 100 }] }""",
        """{ "dataset": "heart", "epsilon": 1, "measures": [{ "iqr": "chol", "bins": 300 }, { "box": "age" }, { "distinct": "site" }, { "top": "site", "k": 3 }, { "variance": "score" }] }""",
    ];

    [PythonFact]
    public async Task Random_queries_of_every_kind_have_the_same_numbers_in_both_programs()
    {
        var (seeds, noise) = (new SeededRandom(20261123), new SeededRandom(8));
        var random = new RandomQuery(seeds);
        var cases = new StringBuilder();
        var kinds = new HashSet<MeasureKind>();
        var (accepted, refused) = (0, 0);
        while (accepted < Cases || kinds.Count < MeasureKinds.All.Count)
        {
            var fixedOne = accepted < 2 * s_asked.Length;
            var query = fixedOne ? (JsonObject)JsonNode.Parse(s_asked[accepted / 2])! : random.Next();
            try
            {
                var asked = AnalysisQuery.Parse(query.ToJsonString()) with { Epsilon = new MicroEpsilon((long)(1e6 * (fixedOne ? 1 + (accepted % 2) : accepted % 3) switch { 0 => 1, 1 => 10, _ => 100 })) };
                var analysis = asked.Resolve(RandomQuery.Schema);
                var mode = asked.Noise == NoiseMode.None ? NoiseMode.None : accepted % 4 == 3 ? NoiseMode.Distributed : NoiseMode.Local;
                var layout = VectorLayout.Create(analysis, asked.Epsilon, mode, 5, 3);
                if (layout.Length > MostCells && !fixedOne) continue;
                var contributors = 4 + (accepted % 2);
                var totals = Totals(layout, contributors, fixedOne ? 400 : 30 * (1 + (accepted % 10)), noise);
                var line = Round(layout, totals, contributors);
                // Most as the station reads them, some without repairs, or at another confidence.
                var reading = (accepted % 5) switch { 1 => new ReleaseOptions(Repairs: Repairs.None), 3 => new ReleaseOptions(0.9, Repairs: Repairs.Definite), _ => new ReleaseOptions() };
                line["title"] = query.ToJsonString();
                line["confidence"] = reading.Confidence;
                line["repairs"] = new JsonArray([.. RepairWords.All.Where(w => (reading.Repairs & RepairWords.Parse([w])) != Repairs.None).Select(w => (JsonNode)w)]);
                line["statistics"] = new JsonArray([.. Release.Decode(layout, layout.Centre(totals), contributors, reading).Select(s => (JsonNode)new JsonArray(
                    s.Name, s.Unit, s.Withheld, Finite(s.Value), Finite(s.Low), Finite(s.High)))]);
                cases.Append(line.ToJsonString()).Append('\n');
                kinds.UnionWith(analysis.Measures.Select(m => m.Kind));
                accepted++;
            }
            catch (AnalysisException)
            {
                Assert.True(++refused < 30_000, "nearly every query is refused");
            }
        }

        Assert.Equal(MeasureKinds.All, kinds.Order());
        await SameAsync(cases.ToString(), accepted);
    }

    [PythonFact]
    public async Task Regressions_take_the_same_way_in_both_programs_question_for_question()
    {
        var noise = new SeededRandom(9);
        var cases = new StringBuilder();
        var count = 0;
        foreach (var epsilon in (double[])[2, 10, 100])
        {
            foreach (var rows in (int[])[40, 400])
            {
                foreach (var measure in (string[])["""{ "logistic": { "outcome": "ill", "predictors": ["age", "sex"], "iterations": 6 } }""", """{ "logistic": { "outcome": "ill", "predictors": ["score", "site", "chol"] } }""",
                    """{ "poisson": { "outcome": "visits", "predictors": ["age", "sex"], "iterations": 7, "weight_bound": 20 } }"""])
                {
                    var query = new JsonObject { ["dataset"] = "heart", ["epsilon"] = epsilon, ["measures"] = new JsonArray(JsonNode.Parse(measure)) };
                    var fit = new ModelFit(AnalysisQuery.Parse(query.ToJsonString()));
                    var rounds = new JsonArray();
                    while (fit.Next is { } next)
                    {
                        var layout = VectorLayout.Create(next.Resolve(RandomQuery.Schema), next.Epsilon, NoiseMode.Local, 5, 3);
                        var totals = Totals(layout, 5, rows, noise);
                        rounds.Add((JsonNode)Round(layout, totals, 5));
                        fit.Add(layout, layout.Centre(totals), 5);
                    }

                    cases.Append(new JsonObject
                    {
                        ["query"] = query, ["title"] = $"{measure} {epsilon} {rows}", ["schema"] = Convert.ToBase64String(RandomQuery.Schema.Encode()), ["rounds"] = rounds, ["converged"] = fit.Converged,
                        ["failure"] = fit.Failure, ["coefficients"] = new JsonArray([.. fit.Coefficients.Select(c => (JsonNode)c)]),
                    }.ToJsonString()).Append('\n');
                    count++;
                }
            }
        }

        await SameAsync(cases.ToString(), count);
    }

    private static JsonNode? Finite(double? number) => number is { } value && double.IsFinite(value) ? value : null;

    private static JsonObject Round(VectorLayout layout, ulong[] totals, int contributors)
    {
        var packed = BigInteger.Zero;
        for (var i = totals.Length - 1; i >= 0; i--) packed = (packed << layout.Bits) | totals[i];
        var bytes = new byte[((layout.Bits * totals.Length) + 7) / 8];
        Assert.True(packed.TryWriteBytes(bytes, out _, isUnsigned: true));
        return new JsonObject
        {
            ["analysis"] = Convert.ToBase64String(layout.Analysis.Encode()), ["epsilon"] = layout.Epsilon.Micro, ["noise"] = (int)layout.Noise, ["parties"] = layout.InvitedParties,
            ["honest"] = layout.HonestParties, ["contributors"] = contributors, ["bits"] = layout.Bits, ["packed"] = Convert.ToBase64String(bytes),
        };
    }

    /// <summary>Made-up rows of so many outposts, with noise.</summary>
    private static ulong[] Totals(VectorLayout layout, int parties, int rows, SeededRandom random)
    {
        var (totals, elements) = (new ulong[layout.Length], new ulong[layout.Length]);
        for (var party = 0; party < parties; party++)
        {
            using var noise = VectorNoise.Draw(layout, random);
            using var encoder = new RowEncoder(layout, new byte[32], new byte[32]);
            foreach (var record in new DummyRows(SchemaFile.Of(RandomQuery.Schema), rows, (ulong)party).Records(layout.Analysis)) encoder.Add(record);
            using var vector = encoder.Finish(noise);
            vector.WriteRing(elements);
            for (var i = 0; i < totals.Length; i++) totals[i] = (ulong)((totals[i] + (UInt128)elements[i]) & (ulong.MaxValue >> (64 - layout.Bits)));
        }

        return totals;
    }

    private async Task SameAsync(string cases, int count)
    {
        var (code, said) = await Python.RunAsync([Path.Combine("tests", "cross_numbers.py")], cases);
        output.WriteLine(said.Length > 8000 ? said[..6000] + "\n…\n" + said[^2000..] : said);
        Assert.Equal((0, $"{count} compared, 0 differ"), (code, said.TrimEnd().Split('\n')[^1]));
    }
}
