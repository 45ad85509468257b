using MathNet.Numerics.LinearAlgebra;

namespace SecureAggregation.Statistics.Internal.Estimators;

/// <summary>A generalised linear model when the last round is over.</summary>
/// <param name="Count">How many complete rows.</param>
/// <param name="Coefficients">The intercept, then one a predictor, after the last step.</param>
/// <param name="Covariance">(X'WX)⁻¹, before the last step.</param>
/// <param name="Deviance">Before the last step, which changes it by no more than the tolerance if it has converged.</param>
/// <param name="Rounds">How many were played.</param>
/// <param name="NotConverged">Why the coefficients are not those of the greatest likelihood; null if they are.</param>
internal sealed record GeneralisedFit(
    double Count, double[] Coefficients, Matrix<double> Covariance, double Deviance, int Rounds, string? NotConverged)
{
    /// <summary>Of predictors x = middle + unit·z where the fit is of z: slopes b/unit, and the intercept less what the middles add.</summary>
    public GeneralisedFit InUnits(ReadOnlySpan<double> middle, ReadOnlySpan<double> unit)
    {
        var change = Matrix<double>.Build.DenseIdentity(Coefficients.Length);
        for (var i = 0; i < unit.Length; i++)
        {
            change[i + 1, i + 1] = 1 / unit[i];
            change[0, i + 1] = -middle[i] / unit[i];
        }

        var coefficients = change * Vector<double>.Build.Dense(Coefficients);
        return this with { Coefficients = [.. coefficients], Covariance = change * Covariance * change.Transpose() };
    }

    /// <summary>Wald's z test and interval of one coefficient.</summary>
    public Coefficient Coefficient(int index, double confidence = 0.95)
    {
        var value = Coefficients[index];
        var error = Math.Sqrt(Math.Max(0, Covariance[index, index]));
        if (!(error > 0)) return new Coefficient(value, Answer.Not("its variance came out as zero"));
        var half = Tails.NormalQuantile(confidence) * error;
        var z = value / error;
        return new Coefficient(value, Answer.Finite(new CoefficientError(error, z, Tails.Normal(z), value - half, value + half), z, half));
    }

    /// <summary>e^b: an odds ratio (logistic) or a ratio of rates (Poisson) for one unit more of the predictor.</summary>
    public Answer<Interval> Ratio(int index, double confidence = 0.95)
    {
        var coefficient = Coefficient(index, confidence);
        return coefficient.Error.Then(e =>
        {
            var (value, low, high) = (Math.Exp(coefficient.Value), Math.Exp(e.Low), Math.Exp(e.High));
            return Answer.Finite(new Interval(value, low, high), value, low, high);
        });
    }
}
