using System.Numerics;

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

    private readonly double _end;
    private readonly double _reach;
    private readonly double _margin;
    private readonly double _step;
    private readonly double[] _weights;

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
        _end = terms.Sum(t => t.Coefficient * LatticeInversion.Reach(t.Noise.Rate, t.Draws));
        _reach = _end + _margin;
        // The window holds arguments up to the reach; whatever lies beyond has a tail below 1e-12.
        _step = Math.PI / _reach;
        var parts = terms.Select(t => (t.Draws, Wave: new Wave(_step * t.Coefficient / 2), Share: Math.Pow(Math.Sinh(t.Noise.Rate / 2), -2))).ToArray();
        _weights = new double[(int)Math.Ceiling(end / _step)];
        for (var k = 0; k < _weights.Length; k++)
        {
            var u = (k + 0.5) * _step;
            var log = -sigma * sigma * u * u / 2;
            foreach (ref var part in parts.AsSpan())
            {
                var sine = part.Wave.Next();
                log -= part.Draws * Math.Log(1 + (sine * sine * part.Share));
            }

            if (log >= LogNegligible) _weights[k] = 2 / Math.PI * Math.Exp(log) / (k + 0.5);
        }
    }

    public double Tail(double t)
    {
        var x = t - _margin;
        if (x <= 0) return 1;
        // Chernoff's bounds hold here whatever G is: nothing, as elsewhere, so that every alpha has a half width.
        if (t >= _end) return 0;
        var inside = 0.0;
        var wave = new Wave(_step * x);
        foreach (var weight in _weights) inside += weight * wave.Next();
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

    /// <summary>sin((k + ½)·θ) for k = 0, 1, 2, …: a turn a step, several times as fast as a sine, and off by 1e-10 after a million.</summary>
    private struct Wave(double theta)
    {
        private readonly Complex _turn = Complex.FromPolarCoordinates(1, theta);
        private Complex _at = Complex.FromPolarCoordinates(1, theta / 2);

        public double Next()
        {
            var sine = _at.Imaginary;
            _at *= _turn;
            return sine;
        }
    }
}
