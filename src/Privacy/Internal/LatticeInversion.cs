using System.Numerics;

namespace SecureAggregation.Privacy.Internal;

/// <summary>
/// The sum X of n discrete Laplace draws of rate a = 1/s, n any real number above 0, with E[e^(zX)] = (1 − sinh²(z/2)/sinh²(a/2))^−n.
/// <para>
/// With ζ = e^z the generating function is M(ζ) = (1 − (1 + δ)c²/ζ)^−n for δ = e^a − 1 and c = (ζ − 1)/δ, and Cauchy's formula gives
/// P(X ≥ k) = 1/2πi ∫ M(ζ)·ζ^−k/(ζ − 1) dζ for k ≥ 1 on any path that has the pole 1 on its left and the cut from e^a on to its right.
/// The path c = cosh(u + iβ), u real, is such a hyperbola for every β in (0, π/2): the ends of that interval are the cut and the line
/// through the pole. The integrand is analytic between them and falls exponentially along the path, for every n, a and k, so the
/// trapezoid rule in u with a step of an eighth of the distance to the nearer end is wrong by e^−45 or so: 1e-13 absolute is left for
/// rounding. β is chosen such that M is about e where the path crosses the real axis: nothing large cancels.
/// (The method: L. N. Trefethen, J. A. C. Weideman, "The exponentially convergent trapezoidal rule", SIAM Review 56, 2014.)
/// </para>
/// </summary>
internal static class LatticeInversion
{
    // e^-600 is no probability; below it e^a and its products are finite.
    private const double GreatestRate = 600;

    private const double Negligible = 1e-18;

    private const int StepsPerDistance = 8;

    /// <summary>P(|X| > t) for whole t ≥ 0.</summary>
    public static double Tail(double rate, double draws, double t) =>
        rate > GreatestRate ? 0 : Math.Clamp(2 * Integral(rate, draws, t + 1, density: false), 0, 1);

    /// <summary>P(X = value).</summary>
    public static double Probability(double rate, double draws, double value) =>
        // At 0 the integrand falls by the power of the draws alone: too slowly below one draw, where 0 has most of the mass.
        value == 0 && (draws < 1 || rate > GreatestRate) ? 1 - Tail(rate, draws, 0)
        : rate > GreatestRate ? 0
        : Math.Clamp(Integral(rate, draws, Math.Abs(value), density: true), 0, 1);

    /// <summary>
    /// A t that the sum of n draws exceeds with probability below 1e-12: Chernoff's bound at the best of a few rates c/s,
    /// P(|X| > t) ≤ 2·(1 − c²)^−n·e^(−c·t/s).
    /// </summary>
    public static double Reach(double rate, double draws)
    {
        const double LogTail = 30; // e^-30 < 1e-13
        var best = double.PositiveInfinity;
        for (var c = 0.95; c > 0.005; c *= 0.8)
        {
            best = Math.Min(best, ((-draws * Math.Log(1 - (c * c))) + LogTail) / (c * rate));
        }

        return best;
    }

    /// <summary>P(X ≥ k) for k ≥ 1, or P(X = k), which has no pole.</summary>
    private static double Integral(double rate, double draws, double k, bool density)
    {
        var delta = 2 * Math.Exp(rate / 2) * Math.Sinh(rate / 2);
        // The crossing of the real axis, c = cos β, with M there about e.
        var (mass, half) = (Math.Exp(-rate), delta / (1 + delta) / (2 * draws));
        var distance = Math.Asin(Math.Min(Math.Sqrt(0.5), half + Math.Sqrt((half * half) + (mass / draws))));
        var beta = (Math.PI / 2) - distance;
        var step = distance / StepsPerDistance;
        // The integrand at −u is minus the conjugate of that at u: the whole is the imaginary part of one half.
        var first = At(0);
        var sum = first.Imaginary / 2;
        for (var j = 1; ; j++)
        {
            var value = At(j * step);
            sum += value.Imaginary;
            if (!(Complex.Abs(value) > Negligible * Complex.Abs(first))) return sum * step / Math.PI;
        }

        Complex At(double u)
        {
            var w = new Complex(u, beta);
            var c = Complex.Cosh(w);
            var s = Complex.Sinh(w);
            var zeta = 1 + (delta * c);
            var log = (-draws * LogOnePlus(-(1 + delta) * c * c / zeta)) - (k * LogOnePlus(delta * c));
            return Complex.Exp(log) * (density ? delta * s / zeta : s / c);
        }
    }

    /// <summary>ln(1 + z) that keeps its digits where z is small, cut along the negative numbers below −1.</summary>
    private static Complex LogOnePlus(Complex z)
    {
        var (x, y) = (z.Real, z.Imaginary);
        if (Math.Abs(x) > 1e8 || Math.Abs(y) > 1e8) return Complex.Log(1 + z);
        var square = (2 * x) + (x * x) + (y * y);
        var whole = 1 + square;
        var log = whole == 1 ? square : whole <= 0 ? double.NegativeInfinity : Math.Log(whole) * square / (whole - 1);
        return new Complex(log / 2, Math.Atan2(y, 1 + x));
    }
}
