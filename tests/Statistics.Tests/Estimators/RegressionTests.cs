using MathNet.Numerics.LinearAlgebra;
using SecureAggregation.Statistics.Internal.Estimators;

namespace SecureAggregation.Statistics.Tests.Estimators;

/// <summary>What regressions say when they have no answer, and how Newton's method goes on, stops and halves.</summary>
public sealed class RegressionTests
{
    [Fact]
    public void A_line_without_residuals_has_coefficients_but_no_errors()
    {
        // y = 2 + 3x at x = 0 … 4.
        var fit = Fit([0, 1, 2, 3, 4], [2, 5, 8, 11, 14]).Value();
        Assert.Equal(2, fit.Coefficients[0].Value, 12);
        Assert.Equal(3, fit.Coefficients[1].Value, 12);
        Assert.Equal(1, fit.RSquared, 12);
        Assert.Equal("the predictors leave no variance over", fit.Coefficients[1].Error.Reason);
    }

    [Fact]
    public void A_line_with_residuals()
    {
        // x = 1 2 3 4, y = 2 4 5 4: slope 0.7, intercept 2, residual sum of squares 2.3.
        var fit = Fit([1, 2, 3, 4], [2, 4, 5, 4]).Value();
        Assert.Equal(0.7, fit.Coefficients[1].Value, 13);
        Assert.Equal(2, fit.Coefficients[0].Value, 13);
        Assert.Equal(Math.Sqrt(2.3 / 2), fit.Sigma, 13);
        Assert.Equal(Math.Sqrt(2.3 / 2 / 5), fit.Coefficients[1].Error.Value().StandardError, 13);
        Assert.Equal(1 - (2.3 / 4.75), fit.RSquared, 13);
    }

    [Fact]
    public void Linear_regression_says_why_it_has_no_answer()
    {
        Assert.Equal("the predictors are collinear, or one does not vary", Fit([1, 1, 1, 1], [2, 4, 5, 4]).Reason);
        Assert.Equal("the rows of the outcome are all equal", Fit([1, 2, 3, 4], [2, 2, 2, 2]).Reason);
        Assert.Equal("there are too few rows for so many predictors", Fit([1, 2], [2, 4]).Reason);
        double[][] collinear = [[1, 2, 3, 5, 8], [0, 1, 0, 1, 1], [1, 3, 3, 6, 9]];
        Assert.Equal("the predictors are collinear, or one does not vary", Fit([2, 4, 5, 4, 1], collinear).Reason);
    }

    [Fact]
    public void An_intercept_alone_is_the_log_odds()
    {
        var fit = Run([[]], 1, i => i < 30 ? 1 : 0, 100, new NewtonRules(Tolerance: 1e-20)).Fit.Value();
        Assert.Equal(Math.Log(0.3 / 0.7), fit.Coefficients[0], 12);
        Assert.Equal(1 / Math.Sqrt(21), fit.Coefficient(0).Error.Value().StandardError, 12);
        Assert.Equal(GeneralisedLinear.LogisticNullDeviance(100, 30).Value(), fit.Deviance, 10);
    }

    [Fact]
    public void Separation_is_detected_and_named()
    {
        double[][] rows = [[-1], [-0.5], [0.5], [1]];
        Assert.StartsWith("the predictors separate the outcome", Run(rows, 2, i => i % 4 >= 2 ? 1 : 0, 40, new NewtonRules(MaxRounds: 40)).Fit.Reason);
        // With few rounds there is a fit, which says that it never would.
        var few = Run(rows, 2, i => i % 4 >= 2 ? 1 : 0, 40, new NewtonRules(MaxRounds: 4)).Fit.Value();
        Assert.StartsWith("not converged in 4 rounds", few.NotConverged);
        // Quasi-separated: everybody in the second half has the event, in the first half it is one of two.
        double[][] half = [[0], [0], [1], [1]];
        Assert.StartsWith("the predictors separate the outcome", Run(half, 2, i => i % 4 >= 1 ? 1 : 0, 40, new NewtonRules(MaxRounds: 40)).Fit.Reason);
        Assert.Contains("separate the outcome", Run(half, 2, i => i % 4 >= 1 ? 1 : 0, 40, new NewtonRules(MaxRounds: 10)).Fit.Value().NotConverged);
    }

    [Fact]
    public void Collinear_predictors_and_too_few_rows_are_named()
    {
        double[][] rows = [[-1, -1], [0.2, 0.2], [0.5, 0.5], [1, 1]];
        Assert.StartsWith("the predictors are collinear", Run(rows, 3, i => i % 3 == 0 ? 1 : 0, 40, NewtonRules.Default).Fit.Reason);
        Assert.Equal("there are too few rows for so many predictors", Run(rows, 3, i => i % 2, 3, NewtonRules.Default).Fit.Reason);
    }

    [Fact]
    public void A_cap_on_rounds_gives_what_is_known_and_says_so()
    {
        double[][] rows = [[-1], [-0.5], [0.5], [1], [0.1]];
        var fit = Run(rows, 2, i => i % 3 == 0 ? 1 : 0, 60, new NewtonRules(MaxRounds: 1)).Fit.Value();
        Assert.Equal(1, fit.Rounds);
        Assert.StartsWith("not converged in 1 rounds: the last step was", fit.NotConverged);
        Assert.Null(Run(rows, 2, i => i % 3 == 0 ? 1 : 0, 60, NewtonRules.Default).Fit.Value().NotConverged);
    }

    [Fact]
    public void A_step_that_makes_the_deviance_greater_is_halved_until_it_does_not()
    {
        var information = Matrix<double>.Build.DenseIdentity(1) * 10;
        var first = GeneralisedLinear.Next(NewtonState.Start(1), new RoundTotals(100, 50, [20], information), NewtonRules.Default).Next!;
        Assert.Equal([2], first.Coefficients);
        var second = GeneralisedLinear.Next(first, new RoundTotals(100, 60, [5], information), NewtonRules.Default).Next!;
        Assert.Equal((1.0, 1, 3), (second.Coefficients[0], second.Halvings, second.Round));
        var third = GeneralisedLinear.Next(second, new RoundTotals(100, 45, [5], information), NewtonRules.Default).Next!;
        Assert.Equal((1.5, 0), (third.Coefficients[0], third.Halvings));

        // What noise may have added is no reason, and after so many halvings the last good coefficients stand.
        Assert.Equal(0, GeneralisedLinear.Next(first, new RoundTotals(100, 60, [5], information), new NewtonRules(DevianceNoise: 11)).Next!.Halvings);
        var end = GeneralisedLinear.Next(second, new RoundTotals(100, 55, [5], information), new NewtonRules(MaxHalvings: 1));
        Assert.Null(end.Next);
        Assert.Equal([0], end.Fit.Value().Coefficients);
        Assert.EndsWith("every step from the last coefficients makes the deviance greater", end.Fit.Value().NotConverged);
    }

    [Fact]
    public void A_step_within_the_noise_of_the_gradient_is_the_last()
    {
        var totals = new RoundTotals(100, 50, [0.5], Matrix<double>.Build.DenseIdentity(1) * 10);
        var end = GeneralisedLinear.Next(NewtonState.Start(1), totals, new NewtonRules(GradientVariance: [0.1]));
        Assert.Null(end.Fit.Value().NotConverged);
        Assert.Equal([0.05], end.Fit.Value().Coefficients);
        Assert.NotNull(GeneralisedLinear.Next(NewtonState.Start(1), totals, new NewtonRules(GradientVariance: [0.08])).Next);
    }

    [Fact]
    public void Long_steps_are_shortened()
    {
        var totals = new RoundTotals(100, 50, [1000, -500], Matrix<double>.Build.DenseIdentity(2) * 10);
        Assert.Equal([4, -2], GeneralisedLinear.Next(NewtonState.Start(2), totals, NewtonRules.Default).Next!.Coefficients);
    }

    private static Answer<LinearFit> Fit(double[] x, double[] y) => Fit(y, [x]);

    private static Answer<LinearFit> Fit(double[] y, double[][] predictors)
    {
        double[][] columns = [.. predictors, y];
        var products = Matrix<double>.Build.Dense(columns.Length, columns.Length, (i, j) => columns[i].Zip(columns[j], (a, b) => a * b).Sum());
        return CrossProducts.Covariance(y.Length, [.. columns.Select(c => c.Sum())], products).Then(c => LinearModel.Fit(c, columns.Length - 1));
    }

    /// <summary>Plays the rounds of a logistic regression on rows that repeat a pattern.</summary>
    private static NewtonOutcome Run(double[][] pattern, int coefficients, Func<int, double> outcome, int count, NewtonRules rules)
    {
        var state = NewtonState.Start(coefficients);
        while (true)
        {
            var (deviance, gradient, information) = (0.0, new double[coefficients], Matrix<double>.Build.Dense(coefficients, coefficients));
            for (var row = 0; row < count; row++)
            {
                double[] x = [1, .. pattern[row % pattern.Length]];
                var y = outcome(row);
                var eta = x.Zip(state.Coefficients, (a, b) => a * b).Sum();
                var mean = 1 / (1 + Math.Exp(-eta));
                deviance += 2 * Math.Log(1 + Math.Exp(y > 0 ? -eta : eta));
                for (var i = 0; i < coefficients; i++)
                {
                    gradient[i] += x[i] * (y - mean);
                    for (var j = 0; j < coefficients; j++) information[i, j] += x[i] * x[j] * mean * (1 - mean);
                }
            }

            var next = GeneralisedLinear.Next(state, new RoundTotals(count, deviance, gradient, information), rules);
            if (next.Next is null) return next;
            state = next.Next;
        }
    }
}
