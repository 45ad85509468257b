using System.Security.Cryptography;

namespace SecureAggregation.Crypto;

/// <summary>HKDF (RFC 5869) over SHA-256, with the protocol's labels in front of the info.</summary>
public static class Hkdf
{
    /// <summary>Bytes of a pseudorandom key.</summary>
    public const int KeySize = SHA256.HashSizeInBytes;

    // Every info of the protocol fits; it is public.
    private const int StackLimit = 256;

    /// <summary>HKDF-Extract (RFC 5869 section 2.2). The caller zeroes the result, 32 bytes, when it is a secret.</summary>
    public static byte[] Extract(ReadOnlySpan<byte> salt, ReadOnlySpan<byte> ikm)
    {
        var prk = GC.AllocateArray<byte>(KeySize, pinned: true);
        Extract(salt, ikm, prk);
        return prk;
    }

    /// <summary>HKDF-Extract (RFC 5869 section 2.2) into a buffer of the caller, e.g. the span of a <see cref="SecretBytes"/>.</summary>
    /// <exception cref="ArgumentException"><paramref name="prk"/> is not 32 bytes.</exception>
    public static void Extract(ReadOnlySpan<byte> salt, ReadOnlySpan<byte> ikm, Span<byte> prk)
    {
        Require.Length(prk, KeySize, nameof(prk));
        HKDF.Extract(HashAlgorithmName.SHA256, ikm, salt, prk);
    }

    /// <summary>
    /// HKDF-Expand (RFC 5869 section 2.3) with info = ASCII("secagg/v1/" + purpose) ‖ <paramref name="info"/>.
    /// No purpose in use may be a prefix of another one: only then do labels keep derived keys apart.
    /// </summary>
    /// <param name="prk">The key to derive from, at least 32 bytes.</param>
    /// <param name="purpose">What the derived key is for; a constant.</param>
    /// <param name="info">What else binds the key, of one fixed length a purpose.</param>
    /// <param name="output">Takes the derived key, at most 8,160 bytes.</param>
    /// <exception cref="ArgumentException">The purpose is malformed, the key too short, or the output empty or too long.</exception>
    public static void Expand(ReadOnlySpan<byte> prk, string purpose, ReadOnlySpan<byte> info, Span<byte> output)
    {
        var labelled = LabelHash.LabelLength(purpose);
        Span<byte> all = stackalloc byte[StackLimit];
        all = labelled + info.Length <= all.Length ? all[..(labelled + info.Length)] : new byte[labelled + info.Length];
        LabelHash.WriteLabel(purpose, all);
        info.CopyTo(all[labelled..]);
        ExpandRaw(prk, all, output);
    }

    /// <summary>HKDF-Expand without a label, for known-answer tests.</summary>
    internal static void ExpandRaw(ReadOnlySpan<byte> prk, ReadOnlySpan<byte> info, Span<byte> output)
    {
        if (prk.Length < KeySize)
            throw new ArgumentException($"The key has {prk.Length} bytes; HKDF-SHA256 expands one of at least {KeySize}.", nameof(prk));
        HKDF.Expand(HashAlgorithmName.SHA256, prk, output, info);
    }
}
