using SecureAggregation.Privacy;
using SecureAggregation.Testing;
using Xunit.Abstractions;

namespace SecureAggregation.Statistics.Tests;

/// <summary>Four clinics' real rows: without noise any split into parties gives the pooled totals.</summary>
public sealed class HeartTests(ITestOutputHelper output)
{
    private static readonly AnalysisQuery s_query = AnalysisQuery.Parse(File.ReadAllText(Path.Combine(RealData.Root, "examples/heart/query.yaml")));

    [Fact]
    public void Totals_without_noise_are_those_of_the_pooled_rows()
    {
        if (Totals(s_query) is not var (layout, totals)) return;
        var statistics = Release.Decode(layout, totals, 4, new ReleaseOptions(MinimumCohort: 0)).ToDictionary(s => s.Name, s => s.Value!.Value);
        AssertClose(920, statistics["count"]);
        AssertClose(726, statistics["count{sex=male}"]);
        AssertClose(194, statistics["count{sex=female}"]);
        AssertClose(49_230 / 920.0, statistics["mean(age)"]);
        AssertClose((2_715_970 - (49_230.0 * 49_230 / 920)) / 919, statistics["variance(age)"]);
        double[] decades = [4, 76, 212, 375, 222, 31];
        for (var i = 0; i < decades.Length; i++)
        {
            AssertClose(decades[i], statistics[$"histogram(age)[{20 + (10 * i)},{30 + (10 * i)}{(i == 5 ? ']' : ')')}"]);
        }

        AssertClose(0, statistics["histogram(age)[outside]"]);
    }

    [Fact]
    public void Zeroes_that_stand_for_missing_are_not_averaged_in()
    {
        var query = AnalysisQuery.Parse("""
            dataset: heart
            epsilon: 1
            measures: [{ sum: chol, low: 80, high: 620 }, { sum: trestbps }, { sum: age }, { histogram: num, from: 0, to: 5, step: 1 }]
            """);
        if (Totals(query) is not var (layout, totals)) return;
        var statistics = Release.Decode(layout, totals, 4, new ReleaseOptions(MinimumCohort: 0)).ToDictionary(s => s.Name, s => s.Value!.Value);
        AssertClose(718, statistics["count(chol)"]);
        AssertClose(177_226, statistics["sum(chol)"]);
        AssertClose(860, statistics["count(trestbps)"]);
        AssertClose(113_766, statistics["sum(trestbps)"]);
        AssertClose(49_230, statistics["sum(age)"]);
        AssertClose(509, 920 - statistics["histogram(num)[0,1)"]);
    }

    [Fact]
    public void Filters_agree_with_the_known_table_of_sex_and_disease()
    {
        foreach (var (sex, none, some) in (ReadOnlySpan<(string, int, int)>)[("female", 144, 50), ("male", 267, 459)])
        {
            if (Totals(Query("eq: 0")) is not var (layout, healthy) || Totals(Query("gt: 0")) is not var (_, ill)) return;
            AssertClose(none, (double)healthy[0]);
            AssertClose(some, (double)ill[0]);
            Assert.Equal(1, layout.Length);

            AnalysisQuery Query(string num) => AnalysisQuery.Parse($$"""
                dataset: heart
                epsilon: 1
                measures: [count]
                where: { and: [{ column: sex, eq: {{sex}} }, { column: num, {{num}} }] }
                """);
        }
    }

    [Fact]
    public void Noised_totals_have_the_truth_in_their_widest_intervals()
    {
        if (Totals(s_query) is not var (layout, totals)) return;
        var random = new SeededRandom(1);
        var noised = totals.ToArray();
        for (var party = 0; party < 4; party++)
        {
            using var noise = VectorNoise.Draw(layout, random);
            using var encoder = new RowEncoder(layout);
            using var vector = encoder.Finish(noise);
            for (var i = 0; i < noised.Length; i++) noised[i] += vector.Values[i];
        }

        var truth = Release.Decode(layout, totals, 4, new ReleaseOptions(MinimumCohort: 0)).ToDictionary(s => s.Name, s => s.Value!.Value);
        foreach (var statistic in Release.Decode(layout, noised, 4, new ReleaseOptions(0.9999, 0)))
        {
            output.WriteLine($"{statistic.Name}: {statistic.Value:F2} in [{statistic.Low:F2}, {statistic.High:F2}], truth {truth[statistic.Name]:F2}");
            Assert.InRange(truth[statistic.Name], statistic.Low!.Value - 1e-9, statistic.High!.Value + 1e-9);
        }
    }

    private (VectorLayout Layout, Int128[] Totals)? Totals(AnalysisQuery query) => Federated.Totals(query, Federated.Heart, output);

    private static void AssertClose(double expected, double actual) => Federated.Close(expected, actual);
}
