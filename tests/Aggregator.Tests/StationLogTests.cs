using System.Text;
using SecureAggregation.Aggregator.Log;
using SecureAggregation.Aggregator.Store;
using SecureAggregation.Crypto;
using SecureAggregation.Testing;

namespace SecureAggregation.Aggregator.Tests;

/// <summary>Appends whose answer is lost: nobody knows whether they were done until the head is read again.</summary>
public sealed class StationLogTests : IDisposable
{
    private static readonly TimeSpan s_retry = TimeSpan.FromSeconds(5);

    private readonly TempFolder _folder = new();
    private readonly ManualTimeProvider _clock = new(DateTimeOffset.UnixEpoch);

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(true, 1)]
    [InlineData(false, 1)]
    [InlineData(true, 3)]
    [InlineData(false, 3)]
    public async Task Append_whose_answer_was_lost_is_in_the_log_once(bool done, int away)
    {
        using var store = new LossyStore(new SqliteTranscriptStore(_folder.File("transcript.db")));
        await using var log = Open(store);
        var said = new List<bool>();
        log.OnStorage = failure => said.Add(failure is null);
        await log.Append([Leaf("a")]).Guard();
        (store.Appends, store.Heads, store.Done) = (1, away - 1, done);
        var appended = log.Append([Leaf("b"), Leaf("c")]);
        while (!appended.IsCompleted)
        {
            _clock.Advance(s_retry);
            await Task.Yield();
        }

        Assert.Equal(1, await appended);
        Assert.Equal(3, await log.Append([Leaf("d")]).Guard());
        Assert.Equal(["a", "b", "c", "d"], store.Read(0, 9).Select(e => Encoding.UTF8.GetString(e.Leaf)));
        Assert.Equal(MerkleTree.Root([.. store.Read(0, 9).Select(e => e.LeafHash)]), store.Head()!.Root);
        // Back at once, it was never away.
        Assert.Equal(away == 1 ? [] : [false, true], said);
        Assert.Null(log.Failure);
        Assert.Equal(away > 1, log.BackSince > DateTimeOffset.UnixEpoch);
    }

    [Fact]
    public async Task Database_that_comes_back_with_another_head_is_written_to_no_more()
    {
        using var store = new LossyStore(new SqliteTranscriptStore(_folder.File("transcript.db")));
        await using var log = Open(store);
        await log.Append([Leaf("a"), Leaf("b")]).Guard();
        store.Appends = 1;
        store.Other = new StoredHead(1, new byte[32], "older");
        var appended = log.Append([Leaf("c")]);
        while (!appended.IsCompleted)
        {
            _clock.Advance(s_retry);
            await Task.Yield();
        }

        var failure = await Assert.ThrowsAsync<StoreException>(() => appended);
        Assert.False(failure.IsLost);
        Assert.Contains("size 1 and root 0000", failure.Message, StringComparison.Ordinal);
        Assert.Contains("wrote size 2 and root", failure.Message, StringComparison.Ordinal);
        Assert.Equal(2, store.Count());
        Assert.Equal(2, log.Tree.Size);
    }

    [Fact]
    public async Task Station_that_stops_does_not_wait_for_its_database()
    {
        using var store = new LossyStore(new SqliteTranscriptStore(_folder.File("transcript.db"))) { Appends = int.MaxValue };
        var log = Open(store);
        var waiting = new TaskCompletionSource();
        log.OnStorage = _ => waiting.TrySetResult();
        var appended = log.Append([Leaf("a")]);
        await waiting.Task.Guard();
        log.StopWaiting();
        Assert.True((await Assert.ThrowsAsync<StoreException>(() => appended)).IsLost);
        await log.DisposeAsync().AsTask().Guard();
        Assert.Equal(0, store.Count());
    }

    private StationLog Open(ITranscriptStore store) => new(store, new LogTree(), new StoredHead(0, MerkleTree.Root([]), ""), (size, _) => $"note {size}", s_retry, _clock);

    private static NewLeaf Leaf(string text) => new([1], Encoding.UTF8.GetBytes(text));

    /// <summary>A store whose connection breaks: the next appends are done or not, and nobody is told; then heads cannot be read for a while.</summary>
    private sealed class LossyStore(ITranscriptStore inner) : ITranscriptStore
    {
        public int Appends { get; set; }

        public int Heads { get; set; }

        public bool Done { get; set; }

        public StoredHead? Other { get; set; }

        public void Append(IReadOnlyList<StoredEntry> entries, StoredHead head)
        {
            if (Appends == 0 || Done) inner.Append(entries, head);
            if (Appends == 0) return;
            Appends--;
            throw new StoreException("the connection broke") { IsLost = true };
        }

        public StoredHead? Head()
        {
            if (Heads == 0) return Other ?? inner.Head();
            Heads--;
            throw new StoreException("no connection") { IsLost = true };
        }

        public long Recovered => inner.Recovered;

        public void Probe() => inner.Probe();

        public long Count() => inner.Count();

        public IEnumerable<StoredEntry> Read(long start, long limit) => inner.Read(start, limit);

        public IEnumerable<StoredEntry> ReadRound(byte[] roundId) => inner.ReadRound(roundId);

        public IReadOnlyList<byte[]> Rounds() => inner.Rounds();

        public void Cut(long size) => inner.Cut(size);

        public void SaveCheckpoint(StoredHead checkpoint) => inner.SaveCheckpoint(checkpoint);

        public void SaveCosignature(StoredCosignature cosignature) => inner.SaveCosignature(cosignature);

        public IReadOnlyList<StoredHead> Checkpoints(long from, long to) => inner.Checkpoints(from, to);

        public IReadOnlyList<StoredCosignature> Cosignatures(long from, long to) => inner.Cosignatures(from, to);

        public void SaveView(byte[] roundId, byte[] view) => inner.SaveView(roundId, view);

        public byte[]? View(byte[] roundId) => inner.View(roundId);

        public void Dispose() => inner.Dispose();
    }
}
