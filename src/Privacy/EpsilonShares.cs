using System.Numerics;

namespace SecureAggregation.Privacy;

/// <summary>What a segment, the cells of a block that share a part of its ε, has to do with that block's statistics.</summary>
/// <param name="Cells">k: how many cells it has, at least 1.</param>
/// <param name="Coefficient">
/// c: how much the noise of one of its cells, in units of the most that one row adds to that cell, moves the statistics; above 0.
/// </param>
/// <param name="Together">K: at most so many of its cells are not 0 for one row, at least 1.</param>
public readonly record struct SegmentLoad(long Cells, decimal Coefficient, long Together);

/// <summary>
/// The parts of ε that the segments of a block get. The noise of a segment with part w has a standard deviation in proportion to K/w, so
/// the variance in the statistics is the sum of k·c²·K²/w², which is least for w in proportion to (k·c²·K²)^⅓: the two-thirds power of
/// c·K, times the cube root of k. Whole-number arithmetic throughout, so that both sides of the wire have the same parts.
/// </summary>
public static class EpsilonShares
{
    /// <summary>What the parts add up to.</summary>
    public const int Whole = 1000;

    // Of the cube roots; parts are thousandths.
    private const int FractionBits = 64;

    private const int DecimalDigits = 28;

    /// <summary>
    /// The parts in thousandths, in the order given. Each is at least 1; what rounding leaves goes to the largest remainders, the earlier
    /// segment first among equals.
    /// </summary>
    /// <exception cref="ArgumentException">There is no segment or more than 1,000, or a number is not above 0.</exception>
    public static IReadOnlyList<int> Thousandths(params ReadOnlySpan<SegmentLoad> segments)
    {
        if (segments.Length is 0 or > Whole)
        {
            throw new ArgumentException($"A block has {segments.Length} segments; it must be 1 to {Whole}, so that each gets a thousandth.", nameof(segments));
        }

        var weights = new BigInteger[segments.Length];
        for (var i = 0; i < weights.Length; i++) weights[i] = Weight(segments[i], i);

        // Whoever would get less than a thousandth gets one, and the others share the rest.
        var least = new HashSet<int>();
        int rest;
        BigInteger sum;
        bool more;
        do
        {
            rest = Whole - least.Count;
            sum = BigInteger.Zero;
            for (var i = 0; i < weights.Length; i++) sum += least.Contains(i) ? 0 : weights[i];
            more = false;
            for (var i = 0; i < weights.Length; i++) more |= weights[i] * rest < sum && least.Add(i);
        }
        while (more);

        var parts = new int[weights.Length];
        var remainders = new List<(BigInteger Remainder, int Index)>();
        for (var i = 0; i < parts.Length; i++)
        {
            if (least.Contains(i))
            {
                parts[i] = 1;
                continue;
            }

            var (part, remainder) = BigInteger.DivRem(weights[i] * rest, sum);
            parts[i] = (int)part;
            remainders.Add((remainder, i));
        }

        foreach (var (_, i) in remainders.OrderByDescending(r => r.Remainder).ThenBy(r => r.Index).Take(Whole - parts.Sum())) parts[i]++;
        return parts;
    }

    /// <summary>(k·c²·K²)^⅓, scaled and rounded down.</summary>
    private static BigInteger Weight(SegmentLoad segment, int index)
    {
        if (segment is not { Cells: > 0, Coefficient: > 0, Together: > 0 })
        {
            throw new ArgumentException(
                $"Segment {index} has {segment.Cells} cells, coefficient {segment.Coefficient} and {segment.Together} cells together; "
                + "each must be above 0. Leave out a segment that no statistic needs.",
                nameof(segment));
        }

        Span<int> bits = stackalloc int[4];
        decimal.GetBits(segment.Coefficient, bits);
        var mantissa = (Word(bits[2]) << 64) | (Word(bits[1]) << 32) | Word(bits[0]);
        var both = mantissa * BigInteger.Pow(10, DecimalDigits - segment.Coefficient.Scale) * segment.Together;
        return CubeRoot((both * both * segment.Cells) << (3 * FractionBits));

        static BigInteger Word(int part) => uint.CreateTruncating(part);
    }

    /// <summary>The greatest whole number whose cube is at most <paramref name="value"/>, by Newton's method from above.</summary>
    private static BigInteger CubeRoot(BigInteger value)
    {
        var root = BigInteger.One << (int)((value.GetBitLength() / 3) + 1);
        while (true)
        {
            var next = ((2 * root) + (value / (root * root))) / 3;
            if (next >= root) return root;
            root = next;
        }
    }
}
