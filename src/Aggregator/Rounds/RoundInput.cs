using SecureAggregation.Aggregator.Parties;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Aggregator.Rounds;

/// <summary>What can happen to a round, in the order in which its driver takes it.</summary>
internal abstract record RoundInput
{
    /// <summary>A message came.</summary>
    public sealed record Message(PartySession From, Envelope Envelope) : RoundInput;

    /// <summary>A part of a masked vector came.</summary>
    public sealed record Chunk(PartySession From, VectorChunk Part) : RoundInput;

    /// <summary>A party opened a stream and is to be told what it missed; <see cref="Told"/> completes when that is queued.</summary>
    public sealed record Arrival(PartySession Session) : RoundInput
    {
        public TaskCompletionSource Told { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>The round is to end without a total.</summary>
    public sealed record Cancellation(AbortReason Reason) : RoundInput;

    /// <summary>A deadline passed, or the transcript can be written again.</summary>
    public sealed record Wake : RoundInput;
}
