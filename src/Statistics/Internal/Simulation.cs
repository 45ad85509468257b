using System.Numerics;
using MathNet.Numerics.Random;

namespace SecureAggregation.Statistics.Internal;

/// <summary>
/// Intervals of what is not linear in the totals, by drawing the noise anew: if T' = T + N is released, f(T' − N*) with N* of N's distribution
/// says where f(T) may be. For a monotone function of one cell that is exact, for functions that are nearly linear over the noise's
/// width nearly so; where they are not (small cells) most draws are impossible and nothing is said.
/// <para>
/// The generator is seeded by the totals alone: everybody who reads the same totals sees the same interval. Its draws are floating-point: they
/// hide nothing.
/// </para>
/// </summary>
/// <param name="scopes">Whose cells the functions read, in this order.</param>
/// <param name="alpha">1 − confidence.</param>
internal sealed class Simulation(IReadOnlyList<Scope> scopes, double alpha)
{
    // More of the draws impossible than this, and the rest would be a choice of the pleasant ones.
    private const double MostUndetermined = 0.05;

    // A quantile needs so many draws beyond it; the tails of sums of Laplace noise are exponential, so the rest is extrapolated.
    private const double Beyond = 9.5;

    private readonly int _draws = (int)Math.Ceiling(Math.Clamp(20 / alpha, 2_000, 20_000));

    /// <summary>An interval for each number of a function of the totals; null where the totals determine none.</summary>
    /// <param name="statistics">From the cells of each scope to as many numbers every time; NaN where the cells determine none. The arrays are
    /// the caller's for the time of the call only.</param>
    public Estimate?[] Intervals(Func<double[][], double[]> statistics)
    {
        var values = statistics(Totals());
        var drawn = values.Select(_ => new List<double>(_draws)).ToArray();
        foreach (var cells in Draw())
        {
            var numbers = statistics(cells);
            for (var i = 0; i < numbers.Length; i++)
            {
                if (double.IsFinite(numbers[i])) drawn[i].Add(numbers[i]);
            }
        }

        return [.. values.Select((v, i) => double.IsFinite(v) ? Interval(v, drawn[i]) : null)];
    }

    /// <summary>
    /// The interval of the Euclidean length of a vector, e.g. the root of a chi-square: noise makes lengths longer on average, so that they are
    /// judged by how far the noise moves the vector: ‖v(T')‖ ± the (1 − α) quantile of ‖v(T' − N*) − v(T')‖ (triangle inequality).
    /// </summary>
    /// <param name="vector">From the cells of each scope to as many numbers every time; any NaN where the cells determine none.</param>
    public Estimate? Length(Func<double[][], double[]> vector)
    {
        var length = Math.Sqrt(vector(Totals()).Sum(x => x * x));
        return double.IsFinite(length) && Reach(vector, (a, b) => Math.Sqrt(a.Zip(b, (x, y) => (x - y) * (x - y)).Sum())) is { } most
            ? new Estimate(length, Math.Max(0, length - most), length + most)
            : null;
    }

    /// <summary>How far the noise moves a point, but for a share of alpha; null where the totals determine no point.</summary>
    /// <param name="point">From the cells of each scope to as many numbers every time; any NaN where the cells determine none.</param>
    /// <param name="distance">Of two points.</param>
    public double? Reach(Func<double[][], double[]> point, Func<double[], double[], double> distance)
    {
        var centre = point(Totals());
        if (!centre.All(double.IsFinite)) return null;
        var moved = new List<double>(_draws);
        foreach (var cells in Draw())
        {
            if (point(cells) is var drawn && drawn.Length == centre.Length && drawn.All(double.IsFinite)) moved.Add(distance(drawn, centre));
        }

        if (!Enough(moved)) return null;
        moved.Sort();
        return Upper(moved, alpha);
    }

    private Estimate? Interval(double value, List<double> drawn)
    {
        if (!Enough(drawn)) return null;
        drawn.Sort();
        var high = Upper(drawn, alpha / 2);
        for (var i = 0; i < drawn.Count; i++) drawn[i] = -drawn[i];
        drawn.Reverse();
        return new Estimate(value, Math.Min(value, -Upper(drawn, alpha / 2)), Math.Max(value, high));
    }

    private bool Enough(List<double> drawn) => drawn.Count >= (1 - MostUndetermined) * _draws;

    /// <summary>What a share of so much exceeds.</summary>
    private static double Upper(List<double> sorted, double share)
    {
        var above = share * sorted.Count;
        if (above >= Beyond) return sorted[^(int)Math.Round(above)];
        // The mean excess over a high threshold is the scale of the tail.
        var many = sorted.Count / 40;
        var threshold = sorted[^(many + 1)];
        return threshold + (sorted[^many..].Average(x => x - threshold) * Math.Log(many / above));
    }

    private double[][] Totals() => [.. scopes.Select(s => Enumerable.Range(0, s.Block.Cells.Count).Select(i => s[i]).ToArray())];

    /// <summary>The totals less noise, again and again in the same arrays.</summary>
    private IEnumerable<double[][]> Draw()
    {
        var totals = Totals();
        var cells = totals.Select(t => new double[t.Length]).ToArray();
        var kinds = new Dictionary<(double, double), DrawnNoise>();
        var noise = scopes.Select(s => s.Block.Cells.Select(c => KindOf(c.Noise.Scale.ToDouble(), s.Draws)).ToArray()).ToArray();
        var random = new Xoshiro256StarStar(Seed(totals), threadSafe: false);
        for (var draw = 0; draw < _draws; draw++)
        {
            for (var s = 0; s < cells.Length; s++)
            {
                for (var i = 0; i < cells[s].Length; i++) cells[s][i] = totals[s][i] - noise[s][i].Next(random);
            }

            yield return cells;
        }

        DrawnNoise KindOf(double scale, double draws)
        {
            if (!kinds.TryGetValue((scale, draws), out var kind)) kinds[(scale, draws)] = kind = new DrawnNoise(scale, draws);
            return kind;
        }
    }

    /// <summary>From all bits of all totals.</summary>
    private static int Seed(double[][] totals)
    {
        var bits = 0UL;
        foreach (var total in totals.SelectMany(t => t)) bits = BitOperations.RotateLeft(bits, 11) ^ BitConverter.DoubleToUInt64Bits(total);
        return (int)(uint)((bits ^ (bits >> 32)) & int.MaxValue);
    }
}
