using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Internal;

/// <summary>Which message belongs to which phase.</summary>
internal static class Phases
{
    /// <summary>The phase in which a party sends a message of this kind; unspecified for what is not a party's.</summary>
    public static RoundPhase Of(MessageKind kind) => kind switch
    {
        MessageKind.Join or MessageKind.Decline => RoundPhase.Propose,
        MessageKind.Advertise => RoundPhase.Advertise,
        MessageKind.Share => RoundPhase.Share,
        MessageKind.Input => RoundPhase.Input,
        MessageKind.Agree => RoundPhase.Agree,
        MessageKind.Unmask => RoundPhase.Unmask,
        MessageKind.Recover => RoundPhase.Recover,
        _ => RoundPhase.Unspecified,
    };
}
