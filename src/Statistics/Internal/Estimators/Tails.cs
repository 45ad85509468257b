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

    // From here on Byar's approximation of a Poisson interval is right to 9 digits.
    private const double ManyEvents = 1e6;

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

    /// <summary>
    /// The interval for a Poisson mean from its count (Garwood 1936: half the chi-square quantiles with 2d and 2d + 2 degrees of freedom;
    /// above a million events Byar's approximation). A noised count need not be whole.
    /// </summary>
    public static (double Low, double High) Poisson(double events, double confidence)
    {
        var half = (1 - confidence) / 2;
        return (events > 0 ? GammaQuantile(events, half, false) : 0, GammaQuantile(events + 1, half, true));
    }

    /// <summary>The point below (or above) which a gamma variable of unit rate lies with the probability.</summary>
    private static double GammaQuantile(double shape, double probability, bool upper)
    {
        var z = MathNet.Numerics.Distributions.Normal.InvCDF(0, 1, probability) * (upper ? -1 : 1);
        var root = 1 - (1 / (9 * shape)) + (z / (3 * Math.Sqrt(shape)));
        var byar = shape * root * root * root;
        if (shape > ManyEvents) return byar;
        double Excess(double x) => upper
            ? probability - SpecialFunctions.GammaUpperRegularized(shape, x)
            : SpecialFunctions.GammaLowerRegularized(shape, x) - probability;
        var (low, high) = (0.0, Math.Max(byar, shape) + 1);
        while (Excess(high) < 0) (low, high) = (high, 2 * high);
        // Newton's steps from Byar's point, which is bad below one event only; a step out of the bracket halves it instead.
        var x = byar > low && byar < high ? byar : (low + high) / 2;
        for (var i = 0; i < 200; i++)
        {
            var excess = Excess(x);
            if (excess < 0) low = x;
            else high = x;
            var next = x - (excess / Math.Exp(((shape - 1) * Math.Log(x)) - x - SpecialFunctions.GammaLn(shape)));
            if (!(next > low && next < high)) next = (low + high) / 2;
            if (Math.Abs(next - x) <= 1e-15 * x || next <= low || next >= high) return next;
            x = next;
        }

        return x;
    }
}
