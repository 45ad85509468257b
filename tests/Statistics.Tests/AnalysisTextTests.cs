namespace SecureAggregation.Statistics.Tests;

/// <summary>A question that was signed can be read, changed and asked again.</summary>
public sealed class AnalysisTextTests
{
    private const string Schema = """
        name: clinic
        columns:
          patient: person_key
          age:     { type: integer, unit: years, low: 0, high: 90 }
          weight:  { type: number, low: 2.5, high: 250, resolution: 0.1 }
          height:  { type: number, low: 40, high: 230, resolution: 0.1 }
          sex:     { type: category, categories: [female, male] }
          "odd, name": { type: category, categories: ["yes", "no", "1e5", "a \"b\"", "[x"] }
          num:     { type: integer, low: 0, high: 4 }
          born:    { type: date, low: 1930-01-01, high: 2026-12-31 }
          seen:    { type: date, low: 2020-01-01, high: 2029-12-31 }
          days:    { type: integer, low: 0, high: 3650 }
          died:    { type: category, categories: ["no", "yes"] }
          visits:  { type: integer, low: 0, high: 40 }
        """;

    [Theory]
    [InlineData("measures: [{ count: , weight: 5 }, { mean: age }]")]
    [InlineData("measures: [count, { count: age }, { sum: weight }, { mean: age, low: 20, high: 60, weight: 7 }, { sd: height }, { variance: days }]")]
    [InlineData("measures: [{ histogram: age, bins: 9 }, { histogram: sex }, { histogram: weight, edges: [10, 20.5, 100] }, { histogram: seen, edges: [2020-01-01, 2021-01-01, 2029-12-31] }]")]
    [InlineData("measures: [{ box: age }, { quantiles: weight, at: [0.1, 0.5], bins: 30 }, { median: days, from: 0, to: 3650, step: 365 }]")]
    [InlineData("group_by: { sex: , num: [0, 2] }\nmeasures: [{ compare: age, low: 10, high: 80 }, { compare: died }]")]
    [InlineData("measures: [{ contingency: [sex, died] }, { contingency: { rows: num, columns: 'odd, name' }, keys: { num: [0, 1], 'odd, name': ['yes', '1e5'] } }]")]
    [InlineData("measures: [{ covariance: [age, weight], bounds: { age: [10, 80] } }, { correlation: [age, weight, height], bounds: { age: [10, 80] } }, { pca: [weight, height] }]")]
    [InlineData("measures: [{ linear: { outcome: weight, predictors: [age, sex, height] }, bounds: { weight: [40, 150] } }]")]
    [InlineData("measures: [{ logistic: { outcome: died, predictors: [age, sex], iterations: 5, deviance_bound: 6 } }]")]
    [InlineData("measures: [{ poisson: { outcome: visits, predictors: [age] } }]")]
    [InlineData("measures: [{ poisson: { outcome: visits, predictors: [age], weight_bound: 9, residual_bound: 11 } }]")]
    [InlineData("measures: [{ survival: { time: days, event: died }, from: 0, to: 3650, step: 365 }, { incidence: { time: days, event: died }, per: 365.25 }, { roc: { score: age, outcome: died } }]")]
    [InlineData("measures: [{ distinct: 'odd, name' }, { top: 'odd, name', k: 3 }]")]
    [InlineData("""
        derive:
          years: { age: { from: born, to: 2026-01-01 } }
          stay: { days: { from: born, to: seen }, low: 0, high: 100 }
          bmi: { ratio: { numerator: weight, denominator: height }, low: 0.1, high: 3, resolution: 0.01, unit: kg/cm }
          group: { bins: years, edges: [40, 65], labels: ["< 40", 40 to 64, 65 and over] }
          plain: { bins: weight, edges: [40, 65.5, 90] }
          ill: { recode: num, map: { "no": [0], some: [1, 2] }, else: more }
        group_by: { group: }
        measures: [{ mean: stay }, { mean: bmi }, { histogram: ill }, { histogram: plain }]
        """)]
    [InlineData("""
        where:
          and:
            - { column: age, ge: 18, lt: 70 }
            - or: [{ column: sex, ne: male }, { column: 'odd, name', in: ['1e5', 'a "b"'] }, { not: { column: weight, is_null: true } }]
            - { column: seen, between: [2020-01-01, 2021-06-30] }
            - { column: height, between: [100, 200.5] }
            - { column: born, gt: 1950-03-01 }
        measures: [count]
        rows_per_person: 3
        groups_per_person: 2
        rows_per_party: 5000
        """)]
    public void Text_of_an_analysis_asks_the_same(string query) =>
        AssertSameAgain(AnalysisQuery.Parse($"name: 'A: \"title\"'\ndataset: clinic\nepsilon: 0.25\n{query}"), SchemaFile.Parse(Schema).Schema);

    [Fact]
    public void Text_keeps_what_stands_around_the_analysis()
    {
        var schema = SchemaFile.Parse(Schema).Schema;
        var analysis = AnalysisQuery.Parse("dataset: clinic\nepsilon: 1\nmeasures: [count]").Resolve(schema);
        var read = AnalysisQuery.Parse(AnalysisText.Write(analysis, "Patients: all", "clinic", new(1_500_000), NoiseMode.Distributed, "study 7", 4));
        Assert.Equal(("Patients: all", "clinic", 1_500_000L, NoiseMode.Distributed, "study 7", 4), (read.Name, read.Dataset, read.Epsilon.Micro, read.Noise, read.Study, read.MinSurvivors));
    }

    [Fact]
    public void Bins_are_said_as_briefly_as_they_can_be()
    {
        var schema = SchemaFile.Parse(Schema).Schema;
        var text = Written(AnalysisQuery.Parse("dataset: clinic\nepsilon: 1\nmeasures: [{ median: age }, { histogram: age, bins: 9 }, { roc: { score: days, outcome: died } }]"), schema);
        Assert.Contains("bins: 9", text);
        Assert.DoesNotContain("edges", text);
    }

    internal static void AssertSameAgain(AnalysisQuery query, DatasetSchema schema)
    {
        var text = Written(query, schema);
        var again = AnalysisQuery.Parse(text);
        Assert.Equal(query.Resolve(schema).Encode(), again.Resolve(schema).Encode());
        Assert.Equal(text, Written(again, schema));
    }

    private static string Written(AnalysisQuery query, DatasetSchema schema) => AnalysisText.Write(query.Resolve(schema), query.Name, query.Dataset, query.Epsilon, query.Noise, query.Study, query.MinSurvivors ?? 0);
}
