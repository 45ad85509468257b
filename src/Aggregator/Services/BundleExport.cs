using SecureAggregation.Aggregator.Log;
using SecureAggregation.Aggregator.Store;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Aggregator.Services;

/// <summary>Writes a round's evidence as a bundle.</summary>
internal sealed class BundleExport(StationLog log, RosterHistory rosters, ITranscriptStore store, IBlobStore blobs, Witnesses witnesses)
{
    /// <summary>Writes it; takes as long as the reader of the stream does.</summary>
    /// <param name="view">A round that has ended.</param>
    /// <param name="headSize">The size of the head that the reader remembers; 0 for none.</param>
    /// <param name="vectors">Whether masked vectors go with it.</param>
    /// <param name="stream">Where to.</param>
    /// <exception cref="StoreException">Something cannot be read.</exception>
    public void Write(RoundView view, ulong headSize, bool vectors, Stream stream)
    {
        var roundId = view.RoundId.ToByteArray();
        var roster = rosters.At((long)view.FirstEntry);
        var checkpoint = witnesses.Best((long)view.LastEntry, roster);
        var writer = new BundleWriter(stream);
        var remembered = At(headSize);
        writer.WriteHeader(roster, checkpoint, roundId, remembered, Between(remembered, checkpoint));
        foreach (var entry in store.ReadRound(roundId)) writer.WriteEntry(entry.Index, entry.Leaf, log.Tree.InclusionProof(entry.Index, checkpoint.Size));
        if (!vectors || view.State != RoundState.Done) return;
        foreach (var party in blobs.Parties(roundId))
        {
            using var vector = blobs.Open(roundId, party);
            writer.WriteVector(party, vector);
        }
    }

    /// <summary>The log as it was at a size; null for none, and for one that it has not reached: then there is nothing to prove, and the asker finds out.</summary>
    private LogPosition? At(ulong size) =>
        size is 0 || size > (ulong)log.Head.Size ? null : new LogPosition((long)size, log.Tree.Root((long)size));

    private byte[][] Between(LogPosition? remembered, Checkpoint checkpoint) =>
        remembered is null ? [] : log.Tree.ConsistencyProof(Math.Min(remembered.Size, checkpoint.Size), Math.Max(remembered.Size, checkpoint.Size));
}
