using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using SecureAggregation.Crypto;
using SecureAggregation.Party.Config;

namespace SecureAggregation.Party.Link;

/// <summary>
/// TLS 1.3 in which both ends are known by key alone: this outpost shows a certificate of its identity key, the station one of
/// the key that the roster names. No certificate authority has a say, so none can put another station in its place.
/// </summary>
internal sealed class StationTls(Identity identity, TimeProvider clock)
{
    private static readonly TimeSpan s_skew = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan s_life = TimeSpan.FromDays(1);

    /// <summary>Why the station's certificate was refused in the last handshake; null if it was not.</summary>
    public string? Problem { get; private set; }

    /// <summary>An HTTP/2 handler for one connection.</summary>
    public SocketsHttpHandler Handler()
    {
        Problem = null;
        var now = clock.GetUtcNow();
        var certificate = identity.Key.CreateCertificate(identity.Member.Name, now - s_skew, now + s_life);
        return new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectTimeout = TimeSpan.FromSeconds(15),
            KeepAlivePingDelay = TimeSpan.FromSeconds(20),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(20),
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            SslOptions = new SslClientAuthenticationOptions
            {
                EnabledSslProtocols = SslProtocols.Tls13,
                ClientCertificates = [certificate],
                LocalCertificateSelectionCallback = (_, _, _, _, _) => certificate,
                RemoteCertificateValidationCallback = (_, shown, _, _) => (Problem = Check(shown)) is null,
                CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            },
        };
    }

    private string? Check(X509Certificate? shown)
    {
        if (shown is null) return "the station showed no certificate";
        // .NET hands the peer's certificate over as X509Certificate2 and disposes it itself.
        var certificate = (X509Certificate2)shown;
        IdentityPublicKey key;
        try
        {
            key = IdentityPublicKey.FromCertificate(certificate);
        }
        catch (CryptographicException)
        {
            return "the station's certificate is not of a P-256 key; the roster's station has one";
        }

        if (!key.Equals(identity.Roster.Aggregator))
        {
            return $"the station's key ({key.Fingerprint}) is not the one of the roster ({identity.Roster.Aggregator.Fingerprint}): " +
                "wrong address, something in between, or the station was given another key";
        }

        var now = clock.GetUtcNow();
        var (from, to) = (new DateTimeOffset(certificate.NotBefore), new DateTimeOffset(certificate.NotAfter));
        if (now + s_skew < from) return $"the station's certificate is valid only from {from:u}; check both clocks";
        return now - s_skew > to ? $"the station's certificate expired at {to:u}; the station must make a new one" : null;
    }
}
