using System.Security.Cryptography;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol;

/// <summary>What a party brings to every round: its identity and the things of the outside that the protocol must not reach for itself.</summary>
public sealed record PartySetup
{
    /// <summary>The pinned roster.</summary>
    public required Roster Roster { get; init; }

    /// <summary>This party's index in it.</summary>
    public required uint Index { get; init; }

    /// <summary>This party's identity key.</summary>
    public required IdentityKey Identity { get; init; }

    /// <summary>What survives a restart.</summary>
    public required IPartyMemory Memory { get; init; }

    /// <summary>Agreement keys.</summary>
    public required KeyRing Keys { get; init; }

    /// <summary>The operating system's generator.</summary>
    public required RandomNumberGenerator Random { get; init; }

    /// <summary>Pre-shared keys of 32 bytes with other parties, by their index; usually none.</summary>
    public IReadOnlyDictionary<uint, SecretBytes> PreSharedKeys { get; init; } = new Dictionary<uint, SecretBytes>();

    /// <summary>Threads that one round may use at a time, 1 or more.</summary>
    public int Cores { get; init; } = 1;

    /// <summary>The operator's own word on a survivor set (differencing guard); false objects. Runs in phase 4.</summary>
    public Func<IReadOnlyList<uint>, bool> SurvivorGuard { get; init; } = _ => true;
}

/// <summary>What a party sends after it has been told something.</summary>
/// <param name="Messages">Envelopes, in order.</param>
/// <param name="Vector">The masked vector to send after them, or null. The round disposes it.</param>
/// <param name="Refusal">Why the party has left the round; <see cref="RefusalCode.Unspecified"/> while it has not.</param>
/// <param name="Detail">For this party's own operator: what exactly was refused. Holds no secret.</param>
public sealed record PartyStep(IReadOnlyList<Envelope> Messages, MaskedVector? Vector, RefusalCode Refusal, string Detail)
{
    /// <summary>Nothing to send.</summary>
    public static PartyStep Nothing { get; } = new([], null, RefusalCode.Unspecified, "");

    internal static PartyStep Send(params Envelope[] messages) => new(messages, null, RefusalCode.Unspecified, "");
}

/// <summary>How far a party is in a round.</summary>
public enum PartyRoundState
{
    /// <summary>The proposal has been checked, nothing said yet.</summary>
    Proposed,

    /// <summary>Join and the advertisement are out.</summary>
    Joined,

    /// <summary>The shares are out.</summary>
    Shared,

    /// <summary>Everybody's shares are in; the masked input goes out as soon as the input is there.</summary>
    AwaitingInput,

    /// <summary>The masked input is out.</summary>
    InputSent,

    /// <summary>The survivor set is signed.</summary>
    Agreed,

    /// <summary>The self seed is out.</summary>
    Unmasked,

    /// <summary>The round is over for this party.</summary>
    Ended,
}
