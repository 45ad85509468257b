using Xunit.Abstractions;

namespace SecureAggregation.Statistics.Tests;

/// <summary>Kaplan-Meier, Nelson-Aalen and log-rank on the colon trial in bins of 30 days, against tools/reference.</summary>
public sealed class SurvivalTests(ITestOutputHelper output)
{
    private static readonly double[] s_edges = [.. Enumerable.Range(0, 121).Select(i => 30.0 * i)];
    private static readonly string[] s_arms = ["Lev", "Lev+5FU", "Obs"];

    [Theory]
    [InlineData("death", 11.688)]
    [InlineData("recurrence", 23.098)]
    public void Curves_and_test_without_noise_are_those_of_the_pooled_rows(string endpoint, double published)
    {
        var measure = new SurvivalMeasure("time", "status", s_edges);
        var query = Federated.Query("colon", measure, new GroupBy("rx", s_arms), new CompareFilter("etype", ComparisonOperator.Eq, new FilterValue(null, endpoint)));
        Federated.ForAnySplit(query, Federated.Colon, output, released =>
        {
            var reference = Federated.Reference("colon");
            foreach (var arm in s_arms)
            {
                var expected = reference.GetProperty("kaplan_meier_30_days").GetProperty($"{endpoint}, {arm}");
                var bins = expected.GetProperty("time").EnumerateArray().Select(t => t.GetInt32()).ToArray();
                for (var i = 0; i < bins.Length; i++)
                {
                    var bin = $"{measure.Name}[{30 * bins[i]},{30 * (bins[i] + 1)}{(bins[i] == 119 ? ']' : ')')}";
                    Federated.Close(expected.GetProperty("survival")[i].GetDouble(), released[$"{bin}{{rx={arm}}}"].Value);
                    Federated.Close(expected.GetProperty("se")[i].GetDouble(), released[$"{bin} se{{rx={arm}}}"].Value);
                    Federated.Close(expected.GetProperty("hazard")[i].GetDouble(), released[$"{bin} hazard{{rx={arm}}}"].Value);
                    Federated.Close(expected.GetProperty("at_risk")[i].GetDouble(), released[$"{bin} at_risk{{rx={arm}}}"].Value);
                }
            }

            var test = reference.GetProperty("log_rank_30_days").GetProperty(endpoint);
            Federated.Close(test.GetProperty("statistic").GetDouble(), released[$"{measure.Name} log-rank chi2"].Value);
            Federated.Close(test.GetProperty("p").GetDouble(), released[$"{measure.Name} log-rank p"].Value);
            Assert.Equal(published, released[$"{measure.Name} log-rank chi2"].Value!.Value, 5e-4);
            for (var g = 0; g < s_arms.Length; g++)
            {
                Federated.Close(test.GetProperty("observed")[g].GetDouble(), released[$"{measure.Name}[rx={s_arms[g]}] observed"].Value);
                Federated.Close(test.GetProperty("expected")[g].GetDouble(), released[$"{measure.Name}[rx={s_arms[g]}] expected"].Value);
            }
        });
    }
}
