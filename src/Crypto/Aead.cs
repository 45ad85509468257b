using System.Security.Cryptography;

namespace SecureAggregation.Crypto;

/// <summary>
/// AES-128-GCM (NIST SP 800-38D) with a nonce of 12 zero bytes, for keys that seal one message in their life. A second call of
/// <see cref="Seal"/> under the same key would give away both plaintexts' difference and the means to forge: every key is
/// derived for one message, from one sender to one receiver in one round.
/// </summary>
public static class Aead
{
    /// <summary>Bytes of a key.</summary>
    public const int KeySize = 16;

    /// <summary>Bytes that sealing adds.</summary>
    public const int TagSize = 16;

    private static ReadOnlySpan<byte> ZeroNonce => [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

    /// <summary>Encrypts and authenticates: ciphertext ‖ 16-byte tag. One call per key.</summary>
    /// <exception cref="ArgumentException">The key is not 16 bytes.</exception>
    public static byte[] Seal(ReadOnlySpan<byte> key16, ReadOnlySpan<byte> plaintext, ReadOnlySpan<byte> aad)
    {
        Require.Length(key16, KeySize, nameof(key16));
        var result = new byte[plaintext.Length + TagSize];
        using var gcm = new AesGcm(key16, TagSize);
        gcm.Encrypt(ZeroNonce, plaintext, result.AsSpan(0, plaintext.Length), result.AsSpan(plaintext.Length), aad);
        return result;
    }

    /// <summary>Opens what <see cref="Seal"/> made; false, with a zeroed plaintext, when key, bytes or AAD are not the same.</summary>
    /// <param name="key16">16 bytes.</param>
    /// <param name="sealedBytes">Ciphertext ‖ tag, from an untrusted sender.</param>
    /// <param name="aad">What the message was bound to.</param>
    /// <param name="plaintext">Takes the message. A message of any other length than this buffer's is refused.</param>
    /// <exception cref="ArgumentException">The key is not 16 bytes.</exception>
    public static bool TryOpen(ReadOnlySpan<byte> key16, ReadOnlySpan<byte> sealedBytes, ReadOnlySpan<byte> aad, Span<byte> plaintext)
    {
        Require.Length(key16, KeySize, nameof(key16));
        if (sealedBytes.Length != (long)plaintext.Length + TagSize)
        {
            CryptographicOperations.ZeroMemory(plaintext);
            return false;
        }

        using var gcm = new AesGcm(key16, TagSize);
        try
        {
            gcm.Decrypt(ZeroNonce, sealedBytes[..plaintext.Length], sealedBytes[plaintext.Length..], plaintext, aad);
            return true;
        }
        catch (AuthenticationTagMismatchException)
        {
            CryptographicOperations.ZeroMemory(plaintext);
            return false;
        }
    }
}
