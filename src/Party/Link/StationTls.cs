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

    /// <summary>The key that was refused in the last handshake because it is not the roster's; null if that was not why.</summary>
    public IdentityPublicKey? Other { get; private set; }

    /// <summary>An HTTP/2 handler for one connection.</summary>
    /// <param name="key">The key to show: the outpost's own, or the one that follows it.</param>
    /// <param name="station">The key that the station must have, if it is not the roster's.</param>
    public SocketsHttpHandler Handler(IdentityKey key, IdentityPublicKey? station = null)
    {
        (Problem, Other) = (null, null);
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
                RemoteCertificateValidationCallback = (_, shown, _, _) => Accepts(shown, station ?? identity.Roster.Aggregator),
                CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            },
        };
    }

    private bool Accepts(X509Certificate? shown, IdentityPublicKey station)
    {
        Problem = PinnedCertificate.Problem(shown, station, clock.GetUtcNow(), "the station");
        if (Problem is not null) Other = PinnedCertificate.OtherKey(shown, station);
        return Problem is null;
    }
}
