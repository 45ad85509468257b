using System.Security.Cryptography;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;

namespace SecureAggregation.Client;

/// <summary>How to reach a consortium, and as whom.</summary>
public sealed record ConsortiumOptions
{
    /// <summary>Address of the station: https, with port.</summary>
    public required Uri Address { get; init; }

    /// <summary>The roster that the caller trusts. The station must hold the key that it names, and every bundle is checked against it.</summary>
    public required Roster Roster { get; init; }

    /// <summary>Rosters of earlier epochs that the caller trusted in their time: evidence of rounds from then is checked under them.</summary>
    public IReadOnlyList<Roster> Earlier { get; init; } = [];

    /// <summary>Who calls: the key of a coordinator, an auditor or a party of the roster. Stays the caller's to dispose.</summary>
    public required IdentityKey Identity { get; init; }

    /// <summary>The clock for certificates, deadlines and expiry of queries.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>Random bytes for the ids of questions.</summary>
    public RandomNumberGenerator Random { get; init; } = RandomNumberGenerator.Create();

    /// <summary>The heads of logs that are remembered: a station that shows two histories is found out. By default those of this instance.</summary>
    public HeadMemory Heads { get; init; } = new();

    /// <summary>How long a call may take before the station counts as away; streams may take longer between their messages.</summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromSeconds(30);
}
