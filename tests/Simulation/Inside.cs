using System.Runtime.CompilerServices;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Internal;

namespace SecureAggregation.Simulation;

/// <summary>The two things inside of the state machines that an adversary could work out for itself from what it sent and received.</summary>
internal static class Inside
{
    /// <summary>What a party's round is bound to.</summary>
    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_record")]
    public static extern ref RoundRecord Record(PartyRound round);

    /// <summary>Neighbours whose pair with this party is disputed.</summary>
    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_disputed")]
    public static extern ref HashSet<uint> Disputed(PartyRound round);

    /// <summary>What a station's round is bound to.</summary>
    [UnsafeAccessor(UnsafeAccessorKind.Field, Name = "_record")]
    public static extern ref RoundRecord? Record(AggregatorRound round);
}
