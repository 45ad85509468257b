using System.Net;

namespace SecureAggregation.Aggregator.Rest;

/// <summary>The section "Station:Rest" of the configuration; docs/rest.md explains each key.</summary>
internal sealed class RestOptions
{
    /// <summary>IP address and port; empty: no REST.</summary>
    public string Listen { get; set; } = "";

    public string AddressFile { get; set; } = "";

    /// <summary>PEM file of a certificate and its chain; empty: plain HTTP.</summary>
    public string Certificate { get; set; } = "";

    public string CertificateKey { get; set; } = "";

    /// <summary>Addresses of reverse proxies in front, whose word on the caller's address counts.</summary>
    public List<string> Proxies { get; set; } = [];

    public OidcOptions Oidc { get; set; } = new();

    public RateOptions Rates { get; set; } = new();

    public bool IsOn => Listen.Length > 0;

    public IPEndPoint Endpoint => IPEndPoint.Parse(Listen);

    /// <summary>What is wrong, one sentence a rule.</summary>
    public IEnumerable<string> Problems()
    {
        if (!IsOn) yield break;
        if (!IPEndPoint.TryParse(Listen, out var endpoint) || !Listen.Contains(':', StringComparison.Ordinal))
        {
            yield return $"Station:Rest:Listen is \"{Listen}\"; it must be an IP address and a port, e.g. 127.0.0.1:7480 (port 0 takes a free one), or empty for no REST.";
            yield break;
        }

        if (Certificate.Length == 0 != (CertificateKey.Length == 0)) yield return "Station:Rest:Certificate and Station:Rest:CertificateKey come together: two PEM files, or neither.";
        if (Certificate.Length == 0 && Proxies.Count == 0 && !IPAddress.IsLoopback(endpoint.Address))
            yield return $"Station:Rest:Listen is {Listen} without a certificate: tokens would cross the network in the open. Give Station:Rest:Certificate and CertificateKey, name the proxy that encrypts in Station:Rest:Proxies, or listen on 127.0.0.1.";
        foreach (var proxy in Proxies.Where(proxy => !IPAddress.TryParse(proxy, out _))) yield return $"Station:Rest:Proxies has \"{proxy}\", which is no IP address.";
        if (Oidc.Authority.Length > 0 && Oidc.Audience.Length == 0) yield return "Station:Rest:Oidc:Audience is not set; it must be the name under which the provider knows this station, or anybody's token would do.";
        if (Oidc.Authority.Length > 0 && !(Uri.TryCreate(Oidc.Authority, UriKind.Absolute, out var authority) && (authority.Scheme == Uri.UriSchemeHttps || authority.IsLoopback)))
            yield return $"Station:Rest:Oidc:Authority is \"{Oidc.Authority}\"; it must be an https:// address (http:// for this machine only).";
        foreach (var (key, value) in Rates.All.Where(rate => rate.Value is < 1 or > 1_000_000)) yield return $"Station:Rest:Rates:{key} is {value}; it must be from 1 to 1000000.";
    }
}

/// <summary>An OpenID Connect provider whose access tokens are taken.</summary>
internal sealed class OidcOptions
{
    /// <summary>The issuer's address; empty: none.</summary>
    public string Authority { get; set; } = "";

    public string Audience { get; set; } = "";

    /// <summary>The claim that holds roles, by the words of this station.</summary>
    public string RoleClaim { get; set; } = "roles";

    /// <summary>The claim that holds studies; empty: all studies for everybody. Somebody without the claim has none.</summary>
    public string StudyClaim { get; set; } = "";

    /// <summary>The claim that names people in the log.</summary>
    public string NameClaim { get; set; } = "preferred_username";
}

/// <summary>Requests in a minute.</summary>
internal sealed class RateOptions
{
    /// <summary>Of one account or key.</summary>
    public int Identity { get; set; } = 1200;

    /// <summary>From one address (of IPv6, one /64), whoever it is.</summary>
    public int Address { get; set; } = 3000;

    /// <summary>For a token, from one address.</summary>
    public int SignIn { get; set; } = 30;

    public IEnumerable<(string Key, int Value)> All => [(nameof(Identity), Identity), (nameof(Address), Address), (nameof(SignIn), SignIn)];
}
