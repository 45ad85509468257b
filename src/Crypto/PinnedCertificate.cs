using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace SecureAggregation.Crypto;

/// <summary>
/// Peers in TLS are known by key alone: of a certificate only its key and its dates count, no authority has a say, so none can put another peer in the
/// place of the one that was pinned.
/// </summary>
public static class PinnedCertificate
{
    /// <summary>How far the two clocks may differ.</summary>
    public static readonly TimeSpan Skew = TimeSpan.FromMinutes(5);

    /// <summary>How long a certificate is made for; its holder makes a new one of the same key before that.</summary>
    public static readonly TimeSpan Life = TimeSpan.FromDays(1);

    /// <summary>A certificate of one's own key, valid from a little before now (the peer's clock may be behind).</summary>
    /// <param name="key">The identity key.</param>
    /// <param name="name">Subject, for people.</param>
    /// <param name="now">The time.</param>
    public static X509Certificate2 Make(IdentityKey key, string name, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(key);
        return key.CreateCertificate(name, now - Skew, now + Life);
    }

    /// <summary>The key of a certificate that has another one than the pinned; null if it has the pinned one, or none that can be read.</summary>
    /// <param name="shown">What the peer showed in the handshake.</param>
    /// <param name="pinned">The key that it should have.</param>
    public static IdentityPublicKey? OtherKey(X509Certificate? shown, IdentityPublicKey pinned)
    {
        ArgumentNullException.ThrowIfNull(pinned);
        try
        {
            return shown is X509Certificate2 certificate && IdentityPublicKey.FromCertificate(certificate) is var key && !key.Equals(pinned) ? key : null;
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    /// <summary>Null if the certificate bears the pinned key and is in its time; else a sentence that says what is wrong and what to do.</summary>
    /// <param name="shown">What the peer showed in the handshake.</param>
    /// <param name="pinned">The key that it must have.</param>
    /// <param name="now">The time.</param>
    /// <param name="peer">What the sentence calls it, e.g. "the station".</param>
    public static string? Problem(X509Certificate? shown, IdentityPublicKey pinned, DateTimeOffset now, string peer)
    {
        ArgumentNullException.ThrowIfNull(pinned);
        if (shown is not X509Certificate2 certificate) return $"{peer} showed no certificate";
        IdentityPublicKey key;
        try
        {
            key = IdentityPublicKey.FromCertificate(certificate);
        }
        catch (CryptographicException)
        {
            return $"the certificate of {peer} is not of a P-256 key, as the roster's is";
        }

        if (!key.Equals(pinned))
        {
            return $"the key {key.Fingerprint} of {peer} is not the roster's {pinned.Fingerprint}: wrong address, wrong roster, or something stands in between";
        }

        DateTime from, to;
        try
        {
            (from, to) = (certificate.NotBefore.ToUniversalTime(), certificate.NotAfter.ToUniversalTime());
        }
        catch (CryptographicException)
        {
            // The platform's reader looks at dates only when it is asked for them.
            return $"the certificate of {peer} has no dates that can be read; {peer} must make a new one";
        }

        if ((now + Skew).UtcDateTime < from) return $"the certificate of {peer} is valid only from {from:u}; check both clocks";
        return (now - Skew).UtcDateTime > to ? $"the certificate of {peer} expired at {to:u}; {peer} must make a new one" : null;
    }
}
