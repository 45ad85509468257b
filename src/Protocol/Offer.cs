using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol;

/// <summary>What the station is to do with a message of a party.</summary>
public enum OfferOutcome
{
    /// <summary>Log it, then act on it.</summary>
    Accept,

    /// <summary>Neither log nor act: a repeat, or too late to matter.</summary>
    Ignore,

    /// <summary>Log it as evidence, do not act on it.</summary>
    Reject,
}

/// <summary>The judgement on a message.</summary>
/// <param name="Outcome">What to do.</param>
/// <param name="Rejection">Why, when rejected.</param>
/// <param name="Detail">A sentence for the operator; holds nothing secret.</param>
public sealed record Offer(OfferOutcome Outcome, RejectionCode Rejection, string Detail)
{
    /// <summary>For <see cref="AggregatorRound.Apply"/>, which need not judge again.</summary>
    internal Internal.JudgedMessage? Judged { get; init; }

    internal static Offer Accepted { get; } = new(OfferOutcome.Accept, RejectionCode.None, "");

    internal static Offer Ignored { get; } = new(OfferOutcome.Ignore, RejectionCode.None, "");

    internal static Offer Rejected(RejectionCode code, string detail) => new(OfferOutcome.Reject, code, detail);
}

/// <summary>The moment at which a party finished a phase.</summary>
/// <param name="Phase">The phase.</param>
/// <param name="At">By the station's clock.</param>
/// <param name="Bytes">Size of what the party sent for it.</param>
public sealed record PhaseStamp(RoundPhase Phase, DateTimeOffset At, long Bytes);

/// <summary>How far a party is, for display.</summary>
/// <param name="Index">Roster index.</param>
/// <param name="Name">Roster name.</param>
/// <param name="State">Where it stands.</param>
/// <param name="Reason">Why it dropped, declined or is blamed; empty otherwise.</param>
/// <param name="Stamps">Finished phases in order.</param>
public sealed record PartyProgress(uint Index, string Name, PartyState State, string Reason, IReadOnlyList<PhaseStamp> Stamps)
{
    /// <summary>The round that a party named as the answer when it declined (ALREADY_ANSWERED), 16 bytes; else empty.</summary>
    public byte[] EarlierRound { get; init; } = [];

    /// <summary>Why it declined.</summary>
    public RefusalCode Refusal { get; init; }

    /// <summary>Millionths of ε that its ledger was charged, by the Input that it signed; 0 before that.</summary>
    public ulong ChargedMicro { get; init; }
}
