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
    private readonly Lock _gate = new();
    private X509Certificate2? _certificate;
    private DateTimeOffset _renewAt;

    public StationTls(ConsortiumOptions options, string name)
    {
        (_options, _name) = (options, name);
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
                RemoteCertificateValidationCallback = (_, shown, _, _) => (Problem = PinnedCertificate.Problem(shown, _options.Roster.Aggregator, _options.Time.GetUtcNow(), "the station")) is null,
                CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
            },
        };
    }

    public SocketsHttpHandler Handler { get; }

    /// <summary>Why the station's certificate was refused in the last handshake; null if it was not.</summary>
    public string? Problem { get; private set; }

    public void Dispose()
    {
        Handler.Dispose();
        _certificate?.Dispose();
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
