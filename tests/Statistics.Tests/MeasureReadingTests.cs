using System.Reflection;
using SecureAggregation.Statistics.Internal;

namespace SecureAggregation.Statistics.Tests;

/// <summary>Each word of a query, what the schema adds to it, and its bytes.</summary>
public sealed class MeasureReadingTests
{
    private static readonly DatasetSchema s_schema = new("d", "", RowRule.OneRowPerPerson,
    [
        new("age", ColumnType.Integer) { Low = 20, High = 90, Unit = "years" },
        new("days", ColumnType.Integer) { Low = 0, High = 5000 },
        new("dose", ColumnType.Number) { Low = 0, High = 10 },
        new("lab", ColumnType.Number) { Low = -3, High = 7, Resolution = 0.1 },
        new("visits", ColumnType.Integer) { Low = 0, High = 12 },
        new("sex", ColumnType.Category) { Categories = ["female", "male"] },
        new("cp", ColumnType.Category) { Categories = ["none", "typical", "other"] },
        new("num", ColumnType.Integer) { Low = 0, High = 4 },
        new("died", ColumnType.Integer) { Low = 0, High = 1 },
    ]);

    public static TheoryData<string, string> Words => new()
    {
        { "quantiles: age", "quantiles(age)" },
        { "median: age", "quantiles(age)" },
        { "compare: age", "compare(age)" },
        { "compare: cp", "compare(cp)" },
        { "contingency: [sex, cp]", "contingency(sex, cp)" },
        { "contingency: { rows: sex, columns: num }\n    keys: { num: [0, 1] }", "contingency(sex, num)" },
        { "covariance: [age, dose]", "covariance(age, dose)" },
        { "correlation: [age, dose]", "correlation(age, dose)" },
        { "pca: [age, dose]\n    bounds: { dose: [0, 2] }", "pca(age, dose)" },
        { "linear: { outcome: dose, predictors: [age, cp] }", "linear(dose ~ age + cp)" },
        { "survival: { time: days, event: died }", "survival(days, died)" },
        { "incidence: { time: days, event: sex }\n    per: 1000", "incidence(days, sex)" },
        { "roc: { score: lab, outcome: died }\n    bins: 20", "roc(lab, died)" },
        { "distinct: cp", "distinct(cp)" },
        { "top: cp\n    k: 2", "top(cp)" },
    };

    [Theory]
    [MemberData(nameof(Words))]
    public void Word_is_read_and_travels(string word, string name)
    {
        var analysis = Resolve($"measures:\n  - {word}\n    weight: 3\ngroup_by: {{ sex: }}");
        var measure = analysis.Measures.Single();
        Assert.Equal(name, measure.Name);
        Assert.Equal(3, measure.Weight);
        var bytes = analysis.Encode();
        Assert.Equal(bytes, Analysis.Decode(bytes).Encode());
    }

    [Theory]
    [InlineData("logistic: { outcome: died, predictors: [age, cp, sex] }", "logistic(died ~ age + cp + sex)", 5, 1, 1, 8, 8)]
    [InlineData("logistic: { outcome: sex, predictors: [age], iterations: 3, deviance_bound: 20 }", "logistic(sex ~ age)", 2, 1, 1, 20, 3)]
    [InlineData("poisson: { outcome: visits, predictors: [age, sex] }", "poisson(visits ~ age + sex)", 3, 48, 12, 8, 8)]
    [InlineData("poisson: { outcome: visits, predictors: [age], weight_bound: 5, residual_bound: 7 }", "poisson(visits ~ age)", 2, 20, 7, 8, 8)]
    public void Model_starts_at_zero_with_declared_bounds(string word, string name, int coefficients, int weight, int residual, int deviance, int iterations)
    {
        var analysis = Resolve($"measures:\n  - {word}");
        var model = Assert.IsType<ModelMeasure>(analysis.Measures.Single());
        Assert.Equal(name, model.Name);
        Assert.Equal(new double[coefficients], model.Coefficients);
        Assert.Equal((weight, residual, deviance, iterations), (model.WeightBound, model.ResidualBound, model.DevianceBound, model.Iterations));
        var bytes = analysis.Encode();
        Assert.Equal(bytes, Analysis.Decode(bytes).Encode());
        // The next step's coefficients are another question.
        var columns = analysis.Columns;
        var next = new Analysis(columns, [model with { Coefficients = [.. model.Coefficients.Select((_, i) => i / 8.0)] }], null, [], RowRule.OneRowPerPerson);
        Assert.NotEqual(bytes, next.Encode());
        Assert.Throws<AnalysisException>(() => new Analysis(columns, [model with { Coefficients = [.. model.Coefficients, 0] }], null, [], RowRule.OneRowPerPerson));
        foreach (var bad in (double[])[double.NaN, double.PositiveInfinity, 51, -0.0])
        {
            Assert.Throws<AnalysisException>(() => new Analysis(columns, [model with { Coefficients = [bad, .. model.Coefficients.Skip(1)] }], null, [], RowRule.OneRowPerPerson));
        }

        Assert.Throws<AnalysisException>(() => new Analysis(columns, [model with { ResidualBound = 0 }], null, [], RowRule.OneRowPerPerson));
        Assert.Throws<AnalysisException>(() => new Analysis(columns, [model with { WeightBound = 0 }], null, [], RowRule.OneRowPerPerson));
    }

    [Fact]
    public void Bins_that_a_query_leaves_open_follow_from_the_column()
    {
        // A whole number has a bin of its own, also the greatest.
        Assert.Equal(Enumerable.Range(20, 72).Select(i => (double)i), Edges("median: age"));
        Assert.Equal(["-3", "-2.9", "-2.8"], Edges("median: lab").Take(3).Select(e => e.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        Assert.Equal(102, Edges("median: lab").Count);
        Assert.Equal(101, Edges("median: days").Count);
        Assert.Equal(101, Edges("median: dose").Count);
        Assert.Equal([0, 2.5, 5, 7.5, 10], Edges("{ median: dose, bins: 4 }"));
        Assert.Equal([0, 5, 10], Edges("{ median: dose, from: 0, to: 10, step: 5 }"));
        Assert.Equal([0, 4, 9], Edges("{ median: dose, edges: [0, 4, 9] }"));
        Assert.Equal([20, 55, 90], ((HistogramMeasure)Resolve("measures: [{ histogram: age, bins: 2 }]").Measures[0]).Edges);

        static IReadOnlyList<double> Edges(string measure) => ((QuantileMeasure)Resolve($"measures: [{measure}]").Measures[0]).Edges;
    }

    [Fact]
    public void Quantiles_of_one_column_are_one_measure()
    {
        var analysis = Resolve("measures: [median: age, mean: age, iqr: age, { box: age, weight: 4 }, median: dose]");
        Assert.Equal(["quantiles(age)", "mean(age)", "quantiles(dose)"], analysis.Measures.Select(m => m.Name));
        var quantiles = (QuantileMeasure)analysis.Measures[0];
        Assert.Equal([0.01, 0.25, 0.5, 0.75, 0.99], quantiles.At);
        Assert.Equal(4, quantiles.Weight);
    }

    [Fact]
    public void Bounds_of_several_columns_are_those_of_the_whole_query()
    {
        var analysis = Resolve("measures: [{ pca: [age, dose], bounds: { dose: [1, 3] } }, mean: dose]");
        Assert.Equal((1, 3), (analysis.Describe("dose").Low, analysis.Describe("dose").High));
        Assert.Equal((20, 90), (analysis.Describe("age").Low, analysis.Describe("age").High));
        Assert.Contains(
            "two pairs of bounds",
            Assert.Throws<AnalysisException>(() => Resolve("measures: [{ pca: [age, dose], bounds: { dose: [1, 3] } }, { mean: dose, low: 1, high: 2 }]")).Message,
            StringComparison.Ordinal);
    }

    // What a kind does not use must be absent: else two encodings would ask the same question.
    [Fact]
    public void Fields_that_a_kind_does_not_use_are_refused()
    {
        var filled = new Action<Wire.Measure>[]
        {
            m => m.Edges.Add(1), m => m.At.Add(0.5), m => m.Keys.Add(new Wire.GroupBy { Column = "sex" }), m => m.Coefficients.Add(0.5),
            m => m.WeightBound = 9, m => m.ResidualBound = 9, m => m.DevianceBound = 9, m => m.Iterations = 9, m => m.Per = 9, m => m.Count = 9,
        };
        string[] words =
        [
            "count", "count: age", "sum: age", "mean: age", "variance: age", "sd: age", "histogram: cp", "median: dose", "compare: age", "contingency: [sex, cp]",
            "covariance: [age, dose]", "correlation: [age, dose]", "pca: [age, dose]", "linear: { outcome: dose, predictors: [age] }",
            "logistic: { outcome: died, predictors: [age] }", "poisson: { outcome: visits, predictors: [age] }", "survival: { time: dose, event: died }",
            "incidence: { time: days, event: died }", "roc: { score: dose, outcome: died }", "distinct: cp", "top: cp",
        ];
        var seen = new HashSet<MeasureKind>();
        foreach (var word in words)
        {
            var analysis = Resolve($"measures: [{word}]{(word.StartsWith("compare", StringComparison.Ordinal) ? "\ngroup_by: { sex: }" : "")}");
            seen.Add(analysis.Measures[0].Kind);
            var used = MeasureCodec.ToWire(analysis.Measures[0]);
            foreach (var fill in filled)
            {
                var wire = Wire.Analysis.Parser.ParseFrom(analysis.Encode());
                fill(wire.Measures[0]);
                if (wire.Measures[0].Equals(used)) continue;
                try
                {
                    var again = Analysis.Decode(Google.Protobuf.MessageExtensions.ToByteArray(wire));
                    // A field that the kind does use, with another value, is another question.
                    Assert.NotEqual(analysis.Measures[0].ToString(), again.Measures[0].ToString());
                }
                catch (AnalysisException)
                {
                    continue;
                }
            }
        }

        Assert.Equal(MeasureKinds.All.ToHashSet(), seen);
    }

    [Fact]
    public void Every_kind_has_its_number_on_the_wire()
    {
        foreach (var kind in MeasureKinds.All) Assert.Equal($"MEASURE_KIND_{kind}".ToUpperInvariant(), Original(kind));

        static string Original(MeasureKind kind) =>
            typeof(Wire.MeasureKind).GetField(((Wire.MeasureKind)kind).ToString())!.GetCustomAttribute<Google.Protobuf.Reflection.OriginalNameAttribute>()!.Name;
    }

    private static Analysis Resolve(string text) => AnalysisQuery.Parse("dataset: d\nepsilon: 1\n" + text).Resolve(s_schema);
}
