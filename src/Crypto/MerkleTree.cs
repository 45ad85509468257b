using System.Numerics;
using System.Security.Cryptography;

namespace SecureAggregation.Crypto;

/// <summary>
/// The Merkle tree of RFC 6962 section 2.1 over SHA-256. Leaf hashes are SHA-256(0x00 ‖ leaf), inner nodes
/// SHA-256(0x01 ‖ left ‖ right), so that neither can pass for the other. Trees are lists of leaf hashes.
/// </summary>
public static class MerkleTree
{
    /// <summary>Bytes of a leaf hash, of a root, and of each element of a proof.</summary>
    public const int HashSize = SHA256.HashSizeInBytes;

    private const int StackLimit = 1024;

    /// <summary>SHA-256(0x00 ‖ leaf).</summary>
    public static byte[] LeafHash(ReadOnlySpan<byte> leaf)
    {
        if (leaf.Length < StackLimit)
        {
            // One call over a copy costs a fraction of an incremental hash: no native object is made.
            Span<byte> input = stackalloc byte[1 + leaf.Length];
            input[0] = 0;
            leaf.CopyTo(input[1..]);
            return SHA256.HashData(input);
        }

        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData([0]);
        hash.AppendData(leaf);
        return hash.GetHashAndReset();
    }

    /// <summary>
    /// The tree of all leaves with its nodes kept: the way to many proofs, since
    /// <see cref="InclusionProof(IReadOnlyList{byte[]}, long)"/> computes all nodes again.
    /// </summary>
    /// <exception cref="ArgumentException">A hash is not 32 bytes.</exception>
    public static MerkleLevels Build(IReadOnlyList<byte[]> leafHashes)
    {
        ArgumentNullException.ThrowIfNull(leafHashes);
        return new(leafHashes);
    }

    /// <summary>The root of a tree; SHA-256 of nothing for the empty tree.</summary>
    public static byte[] Root(IReadOnlyList<byte[]> leafHashes)
    {
        ArgumentNullException.ThrowIfNull(leafHashes);
        return Root(leafHashes, leafHashes.Count);
    }

    /// <summary>The root of the tree of the first <paramref name="size"/> leaves.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There are not so many leaves.</exception>
    public static byte[] Root(IReadOnlyList<byte[]> leafHashes, long size)
    {
        RequireSize(leafHashes, size);
        return size == 0 ? SHA256.HashData([]) : Subtree(leafHashes, 0, (int)size);
    }

    /// <summary>The path from a leaf to the root (RFC 6962 section 2.1.1), lowest level first.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such leaf.</exception>
    public static byte[][] InclusionProof(IReadOnlyList<byte[]> leafHashes, long index)
    {
        ArgumentNullException.ThrowIfNull(leafHashes);
        return InclusionProof(leafHashes, index, leafHashes.Count);
    }

    /// <summary>The path from a leaf to the root of the tree of the first <paramref name="size"/> leaves.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such leaf, or there are not so many leaves.</exception>
    public static byte[][] InclusionProof(IReadOnlyList<byte[]> leafHashes, long index, long size)
    {
        RequireSize(leafHashes, size);
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, size);
        var path = new List<byte[]>();
        var (from, to) = (0, (int)size);
        while (to - from > 1)
        {
            var middle = from + LeftSize(to - from);
            if (index < middle)
            {
                path.Add(Subtree(leafHashes, middle, to));
                to = middle;
            }
            else
            {
                path.Add(Subtree(leafHashes, from, middle));
                from = middle;
            }
        }

        path.Reverse();
        return [.. path];
    }

    /// <summary>The proof that the tree of <paramref name="newSize"/> leaves extends the one of <paramref name="oldSize"/> (RFC 6962 section 2.1.2).</summary>
    /// <returns>Node hashes; none when the sizes are equal or the old tree is empty.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There are not so many leaves, or the old size is above the new one.</exception>
    public static byte[][] ConsistencyProof(IReadOnlyList<byte[]> leafHashes, long oldSize, long newSize)
    {
        RequireSize(leafHashes, newSize);
        ArgumentOutOfRangeException.ThrowIfNegative(oldSize);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(oldSize, newSize);
        if (oldSize == 0 || oldSize == newSize) return [];

        // Walks down to the border of the old tree; a complete left subtree on the way is known to the verifier as the old root.
        var proof = new List<byte[]>();
        var (from, to, onLeftEdge) = (0, (int)newSize, true);
        while (to != oldSize)
        {
            var middle = from + LeftSize(to - from);
            if (oldSize <= middle)
            {
                proof.Add(Subtree(leafHashes, middle, to));
                to = middle;
            }
            else
            {
                proof.Add(Subtree(leafHashes, from, middle));
                from = middle;
                onLeftEdge = false;
            }
        }

        if (!onLeftEdge) proof.Add(Subtree(leafHashes, from, to));
        proof.Reverse();
        return [.. proof];
    }

    /// <summary>Whether the proof shows the leaf at that place of the tree with that root and size (RFC 9162 section 2.1.3.2).</summary>
    public static bool VerifyInclusion(byte[] leafHash, long index, long size, IReadOnlyList<byte[]> proof, byte[] root)
    {
        ArgumentNullException.ThrowIfNull(proof);
        if (index < 0 || index >= size || !AreHashes([leafHash, root, .. proof])) return false;
        var (node, last, hash) = (index, size - 1, leafHash);
        foreach (var sibling in proof)
        {
            if (last == 0) return false;
            if ((node & 1) == 1 || node == last)
            {
                hash = NodeHash(sibling, hash);
                // A right-most node without a sibling moves up unchanged.
                for (; (node & 1) == 0 && node != 0; node >>= 1) last >>= 1;
            }
            else
            {
                hash = NodeHash(hash, sibling);
            }

            node >>= 1;
            last >>= 1;
        }

        return last == 0 && PublicBytes.Equal(hash, root);
    }

    /// <summary>Whether the proof shows that the new tree extends the old one (RFC 9162 section 2.1.4.2).</summary>
    public static bool VerifyConsistency(long oldSize, byte[] oldRoot, long newSize, byte[] newRoot, IReadOnlyList<byte[]> proof)
    {
        ArgumentNullException.ThrowIfNull(proof);
        if (oldSize < 0 || oldSize > newSize || !AreHashes([oldRoot, newRoot, .. proof])) return false;
        if (oldSize == newSize) return proof.Count == 0 && PublicBytes.Equal(oldRoot, newRoot);
        if (oldSize == 0) return proof.Count == 0 && PublicBytes.Equal(oldRoot, SHA256.HashData([]));
        if (proof.Count == 0) return false;

        var (node, last) = (oldSize - 1, newSize - 1);
        for (; (node & 1) == 1; node >>= 1) last >>= 1;
        // A complete old tree is itself the first node and is left out of the proof.
        var (start, next) = BitOperations.IsPow2(oldSize) ? (oldRoot, 0) : (proof[0], 1);
        var (oldHash, newHash) = (start, start);
        for (; next < proof.Count; next++)
        {
            if (last == 0) return false;
            var sibling = proof[next];
            if ((node & 1) == 1 || node == last)
            {
                oldHash = NodeHash(sibling, oldHash);
                newHash = NodeHash(sibling, newHash);
                for (; (node & 1) == 0 && node != 0; node >>= 1) last >>= 1;
            }
            else
            {
                newHash = NodeHash(newHash, sibling);
            }

            node >>= 1;
            last >>= 1;
        }

        return last == 0 && PublicBytes.Equal(oldHash, oldRoot) && PublicBytes.Equal(newHash, newRoot);
    }

    /// <summary>SHA-256(0x01 ‖ left ‖ right).</summary>
    internal static byte[] NodeHash(ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        Span<byte> input = stackalloc byte[1 + (2 * HashSize)];
        input[0] = 1;
        left.CopyTo(input[1..]);
        right.CopyTo(input[(1 + HashSize)..]);
        return SHA256.HashData(input);
    }

    private static byte[] Subtree(IReadOnlyList<byte[]> leafHashes, int from, int to)
    {
        if (to - from == 1)
        {
            Require.Length(leafHashes[from], HashSize, nameof(leafHashes));
            return leafHashes[from];
        }

        var middle = from + LeftSize(to - from);
        return NodeHash(Subtree(leafHashes, from, middle), Subtree(leafHashes, middle, to));
    }

    /// <summary>The largest power of two below n, for n of 2 or more.</summary>
    private static int LeftSize(int n) => 1 << BitOperations.Log2((uint)n - 1);

    private static bool AreHashes(IEnumerable<byte[]?> hashes) => hashes.All(hash => hash?.Length == HashSize);

    private static void RequireSize(IReadOnlyList<byte[]> leafHashes, long size)
    {
        ArgumentNullException.ThrowIfNull(leafHashes);
        ArgumentOutOfRangeException.ThrowIfNegative(size);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(size, leafHashes.Count);
    }
}
