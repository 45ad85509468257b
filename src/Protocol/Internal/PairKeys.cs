using System.Buffers.Binary;
using System.Security.Cryptography;
using SecureAggregation.Crypto;

namespace SecureAggregation.Protocol.Internal;

/// <summary>Every key that is derived in a round (docs/protocol.md section 4). Each seals one message or makes one stream.</summary>
internal static class PairKeys
{
    public const int SeedSize = 32;

    private static readonly byte[] s_noPreSharedKey = new byte[32];

    /// <summary>The key of a pair in this roster and with these ephemeral keys, 32 bytes.</summary>
    public static SecretBytes Pair(
        ReadOnlySpan<byte> rosterHash, uint self, byte[] selfPublic, uint peer, byte[] peerPublic, SecretBytes agreement, SecretBytes? preShared)
    {
        var selfIsLower = self < peer;
        using var hash = new LabelHash("pair");
        var salt = hash.Field(rosterHash).Field(Math.Min(self, peer)).Field(Math.Max(self, peer))
            .Field(selfIsLower ? selfPublic : peerPublic).Field(selfIsLower ? peerPublic : selfPublic).Finish();
        Span<byte> ikm = stackalloc byte[64];
        try
        {
            agreement.Span.CopyTo(ikm);
            (preShared is null ? s_noPreSharedKey : preShared.Span).CopyTo(ikm[32..]);
            var key = new SecretBytes(Hkdf.KeySize);
            Hkdf.Extract(salt, ikm, key.Span);
            return key;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(ikm);
        }
    }

    public static SecretBytes PairSeed(SecretBytes pairKey, ReadOnlySpan<byte> context1)
    {
        var seed = new SecretBytes(SeedSize);
        Hkdf.Expand(pairKey.Span, "pair-seed", context1, seed.Span);
        return seed;
    }

    public static SecretBytes Seal(SecretBytes pairKey, ReadOnlySpan<byte> context1, uint from, uint to) =>
        Expand(pairKey.Span, "seal", AssociatedData(context1, from, to));

    public static SecretBytes Vault(ReadOnlySpan<byte> recoverySeed, ReadOnlySpan<byte> context1, uint owner, uint neighbour) =>
        Expand(recoverySeed, "vault", AssociatedData(context1, owner, neighbour));

    /// <summary>The key of the one mask stream of a seed in this round (vector 0).</summary>
    public static SecretBytes Mask(ReadOnlySpan<byte> seed, ReadOnlySpan<byte> context2)
    {
        var info = new byte[context2.Length + 4];
        context2.CopyTo(info);
        return Expand(seed, "mask", info);
    }

    /// <summary>context1 ‖ from ‖ to.</summary>
    public static byte[] AssociatedData(ReadOnlySpan<byte> context1, uint from, uint to)
    {
        var data = new byte[context1.Length + 8];
        context1.CopyTo(data);
        BinaryPrimitives.WriteUInt32BigEndian(data.AsSpan(context1.Length), from);
        BinaryPrimitives.WriteUInt32BigEndian(data.AsSpan(context1.Length + 4), to);
        return data;
    }

    private static SecretBytes Expand(ReadOnlySpan<byte> prk, string purpose, ReadOnlySpan<byte> info)
    {
        var key = new SecretBytes(Aead.KeySize);
        Hkdf.Expand(prk, purpose, info, key.Span);
        return key;
    }
}
