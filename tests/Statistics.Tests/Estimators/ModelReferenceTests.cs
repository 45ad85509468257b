using System.Text.Json.Nodes;
using MathNet.Numerics.LinearAlgebra;
using SecureAggregation.Statistics.Internal.Estimators;
using SecureAggregation.Statistics.Tests.Reference;
using Xunit.Abstractions;

namespace SecureAggregation.Statistics.Tests.Estimators;

/// <summary>Covariance, principal components and regressions, from totals, against numpy, scipy and statsmodels on the rows.</summary>
public sealed class ModelReferenceTests(ITestOutputHelper output)
{
    [Fact]
    public void Covariances_and_components_agree_with_numpy_and_scipy()
    {
        var agreement = new Agreement();
        foreach (var (name, values) in ReferenceFile.Cases("covariance"))
        {
            var totals = values["totals"]!;
            var matrix = CrossProducts.Covariance(totals.Number("n"), totals.Numbers("sums"), totals["products"]!.Matrix()).Value();
            Assert.False(matrix.Repaired);
            var (covariance, correlation, p) = (values["covariance"]!.Table(), values["correlation"]!.Table(), values["correlation_p"]!.Table());
            for (var i = 0; i < matrix.Means.Length; i++)
            {
                for (var j = 0; j < matrix.Means.Length; j++)
                {
                    agreement.Close($"{name}/covariance[{i},{j}]", covariance[i, j], matrix.Matrix[i, j]);
                    agreement.Close($"{name}/correlation[{i},{j}]", correlation[i, j], matrix.Correlation(i, j).Value());
                    if (i != j) agreement.Close($"{name}/p[{i},{j}]", p[i, j], CovarianceMatrix.CorrelationTest(matrix.Correlation(i, j).Value(), matrix.Count).Value().P);
                }
            }

            Compare(agreement, name + "/pca_covariance", values["pca_covariance"]!, PrincipalComponents.Of(matrix.Matrix).Value());
            Compare(agreement, name + "/pca_correlation", values["pca_correlation"]!, matrix.Correlations().Then(c => PrincipalComponents.Of(c)).Value());
        }

        Done(agreement, 140);
    }

    [Fact]
    public void Linear_regression_agrees_with_statsmodels()
    {
        var agreement = new Agreement();
        foreach (var (name, values) in ReferenceFile.Cases("linear"))
        {
            var totals = values["totals"]!;
            var sums = totals.Numbers("sums");
            var fit = CrossProducts.Covariance(totals.Number("n"), sums, totals["products"]!.Matrix()).Then(c => LinearModel.Fit(c, sums.Length - 1)).Value();
            Compare(agreement, name, values, fit.Coefficients, "t");
            agreement.Close(name + "/r2", values.Number("r2"), fit.RSquared);
            agreement.Close(name + "/adjusted_r2", values.Number("adjusted_r2"), fit.AdjustedRSquared);
            agreement.Close(name + "/sigma", values.Number("sigma"), fit.Sigma);
            agreement.Close(name + "/df", values.Number("df"), fit.DegreesOfFreedom);
            agreement.Close(name + "/f", values.Number("f"), fit.F.Value().Statistic);
            agreement.Close(name + "/f_p", values.Number("f_p"), fit.F.Value().P);
        }

        Done(agreement, 100);
    }

    [Fact]
    public void Each_of_Newtons_steps_is_that_of_numpy()
    {
        var agreement = new Agreement();
        foreach (var (name, values) in ReferenceFile.Cases("generalised"))
        {
            var path = values["path"]!.AsArray();
            var state = NewtonState.Start(path[0]!.Numbers("coefficients").Length);
            for (var round = 0; round < path.Count - 1; round++)
            {
                state = GeneralisedLinear.Next(state, Totals(path[round]!), new NewtonRules(Tolerance: 0)).Next;
                Assert.NotNull(state);
                // A coefficient of nearly 0 is known to as many digits as its standard error is.
                agreement.Close($"{name}/path[{round + 1}]", path[round + 1]!.Numbers("coefficients"), state.Coefficients, 0.01);
            }
        }

        Done(agreement, 80);
    }

    // statsmodels stops at 1e-15 of its coefficients too, so its own iteration leaves nothing to allow for.
    [Fact]
    public void Fits_over_several_rounds_agree_with_statsmodels()
    {
        var agreement = new Agreement();
        foreach (var (name, values) in ReferenceFile.Cases("generalised"))
        {
            var fit = Play(values, new NewtonRules(Tolerance: 1e-18)).InUnits(values.Numbers("middle"), values.Numbers("unit"));
            Assert.Null(fit.NotConverged);
            Compare(agreement, name, values, [.. Enumerable.Range(0, fit.Coefficients.Length).Select(i => fit.Coefficient(i))], "z");
            for (var i = 0; i < fit.Coefficients.Length; i++)
            {
                var ratio = fit.Ratio(i).Value();
                agreement.Close(
                    $"{name}/exp[{i}]", [values.Numbers("exp")[i], values.Numbers("exp_low")[i], values.Numbers("exp_high")[i]], [ratio.Value, ratio.Low, ratio.High]);
            }

            agreement.Close(name + "/deviance", values.Number("deviance"), fit.Deviance);
            agreement.Close(name + "/n", values.Number("n"), fit.Count);
            if (values["family"]!.GetValue<string>() != "logistic") continue;
            // At 0 every μ is a half, so the first round's intercept tells the events.
            var first = Totals(values["path"]![0]!);
            agreement.Close(name + "/null", values.Number("null_deviance"), GeneralisedLinear.LogisticNullDeviance(first.Count, first.Gradient[0] + (first.Count / 2)).Value());
        }

        Done(agreement, 130);
    }

    [Fact]
    public void The_default_tolerance_stops_in_time_and_within_a_millionth_of_a_standard_error()
    {
        foreach (var (_, values) in ReferenceFile.Cases("generalised"))
        {
            var fit = Play(values, NewtonRules.Default).InUnits(values.Numbers("middle"), values.Numbers("unit"));
            Assert.Null(fit.NotConverged);
            Assert.InRange(fit.Rounds, 3, values.Number("iterations"));
            var (expected, se) = (values.Numbers("values"), values.Numbers("se"));
            for (var i = 0; i < expected.Length; i++) Assert.InRange(Math.Abs(fit.Coefficients[i] - expected[i]) / se[i], 0, 1e-6);
        }
    }

    private static GeneralisedFit Play(JsonNode values, NewtonRules rules)
    {
        var path = values["path"]!.AsArray();
        var state = NewtonState.Start(path[0]!.Numbers("coefficients").Length);
        foreach (var round in path)
        {
            var outcome = GeneralisedLinear.Next(state, Totals(round!), rules);
            if (outcome.Next is null) return outcome.Fit.Value();
            state = outcome.Next;
        }

        throw new InvalidOperationException("The path of the reference is too short.");
    }

    private static RoundTotals Totals(JsonNode round) =>
        new(round.Number("n"), round.Number("deviance"), round.Numbers("gradient"), round["information"]!.Matrix());

    private static void Compare(Agreement agreement, string name, JsonNode values, Coefficient[] coefficients, string statistic)
    {
        var errors = coefficients.Select(c => c.Error.Value()).ToArray();
        agreement.Close(name + "/values", values.Numbers("values"), [.. coefficients.Select(c => c.Value)]);
        agreement.Close(name + "/se", values.Numbers("se"), [.. errors.Select(e => e.StandardError)]);
        agreement.Close(name + "/" + statistic, values.Numbers(statistic), [.. errors.Select(e => e.Statistic)]);
        agreement.Close(name + "/p", values.Numbers("p"), [.. errors.Select(e => e.P)]);
        agreement.Close(name + "/low", values.Numbers("low"), [.. errors.Select(e => e.Low)]);
        agreement.Close(name + "/high", values.Numbers("high"), [.. errors.Select(e => e.High)]);
    }

    private static void Compare(Agreement agreement, string name, JsonNode values, PrincipalComponents components)
    {
        agreement.Close(name + "/variances", values.Numbers("variances"), components.Variances);
        agreement.Close(name + "/explained", values.Numbers("explained"), components.Explained);
        var loadings = values["loadings"]!.AsArray();
        for (var i = 0; i < loadings.Count; i++) agreement.Close($"{name}/loadings[{i}]", loadings[i]!.Numbers(), components.Loadings[i], 1);
    }

    private void Done(Agreement agreement, int atLeast)
    {
        output.WriteLine(agreement.ToString());
        Assert.True(agreement.Values >= atLeast, $"Only {agreement.Values} values were compared.");
    }
}
