using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using SecureAggregation.Crypto;

namespace SecureAggregation.Client.Internal;

/// <summary>
/// TLS 1.3 with both ends known by key alone: we show a certificate of our identity key, the station must show one of the roster's key.
/// No certificate authority has a say.
/// </summary>
internal sealed class StationTls : IDisposable
{
    private readonly ConsortiumOptions _options;
    private readonly string _name;
    private readonly IdentityPublicKey _station;
    private readonly Lock _gate = new();
    private X509Certificate2? _certificate;
    private DateTimeOffset _renewAt;

    /// <param name="options">Whom to call, and as whom.</param>
    /// <param name="name">Whom our certificate names.</param>
    /// <param name="station">The key that the station must have, if it is not the roster's.</param>
    public StationTls(ConsortiumOptions options, string name, IdentityPublicKey? station = null)
    {
        (_options, _name, _station) = (options, name, station ?? options.Roster.Aggregator);
        Handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            ConnectTimeout = TimeSpan.FromSeconds(10),
            // A station that vanished without a word is noticed within half a minute, also between events.
            KeepAlivePingDelay = TimeSpan.FromSeconds(15),
            KeepAlivePingTimeout = TimeSpan.FromSeconds(15),
            KeepAlivePingPolicy = HttpKeepAlivePingPolicy.WithActiveRequests,
            SslOptions = new SslClientAuthenticationOptions
            {
                EnabledSslProtocols = SslProtocols.Tls13,
                LocalCertificateSelectionCallback = (_, _, _, _, _) => Certificate(),
                RemoteCertificateValidationCallback = (_, shown, _, _) => Accepts(shown),
                CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            },
        };
    }

    public SocketsHttpHandler Handler { get; }

    /// <summary>Why the station's certificate was refused in the last handshake; null if it was not.</summary>
    public string? Problem { get; private set; }

    /// <summary>The key that was refused in the last handshake because it is not the station's; null if that was not why.</summary>
    public IdentityPublicKey? Other { get; private set; }

    public void Dispose()
    {
        Handler.Dispose();
        _certificate?.Dispose();
    }

    private bool Accepts(X509Certificate? shown)
    {
        Problem = PinnedCertificate.Problem(shown, _station, _options.Time.GetUtcNow(), "the station");
        Other = Problem is null ? null : PinnedCertificate.OtherKey(shown, _station);
        return Problem is null;
    }

    /// <summary>Made anew before it runs out, since a dashboard lives longer than a certificate.</summary>
    private X509Certificate2 Certificate()
    {
        var now = _options.Time.GetUtcNow();
        lock (_gate)
        {
            if (_certificate is not null && now < _renewAt) return _certificate;
            // The one before may be in a handshake still: the collector takes it.
            _certificate = PinnedCertificate.Make(_options.Identity, _name, now);
            _renewAt = now + (PinnedCertificate.Life / 2);
            return _certificate;
        }
    }
}
