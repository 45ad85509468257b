using MathNet.Numerics;
using MathNet.Numerics.Distributions;

namespace SecureAggregation.Statistics.Internal.Estimators;

/// <summary>
/// Tails and quantiles, each computed from the side on which it is small, so that a p-value of 1e-30 has as many digits as one of 0.3
/// (Abramowitz and Stegun 26.5.27, 26.6.2, 26.4.19). Arguments are finite numbers.
/// </summary>
internal static class Tails
{
    // From here on Student's t is the normal and F the chi-square distribution to 8 digits, and continued fractions get long.
    private const double ManyDegrees = 1e8;

    /// <summary>P(|Z| > |z|).</summary>
    public static double Normal(double z) => SpecialFunctions.Erfc(Math.Abs(z) / Constants.Sqrt2);

    /// <summary>P(|T| > |t|).</summary>
    /// <param name="t">The statistic.</param>
    /// <param name="df">Above 0.</param>
    public static double Student(double t, double df)
    {
        if (df > ManyDegrees) return Normal(t);
        // t² may overflow to infinity: the ratio is then 0, and so is the tail.
        var square = t * t;
        return square < 1
            ? 1 - SpecialFunctions.BetaRegularized(0.5, df / 2, square / (df + square))
            : SpecialFunctions.BetaRegularized(df / 2, 0.5, df / (df + square));
    }

    /// <summary>P(F > f).</summary>
    /// <param name="f">The statistic, at least 0.</param>
    /// <param name="between">Degrees of freedom of the numerator, above 0.</param>
    /// <param name="within">Degrees of freedom of the denominator, above 0.</param>
    public static double Fisher(double f, double between, double within) =>
        within > ManyDegrees ? ChiSquare(f * between, between)
        : SpecialFunctions.BetaRegularized(within / 2, between / 2, within / (within + (between * f)));

    /// <summary>P(X > x).</summary>
    /// <param name="x">The statistic, at least 0.</param>
    /// <param name="df">Above 0.</param>
    public static double ChiSquare(double x, double df) =>
        double.IsPositiveInfinity(x) ? 0 : SpecialFunctions.GammaUpperRegularized(df / 2, x / 2);

    /// <summary>The z that a normal variable exceeds, either way, with probability 1 − confidence.</summary>
    public static double NormalQuantile(double confidence) => -MathNet.Numerics.Distributions.Normal.InvCDF(0, 1, (1 - confidence) / 2);

    /// <summary>The t that Student's variable exceeds, either way, with probability 1 − confidence.</summary>
    public static double StudentQuantile(double confidence, double df)
    {
        // The tail is convex and Student's is above the normal one, so Newton's steps from there come from below and never overshoot.
        var t = NormalQuantile(confidence);
        if (df > ManyDegrees) return t;
        for (var i = 0; i < 200; i++)
        {
            var step = (Student(t, df) - (1 - confidence)) / (2 * StudentT.PDF(0, 1, df, t));
            if (!double.IsFinite(step)) break;
            t += step;
            if (Math.Abs(step) <= 1e-14 * t) break;
        }

        return t;
    }
}
