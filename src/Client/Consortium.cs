using SecureAggregation.Client.Internal;

namespace SecureAggregation.Client;

/// <summary>The way in.</summary>
public static class Consortium
{
    /// <summary>Makes a client of a consortium. Nothing is sent yet: the first call dials, and each call dials again after a loss.</summary>
    /// <exception cref="ArgumentException">The address is not https, or the identity is no member of the roster; the message says which.</exception>
    public static IConsortium Connect(ConsortiumOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Address is not { IsAbsoluteUri: true, Scheme: "https" })
            throw new ArgumentException($"The station's address is '{options.Address}'; it must begin with https://, e.g. https://127.0.0.1:7443.", nameof(options));
        return new StationConsortium(options, NameOf(options));
    }

    /// <summary>Whom the identity is in the roster.</summary>
    /// <exception cref="ArgumentException">Nobody.</exception>
    internal static string NameOf(ConsortiumOptions options)
    {
        var key = options.Identity.Public;
        var member = options.Roster.FindCoordinator(key) ?? options.Roster.FindAuditor(key) ?? options.Roster.FindParty(key)
            ?? throw new ArgumentException($"The identity key {key.Fingerprint} is no coordinator, auditor or party of {options.Roster.Consortium}, epoch {options.Roster.Epoch}; use a key that the roster names.", nameof(options));
        return member.Name;
    }
}
