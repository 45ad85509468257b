using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace SecureAggregation.Crypto;

/// <summary>The public half of an <see cref="IdentityKey"/>: a point of P-256 that checks signatures. Immutable and thread-safe.</summary>
public sealed class IdentityPublicKey : IEquatable<IdentityPublicKey>
{
    private const int WordsCount = 6;
    private const int WordsBytes = 9;
    private const int WordsRounds = 10_000;
    private static readonly byte[] s_wordsSalt = "secagg/v1/key words"u8.ToArray();

    private readonly byte[] _point;

    // Importing a key costs more than checking a signature, so it is kept; the platform's handle frees itself when collected. Checking only reads it, in
    // every platform's library, and no thread waits for another.
    private readonly Lazy<ECDsa> _platformKey;

    /// <summary>Takes a point, 65 bytes, uncompressed.</summary>
    /// <exception cref="CryptographicException">These bytes are not a point of the curve.</exception>
    public IdentityPublicKey(ReadOnlySpan<byte> point65)
    {
        if (!P256.IsPoint(point65))
            throw new CryptographicException("The public key is not a point on P-256 in 65-byte uncompressed form.");
        _point = point65.ToArray();
        _platformKey = new(() => ECDsa.Create(new ECParameters { Curve = P256.Curve, Q = P256.Decode(_point) }));
    }

    /// <summary>A copy of the 65 bytes.</summary>
    public byte[] Point => [.. _point];

    /// <summary>The key as SubjectPublicKeyInfo (RFC 5480), 91 bytes of DER.</summary>
    public byte[] SubjectPublicKeyInfo => P256.SubjectPublicKeyInfo(_point);

    /// <summary>Hexadecimal of the first 16 bytes of SHA-256(<see cref="SubjectPublicKeyInfo"/>): what logs and screens show.</summary>
    public string Fingerprint => PublicBytes.Hex(SHA256.HashData(SubjectPublicKeyInfo).AsSpan(0, 16));

    /// <summary>
    /// Six words for people who compare keys by telephone: 66 bits of PBKDF2-HMAC-SHA-256 (RFC 8018) over <see cref="SubjectPublicKeyInfo"/>, so that looking for another
    /// key with the same words takes 2^66 keys and as many stretchings (docs/adr/0034). A few milliseconds.
    /// </summary>
    public string Words => Crypto.Fingerprint.Phrase(Rfc2898DeriveBytes.Pbkdf2(SubjectPublicKeyInfo, s_wordsSalt, WordsRounds, HashAlgorithmName.SHA256, WordsBytes), WordsCount);

    /// <summary>The key that a certificate certifies; nothing else of the certificate is looked at.</summary>
    /// <exception cref="CryptographicException">It is not an uncompressed P-256 key.</exception>
    public static IdentityPublicKey FromCertificate(X509Certificate2 certificate)
    {
        ArgumentNullException.ThrowIfNull(certificate);
        var point = P256.PointOf(certificate.PublicKey.ExportSubjectPublicKeyInfo());
        if (point.IsEmpty) throw new CryptographicException("The certificate's key is not an elliptic-curve key on P-256; make one with `secagg keygen`.");
        return new(point);
    }

    /// <summary>
    /// Whether the signature, r‖s in 64 bytes, is valid. A high s is refused: with it anybody could turn one valid signature
    /// into a second one, and messages are identified by their bytes.
    /// </summary>
    /// <exception cref="ArgumentException">The hash is not 32 bytes.</exception>
    public bool Verify(ReadOnlySpan<byte> hash32, ReadOnlySpan<byte> signature64)
    {
        Require.Length(hash32, SHA256.HashSizeInBytes, nameof(hash32));
        if (signature64.Length != P256.SignatureSize || !P256.IsLowS(signature64)) return false;
        return _platformKey.Value.VerifyHash(hash32, signature64, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
    }

    /// <inheritdoc/>
    public bool Equals(IdentityPublicKey? other) => other is not null && PublicBytes.Equal(_point, other._point);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as IdentityPublicKey);

    /// <inheritdoc/>
    public override int GetHashCode() => PublicBytes.Comparer.GetHashCode(_point);

    /// <summary>The fingerprint.</summary>
    public override string ToString() => Fingerprint;
}
