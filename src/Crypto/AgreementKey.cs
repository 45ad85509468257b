using System.Security.Cryptography;

namespace SecureAggregation.Crypto;

/// <summary>
/// An ephemeral ECDH key pair on P-256 (SP 800-56A rev. 3, one-pass use of the full x-coordinate). It lives in memory only,
/// in the platform's cryptographic library, and is freed by <see cref="Dispose"/>. Agreements may be made on several threads
/// at the same time.
/// </summary>
public sealed class AgreementKey : IDisposable
{
    private readonly ECDiffieHellman _key;

    private AgreementKey(ECDiffieHellman key)
    {
        _key = key;
        PublicKey = P256.Encode(key.ExportParameters(includePrivateParameters: false).Q);
    }

    /// <summary>The public key, 65 bytes, uncompressed. Not to be changed.</summary>
    public byte[] PublicKey { get; }

    /// <summary>A fresh key pair from the platform's generator.</summary>
    public static AgreementKey Generate() => new(ECDiffieHellman.Create(P256.Curve));

    /// <summary>A fresh key pair from <paramref name="random"/>, for runs that must be repeatable.</summary>
    public static AgreementKey Generate(RandomNumberGenerator random)
    {
        ArgumentNullException.ThrowIfNull(random);
        using var scalar = P256.RandomScalar(random);
        return Import(scalar.Span);
    }

    /// <summary>The key pair of a known private scalar, 32 bytes big-endian.</summary>
    /// <exception cref="ArgumentException">The scalar is not 32 bytes.</exception>
    /// <exception cref="CryptographicException">The scalar is 0 or not below the group's order.</exception>
    public static AgreementKey Import(ReadOnlySpan<byte> privateScalar32)
    {
        var parameters = P256.Private(privateScalar32);
        try
        {
            return new(ECDiffieHellman.Create(parameters));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(parameters.D);
        }
    }

    /// <summary>Whether these are 65 bytes that encode a point of the curve other than infinity.</summary>
    public static bool IsValidPublicKey(ReadOnlySpan<byte> point65) => P256.IsPoint(point65);

    /// <summary>The x-coordinate of the shared point, 32 bytes. Nothing is cached.</summary>
    /// <remarks>
    /// Half of the time goes into importing the peer's point, however it is imported: with OpenSSL the platform multiplies it by
    /// the group's order to check it, and again when the secret is derived, so that an agreement costs about four multiplications
    /// where one would do. Each pair of keys agrees once, so a kept import would not be used again; what saves time is to keep the
    /// secret, and to agree in parallel and early.
    /// </remarks>
    /// <exception cref="CryptographicException">The peer's public key is not a valid point.</exception>
    /// <exception cref="ObjectDisposedException">This key was disposed.</exception>
    public SecretBytes Agree(ReadOnlySpan<byte> peerPublicKey65)
    {
        if (!P256.IsPoint(peerPublicKey65))
            throw new CryptographicException("The peer's public key is not a point on P-256 in 65-byte uncompressed form.");
        using var peer = ECDiffieHellman.Create(new ECParameters { Curve = P256.Curve, Q = P256.Decode(peerPublicKey65) });
        using var peerKey = peer.PublicKey;
        var secret = _key.DeriveRawSecretAgreement(peerKey);
        try
        {
            return SecretBytes.Copy(secret);
        }
        finally
        {
            CryptographicOperations.ZeroMemory(secret);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _key.Dispose();
}
