using SecureAggregation.Aggregator.Store;

namespace SecureAggregation.Aggregator.Tests.Killed;

/// <summary>A store that kills its process at a write.</summary>
internal sealed class KillingStore(ITranscriptStore inner, KillOrder order) : ITranscriptStore
{
    public long Recovered => inner.Recovered;

    public void Append(IReadOnlyList<StoredEntry> entries, StoredHead head) =>
        order.Pass("entry", number => entries.Any(e => e.Index == number), () => inner.Append(entries, head));

    public StoredHead? Head() => inner.Head();

    public void Probe() => inner.Probe();

    public long Count() => inner.Count();

    public IEnumerable<StoredEntry> Read(long start, long limit) => inner.Read(start, limit);

    public IEnumerable<StoredEntry> ReadRound(byte[] roundId) => inner.ReadRound(roundId);

    public IReadOnlyList<byte[]> Rounds() => inner.Rounds();

    public void Cut(long size) => inner.Cut(size);

    public void SaveCheckpoint(StoredHead checkpoint) => order.Pass("checkpoint", () => inner.SaveCheckpoint(checkpoint));

    public void SaveCosignature(StoredCosignature cosignature) => order.Pass("cosignature", () => inner.SaveCosignature(cosignature));

    public IReadOnlyList<StoredHead> Checkpoints(long from, long to) => inner.Checkpoints(from, to);

    public IReadOnlyList<StoredCosignature> Cosignatures(long from, long to) => inner.Cosignatures(from, to);

    public void SaveView(byte[] roundId, byte[] view) => order.Pass("view", () => inner.SaveView(roundId, view));

    public byte[]? View(byte[] roundId) => inner.View(roundId);

    public void Dispose() => inner.Dispose();
}

/// <summary>The same for masked vectors: in the middle of one, and when one gets its name.</summary>
internal sealed class KillingBlobs(IBlobStore inner, KillOrder order) : IBlobStore
{
    public int Cut => inner.Cut;

    public IBlobWriter Create(byte[] roundId, uint party) => new Writer(inner.Create(roundId, party), order);

    public Stream Open(byte[] roundId, uint party) => inner.Open(roundId, party);

    public IReadOnlyList<byte[]> Rounds() => inner.Rounds();

    public IReadOnlyList<uint> Parties(byte[] roundId) => inner.Parties(roundId);

    public long Bytes(byte[] roundId) => inner.Bytes(roundId);

    public void KeepOnly(byte[] roundId, IReadOnlySet<uint> parties) => order.Pass("keep", () => inner.KeepOnly(roundId, parties));

    public void Delete(byte[] roundId) => inner.Delete(roundId);

    public void Dispose() => inner.Dispose();

    private sealed class Writer(IBlobWriter inner, KillOrder order) : IBlobWriter
    {
        public void Append(ReadOnlySpan<byte> data)
        {
            var bytes = data.ToArray();
            order.Pass("piece", () => inner.Append(bytes));
        }

        public Stream Written() => inner.Written();

        public async Task Commit()
        {
            Task? commit = null;
            order.Pass("commit", () => (commit = inner.Commit()).GetAwaiter().GetResult());
            await commit!;
        }

        public void Dispose() => inner.Dispose();
    }
}
