namespace SecureAggregation.Privacy.Internal;

/// <summary>
/// The sum of n discrete Laplace draws of rate a = 1/s by inversion of its characteristic function
/// φ(θ) = (1 + sin²(θ/2)/sinh²(a/2))^−n. On N points the trapezoid rule gives the distribution folded onto N residues exactly,
/// so N is chosen such that what is folded in is below 1e-12.
/// </summary>
internal static class LatticeInversion
{
    private const double Negligible = 1e-16;

    /// <summary>P(|X| > t) for whole t ≥ 0.</summary>
    public static double Tail(double rate, int count, double t)
    {
        var points = Points(rate, count, t);
        var inside = (2 * t) + 1;
        foreach (var (theta, phi) in Spectrum(rate, count, points))
        {
            inside += 2 * phi * Math.Sin((t + 0.5) * theta) / Math.Sin(theta / 2);
        }

        return Math.Clamp(1 - (inside / points), 0, 1);
    }

    /// <summary>P(X = value).</summary>
    public static double Probability(double rate, int count, double value)
    {
        var points = Points(rate, count, Math.Abs(value));
        var sum = 1.0;
        foreach (var (theta, phi) in Spectrum(rate, count, points)) sum += 2 * phi * Math.Cos(value * theta);
        return Math.Max(0, sum / points);
    }

    /// <summary>ln φ(θ) of n draws.</summary>
    public static double LogCharacteristic(double rate, int count, double theta)
    {
        var ratio = Math.Sin(theta / 2) / Math.Sinh(rate / 2);
        return -count * Math.Log(1 + (ratio * ratio));
    }

    /// <summary>
    /// A t that the sum of n draws exceeds with probability below 1e-12: Chernoff's bound at the best of a few rates c/s,
    /// P(|X| > t) ≤ 2·(1 − c²)^−n·e^(−c·t/s).
    /// </summary>
    public static double Reach(double rate, int count)
    {
        const double LogTail = 30; // e^-30 < 1e-13
        var best = double.PositiveInfinity;
        for (var c = 0.95; c > 0.005; c *= 0.8)
        {
            best = Math.Min(best, ((-count * Math.Log(1 - (c * c))) + LogTail) / (c * rate));
        }

        return best;
    }

    // Odd, so that θ = π is no point and all others come in pairs.
    private static double Points(double rate, int count, double t) => (2 * Math.Ceiling((t + Reach(rate, count)) / 2)) + 3;

    private static IEnumerable<(double Theta, double Phi)> Spectrum(double rate, int count, double points)
    {
        for (var j = 1.0; j <= (points - 1) / 2; j++)
        {
            var theta = 2 * Math.PI * j / points;
            var phi = Math.Exp(LogCharacteristic(rate, count, theta));
            // φ falls on (0, π], so nothing follows.
            if (phi < Negligible) yield break;
            yield return (theta, phi);
        }
    }
}
