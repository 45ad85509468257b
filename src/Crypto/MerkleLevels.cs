using System.Security.Cryptography;

namespace SecureAggregation.Crypto;

/// <summary>
/// A <see cref="MerkleTree"/> with all its nodes kept, for many proofs over the same leaves: n leaves take n − 1 hashes to build,
/// and a proof takes none. Immutable and thread-safe.
/// </summary>
public sealed class MerkleLevels
{
    // Leaves first, root last. Each level pairs the nodes of the one below; a last node without a partner moves up unchanged, which gives
    // the splits of RFC 6962: all complete subtrees are aligned at multiples of their size.
    private readonly List<byte[][]> _levels = [];

    internal MerkleLevels(IReadOnlyList<byte[]> leafHashes)
    {
        foreach (var hash in leafHashes) Require.Length(hash, MerkleTree.HashSize, nameof(leafHashes));
        byte[][] level = [.. leafHashes];
        _levels.Add(level);
        while (level.Length > 1)
        {
            var above = new byte[(level.Length + 1) / 2][];
            for (var i = 0; i < above.Length; i++)
                above[i] = (2 * i) + 1 < level.Length ? MerkleTree.NodeHash(level[2 * i], level[(2 * i) + 1]) : level[2 * i];
            _levels.Add(level = above);
        }

        Root = level.Length == 0 ? SHA256.HashData([]) : level[0];
    }

    /// <summary>Number of leaves.</summary>
    public int Size => _levels[0].Length;

    /// <summary>The root; equals <see cref="MerkleTree.Root(IReadOnlyList{byte[]})"/>. Not to be changed.</summary>
    public byte[] Root { get; }

    /// <summary>
    /// The path from a leaf to the root, lowest level first; equals <see cref="MerkleTree.InclusionProof(IReadOnlyList{byte[]}, long)"/>.
    /// The hashes are the tree's own and not to be changed.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such leaf.</exception>
    public byte[][] InclusionProof(int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Size);
        var path = new List<byte[]>(_levels.Count);
        foreach (var level in _levels)
        {
            if ((index ^ 1) < level.Length) path.Add(level[index ^ 1]);
            index >>= 1;
        }

        return [.. path];
    }
}
