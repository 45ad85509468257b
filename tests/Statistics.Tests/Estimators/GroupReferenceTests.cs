using System.Text.Json.Nodes;
using SecureAggregation.Statistics.Internal.Estimators;
using SecureAggregation.Statistics.Tests.Reference;
using Xunit.Abstractions;

namespace SecureAggregation.Statistics.Tests.Estimators;

/// <summary>Moments, comparisons of groups, tables, quantiles, ROC and keys, from totals, against numpy, scipy and statsmodels on the rows.</summary>
public sealed class GroupReferenceTests(ITestOutputHelper output)
{
    [Fact]
    public void Moments_agree_with_numpy()
    {
        var agreement = new Agreement();
        foreach (var (name, values) in ReferenceFile.Cases("moments")) Compare(agreement, name, values);
        Done(agreement, 30);
    }

    [Fact]
    public void Two_groups_agree_with_scipy()
    {
        var agreement = new Agreement();
        foreach (var (name, values) in ReferenceFile.Cases("compare"))
        {
            var groups = values["groups"]!.AsArray().Select((g, i) => Compare(agreement, $"{name}/groups[{i}]", g!)).ToArray();
            agreement.Close(name + "/smd", values.Number("smd"), TwoSamples.StandardisedDifference(groups[0], groups[1]).Value());
            Compare(agreement, name + "/student", values["student"]!, TwoSamples.Student(groups[0], groups[1]));
            Compare(agreement, name + "/welch", values["welch"]!, TwoSamples.Welch(groups[0], groups[1]));
        }

        Done(agreement, 78);
    }

    [Fact]
    public void Anova_agrees_with_scipy()
    {
        var agreement = new Agreement();
        foreach (var (name, values) in ReferenceFile.Cases("anova"))
        {
            var f = OneWayAnova.Of([.. values["groups"]!.AsArray().Select((g, i) => Compare(agreement, $"{name}/groups[{i}]", g!))]).Value();
            agreement.Close(name + "/f", values.Number("f"), f.Statistic);
            agreement.Close(name + "/df_between", values.Number("df_between"), f.Between);
            agreement.Close(name + "/df_within", values.Number("df_within"), f.Within);
            agreement.Close(name + "/p", values.Number("p"), f.P);
        }

        Done(agreement, 100);
    }

    [Fact]
    public void Tables_agree_with_scipy_and_statsmodels()
    {
        var agreement = new Agreement();
        foreach (var (name, values) in ReferenceFile.Cases("categories"))
        {
            var table = values["totals"]!.Table();
            Compare(agreement, name + "/pearson", values["pearson"]!, CrossTable.ChiSquare(table));
            if (values["yates"] is { } yates) Compare(agreement, name + "/yates", yates, CrossTable.Yates(table));
            if (values["smd"] is not { } smd) continue;
            agreement.Close(name + "/smd", smd.GetValue<double>(), CrossTable.StandardisedDifference(values["totals"]![0]!.Numbers(), values["totals"]![1]!.Numbers()).Value());
        }

        foreach (var (name, values) in ReferenceFile.Cases("two_by_two"))
        {
            var table = values["totals"]!.Table();
            Compare(agreement, name + "/odds_ratio", values.Numbers("odds_ratio"), CrossTable.OddsRatio(table));
            Compare(agreement, name + "/relative_risk", values.Numbers("relative_risk"), CrossTable.RelativeRisk(table));
            Compare(agreement, name + "/risk_difference", values.Numbers("risk_difference"), CrossTable.RiskDifference(table));
        }

        Done(agreement, 57);
    }

    [Fact]
    public void Quantiles_agree_with_numpy()
    {
        var agreement = new Agreement();
        foreach (var (name, values) in ReferenceFile.Cases("quantiles"))
        {
            var (from, counts) = (values["totals"]!.Number("from"), values["totals"]!.Numbers("counts"));
            agreement.Close(name, values.Numbers("values"), [.. values.Numbers("at").Select(p => from + Quantile.Bin(counts, p).Value())]);
        }

        foreach (var (name, values) in ReferenceFile.Cases("quantiles_of_bins"))
        {
            var (edges, counts) = (values["totals"]!.Numbers("edges"), values["totals"]!.Numbers("counts"));
            agreement.Close(name, values.Numbers("values"), [.. values.Numbers("at").Select(p => Quantile.OfBins(edges, counts, p).Value())]);
        }

        Done(agreement, 56);
    }

    [Fact]
    public void Roc_agrees_with_Mann_and_Whitneys_U()
    {
        var agreement = new Agreement();
        foreach (var (name, values) in ReferenceFile.Cases("roc"))
        {
            var curve = RocCurve.Of(values["totals"]!.Numbers("events"), values["totals"]!.Numbers("others")).Value();
            agreement.Close(name + "/auc", values.Number("auc"), curve.Auc);
            agreement.Close(name + "/se", values.Number("se"), curve.StandardError);
            agreement.Close(name + "/sensitivity", values.Numbers("sensitivity"), [.. curve.Points.Select(p => p.Sensitivity)]);
            agreement.Close(name + "/false_positive_rate", values.Numbers("false_positive_rate"), [.. curve.Points.Select(p => p.FalsePositiveRate)]);
        }

        Done(agreement, 200);
    }

    [Fact]
    public void Keys_agree_with_a_plain_count()
    {
        foreach (var (_, values) in ReferenceFile.Cases("keys"))
        {
            var (counts, domain) = (values.Numbers("totals"), values["domain"]!.AsArray());
            Assert.Equal(values.Number("distinct"), Keys.Distinct(counts));
            var top = values["top"]!.AsArray();
            var ours = Keys.Top(counts, 3);
            Assert.Equal(top.Select(t => t!["key"]!.GetValue<string>()), ours.Select(i => domain[i]!.GetValue<string>()));
            Assert.Equal(top.Select(t => t!.Number("count")), ours.Select(i => counts[i]));
        }
    }

    private void Done(Agreement agreement, int atLeast)
    {
        output.WriteLine(agreement.ToString());
        Assert.True(agreement.Values >= atLeast, $"Only {agreement.Values} values were compared.");
    }

    private static Sample Compare(Agreement agreement, string name, JsonNode values)
    {
        var totals = values["totals"]!;
        var (n, sum, squares) = (totals.Number("n"), totals.Number("sum"), totals.Number("squares"));
        var sample = Moments.Summary(n, sum, squares).Value();
        agreement.Close(name + "/mean", values.Number("mean"), sample.Mean);
        agreement.Close(name + "/variance", values.Number("variance"), sample.Variance);
        agreement.Close(name + "/sd", values.Number("sd"), Moments.StandardDeviation(n, sum, squares).Value());
        return sample;
    }

    private static void Compare(Agreement agreement, string name, JsonNode expected, Answer<Internal.Estimators.Test> answer)
    {
        var test = answer.Value();
        agreement.Close(name + "/statistic", expected.Number("statistic"), test.Statistic);
        agreement.Close(name + "/df", expected.Number("df"), test.DegreesOfFreedom);
        agreement.Close(name + "/p", expected.Number("p"), test.P);
    }

    private static void Compare(Agreement agreement, string name, double[] expected, Answer<Interval> answer)
    {
        var interval = answer.Value();
        agreement.Close(name, expected, [interval.Value, interval.Low, interval.High]);
    }
}
