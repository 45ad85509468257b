using SecureAggregation.Privacy;

namespace SecureAggregation.Statistics.Tests;

/// <summary>What a query's intervals will be, before it is asked.</summary>
public sealed class PrecisionTests
{
    private static readonly DatasetSchema s_schema = Federated.Heart.Schema;

    [Theory]
    // PRIVACY's table for ε = 1 and ten parties in half widths: the exact quantiles of ten draws, of 10/4, and of one.
    [InlineData(10, 4)]
    [InlineData(100, 34)]
    public void Width_of_a_count_is_that_of_its_noise_in_each_mode(int parties, int honest)
    {
        var width = Assert.Single(Precision.Of(Query("measures: [count]"), s_schema, parties, honest));
        var noise = new DiscreteLaplace(1, MicroEpsilon.Parse("1"));
        Assert.Equal(new NoiseSum(noise, parties).HalfWidth(0.05), width.Local!.Value, 1e-9);
        Assert.Equal(new NoiseSum(noise, (double)parties / honest).HalfWidth(0.05), width.Distributed!.Value, 1e-9);
        Assert.Equal(new NoiseSum(noise, 1).HalfWidth(0.05), width.Central!.Value, 1e-9);
        Assert.Null(Assert.Single(Precision.Of(Query("measures: [count]"), s_schema, parties)).Distributed);
    }

    [Fact]
    public void Every_number_of_a_grouped_query_has_a_width_that_shrinks_with_rows_and_epsilon()
    {
        var query = Query("measures: [count, mean: age, histogram: cp]\ngroup_by: { sex: [female, male] }");
        var few = Precision.Of(query, s_schema, 4, 2, 100);
        var many = Precision.Of(query, s_schema, 4, 2, 1000);
        Assert.Equal(["count", "count(age)", "mean(age)", "histogram(cp)"], few.Select(w => w.Measure).Distinct());
        Assert.Equal(3, few.Single(w => w.Measure == "mean(age)").Numbers);
        Assert.True(Mean(many) < Mean(few) / 5);
        Assert.Equal(few.First(w => w.Measure == "count").Local, many.First(w => w.Measure == "count").Local);
        Assert.True(Mean(Precision.Of(query with { Epsilon = MicroEpsilon.Parse("4") }, s_schema, 4, 2, 1000)) < Mean(many) / 3);

        static double Mean(IReadOnlyList<ExpectedWidth> widths) => widths.Single(w => w.Measure == "mean(age)").Local!.Value;
    }

    [Fact]
    public void Epsilon_for_a_width_gives_that_width()
    {
        var query = Query("measures: [mean: age]");
        var epsilon = Precision.EpsilonFor(query, s_schema, "mean(age)", 0.5, 4);
        var got = Precision.Of(query with { Epsilon = epsilon }, s_schema, 4).Single(w => w.Measure == "mean(age)").Local!.Value;
        Assert.InRange(got, 0.49, 0.5);
        Assert.Contains("has no measure 'mean(chol)'; it has count(age), mean(age)", Fails("mean(chol)", 1), StringComparison.Ordinal);
        Assert.Contains("any epsilon up to 100", Fails("mean(age)", 1e-9), StringComparison.Ordinal);
        Assert.Contains("greater than 0", Fails("mean(age)", 0), StringComparison.Ordinal);

        string Fails(string measure, double width) => Assert.Throws<AnalysisException>(() => Precision.EpsilonFor(query, s_schema, measure, width, 4)).Message;
    }

    [Fact]
    public void A_fit_is_planned_by_its_first_round()
    {
        var widths = Precision.Of(Query("derive: { disease: { recode: num, map: { no: [0], yes: [1, 2, 3, 4] } } }\nmeasures: [{ logistic: { outcome: disease, predictors: [age, sex] } }]", "80"), s_schema, 4, 2);
        Assert.Contains(widths, w => w is { Quantity: "se", Local: > 0 });
    }

    private static AnalysisQuery Query(string text, string epsilon = "1") => AnalysisQuery.Parse($"dataset: heart\nepsilon: {epsilon}\n{text}\n");
}
