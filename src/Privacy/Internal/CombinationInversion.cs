namespace SecureAggregation.Privacy.Internal;

/// <summary>
/// P(|S| ≤ x) of a linear combination S by Davies' midpoint rule, 2/π Σ φ(u_k) sin(u_k x)/(k + ½) with u_k = (k + ½)Δ,
/// for S plus a small normal variable G. See <see cref="NoiseSum"/> for the accuracy.
/// </summary>
internal sealed class CombinationInversion
{
    private const double SmoothingShare = 1.0 / 300;

    // P(|G| > 5.5 σ) = 3.8e-8, added to every tail.
    private const double SafetySigmas = 5.5;
    private const double SafetyTail = 4e-8;

    private readonly double _reach;
    private readonly double _margin;
    private readonly (double U, double Weight)[] _spectrum;

    public CombinationInversion(NoiseTerm[] terms, double standardDeviation)
    {
        var sigma = standardDeviation * SmoothingShare;
        _margin = SafetySigmas * sigma;
        _reach = terms.Sum(t => t.Coefficient * LatticeInversion.Reach(t.Noise.Rate, t.Count));
        // The window holds arguments up to the reach; whatever lies beyond has a tail below 1e-16.
        var step = Math.PI / _reach;
        var end = 9 / sigma; // e^(−81/2) < 1e-17
        var spectrum = new List<(double, double)>();
        for (var k = 0.5; k * step < end; k++)
        {
            var u = k * step;
            var log = -sigma * sigma * u * u / 2;
            foreach (var term in terms)
            {
                log += LatticeInversion.LogCharacteristic(term.Noise.Rate, term.Count, u * term.Coefficient);
                if (log < -42) break;
            }

            if (log >= -42) spectrum.Add((u, 2 / Math.PI * Math.Exp(log) / k));
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
}
