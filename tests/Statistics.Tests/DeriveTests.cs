namespace SecureAggregation.Statistics.Tests;

/// <summary>Derived columns: every row gives a value within bounds or "missing".</summary>
public sealed class DeriveTests
{
    private static readonly DatasetSchema s_schema = new("d", "", RowRule.OneRowPerPerson,
    [
        new("born", ColumnType.Date),
        new("height", ColumnType.Number) { Low = 0, High = 3 },
        new("num", ColumnType.Integer) { Low = 0, High = 4 },
        new("seen", ColumnType.Date),
        new("stage", ColumnType.Category) { Categories = ["I", "II", "III", "IV"] },
        new("weight", ColumnType.Number) { Low = 0, High = 300 },
    ]);

    [Theory]
    [InlineData("[18, 40, 65]", "", 17.9, null)]
    [InlineData("[18, 40, 65]", "", 18, "[18,40)")]
    [InlineData("[18, 40, 65]", "", 39.99, "[18,40)")]
    [InlineData("[18, 40, 65]", "", 40, "[40,65]")]
    [InlineData("[18, 40, 65]", "", 65, "[40,65]")]
    [InlineData("[18, 40, 65]", "", 65.1, null)]
    [InlineData("[18, 40, 65]", "", double.NaN, null)]
    [InlineData("[18, 40, 65]", ", labels: [a, b, c, d]", -1e300, "a")]
    [InlineData("[18, 40, 65]", ", labels: [a, b, c, d]", 18, "b")]
    [InlineData("[18, 40, 65]", ", labels: [a, b, c, d]", 64, "c")]
    [InlineData("[18, 40, 65]", ", labels: [a, b, c, d]", 65, "d")]
    [InlineData("[18, 40, 65]", ", labels: [a, b, c, d]", double.PositiveInfinity, "d")]
    [InlineData("[18]", ", labels: [a, b]", 17, "a")]
    [InlineData("[18]", ", labels: [a, b]", 18, "b")]
    public void Bins_of_a_number(string edges, string labels, double weight, string? expected) =>
        Assert.Equal(expected, Label($"{{ bins: weight, edges: {edges}{labels} }}", weight: weight));

    [Theory]
    [InlineData("2019-12-31", null)]
    [InlineData("2020-01-01", "[2020-01-01,2021-01-01)")]
    [InlineData("2021-06-30", "[2021-01-01,2021-06-30]")]
    public void Bins_of_a_date(string seen, string? expected) =>
        Assert.Equal(expected, Label("{ bins: seen, edges: [2020-01-01, 2021-01-01, 2021-06-30] }", seen: seen));

    [Theory]
    [InlineData(80, 1.6, 50.0)]
    [InlineData(80, 160, 0.5)]
    [InlineData(80, 0, null)]
    [InlineData(0, 0, null)]
    [InlineData(0, 2, 0.2)]
    [InlineData(1e300, 1e-300, 60.0)]
    [InlineData(-5, 1, 0.2)]
    [InlineData(double.NaN, 1, null)]
    [InlineData(1, double.NaN, null)]
    [InlineData(double.PositiveInfinity, double.PositiveInfinity, null)]
    public void Ratio_is_clamped_or_missing(double weight, double height, double? expected) =>
        Assert.Equal(expected, Number("{ ratio: { numerator: weight, denominator: height }, low: 0.2, high: 60 }", weight: weight, height: height));

    // Whole years as a person counts them.
    [Theory]
    [InlineData("1980-06-15", "2020-06-14", 39.0)]
    [InlineData("1980-06-15", "2020-06-15", 40.0)]
    [InlineData("1980-02-29", "2021-02-28", 40.0)]
    [InlineData("1980-02-29", "2021-03-01", 41.0)]
    [InlineData("1980-02-29", "2024-02-29", 44.0)]
    [InlineData("2020-01-01", "2020-01-01", 0.0)]
    [InlineData("2020-01-02", "2020-01-01", null)]
    [InlineData("1890-01-01", "2020-01-01", 90.0)]
    [InlineData("", "2020-01-01", null)]
    [InlineData("2020-01-02", "", null)]
    public void Age_between_dates(string born, string seen, double? expected)
    {
        Assert.Equal(expected, Number("{ age: { from: born, to: seen } }", born: born, seen: seen));
        if (seen.Length > 0) Assert.Equal(expected, Number($"{{ age: {{ from: born, to: {seen} }} }}", born: born));
        if (expected is { } age) Assert.Equal(Math.Clamp(age, 18, 41), Number("{ age: { from: born, to: seen }, low: 18, high: 41 }", born: born, seen: seen));
    }

    [Theory]
    [InlineData("2020-02-27", "2020-03-01", 3.0)]
    [InlineData("2020-03-01", "2020-02-27", -3.0)]
    [InlineData("2020-03-01", "2019-02-27", -10.0)]
    [InlineData("2020-03-01", "2029-02-27", 365.0)]
    [InlineData("", "2029-02-27", null)]
    public void Days_between_dates(string born, string seen, double? expected) =>
        Assert.Equal(expected, Number("{ days: { from: born, to: seen }, low: -10, high: 365 }", born: born, seen: seen));

    [Theory]
    [InlineData("{ recode: num, map: { none: 0, some: [1, 2] } }", 0, "none")]
    [InlineData("{ recode: num, map: { none: 0, some: [1, 2] } }", 2, "some")]
    [InlineData("{ recode: num, map: { none: 0, some: [1, 2] } }", 3, null)]
    [InlineData("{ recode: num, map: { none: 0, some: [1, 2] }, else: more }", 3, "more")]
    [InlineData("{ recode: num, map: { none: 0, some: [1, 2] }, else: none }", 3, "none")]
    [InlineData("{ recode: num, map: { none: 0 }, else: some }", double.NaN, null)]
    [InlineData("{ recode: stage, map: { early: [I, II] }, else: late }", 0, "early")]
    [InlineData("{ recode: stage, map: { early: [I, II] }, else: late }", 3, "late")]
    [InlineData("{ recode: stage, map: { early: [I, II] }, else: late }", double.NaN, null)]
    public void Recoded(string definition, double value, string? expected) => Assert.Equal(expected, Label(definition, num: value, stage: value));

    [Fact]
    public void Derived_columns_are_measured_filtered_and_grouped_like_any_and_travel()
    {
        var query = AnalysisQuery.Parse("""
            dataset: d
            epsilon: 1
            measures: [count, { mean: bmi }, { histogram: years, edges: [0, 50, 90] }]
            derive:
              unused: { recode: num, map: { a: 1 } }
              years: { age: { from: born, to: 2020-01-01 } }
              old: { bins: years, edges: [50], labels: [under 50, 50 and more] }
              bmi: { ratio: { numerator: weight, denominator: height }, low: 0, high: 100, resolution: 0.5, unit: kg/m }
              ill: { recode: num, map: { no: [0], yes: [1, 2, 3, 4] } }
            group_by: { ill: }
            where: { column: old, eq: 50 and more }
            """);
        Assert.Equal(["born", "height", "num", "weight"], query.DatasetColumns.Order(StringComparer.Ordinal));
        var analysis = query.Resolve(s_schema);
        Assert.Equal(["born", "height", "num", "weight"], analysis.Columns.Select(c => c.Name));
        Assert.Equal(["years", "old", "bmi", "ill"], analysis.Derived.Select(d => d.Name));
        Assert.Equal((ColumnType.Number, 0, 100, 0.5, "kg/m"), (analysis.Describe("bmi").Type, analysis.Describe("bmi").Low, analysis.Describe("bmi").High, analysis.Describe("bmi").Resolution, analysis.Describe("bmi").Unit));
        var bytes = analysis.Encode();
        analysis = Analysis.Decode(bytes);
        Assert.Equal(bytes, analysis.Encode());
        analysis.RequireFit(s_schema);

        var layout = VectorLayout.Create(analysis, query.Epsilon, query.Noise, 3);
        using var encoder = new RowEncoder(layout);
        // born, height, num, weight
        encoder.Add(new Row([Day("1960-01-01"), 2, 0, 80]));
        encoder.Add(new Row([Day("1960-01-01"), 2, 3, 90]));
        encoder.Add(new Row([Day("1950-01-01"), 0, 3, 90]));
        encoder.Add(new Row([Day("1990-01-01"), 2, 3, 90]));
        encoder.Add(new Row([double.NaN, 2, 3, 90]));
        var released = Release.Decode(layout, encoder.Totals().ToArray(), 3, new ReleaseOptions(MinimumCohort: 0)).ToDictionary(s => s.Name, s => s.Value);
        Assert.Equal(1, released["count{ill=no}"]);
        Assert.Equal(2, released["count{ill=yes}"]);
        Assert.Equal(40, released["mean(bmi){ill=no}"]!.Value, 1e-9);
        Assert.Equal(45, released["mean(bmi){ill=yes}"]!.Value, 1e-9);
        Assert.Equal(1, released["count(bmi){ill=yes}"]);
        Assert.Equal(2, released["histogram(years)[50,90]{ill=yes}"]);
    }

    [Theory]
    [InlineData("{ and: [ { column: num, ge: 1 }, { column: stage, eq: I } ] }", "{ and: [ { column: stage, in: [I] }, { and: [ { column: num, ge: 1 } ] }, { column: num, ge: 1 } ] }", true)]
    [InlineData("{ column: num, between: [1, 3] }", "{ column: num, ge: 1, le: 3 }", true)]
    [InlineData("{ not: { not: { column: num, eq: 2 } } }", "{ column: num, in: [2, 2] }", true)]
    [InlineData("{ not: { or: [ { column: num, is_null: true }, { column: num, lt: 2 } ] } }", "{ and: [ { not: { column: num, lt: 2 } }, { not: { column: num, is_null: true } } ] }", true)]
    [InlineData("{ column: stage, ne: I }", "{ column: stage, in: [IV, III, II] }", true)]
    [InlineData("{ column: one, eq: low }", "{ column: two, eq: low }", true)]
    [InlineData("{ column: one, eq: low }", "{ column: three, eq: low }", false)]
    [InlineData("{ not: { column: stage, eq: I } }", "{ column: stage, ne: I }", false)]
    [InlineData("{ and: [ { column: num, ge: 1 }, { column: stage, eq: I } ] }", "{ or: [ { column: num, ge: 1 }, { column: stage, eq: I } ] }", false)]
    [InlineData("{ not: { and: [ { column: num, ge: 1 }, { column: stage, eq: I } ] } }", "{ and: [ { column: num, ge: 1 }, { column: stage, eq: I } ] }", false)]
    [InlineData("{ column: num, ge: 1 }", "{ column: num, gt: 1 }", false)]
    public void Filters_that_are_only_written_differently_have_one_form(string one, string other, bool same)
    {
        Assert.Equal(same, Form(one).AsSpan().SequenceEqual(Form(other)));

        static byte[] Form(string where)
        {
            string[] columns = [.. new[] { ("one", "{ bins: num, edges: [2], labels: [low, high] }"), ("two", "{ bins: num, edges: [2], labels: [low, high] }"), ("three", "{ bins: num, edges: [3], labels: [low, high] }") }
                .Where(d => where.Contains(d.Item1, StringComparison.Ordinal)).Select(d => $"  {d.Item1}: {d.Item2}")];
            var derive = columns.Length == 0 ? "" : $"derive:\n{string.Join('\n', columns)}\n";
            return AnalysisQuery.Parse($"dataset: d\nepsilon: 1\nmeasures: [count]\n{derive}where: {where}\n").Resolve(s_schema).EncodeWhere();
        }
    }

    // 2^40 divisions for a row that passes the filter, and none for the others, would tell by the time of the answer whether there is such a row.
    [Fact]
    public void Derived_columns_are_made_once_a_row_however_they_are_used()
    {
        var chain = string.Join('\n', Enumerable.Range(1, 40).Select(i =>
            $"  x{i}: {{ ratio: {{ numerator: {(i == 1 ? "weight" : $"x{i - 1}")}, denominator: {(i == 1 ? "height" : $"x{i - 1}")} }}, low: 0, high: 2 }}"));
        var query = AnalysisQuery.Parse($"dataset: d\nepsilon: 1\nmeasures: [sum: x40]\nderive:\n{chain}\n");
        var layout = VectorLayout.Create(query.Resolve(s_schema), query.Epsilon, query.Noise, 3);
        var row = new CountingRow();
        using var encoder = new RowEncoder(layout);
        encoder.Add(row);
        encoder.Add(row);
        Assert.Equal(4, row.Reads);
        var released = Release.Decode(layout, encoder.Totals().ToArray(), 3, new ReleaseOptions(MinimumCohort: 0)).Single(s => s.Kind == MeasureKind.Sum);
        Assert.Equal(2, released.Value!.Value, 1e-6);
    }

    private sealed class CountingRow : IRecord
    {
        public int Reads { get; private set; }

        public ReadOnlySpan<char> PersonKey => "";

        public bool TryGetNumber(int column, out double value)
        {
            value = 2;
            return ++Reads <= 1000 ? true : throw new InvalidOperationException("The row is read again and again.");
        }

        public int GetCategory(int column) => -1;
    }

    [Fact]
    public void Party_refuses_a_derived_column_that_hides_one_of_its_own()
    {
        var analysis = AnalysisQuery.Parse("dataset: d\nepsilon: 1\nmeasures: [histogram: x]\nderive: { x: { recode: num, map: { a: 1 } } }").Resolve(s_schema);
        Assert.Throws<AnalysisException>(() => analysis.RequireFit(new DatasetSchema("d", "", RowRule.OneRowPerPerson, [.. s_schema.Columns, new SchemaColumn("x", ColumnType.Integer)])));
        Assert.Throws<AnalysisException>(() => analysis.RequireFit(new DatasetSchema("d", "", RowRule.OneRowPerPerson, [s_schema.Columns[0]])));
    }

    [Fact]
    public void Nothing_is_carried_that_is_not_used()
    {
        SchemaColumn[] columns = [s_schema.Columns[2]];
        DerivedColumn ill = new RecodeColumn("ill", "num", [new Recoding("yes", ["1"])]);
        Assert.NotEmpty(new Analysis(columns, [new HistogramMeasure("ill", [])], null, [], RowRule.OneRowPerPerson, derived: [ill]).Encode());
        Refused([new HistogramMeasure("num", [0, 1])], ill);
        Refused([new HistogramMeasure("ill", [])], ill, ill);
        Refused([new HistogramMeasure("ill", [])], ill, new RecodeColumn("num", "num", [new Recoding("yes", ["1"])]));
        Refused([new HistogramMeasure("again", [])], new RecodeColumn("again", "ill", [new Recoding("a", ["yes"])]), ill);

        void Refused(IReadOnlyList<Measure> measures, params IReadOnlyList<DerivedColumn> derived) =>
            Assert.Throws<AnalysisException>(() => new Analysis(columns, measures, null, [], RowRule.OneRowPerPerson, derived: derived));
    }

    [Fact]
    public void A_row_costs_no_allocation()
    {
        var analysis = AnalysisQuery.Parse("""
            dataset: d
            epsilon: 1
            measures: [mean: bmi, mean: years]
            derive:
              bmi: { ratio: { numerator: weight, denominator: height }, low: 0, high: 100 }
              years: { age: { from: born, to: seen } }
              ill: { recode: num, map: { no: [0], yes: [1, 2, 3, 4] } }
            group_by: { ill: }
            """).Resolve(s_schema);
        using var encoder = new RowEncoder(VectorLayout.Create(analysis, AnalysisQuery.Parse("dataset: d\nepsilon: 1\nmeasures: [count]").Epsilon, NoiseMode.Local, 3));
        var row = new Row([Day("1960-01-01"), 2, 0, Day("2000-01-01"), 80]);
        encoder.Add(row);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++) encoder.Add(row);
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 1000);
    }

    private static string? Label(string definition, double weight = 1, string seen = "2000-01-01", double num = 1, double stage = 1)
    {
        var (analysis, totals) = Encode($"histogram: x", definition, ["", ""], weight, 1, seen, num, stage);
        var found = totals.ToList().IndexOf(1);
        Assert.InRange((double)totals.Aggregate(Int128.Zero, (a, b) => a + b), 0, 1);
        return found < 0 ? null : analysis.Describe("x").Categories[found];
    }

    private static double? Number(string definition, double weight = 1, double height = 1, string born = "2000-01-01", string seen = "2000-01-01")
    {
        var (layout, totals) = Encode("mean: x", definition, [born, ""], weight, height, seen, 1, 1);
        return totals[0] == 0 ? null : Math.Round(Release.Decode(VectorLayout.Create(layout, AnalysisQuery.Parse("dataset: d\nepsilon: 1\nmeasures: [count]").Epsilon, NoiseMode.Local, 3), totals, 3, new ReleaseOptions(MinimumCohort: 0))[1].Value!.Value, 6);
    }

    private static (Analysis Analysis, Int128[] Totals) Encode(string measure, string definition, string[] dates, double weight, double height, string seen, double num, double stage)
    {
        var query = AnalysisQuery.Parse($"dataset: d\nepsilon: 1\nmeasures: [{measure}]\nderive: {{ x: {definition} }}");
        var analysis = query.Resolve(s_schema);
        using var encoder = new RowEncoder(VectorLayout.Create(analysis, query.Epsilon, query.Noise, 3));
        var values = new Dictionary<string, double> { ["born"] = Day(dates[0]), ["seen"] = Day(seen), ["weight"] = weight, ["height"] = height, ["num"] = num, ["stage"] = stage };
        encoder.Add(new Row([.. analysis.Columns.Select(c => values[c.Name])]));
        return (analysis, encoder.Totals().ToArray());
    }

    private static double Day(string date) => DayNumber.TryParse(date, out var day) ? day : double.NaN;
}
