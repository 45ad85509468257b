namespace SecureAggregation.Privacy.Internal;

/// <summary>
/// P(|S| ≤ x) of a linear combination S by Davies' midpoint rule, 2/π Σ φ(u_k) sin(u_k x)/(k + ½) with u_k = (k + ½)Δ,
/// for S plus a small normal variable G. See <see cref="NoiseSum"/> for the accuracy.
/// <para>
/// The characteristic function of a lattice is periodic, so it comes back to 1 however far one goes; G is there to end that. Where some
/// term
/// has died out within its first half period, G need only cover its return a full period on: it is as wide as one step of that lattice,
/// and the
/// rule stops where that term died. Else G is 1/300 of the standard deviation of S.
/// </para>
/// </summary>
internal sealed class CombinationInversion
{
    private const double SmoothingShare = 1.0 / 300;

    // e^-28 < 1e-12 is nothing.
    private const double LogNegligible = -28;

    // P(|G| > 5.5 σ) = 3.8e-8, added to every tail.
    private const double SafetySigmas = 5.5;
    private const double SafetyTail = 4e-8;

    private readonly double _reach;
    private readonly double _margin;
    private readonly (double U, double Weight)[] _spectrum;

    public CombinationInversion(NoiseTerm[] terms, double standardDeviation)
    {
        var sigma = standardDeviation * SmoothingShare;
        var end = Math.Sqrt(-2 * LogNegligible) / sigma;
        foreach (var term in terms)
        {
            // σ of 1.2 steps: e^(−(1.2·2π)²/2) = e^-28 a full period on.
            var died = Died(term);
            if (1.2 * term.Coefficient > sigma || died > end) continue;
            (sigma, end) = (1.2 * term.Coefficient, died);
        }

        _margin = SafetySigmas * sigma;
        _reach = terms.Sum(t => t.Coefficient * LatticeInversion.Reach(t.Noise.Rate, t.Draws)) + _margin;
        // The window holds arguments up to the reach; whatever lies beyond has a tail below 1e-12.
        var step = Math.PI / _reach;
        var spectrum = new List<(double, double)>();
        for (var k = 0.5; k * step < end; k++)
        {
            var u = k * step;
            var log = -sigma * sigma * u * u / 2;
            foreach (var term in terms)
            {
                log += LatticeInversion.LogCharacteristic(term.Noise.Rate, term.Draws, u * term.Coefficient);
                if (log < LogNegligible) break;
            }

            if (log >= LogNegligible) spectrum.Add((u, 2 / Math.PI * Math.Exp(log) / k));
        }

        _spectrum = [.. spectrum];
    }

    public double Tail(double t)
    {
        var x = t - _margin;
        if (x <= 0) return 1;
        if (x >= _reach) return SafetyTail;
        var inside = 0.0;
        foreach (var (u, weight) in _spectrum) inside += weight * Math.Sin(u * x);
        return Math.Clamp(1 - inside + SafetyTail, 0, 1);
    }

    /// <summary>The u from which on a term's characteristic function is negligible until its half period; infinite if it never
    /// is.</summary>
    private static double Died(NoiseTerm term)
    {
        // (1 + sin²(θ/2)/sinh²(a/2))^−n = e^−28
        var sine = Math.Sinh(term.Noise.Rate / 2) * Math.Sqrt(Math.Exp(-LogNegligible / term.Draws) - 1);
        return sine < 1 ? 2 * Math.Asin(sine) / term.Coefficient : double.PositiveInfinity;
    }
}
