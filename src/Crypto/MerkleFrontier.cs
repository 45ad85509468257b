using System.Numerics;
using System.Security.Cryptography;

namespace SecureAggregation.Crypto;

/// <summary>
/// The right edge of a growing <see cref="MerkleTree"/>: takes leaves and gives roots in memory and time of O(log n).
/// Not thread-safe.
/// </summary>
public sealed class MerkleFrontier
{
    // Roots of the complete subtrees that the leaves so far fall into, largest first: one for each bit set in Size.
    private readonly Stack<byte[]> _complete = new();

    /// <summary>Number of leaves.</summary>
    public long Size { get; private set; }

    /// <summary>Adds a leaf by its hash.</summary>
    /// <exception cref="ArgumentException">The hash is not 32 bytes.</exception>
    public void Append(byte[] leafHash)
    {
        Require.Length(leafHash, MerkleTree.HashSize, nameof(leafHash));
        var hash = leafHash;
        for (var merges = BitOperations.TrailingZeroCount(~Size); merges > 0; merges--)
            hash = MerkleTree.NodeHash(_complete.Pop(), hash);
        _complete.Push(hash);
        Size++;
    }

    /// <summary>The root of the tree so far; equals <see cref="MerkleTree.Root(IReadOnlyList{byte[]})"/> over the same leaves.</summary>
    public byte[] Root() =>
        Size == 0 ? SHA256.HashData([]) : _complete.Aggregate((right, left) => MerkleTree.NodeHash(left, right));
}
