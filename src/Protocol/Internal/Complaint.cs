using System.Buffers.Binary;
using Google.Protobuf;
using SecureAggregation.Crypto;

namespace SecureAggregation.Protocol.Internal;

/// <summary>
/// What a holder shows when a dealer's shares do not open, or do not fit their commitment: the key under which they are sealed, and the digest of the key of
/// the other direction, so that everybody can hold the key against what the pair committed to and open the entry. 52 bytes, a leaf of the tree whose root
/// stands in the holder's Input (docs/protocol.md section 5).
/// </summary>
internal sealed class Complaint
{
    public const int Size = 4 + Aead.KeySize + LabelHash.Size;

    private Complaint(ByteString bytes) => Wire = bytes;

    /// <summary>The complaint as it travels.</summary>
    public ByteString Wire { get; }

    public uint Dealer => BinaryPrimitives.ReadUInt32BigEndian(Wire.Span);

    public ReadOnlySpan<byte> SealKey => Wire.Span.Slice(4, Aead.KeySize);

    public ReadOnlySpan<byte> Sibling => Wire.Span[(4 + Aead.KeySize)..];

    public static Complaint Create(uint dealer, ReadOnlySpan<byte> sealKey, ReadOnlySpan<byte> sibling)
    {
        var bytes = new byte[Size];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, dealer);
        sealKey.CopyTo(bytes.AsSpan(4, Aead.KeySize));
        sibling.CopyTo(bytes.AsSpan(4 + Aead.KeySize, LabelHash.Size));
        return new Complaint(UnsafeByteOperations.UnsafeWrap(bytes));
    }

    /// <summary>Null unless each part is a complaint, about another dealer each, ascending.</summary>
    public static IReadOnlyList<Complaint>? TryRead(IReadOnlyList<ByteString> parts)
    {
        if (parts.Any(p => p.Length != Size)) return null;
        var complaints = parts.Select(p => new Complaint(p)).ToArray();
        return complaints.Zip(complaints.Skip(1)).All(pair => pair.First.Dealer < pair.Second.Dealer) ? complaints : null;
    }

    /// <summary>The root over complaints as they travel; empty if there are none.</summary>
    public static ByteString Root(IReadOnlyCollection<ByteString> parts) =>
        parts.Count == 0 ? ByteString.Empty : ByteString.CopyFrom(MerkleTree.Root([.. parts.Select(p => MerkleTree.LeafHash(p.Span))]));

    /// <summary>Whether the key is the one that a pair committed to.</summary>
    public bool Fits(byte[] context1, uint holder, ReadOnlySpan<byte> sealCommitment) => PublicBytes.Equal(
        Commitments.SealKeys(context1, Dealer, holder, Commitments.SealKey(context1, Dealer, holder, SealKey), Sibling), sealCommitment);
}
