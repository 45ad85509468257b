using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Tests.Harness;

/// <summary>What can go wrong with a party or its line.</summary>
public enum FaultKind
{
    /// <summary>It says nothing from its message of this kind on.</summary>
    Silent,

    /// <summary>It declines instead of joining.</summary>
    Declines,

    /// <summary>Its header comes, its vector does not.</summary>
    NoVector,

    /// <summary>Its vector comes after the deadline.</summary>
    LateVector,

    /// <summary>The first half of its vector comes.</summary>
    HalfVector,

    /// <summary>The broadcast of this kind gets lost with the stream; the party comes back and is told, and says everything again.</summary>
    LostStream,

    /// <summary>Its message of this kind comes twice.</summary>
    Twice,

    /// <summary>Before its message of this kind comes one with noise for a body.</summary>
    Garbage,
}

/// <summary>One fault of one party.</summary>
internal sealed record Fault(uint Party, FaultKind Kind, MessageKind At)
{
    private static readonly MessageKind[] s_said =
        [MessageKind.Join, MessageKind.Advertise, MessageKind.Share, MessageKind.Input, MessageKind.Agree, MessageKind.Unmask, MessageKind.Recover];

    private static readonly MessageKind[] s_heard =
        [MessageKind.Advertised, MessageKind.Shared, MessageKind.Survivors, MessageKind.Agreed, MessageKind.Recovery];

    public static IReadOnlyList<MessageKind> Said => s_said;

    public static IReadOnlyList<MessageKind> Heard => s_heard;
}
