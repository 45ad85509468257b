using MathNet.Numerics.Distributions;
using MathNet.Numerics.Random;

namespace SecureAggregation.Statistics.Internal;

/// <summary>
/// Draws the sum of so many draws of discrete Laplace noise in floating point, for intervals: the difference of two negative binomials with
/// P(k) ∝ Γ(k + draws)/k! · e^(−k/scale). These come from a table of their distribution; where it would be long, from gamma variables, which differ by
/// nothing that shows there.
/// </summary>
internal sealed class DrawnNoise
{
    // From this scale on the difference of gamma variables, rounded, has the discrete one's variance to 1 in 4·30².
    private const double Continuous = 30;

    // Of the mean, in steps: a table is some times as long.
    private const double Tabled = 5_000;

    // Of all that lies beyond the table.
    private const double Negligible = 1e-13;

    private readonly double _scale;
    private readonly double _draws;
    private readonly double[]? _upTo;

    public DrawnNoise(double scale, double draws)
    {
        (_scale, _draws) = (scale, draws);
        if (draws > 0 && scale < Continuous && scale * draws < Tabled) _upTo = Table(Math.Exp(-1 / scale), draws);
    }

    /// <summary>The next draw.</summary>
    public double Next(RandomSource random)
    {
        if (_draws == 0) return 0;
        if (_upTo is not null) return Find(_upTo, random) - Find(_upTo, random);
        if (_scale >= Continuous) return Math.Round(Gamma.Sample(random, _draws, 1 / _scale) - Gamma.Sample(random, _draws, 1 / _scale));
        var odds = Math.Exp(1 / _scale) - 1;
        return Count(odds) - Count(odds);

        double Count(double each) => Gamma.Sample(random, _draws, each) is > 0 and var mean ? Poisson.Sample(random, mean) : 0;
    }

    private static int Find(double[] upTo, RandomSource random)
    {
        var at = Array.BinarySearch(upTo, ContinuousUniform.Sample(random, 0, 1));
        return Math.Min(at < 0 ? ~at : at + 1, upTo.Length - 1);
    }

    /// <summary>P(K ≤ k) from k = 0 on. In logarithms: P(0) may be less than a double holds.</summary>
    private static double[] Table(double ratio, double draws)
    {
        var upTo = new List<double>();
        var log = draws * Math.Log(1 - ratio);
        var sum = 0.0;
        // Beyond the mode the parts fall at least as fast as a geometric series whose ratio is the last one's.
        for (var k = 0; ; k++)
        {
            var part = Math.Exp(log);
            sum += part;
            upTo.Add(sum);
            var next = (k + draws) / (k + 1) * ratio;
            if (next < 1 && part / (1 - next) < Negligible) return [.. upTo];
            log += Math.Log(next);
        }
    }
}
