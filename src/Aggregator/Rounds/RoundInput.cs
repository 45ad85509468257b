using SecureAggregation.Aggregator.Parties;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Aggregator.Rounds;

/// <summary>What can happen to a round, in the order in which its driver takes it.</summary>
internal abstract record RoundInput
{
    /// <summary>A message came.</summary>
    public sealed record Message(PartySession From, Envelope Envelope) : RoundInput;

    /// <summary>The first part of a masked vector came; <see cref="Upload"/> completes with what takes it, or null when none is awaited.</summary>
    public sealed record VectorBegin(PartySession From) : RoundInput
    {
        public TaskCompletionSource<VectorUpload?> Upload { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }

    /// <summary>A vector is on disk, or was refused, or could not be written.</summary>
    public sealed record VectorEnd(PartySession From, VectorUpload Upload, VectorResult Result, Exception? Failure) : RoundInput;

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
