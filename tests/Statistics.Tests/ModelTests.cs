using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using MathNet.Numerics.LinearAlgebra;
using SecureAggregation.Statistics.Internal;
using SecureAggregation.Statistics.Internal.Blocks;
using SecureAggregation.Statistics.Internal.Estimators;
using Xunit.Abstractions;
using Property = SecureAggregation.Testing.Property;

namespace SecureAggregation.Statistics.Tests;

/// <summary>Regressions over several rounds on real rows, against statsmodels (tools/reference).</summary>
public sealed class ModelTests(ITestOutputHelper output)
{
    private static readonly JsonElement s_nodes = Federated.Reference("colon").GetProperty("generalised").GetProperty("nodes");

    [Fact]
    public void Totals_of_each_step_are_those_of_the_pooled_rows()
    {
        foreach (var step in s_nodes.GetProperty("path").EnumerateArray())
        {
            double[] coefficients = [.. step.GetProperty("coefficients").EnumerateArray().Select(c => c.GetDouble())];
            if (Federated.Totals(Nodes(coefficients), Federated.Colon, output) is not var (layout, totals)) return;
            var block = (ModelBlock)layout.Blocks[0];
            var (n, deviance, gradient, information) = block.Totals([.. totals.Select(t => (double)t)]);
            Federated.Close(step.GetProperty("n").GetDouble(), n);
            // Rows with the same number of nodes are rounded the same way: half a unit each at most.
            Assert.Equal(step.GetProperty("deviance").GetDouble(), deviance, block.DevianceUnit / 2 * n);
            for (var i = 0; i < coefficients.Length; i++)
            {
                Assert.Equal(step.GetProperty("gradient")[i].GetDouble(), gradient[i], block.GradientUnit / 2 * n);
                // The bounds of weight and residual are the same here, and so are the units.
                for (var j = 0; j < coefficients.Length; j++) Assert.Equal(step.GetProperty("information")[i][j].GetDouble(), information[i, j], block.GradientUnit / 2 * n);
            }
        }
    }

    [Fact]
    public void A_fit_converges_to_within_the_noise_it_is_told_of()
    {
        // Bounds that few rows reach: with those that none does, the noise would be all.
        var asked = Nodes([0, 0, 0, 0, 0]);
        var model = (ModelMeasure)asked.Measures[0].Measure with { WeightBound = 40, ResidualBound = 40, DevianceBound = 100 };
        var fit = new ModelFit(asked with { Measures = [new QueryMeasure(model)] });
        while (fit.Next is { } next)
        {
            if (Federated.Totals(next, Federated.Colon, output) is not var (layout, totals)) return;
            fit.Add(layout, totals, 7);
        }

        Assert.True(fit.Converged, fit.Failure);
        Assert.True(fit.Rounds < 12, $"{fit.Rounds} rounds");
        Assert.Equal(fit.Rounds, fit.Deviances.Count);
        output.WriteLine($"{fit.Rounds} rounds, deviances {string.Join(", ", fit.Deviances)}, coefficients {string.Join(", ", fit.Coefficients)}");
        for (var i = 0; i < 5; i++) Assert.Equal(s_nodes.GetProperty("values")[i].GetDouble(), fit.Coefficients[i], 0.1);
    }

    // Newton's steps from totals without noise, by rules that know of none: the fit of the pooled rows, but for the rounding of each row.
    [Theory]
    [InlineData("heart", "disease", "age, sex, trestbps, thalach")]
    [InlineData("indo_rct", "outcome", "rx, age, risk, gender")]
    public void Logistic_fit_without_noise_is_that_of_statsmodels(string dataset, string outcomes, string predictors)
    {
        var expected = Federated.Reference(dataset).GetProperty("generalised").GetProperty(outcomes);
        var asked = AnalysisQuery.Parse($$"""
            dataset: {{dataset}}
            epsilon: 100
            {{(dataset == "heart" ? "derive: { disease: { recode: num, map: { \"no\": [0], \"yes\": [1, 2, 3, 4] } } }" : "")}}
            measures: [{ logistic: { outcome: {{outcomes}}, predictors: [{{predictors}}], iterations: 25 } }]
            """);
        var model = (ModelMeasure)asked.Measures[0].Measure;
        var state = NewtonState.Start(5);
        // Standard errors are of the coefficients before the last step, so it must be a short one.
        var rules = NewtonRules.Default with { Tolerance = 1e-18 };
        while (true)
        {
            var step = asked with { Measures = [asked.Measures[0] with { Measure = model with { Coefficients = state.Coefficients } }] };
            if (Federated.Totals(step, dataset == "heart" ? Federated.Heart : Federated.Trial, output) is not var (layout, totals)) return;
            var block = (ModelBlock)layout.Blocks[0];
            var (n, deviance, gradient, information) = block.Totals([.. totals.Select(t => (double)t)]);
            var outcome = GeneralisedLinear.Next(state, new RoundTotals(n, deviance, gradient, Matrix<double>.Build.DenseOfArray(information)), rules);
            if (outcome.Next is { } next)
            {
                state = next;
                continue;
            }

            Assert.True(outcome.Fit.TryGet(out var scaled), outcome.Fit.Reason);
            Assert.Null(scaled.NotConverged);
            var fit = ModelReport.InUnits(block, scaled);
            output.WriteLine(string.Join(", ", fit.Coefficients.Select((c, j) => (c / expected.GetProperty("values")[j].GetDouble()) - 1)));
            for (var j = 0; j < 5; j++)
            {
                Federated.Close(expected.GetProperty("values")[j].GetDouble(), fit.Coefficients[j]);
                Assert.True(fit.Coefficient(j).Error.TryGet(out var error));
                Federated.Close(expected.GetProperty("se")[j].GetDouble(), error.StandardError);
                Federated.Close(expected.GetProperty("z")[j].GetDouble(), error.Statistic);
            }

            Federated.Close(expected.GetProperty("deviance").GetDouble(), fit.Deviance);
            return;
        }
    }

    [Fact]
    public void Logistic_regression_of_the_clinics_is_that_of_the_pooled_rows()
    {
        var asked = AnalysisQuery.Parse("""
            dataset: heart
            epsilon: 100
            derive: { disease: { recode: num, map: { "no": [0], "yes": [1, 2, 3, 4] } } }
            measures: [{ logistic: { outcome: disease, predictors: [age, sex, trestbps, thalach], iterations: 6 } }]
            """);
        var fit = new ModelFit(asked);
        while (fit.Next is { } next)
        {
            if (Federated.Totals(next, Federated.Heart, output) is not var (layout, totals)) return;
            fit.Add(layout, totals, 7);
        }

        output.WriteLine($"{fit.Rounds} rounds, {fit.Failure}, coefficients {string.Join(", ", fit.Coefficients)}");
        Assert.True(fit.Converged, fit.Failure);
        var fits = Federated.Reference("heart").GetProperty("generalised").GetProperty("disease");
        var expected = fits.GetProperty("values");
        // The fit ends where a step is shorter than what the declared noise would make of it.
        for (var i = 0; i < 5; i++) Assert.Equal(expected[i].GetDouble(), fit.Coefficients[i], 0.05 * Math.Abs(expected[i].GetDouble()));
        var (deviance, nothing) = (fits.GetProperty("deviance").GetDouble(), fits.GetProperty("null_deviance").GetDouble());
        Assert.Equal(nothing, fit.NullDeviance!.Value, 1e-4 * nothing);
        Assert.Equal(1 - (deviance / nothing), fit.McFadden!.Value, 1e-3);
    }

    // Noise may say anything: a fit ends in a sentence, never in an exception, and what it asks next can be asked.
    [Fact]
    public void Whatever_the_totals_are_a_fit_ends_in_words()
    {
        var schema = Federated.Heart.Schema;
        var size = Gen.Choose(0, 40).Select(bits => Math.Pow(2, bits));
        var any = from sign in Gen.Elements(-1, 1) from most in size from part in Gen.Choose(0, 1000) select (Int128)(sign * most * part / 1000);
        var sound = Gen.Elements(0, 1, 3);
        Property.Holds(
            from cells in any.ArrayOf(40) from grows in sound from rows in Gen.Choose(0, 2000) select (cells, grows, rows),
            given =>
            {
                var fit = new ModelFit(AnalysisQuery.Parse("""
                    dataset: heart
                    epsilon: 10
                    measures: [{ logistic: { outcome: exang, predictors: [age, trestbps], iterations: 25 } }]
                    """));
                while (fit.Next is { } next)
                {
                    var layout = VectorLayout.Create(next.Resolve(schema), next.Epsilon, next.Noise, 3);
                    // A matrix that can be solved, and a gradient that leads away further and further.
                    var totals = given.cells[..layout.Length];
                    totals[0] = given.rows;
                    for (var i = 5; i < totals.Length && given.grows > 0; i++) totals[i] = i is 5 or 8 or 10 ? Int128.Abs(totals[i]) + 1 : totals[i] / 1000;
                    for (var i = 2; i < 5 && given.grows > 1; i++) totals[i] *= 1 << given.grows;
                    totals[1] = Int128.Abs(totals[1]) >> fit.Rounds;
                    fit.Add(layout, totals, 3);
                }

                return fit.Converged ? fit.Coefficients.All(double.IsFinite) : fit.Failure.Length > 20;
            },
            200);
    }

    [Fact]
    public void Rounds_share_the_epsilon_of_the_query_and_only_a_model_alone_is_fitted()
    {
        Assert.Equal("8.333333", new ModelFit(Nodes([0, 0, 0, 0, 0])).Next!.Epsilon.ToString());
        var count = new QueryMeasure(new ColumnMeasure(MeasureKind.Count));
        Assert.Throws<AnalysisException>(() => new ModelFit(Nodes([]) with { Measures = [count] }));
        Assert.Throws<AnalysisException>(() => new ModelFit(Nodes([]) with { Epsilon = new Privacy.MicroEpsilon(3) }));
    }

    /// <summary>Nodes of the colon trial's patients: bounds that clamp nothing, so that the fit is statsmodels' own.</summary>
    private static AnalysisQuery Nodes(double[] coefficients) => Federated.Query(
        "colon",
        new ModelMeasure(MeasureKind.Poisson, "nodes", ["age", "sex", "obstruct", "adhere"], coefficients, 400, 100, 2000, 12),
        where: new CompareFilter("etype", ComparisonOperator.Eq, new FilterValue(null, "death")));
}
