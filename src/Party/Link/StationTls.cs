using System.Net.Security;
using System.Security.Authentication;
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
    /// <summary>Why the station's certificate was refused in the last handshake; null if it was not.</summary>
    public string? Problem { get; private set; }

    /// <summary>An HTTP/2 handler for one connection.</summary>
    /// <param name="key">The key to show: the outpost's own, or the one that follows it.</param>
    public SocketsHttpHandler Handler(IdentityKey key)
    {
        Problem = null;
        var certificate = PinnedCertificate.Make(key, identity.Member.Name, clock.GetUtcNow());
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
                RemoteCertificateValidationCallback = (_, shown, _, _) => (Problem = PinnedCertificate.Problem(shown, identity.Roster.Aggregator, clock.GetUtcNow(), "the station")) is null,
                CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            },
        };
    }
}
