using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace SecureAggregation.Crypto;

/// <summary>
/// A long-term identity: ECDSA on P-256 with SHA-256 (FIPS 186-5). It signs protocol messages and, as the key of a
/// self-signed certificate, authenticates TLS connections. Signing is thread-safe.
/// </summary>
public sealed class IdentityKey : IDisposable
{
    /// <summary>Bytes of a signature: r‖s.</summary>
    public const int SignatureSize = P256.SignatureSize;

    private const string PemLabel = "PRIVATE KEY";
    private const string FixIt = "make one with `secagg keygen`";
    private const string ServerAuthentication = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuthentication = "1.3.6.1.5.5.7.3.2";

    private readonly Lock _gate = new();
    private readonly ECDsa _key;

    private IdentityKey(ECDsa key)
    {
        _key = key;
        Public = new IdentityPublicKey(P256.Encode(key.ExportParameters(includePrivateParameters: false).Q));
    }

    /// <summary>The public half, as it stands in a roster.</summary>
    public IdentityPublicKey Public { get; }

    /// <summary>A fresh key from the platform's generator.</summary>
    public static IdentityKey Generate() => new(ECDsa.Create(P256.Curve));

    /// <summary>A fresh key from <paramref name="random"/>, for runs that must be repeatable.</summary>
    public static IdentityKey Generate(RandomNumberGenerator random)
    {
        ArgumentNullException.ThrowIfNull(random);
        using var scalar = P256.RandomScalar(random);
        return Import(scalar.Span);
    }

    /// <summary>The key of a known private scalar, 32 bytes big-endian.</summary>
    /// <exception cref="ArgumentException">The scalar is not 32 bytes.</exception>
    /// <exception cref="CryptographicException">The scalar is 0 or not below the group's order.</exception>
    public static IdentityKey Import(ReadOnlySpan<byte> privateScalar32)
    {
        var parameters = P256.Private(privateScalar32);
        try
        {
            return new(ECDsa.Create(parameters));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(parameters.D);
        }
    }

    /// <summary>Reads a PKCS#8 key (RFC 5958) from PEM text with one "PRIVATE KEY" block. Its copies are zeroed; the text itself stays the caller's to zero.</summary>
    /// <param name="pem">The text, in ASCII or UTF-8: bytes can be erased, a string cannot.</param>
    /// <exception cref="CryptographicException">The text has no such block, or it is not a key on P-256.</exception>
    public static IdentityKey FromPem(ReadOnlySpan<byte> pem)
    {
        if (!PemEncoding.TryFindUtf8(pem, out var fields) || !PublicBytes.Equal(pem[fields.Label], "PRIVATE KEY"u8))
            throw new CryptographicException($"The key file has no unencrypted \"{PemLabel}\" block (PKCS#8 PEM); {FixIt}.");
        using var der = new SecretBytes(fields.DecodedDataLength);
        var key = ECDsa.Create();
        try
        {
            // The block was found to be base64, with white space, of so many bytes.
            Base64.DecodeFromUtf8(pem[fields.Base64Data], der.Span, out _, out _);
            key.ImportPkcs8PrivateKey(der.Span, out var read);
            // Fails for curves without a name, and for points that do not fit the curve.
            if (read != der.Length || P256.PointOf(key.ExportSubjectPublicKeyInfo()).IsEmpty) throw new CryptographicException("more than a key, or another curve");
            return new IdentityKey(key);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException or PlatformNotSupportedException)
        {
            // OpenSSL's word for a point that is not on its curve is that the platform does not support it.
            key.Dispose();
            throw new CryptographicException($"The key file's \"{PemLabel}\" block is not an elliptic-curve key on P-256; {FixIt}.", e);
        }
    }

    /// <summary>The private key as PKCS#8 PEM, unencrypted: a file for its owner's eyes only.</summary>
    public string ToPem() => _key.ExportPkcs8PrivateKeyPem();

    /// <summary>Signs a SHA-256 hash: r‖s, 64 bytes, with the lower of the two possible s.</summary>
    /// <exception cref="ArgumentException">The hash is not 32 bytes.</exception>
    public byte[] Sign(ReadOnlySpan<byte> hash32)
    {
        Require.Length(hash32, SHA256.HashSizeInBytes, nameof(hash32));
        byte[] signature;
        lock (_gate) signature = _key.SignHash(hash32, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        P256.MakeLowS(signature);
        return signature;
    }

    /// <summary>A self-signed certificate of this key for TLS, as server and as client, with its private key.</summary>
    /// <param name="subjectName">The common name.</param>
    /// <param name="notBefore">Start of validity.</param>
    /// <param name="notAfter">End of validity.</param>
    /// <param name="dnsNamesOrIps">Names and addresses that a server is reached by.</param>
    public X509Certificate2 CreateCertificate(
        string subjectName, DateTimeOffset notBefore, DateTimeOffset notAfter, IEnumerable<string>? dnsNamesOrIps = null)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(subjectName);
        var name = new X500DistinguishedNameBuilder();
        name.AddCommonName(subjectName);
        var request = new CertificateRequest(name.Build(), _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        request.CertificateExtensions.Add(
            new X509EnhancedKeyUsageExtension([new Oid(ServerAuthentication), new Oid(ClientAuthentication)], critical: false));
        if (AlternativeNames(dnsNamesOrIps ?? []) is { } extension) request.CertificateExtensions.Add(extension);
        return request.CreateSelfSigned(notBefore, notAfter);
    }

    /// <inheritdoc/>
    public void Dispose() => _key.Dispose();

    private static X509Extension? AlternativeNames(IEnumerable<string> dnsNamesOrIps)
    {
        var builder = new SubjectAlternativeNameBuilder();
        var any = false;
        foreach (var entry in dnsNamesOrIps)
        {
            if (IPAddress.TryParse(entry, out var address)) builder.AddIpAddress(address);
            else builder.AddDnsName(entry);
            any = true;
        }

        return any ? builder.Build() : null;
    }
}
