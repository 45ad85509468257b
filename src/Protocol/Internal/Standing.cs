using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Internal;

/// <summary>How far a party is in a round, for display.</summary>
internal static class Standing
{
    public static PartyProgress Of(Attendance a, RoundRecord record, RoundState state, RoundPhase phase)
    {
        var index = a.Member.Index;
        var (standing, reason) = a switch
        {
            { Blamed: not BlameCode.Unspecified } => (PartyState.Blamed, a.Blamed.ToString()),
            { Left: true } => (PartyState.Declined, a.Declined.ToString()),
            _ when Missed(a, record, phase) is { } missed => (PartyState.Dropped, $"sent nothing valid in phase {missed}"),
            _ when state == RoundState.Done => (PartyState.Done, ""),
            _ when a.Has(MessageKind.Join) => (PartyState.Active, ""),
            _ => (PartyState.Invited, ""),
        };
        return new PartyProgress(index, a.Member.Name, standing, reason, [.. a.Stamps])
        {
            EarlierRound = a.EarlierRound.ToByteArray(), Refusal = a.Declined, ChargedMicro = a.Input?.ChargedMicro ?? 0,
        };
    }

    /// <summary>The phase in which a party fell out, or null.</summary>
    private static RoundPhase? Missed(Attendance a, RoundRecord record, RoundPhase phase)
    {
        var index = a.Member.Index;
        if (phase > RoundPhase.Advertise && !record.Advertised.ContainsKey(index)) return a.Has(MessageKind.Join) ? RoundPhase.Advertise : RoundPhase.Propose;
        if (phase > RoundPhase.Share && !record.Shared.ContainsKey(index)) return RoundPhase.Share;
        if (phase > RoundPhase.Input && !record.Survivors.ContainsKey(index)) return RoundPhase.Input;
        if (phase > RoundPhase.Unmask && a.Unmask is null) return a.Has(MessageKind.Agree) ? RoundPhase.Unmask : RoundPhase.Agree;
        return null;
    }
}
