using Google.Protobuf;
using SecureAggregation.Crypto;

namespace SecureAggregation.Protocol.Internal;

/// <summary>What one dealer published, an entry for each neighbour, and the tree over it whose root the dealer signed.</summary>
internal sealed class DealtEntries
{
    private readonly ShareEntry[] _entries;
    private readonly uint[] _holders;
    private readonly MerkleLevels _tree;

    private DealtEntries(ShareEntry[] entries)
    {
        _entries = entries;
        _holders = Array.ConvertAll(entries, e => e.Holder);
        _tree = MerkleTree.Build(Array.ConvertAll(entries, e => e.LeafHash()));
    }

    public byte[] Root => _tree.Root;

    /// <summary>The entry for a neighbour.</summary>
    public ShareEntry this[uint holder] => _entries[Place(holder)];

    /// <summary>Null unless the parts are one entry for each neighbour, ascending.</summary>
    public static DealtEntries? TryRead(IReadOnlyList<ByteString> parts, IReadOnlyList<uint> neighbours)
    {
        if (parts.Count != neighbours.Count) return null;
        var entries = new ShareEntry[parts.Count];
        for (var i = 0; i < entries.Length; i++)
        {
            if (ShareEntry.TryRead(parts[i], neighbours[i]) is not { } entry) return null;
            entries[i] = entry;
        }

        return new DealtEntries(entries);
    }

    /// <summary>The path of a neighbour's entry to the root.</summary>
    public IEnumerable<ByteString> PathOf(uint holder) => _tree.InclusionProof(Place(holder)).Select(hash => UnsafeByteOperations.UnsafeWrap(hash));

    private int Place(uint holder) => Array.BinarySearch(_holders, holder) is var place and >= 0 ? place : throw new KeyNotFoundException($"Nothing was dealt to party {holder}.");
}
