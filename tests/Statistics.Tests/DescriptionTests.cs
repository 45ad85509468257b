using System.Text.Json;
using Xunit.Abstractions;

namespace SecureAggregation.Statistics.Tests;

/// <summary>What Table 1 is made of, on every data set and however it is split into parties, against tools/reference.</summary>
public sealed class DescriptionTests(ITestOutputHelper output)
{
    private static readonly Filter s_deaths = new CompareFilter("etype", ComparisonOperator.Eq, new FilterValue(null, "death"));

    [Theory]
    [InlineData("heart", "age", "trestbps", "chol", "thalach", "oldpeak")]
    [InlineData("indo_rct", "age", "risk")]
    [InlineData("colon", "age", "nodes", "time")]
    [InlineData("covid", "age", "ct_result", "pan_day")]
    public void Counts_sums_means_and_deviations(string dataset, params string[] columns)
    {
        MeasureKind[] kinds = [MeasureKind.Count, MeasureKind.Sum, MeasureKind.Mean, MeasureKind.Variance, MeasureKind.Sd];
        var query = Query(dataset, [.. columns.SelectMany(c => kinds.Select(k => new ColumnMeasure(k, c)))]);
        var reference = Federated.Reference(dataset).GetProperty("moments");
        Federated.ForAnySplit(query, Schema(dataset), output, released =>
        {
            foreach (var column in columns)
            {
                var expected = reference.GetProperty(column);
                Federated.Close(expected.GetProperty("totals").GetProperty("n").GetDouble(), released[$"count({column})"].Value);
                Federated.Close(expected.GetProperty("totals").GetProperty("sum").GetDouble(), released[$"sum({column})"].Value);
                foreach (var of in (string[])["mean", "variance", "sd"]) Federated.Close(expected.GetProperty(of).GetDouble(), released[$"{of}({column})"].Value);
            }
        });
    }

    [Theory]
    [InlineData("heart", "age")]
    [InlineData("heart", "chol")]
    [InlineData("covid", "age")]
    public void Bins(string dataset, string column)
    {
        var expected = Federated.Reference(dataset).GetProperty("histogram").GetProperty(column);
        var edges = Numbers(expected, "edges");
        Federated.ForAnySplit(Query(dataset, new HistogramMeasure(column, edges)), Schema(dataset), output, released =>
        {
            var counts = Numbers(expected, "counts");
            for (var i = 0; i < counts.Length; i++)
            {
                var bin = FormattableString.Invariant($"histogram({column})[{edges[i]},{edges[i + 1]}{(i == counts.Length - 1 ? ']' : ')')}");
                Federated.Close(counts[i], released[bin].Value);
            }
        });
    }

    [Fact]
    public void Quantiles_of_tests()
    {
        var reference = Federated.Reference("covid");
        var days = reference.GetProperty("quantiles").GetProperty("pan_day");
        var cycles = reference.GetProperty("quantiles_of_bins").GetProperty("ct_result");
        double[] eachDay = [.. Enumerable.Range(0, 122).Select(d => (double)d)];
        var query = Query(
            "covid",
            new QuantileMeasure("pan_day", eachDay, Numbers(days, "at")),
            new QuantileMeasure("ct_result", Numbers(cycles.GetProperty("totals"), "edges"), Numbers(cycles, "at")));
        Federated.ForAnySplit(query, Federated.Covid, output, released =>
        {
            foreach (var (column, expected) in ((string, JsonElement)[])[("pan_day", days), ("ct_result", cycles)])
            {
                foreach (var (at, value) in Numbers(expected, "at").Zip(Numbers(expected, "values")))
                    Federated.Close(value, released[FormattableString.Invariant($"quantiles({column})[q{at}]")].Value);
            }
        });
    }

    [Fact]
    public void Results_of_tests_by_gender()
    {
        var expected = Federated.Reference("covid").GetProperty("categories").GetProperty("result");
        var measure = new ContingencyMeasure(new GroupBy("result", ["negative", "positive", "invalid"]), new GroupBy("gender", ["female", "male"]));
        Federated.ForAnySplit(Query("covid", measure), Federated.Covid, output, released =>
        {
            for (var r = 0; r < 3; r++)
            {
                for (var c = 0; c < 2; c++)
                {
                    var cell = $"{measure.Name}[{measure.Rows.Keys[r]},{measure.Across.Keys[c]}]";
                    Federated.Close(expected.GetProperty("totals")[r][c].GetDouble(), released[cell].Value);
                    Federated.Close(100 * expected.GetProperty("row_shares")[r][c].GetDouble(), released[$"{cell} row percent"].Value);
                }
            }

            var pearson = expected.GetProperty("pearson");
            foreach (var (of, quantity) in ((string, string)[])[("statistic", "chi2"), ("df", "df"), ("p", "p")])
                Federated.Close(pearson.GetProperty(of).GetDouble(), released[$"{measure.Name} {quantity}"].Value);
        });
    }

    [Fact]
    public void Payors_that_occur_and_the_most_frequent()
    {
        var expected = Federated.Reference("covid").GetProperty("keys").GetProperty("payor_group");
        var query = Query("covid", new ColumnMeasure(MeasureKind.Distinct, "payor_group"), new TopMeasure("payor_group", 3));
        Federated.ForAnySplit(query, Federated.Covid, output, released =>
        {
            Federated.Close(expected.GetProperty("distinct").GetDouble(), released["distinct(payor_group)"].Value);
            var place = 0;
            foreach (var top in expected.GetProperty("top").EnumerateArray())
            {
                var name = $"top(payor_group)[{top.GetProperty("key").GetString()}]";
                Federated.Close(top.GetProperty("count").GetDouble(), released[name].Value);
                Federated.Close(++place, released[$"{name} place"].Value);
            }
        });
    }

    [Fact]
    public void Age_of_the_arms_of_a_trial()
    {
        var expected = Federated.Reference("indo_rct").GetProperty("compare").GetProperty("age");
        string[] arms = ["indomethacin", "placebo"];
        var query = Query("indo_rct", new ColumnMeasure(MeasureKind.Compare, "age")) with { GroupBy = [new GroupBy("rx", arms)] };
        Federated.ForAnySplit(query, Federated.Trial, output, released =>
        {
            for (var g = 0; g < arms.Length; g++)
            {
                foreach (var of in (string[])["mean", "sd"])
                    Federated.Close(expected.GetProperty("groups")[g].GetProperty(of).GetDouble(), released[$"compare(age) {of}{{rx={arms[g]}}}"].Value);
            }

            Federated.Close(expected.GetProperty("smd").GetDouble(), released["compare(age) smd"].Value);
            foreach (var test in (string[])["student", "welch"])
            {
                foreach (var (of, quantity) in ((string, string)[])[("statistic", "t"), ("df", "df"), ("p", "p")])
                    Federated.Close(expected.GetProperty(test).GetProperty(of).GetDouble(), released[$"compare(age) {test} {quantity}"].Value);
            }
        });
    }

    [Theory]
    [InlineData("age")]
    [InlineData("nodes")]
    public void Three_arms_of_a_trial(string column)
    {
        var expected = Federated.Reference("colon").GetProperty("anova").GetProperty(column);
        var query = Query("colon", new ColumnMeasure(MeasureKind.Compare, column)) with { GroupBy = [new GroupBy("rx", ["Lev", "Lev+5FU", "Obs"])] };
        Federated.ForAnySplit(query, Federated.Colon, output, released =>
        {
            foreach (var of in (string[])["f", "df_between", "df_within", "p"]) Federated.Close(expected.GetProperty(of).GetDouble(), released[$"compare({column}) anova {of}"].Value);
        });
    }

    /// <summary>A patient of the colon trial has a row for each of two outcomes; one is enough to describe the patients.</summary>
    private static AnalysisQuery Query(string dataset, params Measure[] measures) =>
        Federated.Query(dataset, measures[0], where: dataset == "colon" ? s_deaths : null) with { Measures = [.. measures.Select(m => new QueryMeasure(m))] };

    private static SchemaFile Schema(string dataset) => dataset switch
    {
        "heart" => Federated.Heart,
        "indo_rct" => Federated.Trial,
        "colon" => Federated.Colon,
        _ => Federated.Covid,
    };

    private static double[] Numbers(JsonElement of, string key) => [.. of.GetProperty(key).EnumerateArray().Select(v => v.GetDouble())];
}
