using System.Text.Json;
using FsCheck.Fluent;
using SecureAggregation.Privacy;
using SecureAggregation.Testing;
using Xunit.Abstractions;

namespace SecureAggregation.Statistics.Tests;

/// <summary>Contingency tables, comparisons of groups, ROC curves and declared keys: real rows against tools/reference, and intervals with noise.</summary>
public sealed class TableTests(ITestOutputHelper output)
{
    private static readonly GroupBy s_disease = new("disease", ["yes", "no"]);
    private static readonly DerivedColumn s_derived = new RecodeColumn("disease", "num", [new Recoding("yes", ["1", "2", "3", "4"]), new Recoding("no", ["0"])]);

    [Fact]
    public void Table_of_the_trial_is_that_of_the_pooled_rows()
    {
        var measure = new ContingencyMeasure(new GroupBy("rx", ["indomethacin", "placebo"]), new GroupBy("outcome", ["yes", "no"]));
        Federated.ForAnySplit(Federated.Query("indo_rct", measure), Federated.Trial, output, released =>
        {
            var reference = Federated.Reference("indo_rct");
            var name = measure.Name;
            var table = reference.GetProperty("categories").GetProperty("outcome");
            for (var r = 0; r < 2; r++)
            {
                for (var c = 0; c < 2; c++)
                {
                    var cell = $"{name}[{measure.Rows.Keys[r]},{measure.Across.Keys[c]}]";
                    Federated.Close(table.GetProperty("totals")[r][c].GetDouble(), released[cell].Value);
                    Federated.Close(100 * table.GetProperty("row_shares")[r][c].GetDouble(), released[$"{cell} row percent"].Value);
                }
            }

            Close(table.GetProperty("pearson"), released, name, "");
            Close(table.GetProperty("yates"), released, name, "yates ");
            var ratios = reference.GetProperty("two_by_two").GetProperty("outcome");
            foreach (var (key, quantity) in ((string, string)[])[("odds_ratio", "or"), ("relative_risk", "rr"), ("risk_difference", "rd")])
            {
                string[] ends = ["", " ci_low", " ci_high"];
                for (var i = 0; i < 3; i++) Federated.Close(ratios.GetProperty(key)[i].GetDouble(), released[$"{name} {quantity}{ends[i]}"].Value);
            }
        });
    }

    [Theory]
    [InlineData("sex")]
    [InlineData("cp")]
    [InlineData("fbs")]
    [InlineData("restecg")]
    [InlineData("exang")]
    public void Categories_of_the_groups_are_those_of_the_pooled_rows(string column)
    {
        var query = Federated.Query("heart", new ColumnMeasure(MeasureKind.Compare, column), s_disease) with { Derived = [s_derived] };
        Federated.ForAnySplit(query, Federated.Heart, output, released =>
        {
            var table = Federated.Reference("heart").GetProperty("categories").GetProperty(column);
            var labels = table.GetProperty("columns").EnumerateArray().Select(l => l.GetString()).ToArray();
            for (var g = 0; g < 2; g++)
            {
                for (var i = 0; i < labels.Length; i++)
                {
                    Federated.Close(table.GetProperty("totals")[g][i].GetDouble(), released[$"compare({column})[{labels[i]}]{{disease={s_disease.Keys[g]}}}"].Value);
                    Federated.Close(100 * table.GetProperty("row_shares")[g][i].GetDouble(), released[$"compare({column})[{labels[i]}] percent{{disease={s_disease.Keys[g]}}}"].Value);
                }
            }

            Close(table.GetProperty("pearson"), released, $"compare({column})", "");
            Federated.Close(table.GetProperty("smd").GetDouble(), released[$"compare({column}) smd"].Value);
        });
    }

    [Theory]
    [InlineData("age")]
    [InlineData("trestbps")]
    [InlineData("chol")]
    [InlineData("thalach")]
    [InlineData("oldpeak")]
    public void Two_groups_compare_as_the_pooled_rows_do(string column)
    {
        var query = Federated.Query("heart", new ColumnMeasure(MeasureKind.Compare, column), s_disease) with { Derived = [s_derived] };
        Federated.ForAnySplit(query, Federated.Heart, output, released =>
        {
            var expected = Federated.Reference("heart").GetProperty("compare").GetProperty(column);
            for (var g = 0; g < 2; g++)
            {
                foreach (var quantity in (string[])["mean", "sd"])
                    Federated.Close(expected.GetProperty("groups")[g].GetProperty(quantity).GetDouble(), released[$"compare({column}) {quantity}{{disease={s_disease.Keys[g]}}}"].Value);
            }

            Federated.Close(expected.GetProperty("smd").GetDouble(), released[$"compare({column}) smd"].Value);
            foreach (var test in (string[])["student", "welch"])
            {
                foreach (var (quantity, key) in ((string, string)[])[("t", "statistic"), ("df", "df"), ("p", "p")])
                    Federated.Close(expected.GetProperty(test).GetProperty(key).GetDouble(), released[$"compare({column}) {test} {quantity}"].Value);
            }
        });
    }

    [Theory]
    [InlineData("age")]
    [InlineData("trestbps")]
    [InlineData("chol")]
    [InlineData("thalach")]
    [InlineData("oldpeak")]
    public void Several_groups_compare_as_the_pooled_rows_do(string column)
    {
        var groups = new GroupBy("cp", ["typical angina", "atypical angina", "non-anginal pain", "asymptomatic"]);
        Federated.ForAnySplit(Federated.Query("heart", new ColumnMeasure(MeasureKind.Compare, column), groups), Federated.Heart, output, released =>
        {
            var expected = Federated.Reference("heart").GetProperty("anova").GetProperty(column);
            foreach (var key in (string[])["f", "df_between", "df_within", "p"])
                Federated.Close(expected.GetProperty(key).GetDouble(), released[$"compare({column}) anova {key}"].Value);
        });
    }

    [Theory]
    [InlineData("age")]
    [InlineData("thalach")]
    [InlineData("oldpeak")]
    public void Curve_is_that_of_the_pooled_rows(string column)
    {
        var expected = Federated.Reference("heart").GetProperty("roc").GetProperty(column);
        var edges = expected.GetProperty("totals").GetProperty("edges").EnumerateArray().Select(e => e.GetDouble()).ToArray();
        // The positive is the second label.
        var derived = new RecodeColumn("ill", "num", [new Recoding("no", ["0"]), new Recoding("yes", ["1", "2", "3", "4"])]);
        var measure = new RocMeasure(column, "ill", edges);
        Federated.ForAnySplit(Federated.Query("heart", measure) with { Derived = [derived] }, Federated.Heart, output, released =>
        {
            Federated.Close(expected.GetProperty("auc").GetDouble(), released[$"{measure.Name} auc"].Value);
            Federated.Close(expected.GetProperty("se").GetDouble(), released[$"{measure.Name} se"].Value);
            for (var i = 0; i < edges.Length - 1; i++)
            {
                var point = FormattableString.Invariant($"{measure.Name}[≥{edges[i]}]");
                Federated.Close(expected.GetProperty("sensitivity")[i].GetDouble(), released[$"{point} tpr"].Value);
                Federated.Close(expected.GetProperty("false_positive_rate")[i].GetDouble(), released[$"{point} fpr"].Value);
            }
        });
    }

    // A person counts once for each label, for so many labels as rows count; and the sum of what one person can change is never above ε.
    [Fact]
    public void Labels_are_counted_once_a_person()
    {
        var column = new SchemaColumn("code", ColumnType.Category) { Categories = ["a", "b", "c", "d"] };
        var analysis = new Analysis([column], [new ColumnMeasure(MeasureKind.Distinct, "code"), new TopMeasure("code", 2)], null, [], RowRule.PersonKey, 2);
        var layout = VectorLayout.Create(analysis, MicroEpsilon.MaxValue, NoiseMode.Local, 3);
        Assert.Equal(4, layout.Length);
        Assert.All(layout.Cells, c => Assert.Equal(2, c.Cell.Sensitivity));
        using var encoder = new RowEncoder(layout, new byte[32], new byte[32]);
        for (var i = 0; i < 5; i++) encoder.Add(new Row([0], "p"));
        for (var i = 0; i < 4; i++) encoder.Add(new Row([i], "q"));
        for (var i = 0; i < 20; i++) encoder.Add(new Row([i % 2], $"r{i}"));
        var totals = encoder.Totals().ToArray();
        Assert.Equal(1 + 2 + 20, totals.Aggregate(Int128.Zero, (a, b) => a + b));

        var released = Release.Decode(layout, [30, 50, 0, 12], 1).ToDictionary(s => s.Name);
        Assert.Equal((3, 3, 3), (released["distinct(code)"].Value, released["distinct(code)"].Low, released["distinct(code)"].High));
        Assert.Equal((50, 30), (released["top(code)[b]"].Value, released["top(code)[a]"].Value));
        Assert.Equal((2, 2, 2), (released["top(code)[a] place"].Value, released["top(code)[a] place"].Low, released["top(code)[a] place"].High));
        Assert.DoesNotContain("top(code)[d]", released.Keys);
    }

    [Fact]
    public void Places_and_numbers_of_labels_are_as_uncertain_as_the_noise()
    {
        var column = new SchemaColumn("code", ColumnType.Category) { Categories = ["a", "b", "c", "d"] };
        var analysis = new Analysis([column], [new ColumnMeasure(MeasureKind.Distinct, "code"), new TopMeasure("code", 4)], null, [], RowRule.OneRowPerPerson);
        var layout = VectorLayout.Create(analysis, MicroEpsilon.Parse("1"), NoiseMode.Local, 3);
        // Half widths: 3 for one label, 4 for all four.
        var released = Release.Decode(layout, [40, 35, 4, 100], 1).ToDictionary(s => s.Name);
        Assert.Equal((4, 3, 4), (released["distinct(code)"].Value, released["distinct(code)"].Low, released["distinct(code)"].High));
        Assert.Equal((1, 1, 1), (released["top(code)[d] place"].Value, released["top(code)[d] place"].Low, released["top(code)[d] place"].High));
        Assert.Equal((2, 2, 3), (released["top(code)[a] place"].Value, released["top(code)[a] place"].Low, released["top(code)[a] place"].High));
        Assert.Equal("fewer than 10 rows", released["top(code)[c] place"].Withheld);
    }

    // The sensitivity by search, as in LayoutTests: one person moves each block by at most its part of ε.
    [Theory]
    [InlineData(RowRule.OneRowPerPerson, 1, 1)]
    [InlineData(RowRule.PersonKey, 1, 1)]
    [InlineData(RowRule.PersonKey, 3, 2)]
    public void Removing_a_person_moves_no_block_by_more_than_its_part_of_epsilon(RowRule rule, int rows, int groups)
    {
        SchemaColumn[] columns =
        [
            new("age", ColumnType.Integer) { Low = 20, High = 90 },
            new("ill", ColumnType.Category) { Categories = ["no", "yes"] },
            new("stage", ColumnType.Category) { Categories = ["one", "two", "three"] },
            new("time", ColumnType.Number) { Low = 0, High = 200 },
        ];
        Measure[] measures =
        [
            new QuantileMeasure("age", [30, 40, 50, 60], [0.5]),
            new QuantileMeasure("time", [.. Enumerable.Range(0, 151).Select(i => (double)i)], [0.5]),
            new ColumnMeasure(MeasureKind.Compare, "age"),
            new ColumnMeasure(MeasureKind.Compare, "ill"),
            new ContingencyMeasure(new("ill", ["no", "yes"]), new("stage", ["one", "three"])),
            new RocMeasure("age", "ill", [20, 50, 90]),
            new ColumnMeasure(MeasureKind.Distinct, "ill"),
            new TopMeasure("stage", 2),
        ];
        var analysis = new Analysis(columns, measures, null, [new("stage", ["one", "two"])], rule, rows, groupsPerPerson: groups);
        var layout = VectorLayout.Create(analysis, MicroEpsilon.Parse("0.7"), NoiseMode.Local, 4);
        var row = from age in Gen.Elements(0, 25, 50, 90, 200, double.NaN)
                  from ill in Gen.Elements(0, 1, double.NaN)
                  from stage in Gen.Elements(0, 1, 2, double.NaN)
                  from time in Gen.Choose(-5, 205)
                  from person in Gen.Choose(0, 4)
                  select (Values: new[] { age, ill, stage, time }, Person: person);
        SensitivitySearch.Holds(layout, rule, Gen.ArrayOf(row, 25));
    }

    // A share of the noise each: totals hold a number of draws that need not be whole.
    [Fact]
    public void Shared_noise_narrows_every_interval()
    {
        SchemaColumn[] columns = [new("age", ColumnType.Integer) { Low = 20, High = 90 }, new("arm", ColumnType.Category) { Categories = ["drug", "placebo"] }];
        Measure[] measures = [new ColumnMeasure(MeasureKind.Compare, "age"), new ColumnMeasure(MeasureKind.Compare, "arm"), new QuantileMeasure("age", [20, 40, 60, 90], [0.5])];
        var analysis = new Analysis(columns, measures, null, [new("arm", ["drug", "placebo"])], RowRule.OneRowPerPerson);
        var (local, shared) = (Widths(NoiseMode.Local), Widths(NoiseMode.Distributed));
        foreach (var (name, width) in shared) Assert.True(width <= local[name] + 1e-9, name);
        Assert.True(shared["compare(age) smd"] < 0.8 * local["compare(age) smd"]);

        Dictionary<string, double> Widths(NoiseMode mode)
        {
            var layout = VectorLayout.Create(analysis, MicroEpsilon.Parse("10"), mode, 10, 4);
            using var encoder = new RowEncoder(layout);
            for (var i = 0; i < 4000; i++) encoder.Add(new Row([30 + (i % 40), i / 7 % 2]));
            return Release.Decode(layout, encoder.Totals().ToArray(), 10).Where(s => s.Value is not null && s.Bin != "[q0.5]").ToDictionary(s => s.Name, s => s.High!.Value - s.Low!.Value);
        }
    }

    private static void Close(JsonElement test, Dictionary<string, ReleasedStatistic> released, string name, string prefix)
    {
        Federated.Close(test.GetProperty("statistic").GetDouble(), released[$"{name} {prefix}chi2"].Value);
        Federated.Close(test.GetProperty("df").GetDouble(), released[$"{name} {prefix}df"].Value);
        Federated.Close(test.GetProperty("p").GetDouble(), released[$"{name} {prefix}p"].Value);
    }
}
