using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using SecureAggregation.Crypto;

namespace SecureAggregation.Client.Internal;

/// <summary>
/// TLS 1.3 with both ends known by key alone: we show a certificate of our identity key, the station must show one of the roster's key.
/// No certificate authority has a say.
/// </summary>
internal sealed class StationTls : IDisposable
{
    private static readonly TimeSpan s_skew = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan s_life = TimeSpan.FromDays(1);

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
                RemoteCertificateValidationCallback = (_, shown, _, _) => (Problem = Check(shown)) is null,
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
            _certificate = _options.Identity.CreateCertificate(_name, now - s_skew, now + s_life);
            _renewAt = now + (s_life / 2);
            return _certificate;
        }
    }

    private string? Check(X509Certificate? shown)
    {
        if (shown is not X509Certificate2 certificate) return "The station showed no certificate.";
        IdentityPublicKey key;
        try
        {
            key = IdentityPublicKey.FromCertificate(certificate);
        }
        catch (CryptographicException)
        {
            return "The station's certificate is not of a P-256 key; the station that the roster names has one.";
        }

        if (!key.Equals(_options.Roster.Aggregator))
            return $"The station's key {key.Fingerprint} is not the roster's {_options.Roster.Aggregator.Fingerprint}: wrong address, wrong roster, or something stands in between.";
        var now = _options.Time.GetUtcNow();
        var (from, to) = (new DateTimeOffset(certificate.NotBefore), new DateTimeOffset(certificate.NotAfter));
        if (now + s_skew < from) return $"The station's certificate is valid only from {from:u}; check both clocks.";
        return now - s_skew > to ? $"The station's certificate expired at {to:u}; the station must make a new one." : null;
    }
}
