using System.Buffers.Binary;
using Google.Protobuf;
using SecureAggregation.Crypto;

namespace SecureAggregation.Protocol.Internal;

/// <summary>
/// What a dealer publishes for one neighbour in phase 2: 260 bytes, a leaf of the tree whose root the dealer signs
/// (docs/protocol.md section 5).
/// </summary>
internal sealed class ShareEntry
{
    public const int SealedSize = Shamir.ShareSize + Shamir.ShareSize + 32 + Aead.TagSize;
    public const int VaultSize = PairKeys.SeedSize + Aead.TagSize;
    public const int Size = 4 + SealedSize + 32 + VaultSize + 32 + 32;

    private ShareEntry(ByteString bytes) => Wire = bytes;

    /// <summary>The entry as it travels, without a copy.</summary>
    public ByteString Wire { get; }

    public uint Holder => BinaryPrimitives.ReadUInt32BigEndian(Wire.Span);

    public ReadOnlySpan<byte> Sealed => Wire.Span.Slice(4, SealedSize);

    public ReadOnlySpan<byte> ShareCommitment => Wire.Span.Slice(4 + SealedSize, 32);

    public ReadOnlySpan<byte> Vault => Wire.Span.Slice(4 + SealedSize + 32, VaultSize);

    public ReadOnlySpan<byte> SeedCommitment => Wire.Span.Slice(Size - 64, 32);

    public ReadOnlySpan<byte> SealCommitment => Wire.Span[(Size - 32)..];

    public byte[] LeafHash() => MerkleTree.LeafHash(Wire.Span);

    /// <summary>Whether the two of a pair committed to the same seed and the same sealing keys; only a pair with a corrupt member does not.</summary>
    public bool AgreesWith(ShareEntry other) =>
        PublicBytes.Equal(SeedCommitment, other.SeedCommitment) && PublicBytes.Equal(SealCommitment, other.SealCommitment);

    public static ShareEntry Create(
        uint holder,
        ReadOnlySpan<byte> sealedShares,
        ReadOnlySpan<byte> shareCommitment,
        ReadOnlySpan<byte> vault,
        ReadOnlySpan<byte> seedCommitment,
        ReadOnlySpan<byte> sealCommitment)
    {
        var bytes = new byte[Size];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, holder);
        sealedShares.CopyTo(bytes.AsSpan(4, SealedSize));
        shareCommitment.CopyTo(bytes.AsSpan(4 + SealedSize, 32));
        vault.CopyTo(bytes.AsSpan(4 + SealedSize + 32, VaultSize));
        seedCommitment.CopyTo(bytes.AsSpan(Size - 64, 32));
        sealCommitment.CopyTo(bytes.AsSpan(Size - 32, 32));
        return new ShareEntry(UnsafeByteOperations.UnsafeWrap(bytes));
    }

    /// <summary>Null if the bytes are not an entry for that holder.</summary>
    public static ShareEntry? TryRead(ByteString bytes, uint holder)
    {
        if (bytes.Length != Size) return null;
        var entry = new ShareEntry(bytes);
        return entry.Holder == holder ? entry : null;
    }
}
