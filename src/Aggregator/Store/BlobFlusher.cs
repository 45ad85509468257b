using System.Collections.Concurrent;

namespace SecureAggregation.Aggregator.Store;

/// <summary>
/// Brings written files to disk on threads of its own: a flush blocks its thread for milliseconds, and a thousand of them must neither stand in line behind
/// each other nor take the threads that serve the network. Files that wait together are flushed and named each for itself, their folder once for all.
/// </summary>
internal sealed class BlobFlusher : IDisposable
{
    private const int Threads = 4;
    private const int Batch = 16;

    private readonly BlockingCollection<(FileBlobWriter Writer, TaskCompletionSource Done)> _waiting = [];
    private readonly List<Thread> _threads = [];

    public BlobFlusher()
    {
        for (var i = 0; i < Threads; i++)
        {
            var thread = new Thread(Work) { IsBackground = true, Name = "secagg-vectors" };
            thread.Start();
            _threads.Add(thread);
        }
    }

    /// <summary>Completes when the file is on disk under its name.</summary>
    public Task Flush(FileBlobWriter writer)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting.Add((writer, done));
        return done.Task;
    }

    public void Dispose()
    {
        _waiting.CompleteAdding();
        _threads.ForEach(thread => thread.Join());
        _waiting.Dispose();
    }

    private void Work()
    {
        foreach (var first in _waiting.GetConsumingEnumerable())
        {
            var batch = new List<(FileBlobWriter Writer, TaskCompletionSource Done)> { first };
            while (batch.Count < Batch && _waiting.TryTake(out var next)) batch.Add(next);
            var named = batch.Where(b => Try(b.Writer.FlushAndName, b.Done)).ToList();
            foreach (var folder in named.GroupBy(b => b.Writer.Folder, StringComparer.Ordinal))
            {
                var flushed = new TaskCompletionSource();
                var works = Try(() => DiskSync.FlushFolder(folder.Key), flushed);
                foreach (var (_, done) in folder)
                {
                    if (works) done.SetResult();
                    else done.SetException(flushed.Task.Exception!.InnerExceptions);
                }
            }
        }
    }

    private static bool Try(Action action, TaskCompletionSource done)
    {
        try
        {
            action();
            return true;
        }
        catch (Exception e)
        {
            done.SetException(e);
            return false;
        }
    }
}
