using System.Text.Json.Nodes;
using SecureAggregation.Statistics.Internal.Estimators;
using SecureAggregation.Statistics.Tests.Reference;
using Xunit.Abstractions;

namespace SecureAggregation.Statistics.Tests.Estimators;

/// <summary>Curves, log-rank and incidence from tables of events, against statsmodels on the rows.</summary>
public sealed class SurvivalReferenceTests(ITestOutputHelper output)
{
    private static readonly string[] s_arms = ["Lev", "Lev+5FU", "Obs"];
    private static readonly string[] s_outcomes = ["death", "recurrence"];

    [Fact]
    public void Curves_agree_with_statsmodels()
    {
        var agreement = new Agreement();
        foreach (var (name, values) in ReferenceFile.Cases("kaplan_meier_30_days"))
        {
            var curve = Survival.Curve(Table(values)).Value();
            var at = values.Numbers("time").Select(t => curve[(int)t]).ToArray();
            agreement.Close(name + "/at_risk", values.Numbers("at_risk"), [.. at.Select(p => p.AtRisk)]);
            agreement.Close(name + "/survival", values.Numbers("survival"), [.. at.Select(p => p.Survival)]);
            agreement.Close(name + "/se", values.Numbers("se"), [.. at.Select(p => p.StandardError)]);
            agreement.Close(name + "/low", values.Numbers("low"), [.. at.Select(p => p.Low)]);
            agreement.Close(name + "/high", values.Numbers("high"), [.. at.Select(p => p.High)]);
            agreement.Close(name + "/hazard", values.Numbers("hazard"), [.. at.Select(p => p.Hazard)]);
            agreement.Close(name + "/hazard_se", values.Numbers("hazard_se"), [.. at.Select(p => p.HazardError)]);
            Median(values, Survival.Quantile(curve));
        }

        Done(agreement, 4000);
    }

    [Fact]
    public void Log_rank_agrees_with_statsmodels_also_where_rows_lie_beyond_the_last_bin()
    {
        var agreement = new Agreement();
        var tables = ReferenceFile.Read("colon")["kaplan_meier_30_days"]!;
        foreach (var outcome in s_outcomes)
        {
            foreach (var (suffix, key) in (ReadOnlySpan<(string, string)>)[("", ""), (", 1800 days", "_1800_days")])
            {
                var test = LogRank.Of([.. s_arms.Select(arm => Table(tables[$"{outcome}, {arm}{suffix}"]!))]).Value();
                Compare(agreement, outcome + key, ReferenceFile.Read("colon")["log_rank_30_days"]![outcome + key]!, test);
            }
        }

        Done(agreement, 28);
    }

    [Fact]
    public void Restricted_means_agree_with_statsmodels()
    {
        var agreement = new Agreement();
        var tables = ReferenceFile.Read("colon")["kaplan_meier_30_days"]!;
        double[] ends = [.. Enumerable.Range(1, 111).Select(i => 30.0 * i)];
        foreach (var (name, values) in ReferenceFile.Cases("restricted_mean_30_days"))
        {
            var curve = Survival.Curve(Table(tables[name.Split('/')[^1]]!)).Value();
            var (value, error) = Survival.RestrictedMean(curve, ends, values.Number("horizon")).Value();
            agreement.Close(name, values.Number("value"), value);
            agreement.Close(name + "/se", values.Number("se"), error);
        }

        Done(agreement, 12);
    }

    [Fact]
    public void Exact_days_of_the_real_rows_agree_with_statsmodels_and_the_published_values()
    {
        if (RealData.Folder("colon", output) is not { } folder) return;
        var rows = Directory.GetFiles(folder, "*.csv").SelectMany(f => File.ReadLines(f).Skip(1)).Select(l => l.Split(',')).ToArray();
        var reference = ReferenceFile.Read("colon");
        var agreement = new Agreement();
        foreach (var outcome in s_outcomes)
        {
            var tables = s_arms.Select(arm => Days(rows.Where(r => r[2] == arm && r[15] == (outcome == "death" ? "2" : "1")))).ToArray();
            var test = LogRank.Of(tables).Value();
            Compare(agreement, outcome, reference["log_rank"]![outcome]!, test);
            Assert.Equal(outcome == "death" ? 11.683 : 23.062, test.Test.Value().Statistic, 3);
            foreach (var (arm, table) in s_arms.Zip(tables))
            {
                var (name, values) = ($"{outcome}, {arm}", reference["kaplan_meier"]![$"{outcome}, {arm}"]!);
                var curve = Survival.Curve(table).Value();
                var at = values.Numbers("days").Select(d => curve[(int)d]).ToArray();
                agreement.Close(name + "/survival", values.Numbers("survival"), [.. at.Select(p => p.Survival)]);
                agreement.Close(name + "/se", values.Numbers("se"), [.. at.Select(p => p.StandardError)]);
                agreement.Close(name + "/hazard", values.Numbers("hazard"), [.. at.Select(p => p.Hazard)]);
                agreement.Close(name + "/hazard_se", values.Numbers("hazard_se"), [.. at.Select(p => p.HazardError)]);
                Median(values, Survival.Quantile(curve));
            }
        }

        Done(agreement, 180);
    }

    /// <summary>Bin d is day d.</summary>
    private static EventTable Days(IEnumerable<string[]> rows)
    {
        var table = new EventTable(new double[3400], new double[3400], 0);
        foreach (var row in rows) (row[9] == "1" ? table.Events : table.Censored)[int.Parse(row[14])]++;
        return table;
    }

    private static EventTable Table(JsonNode values)
    {
        var totals = values["totals"]!;
        return new EventTable(totals.Numbers("events"), totals.Numbers("censored"), totals.Number("beyond"));
    }

    private static void Median(JsonNode values, Answer<int> ours)
    {
        if (values["median"] is { } median) Assert.Equal(median.GetValue<double>(), ours.Value());
        else Assert.Equal("the curve does not come down to there", ours.Reason);
    }

    private static void Compare(Agreement agreement, string name, JsonNode expected, LogRank ours)
    {
        agreement.Close(name + "/observed", expected.Numbers("observed"), ours.Observed);
        agreement.Close(name + "/expected", expected.Numbers("expected"), ours.Expected);
        var test = ours.Test.Value();
        agreement.Close(name + "/test", [expected.Number("statistic"), expected.Number("df"), expected.Number("p")], [test.Statistic, test.DegreesOfFreedom, test.P]);
    }

    private void Done(Agreement agreement, int atLeast)
    {
        output.WriteLine(agreement.ToString());
        Assert.True(agreement.Values >= atLeast, $"Only {agreement.Values} values were compared.");
    }
}
