using System.Threading.Channels;
using SecureAggregation.Aggregator.Store;
using SecureAggregation.Crypto;

namespace SecureAggregation.Aggregator.Log;

/// <summary>A leaf that is to be added.</summary>
internal readonly record struct NewLeaf(byte[] RoundId, byte[] Bytes);

/// <summary>
/// The one log of all rounds. Entries of all rounds that wait at the same moment go to disk together, with one signed head over them
/// (group commit); an append returns when its entries are on disk, or throws and nothing of it is in the log.
/// </summary>
internal sealed class StationLog : IAsyncDisposable
{
    private const int EntriesPerCommit = 4096;

    private readonly ITranscriptStore _store;
    private readonly Func<long, byte[], string> _sign;
    private readonly Channel<Request> _requests = Channel.CreateUnbounded<Request>(new UnboundedChannelOptions { SingleReader = true });
    private readonly Task _writing;
    private volatile StoredHead _head;
    private volatile StoreException? _failure;

    /// <summary>Continues a log that <see cref="LogOpening"/> has checked.</summary>
    /// <param name="store">Where it is kept.</param>
    /// <param name="tree">The tree of what the store holds.</param>
    /// <param name="head">The head over it.</param>
    /// <param name="sign">Makes the signed note for a size and a root.</param>
    public StationLog(ITranscriptStore store, LogTree tree, StoredHead head, Func<long, byte[], string> sign)
    {
        (_store, Tree, _head, _sign) = (store, tree, head, sign);
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

    /// <summary>Why the last append failed; null while the log can be written.</summary>
    public StoreException? Failure => _failure;

    /// <summary>Adds leaves and returns the index of the first when all are on disk.</summary>
    /// <exception cref="StoreException">They could not be written.</exception>
    public Task<long> Append(IReadOnlyList<NewLeaf> leaves)
    {
        var request = new Request(leaves, new TaskCompletionSource<long>(TaskCreationOptions.RunContinuationsAsynchronously));
        return _requests.Writer.TryWrite(request) ? request.Done.Task : Task.FromException<long>(new StoreException("The station is stopping."));
    }

    public async ValueTask DisposeAsync()
    {
        _requests.Writer.TryComplete();
        await _writing;
    }

    private async Task Write()
    {
        while (await _requests.Reader.WaitToReadAsync())
        {
            var batch = new List<Request>();
            for (var entries = 0; entries < EntriesPerCommit && _requests.Reader.TryRead(out var request); entries += request.Leaves.Count)
                batch.Add(request);
            Commit(batch);
        }
    }

    private void Commit(List<Request> batch)
    {
        var before = Tree.Size;
        var entries = new List<StoredEntry>();
        try
        {
            foreach (var leaf in batch.SelectMany(request => request.Leaves))
            {
                var entry = new StoredEntry(before + entries.Count, leaf.RoundId, leaf.Bytes, MerkleTree.LeafHash(leaf.Bytes));
                entries.Add(entry);
                Tree.Append(entry.LeafHash);
            }

            var root = Tree.Root(Tree.Size);
            var head = new StoredHead(Tree.Size, root, _sign(Tree.Size, root));
            _store.Append(entries, head);
            _head = head;
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

    private void Report(StoreException? failure)
    {
        var changed = failure is null != _failure is null;
        _failure = failure;
        if (changed) OnStorage(failure);
    }

    private sealed record Request(IReadOnlyList<NewLeaf> Leaves, TaskCompletionSource<long> Done);
}
