using System.Numerics;
using SecureAggregation.Crypto;

namespace SecureAggregation.Aggregator.Log;

/// <summary>
/// The RFC 6962 tree of the log with every complete subtree kept, so that roots and proofs of any size take O(log n) steps
/// (<see cref="MerkleTree"/> is the plain form, O(n), that tests hold this one to). Safe for many readers and one writer.
/// </summary>
internal sealed class LogTree
{
    // _levels[k][i] is the root of leaves i·2^k to (i + 1)·2^k.
    private readonly List<HashColumn> _levels = [new()];
    private readonly Lock _gate = new();

    public long Size
    {
        get
        {
            lock (_gate) return _levels[0].Count;
        }
    }

    public void Append(byte[] leafHash)
    {
        lock (_gate)
        {
            var hash = leafHash;
            for (var level = 0; ; level++)
            {
                if (level == _levels.Count) _levels.Add(new HashColumn());
                var nodes = _levels[level];
                nodes.Add(hash);
                if (nodes.Count % 2 == 1) return;
                hash = Node(nodes[nodes.Count - 2], hash);
            }
        }
    }

    /// <summary>Forgets the leaves from <paramref name="size"/> on.</summary>
    public void Truncate(long size)
    {
        lock (_gate)
        {
            for (var level = 0; level < _levels.Count; level++) _levels[level].Truncate((int)(size >> level));
        }
    }

    public byte[] Root(long size)
    {
        lock (_gate) return size == 0 ? MerkleTree.Root([]) : Subtree(0, Checked(size));
    }

    public byte[][] InclusionProof(long index, long size)
    {
        lock (_gate)
        {
            var (from, to) = (0, Checked(size));
            ArgumentOutOfRangeException.ThrowIfNegative(index);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, size);
            var path = new List<byte[]>();
            while (to - from > 1)
            {
                var middle = Middle(from, to);
                path.Add(index < middle ? Subtree(middle, to) : Subtree(from, middle));
                (from, to) = index < middle ? (from, middle) : (middle, to);
            }

            path.Reverse();
            return [.. path];
        }
    }

    public byte[][] ConsistencyProof(long oldSize, long newSize)
    {
        lock (_gate)
        {
            var (from, to, onLeftEdge) = (0, Checked(newSize), true);
            ArgumentOutOfRangeException.ThrowIfNegative(oldSize);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(oldSize, newSize);
            if (oldSize == 0 || oldSize == newSize) return [];
            var proof = new List<byte[]>();
            while (to != oldSize)
            {
                var middle = Middle(from, to);
                var left = oldSize <= middle;
                proof.Add(left ? Subtree(middle, to) : Subtree(from, middle));
                onLeftEdge &= left;
                (from, to) = left ? (from, middle) : (middle, to);
            }

            if (!onLeftEdge) proof.Add(Subtree(from, to));
            proof.Reverse();
            return [.. proof];
        }
    }

    private byte[] Subtree(int from, int to)
    {
        var width = to - from;
        // Splits are made at the largest power of two, so a subtree of such a width always starts at a multiple of it.
        if (BitOperations.IsPow2(width)) return _levels[BitOperations.Log2((uint)width)][from / width];
        var middle = Middle(from, to);
        return Node(Subtree(from, middle), Subtree(middle, to));
    }

    private int Checked(long size)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(size, _levels[0].Count);
        return (int)size;
    }

    private static int Middle(int from, int to) => from + (1 << BitOperations.Log2((uint)(to - from) - 1));

    private static byte[] Node(byte[] left, byte[] right) => MerkleTree.Root([left, right]);
}
