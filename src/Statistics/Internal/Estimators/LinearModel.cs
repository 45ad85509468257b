using MathNet.Numerics.LinearAlgebra;

namespace SecureAggregation.Statistics.Internal.Estimators;

/// <summary>A linear regression with an intercept.</summary>
/// <param name="Count">How many complete rows.</param>
/// <param name="Coefficients">The intercept, then one a predictor.</param>
/// <param name="RSquared">Within [0, 1].</param>
/// <param name="AdjustedRSquared">1 − (1 − R²)(n − 1)/df.</param>
/// <param name="Sigma">The residual standard deviation.</param>
/// <param name="DegreesOfFreedom">n less the number of coefficients.</param>
/// <param name="F">The test that no predictor has an effect.</param>
internal sealed record LinearFit(
    double Count, Coefficient[] Coefficients, double RSquared, double AdjustedRSquared, double Sigma, double DegreesOfFreedom, Answer<FTest> F);

/// <summary>
/// Least squares from means and covariances: on standardised columns, so that no unit matters, by Cholesky's factor of the predictors'
/// correlation matrix (Golub and Van Loan, Matrix Computations, 5.3.2).
/// </summary>
internal static class LinearModel
{
    /// <summary>The predictors' effects together, as a vector whose length is the multiple correlation R; NaN alone where none is determined.</summary>
    public static double[] Effects(CovarianceMatrix of, int outcome)
    {
        var places = Enumerable.Range(0, of.Means.Length).Where(i => i != outcome).ToArray();
        var spread = Math.Sqrt(of.Matrix[outcome, outcome]);
        var predictors = Matrix<double>.Build.Dense(places.Length, places.Length, (i, j) => of.Matrix[places[i], places[j]]);
        return spread > 0 && Symmetric.Factor(predictors) is { } factor
            ? [.. factor.Whiten(Vector<double>.Build.Dense(places.Length, i => of.Matrix[places[i], outcome] / spread))]
            : [double.NaN];
    }

    /// <param name="of">Covariances of the predictors and the outcome.</param>
    /// <param name="outcome">The outcome's place; all other columns are predictors, in their order.</param>
    /// <param name="confidence">Of the coefficients' intervals.</param>
    public static Answer<LinearFit> Fit(CovarianceMatrix of, int outcome, double confidence = 0.95)
    {
        var places = Enumerable.Range(0, of.Means.Length).Where(i => i != outcome).ToArray();
        var rows = of.Count - 1;
        var df = rows - places.Length;
        if (places.Length == 0) return Answer.Not("there is no predictor");
        if (!(df >= 1)) return Answer.Not("there are too few rows for so many predictors");
        var spread = of.Matrix[outcome, outcome];
        if (!(spread > 0)) return Answer.Not("the rows of the outcome are all equal");
        var predictors = Matrix<double>.Build.Dense(places.Length, places.Length, (i, j) => of.Matrix[places[i], places[j]]);
        if (Symmetric.Factor(predictors) is not { } factor)
        {
            return Answer.Not(of.Repaired ? "the noise is greater than what tells the predictors apart" : "the predictors are collinear, or one does not vary");
        }

        var covariances = Vector<double>.Build.Dense(places.Length, i => of.Matrix[places[i], outcome]);
        var means = Vector<double>.Build.Dense(places.Length, i => of.Means[places[i]]);
        var slopes = factor.Solve(covariances);
        var r2 = Math.Clamp(slopes * covariances / spread, 0, 1);
        if (1 - r2 <= Symmetric.Dependent) r2 = 1;
        var sigma2 = (1 - r2) * spread * rows / df;
        var inverse = factor.Inverse();
        var atMeans = inverse * means;
        var coefficients = new Coefficient[places.Length + 1];
        var t = Tails.StudentQuantile(confidence, df);
        coefficients[0] = WithError(of.Means[outcome] - (slopes * means), (1 / of.Count) + (means * atMeans / rows));
        for (var i = 0; i < places.Length; i++) coefficients[i + 1] = WithError(slopes[i], inverse[i, i] / rows);
        foreach (var coefficient in coefficients)
        {
            if (!double.IsFinite(coefficient.Value)) return Answer.Not(Answer.TooLarge);
        }

        var adjusted = 1 - ((1 - r2) * rows / df);
        var f = r2 / places.Length / ((1 - r2) / df);
        var test = Answer.Finite(f, f).Then(s => (Answer<FTest>)new FTest(s, places.Length, df, Tails.Fisher(s, places.Length, df)));
        return Answer.Finite(new LinearFit(of.Count, coefficients, r2, adjusted, Math.Sqrt(sigma2), df, test), sigma2, df, adjusted);

        Coefficient WithError(double value, double factorOfSigma2)
        {
            var error = Math.Sqrt(sigma2 * factorOfSigma2);
            if (!(error > 0)) return new Coefficient(value, Answer.Not("the predictors leave no variance over"));
            var statistic = value / error;
            return new Coefficient(value, Answer.Finite(statistic, statistic, error).Then(s =>
                Answer.Finite(new CoefficientError(error, s, Tails.Student(s, df), value - (t * error), value + (t * error)), t * error)));
        }
    }
}
