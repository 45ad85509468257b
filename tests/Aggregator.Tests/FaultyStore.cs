using System.Collections.Concurrent;
using Google.Protobuf;
using SecureAggregation.Aggregator.Store;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Aggregator.Tests;

/// <summary>A store whose appends fail when told so: as a full disk, or as a power cut after which nothing is written any more.</summary>
internal sealed class FaultyStore(ITranscriptStore inner) : ITranscriptStore
{
    private int _appends;

    /// <summary>Whether appends fail now.</summary>
    public bool Full { get; set; }

    /// <summary>The append, counted from 1, at which the power goes; with it or just after it.</summary>
    public int CutAt { get; set; } = int.MaxValue;

    /// <summary>The broadcast with whose append the power goes.</summary>
    public MessageKind CutWith { get; set; }

    public bool CutAfterWriting { get; set; }

    public int Appends => Volatile.Read(ref _appends);

    public TaskCompletionSource Cut { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Append(IReadOnlyList<StoredEntry> entries, StoredHead head)
    {
        if (Full) throw new StoreException("database or disk is full");
        if (CutWith != MessageKind.Unspecified && entries.Any(e => Entry.Parser.ParseFrom(e.Leaf) is { Sender: 0 } said && said.Envelope.Kind == CutWith)) CutAt = Appends + 1;
        var number = Interlocked.Increment(ref _appends);
        if (number < CutAt || (number == CutAt && CutAfterWriting)) inner.Append(entries, head);
        if (number < CutAt) return;
        Cut.TrySetResult();
        throw new StoreException("the power is gone");
    }

    public StoredHead? Head() => inner.Head();

    public long Recovered => inner.Recovered;

    public void Probe() => inner.Probe();

    public long Count() => inner.Count();

    public IEnumerable<StoredEntry> Read(long start, long limit) => inner.Read(start, limit);

    /// <summary>The rounds whose entries were read.</summary>
    public ConcurrentBag<ByteString> Replayed { get; } = [];

    public IEnumerable<StoredEntry> ReadRound(byte[] roundId)
    {
        Replayed.Add(ByteString.CopyFrom(roundId));
        return inner.ReadRound(roundId);
    }

    public IReadOnlyList<byte[]> Rounds() => inner.Rounds();

    void ITranscriptStore.Cut(long size) => inner.Cut(size);

    public void SaveCheckpoint(StoredHead checkpoint)
    {
        if (Full) throw new StoreException("database or disk is full");
        inner.SaveCheckpoint(checkpoint);
    }

    public void SaveCosignature(StoredCosignature cosignature) => inner.SaveCosignature(cosignature);

    public IReadOnlyList<StoredHead> Checkpoints(long from, long to) => inner.Checkpoints(from, to);

    public IReadOnlyList<StoredCosignature> Cosignatures(long from, long to) => inner.Cosignatures(from, to);

    public void SaveView(byte[] roundId, byte[] view)
    {
        if (Cut.Task.IsCompleted) throw new StoreException("the power is gone");
        inner.SaveView(roundId, view);
    }

    public byte[]? View(byte[] roundId) => inner.View(roundId);

    public void Dispose() => inner.Dispose();
}
