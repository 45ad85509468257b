using System.Numerics;

namespace SecureAggregation.Protocol.Internal;

/// <summary>Of which subtrees a proof holds the roots (RFC 6962 sections 2.1.1 and 2.1.2), for whoever has nodes rather than leaves.</summary>
internal static class ProofRanges
{
    /// <summary>The path of a leaf, lowest first.</summary>
    public static IEnumerable<(long From, long To)> Inclusion(long index, long size)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, size);
        var ranges = new Stack<(long, long)>();
        var (from, to) = (0L, size);
        while (to - from > 1)
        {
            var middle = from + LeftSize(to - from);
            ranges.Push(index < middle ? (middle, to) : (from, middle));
            (from, to) = index < middle ? (from, middle) : (middle, to);
        }

        return ranges;
    }

    /// <summary>The proof between two sizes, lowest first.</summary>
    public static IEnumerable<(long From, long To)> Consistency(long oldSize, long newSize)
    {
        var ranges = new Stack<(long, long)>();
        if (oldSize == 0 || oldSize == newSize) return ranges;
        var (from, to, onLeftEdge) = (0L, newSize, true);
        while (to != oldSize)
        {
            var middle = from + LeftSize(to - from);
            var left = oldSize <= middle;
            ranges.Push(left ? (middle, to) : (from, middle));
            if (left) to = middle;
            else (from, onLeftEdge) = (middle, false);
        }

        // What is complete on the left edge is the old root itself.
        if (!onLeftEdge) ranges.Push((from, to));
        return ranges;
    }

    /// <summary>The largest power of two below n, for n of 2 or more.</summary>
    public static long LeftSize(long n) => 1L << BitOperations.Log2((ulong)n - 1);
}
