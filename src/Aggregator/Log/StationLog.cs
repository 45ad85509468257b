using System.Threading.Channels;
using SecureAggregation.Aggregator.Store;
using SecureAggregation.Crypto;

namespace SecureAggregation.Aggregator.Log;

/// <summary>A leaf that is to be added.</summary>
internal readonly record struct NewLeaf(byte[] RoundId, byte[] Bytes);

/// <summary>
/// The one log of all rounds. Entries of all rounds that wait at the same moment go to disk together, with one signed head over them
/// (group commit); an append returns when its entries are on disk, or throws and nothing of it is in the log. While a database is away appends wait: when
/// it is back, its head says whether what was under way is in.
/// </summary>
internal sealed class StationLog : IAsyncDisposable
{
    private const int EntriesPerCommit = 4096;

    private readonly ITranscriptStore _store;
    private readonly TimeSpan _retry;
    private readonly TimeProvider _clock;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Channel<Request> _requests = Channel.CreateUnbounded<Request>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Task _writing;
    // Of the writing task alone.
    private Func<long, byte[], string> _sign;
    private volatile StoredHead _head;
    private volatile StoreException? _failure;
    private long _backTicks;

    /// <summary>Continues a log that <see cref="LogOpening"/> has checked.</summary>
    /// <param name="store">Where it is kept.</param>
    /// <param name="tree">The tree of what the store holds.</param>
    /// <param name="head">The head over it.</param>
    /// <param name="sign">Makes the signed note for a size and a root.</param>
    /// <param name="retry">How often a database that is away is asked again.</param>
    /// <param name="clock">The time.</param>
    public StationLog(ITranscriptStore store, LogTree tree, StoredHead head, Func<long, byte[], string> sign, TimeSpan retry, TimeProvider clock)
    {
        (_store, Tree, _head, _sign, _retry, _clock) = (store, tree, head, sign, retry, clock);
        _writing = Task.Run(Write);
    }

    /// <summary>Called with each new head, after it is on disk, by the writing task.</summary>
    public Action<StoredHead> OnHead { get; set; } = _ => { };

    /// <summary>Called when an append fails (with the failure) and when one succeeds again (with null), by the writing task.</summary>
    public Action<StoreException?> OnStorage { get; set; } = _ => { };

    /// <summary>Proofs over what is on disk.</summary>
    public LogTree Tree { get; }

    /// <summary>The newest head on disk.</summary>
    public StoredHead Head => _head;

    /// <summary>Why the last append failed, or why appends wait; null while the log can be written.</summary>
    public StoreException? Failure => _failure;

    /// <summary>When a database that had been away was last there again.</summary>
    public DateTimeOffset BackSince => new(Interlocked.Read(ref _backTicks), TimeSpan.Zero);

    /// <summary>Adds leaves and returns the index of the first when all are on disk.</summary>
    /// <param name="leaves">The leaves.</param>
    /// <param name="sign">Signs the head over them and all heads that follow; null: who signed the last one.</param>
    /// <exception cref="StoreException">They could not be written.</exception>
    public Task<long> Append(IReadOnlyList<NewLeaf> leaves, Func<long, byte[], string>? sign = null)
    {
        var request = new Request(leaves, sign, new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously));
        return _requests.Writer.TryWrite(request) ? request.Done.Task : Task.FromException<long>(new StoreException("The station is stopping."));
    }

    /// <summary>Gives up appends that wait for a database: the station stops, and what is not in the log is not.</summary>
    public void StopWaiting() => _stopping.Cancel();

    public async ValueTask DisposeAsync()
    {
        _requests.Writer.TryComplete();
        await _stopping.CancelAsync();
        await _writing;
        _stopping.Dispose();
    }

    private async Task Write()
    {
        while (await _requests.Reader.WaitToReadAsync())
        {
            var batch = new List<Request>();
            for (var entries = 0; entries < EntriesPerCommit && _requests.Reader.TryRead(out var request); entries += request.Leaves.Count)
                batch.Add(request);
            await Commit(batch);
        }
    }

    private async Task Commit(List<Request> batch)
    {
        var before = Tree.Size;
        var entries = new List<StoredEntry>();
        var sign = batch.FindLast(request => request.Sign is not null)?.Sign ?? _sign;
        try
        {
            foreach (var leaf in batch.SelectMany(request => request.Leaves))
            {
                var entry = new StoredEntry(before + entries.Count, leaf.RoundId, leaf.Bytes, MerkleTree.LeafHash(leaf.Bytes));
                entries.Add(entry);
                Tree.Append(entry.LeafHash);
            }

            var root = Tree.Root(Tree.Size);
            var head = new StoredHead(Tree.Size, root, sign(Tree.Size, root));
            await Write(entries, head);
            (_head, _sign) = (head, sign);
        }
        catch (Exception e)
        {
            Tree.Truncate(before);
            var failure = e as StoreException ?? new StoreException(e.Message, e);
            Report(failure);
            foreach (var request in batch) request.Done.SetException(failure);
            return;
        }

        Report(null);
        OnHead(_head);
        var next = before;
        foreach (var request in batch)
        {
            request.Done.SetResult(next);
            next += request.Leaves.Count;
        }
    }

    private async Task Write(List<StoredEntry> entries, StoredHead head)
    {
        for (var attempt = 0; ; attempt++)
        {
            try
            {
                if (attempt == 0 || !IsWritten(head)) _store.Append(entries, head);
                if (_failure is { IsLost: true }) Interlocked.Exchange(ref _backTicks, _clock.GetUtcNow().UtcTicks);
                return;
            }
            catch (StoreException e) when (e.IsLost && !_stopping.IsCancellationRequested)
            {
                // A server that was started again since the last append is there at once.
                if (attempt == 0) continue;
                Report(e);
                await Task.Delay(_retry, _clock, _stopping.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    /// <summary>Whether an append of which no answer came was done all the same: the head in the store is then its own, else the one before.</summary>
    private bool IsWritten(StoredHead head)
    {
        var (stored, before) = (_store.Head(), _head);
        if (stored is not null && stored.Size == head.Size && PublicBytes.Equal(stored.Root, head.Root)) return true;
        if (stored is null ? before.Size == 0 : stored.Size == before.Size && PublicBytes.Equal(stored.Root, before.Root)) return false;
        throw new StoreException(
            $"The database came back with a log of size {stored?.Size ?? 0} and root {PublicBytes.Hex(stored?.Root ?? [])}; this station wrote size {before.Size} and root {PublicBytes.Hex(before.Root)} "
            + "last. It was restored from an older copy, or something else writes to it: stop the station, and start it on the right database.");
    }

    private void Report(StoreException? failure)
    {
        var changed = failure is null != _failure is null || failure?.IsLost != _failure?.IsLost;
        _failure = failure;
        if (changed) OnStorage(failure);
    }

    private sealed record Request(IReadOnlyList<NewLeaf> Leaves, Func<long, byte[], string>? Sign, TaskCompletionSource<long> Done);
}
