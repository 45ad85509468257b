using System.Collections.Concurrent;
using System.Diagnostics;
using Google.Protobuf;

namespace SecureAggregation.Benchmarks;

/// <summary>How far the parties of a round are.</summary>
internal sealed class NetworkProgress(int parties)
{
    private readonly TaskCompletionSource _failed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Their streams stand.</summary>
    public Milestone Connected { get; } = new(parties);

    /// <summary>Their masked vectors are ready; the upload begins when all are.</summary>
    public Milestone Masked { get; } = new(parties);

    /// <summary>They heard the survivor set: every vector is checked and on the station's disk.</summary>
    public Milestone Stored { get; } = new(parties);

    /// <summary>They have the total.</summary>
    public Milestone Done { get; } = new(parties);

    /// <summary>The total as the first party got it.</summary>
    public ByteString? Total { get; private set; }

    public void Finish(int party, ByteString total)
    {
        if (party == 0) Total = total;
        Done.Reach(party);
    }

    /// <summary>What goes wrong with one party ends the run.</summary>
    public void Fail(string reason) => _failed.TrySetException(new InvalidOperationException(reason));

    /// <summary>Waits for a milestone, or for the first thing that goes wrong.</summary>
    public async Task Until(Task reached) => await await Task.WhenAny(reached, _failed.Task);
}

/// <summary>A point that every party passes once.</summary>
internal sealed class Milestone(int parties)
{
    private readonly ConcurrentDictionary<int, byte> _there = new();
    private readonly TaskCompletionSource _first = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _all = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _firstAt;
    private long _lastAt;

    public Task All => _all.Task;

    public Task First => _first.Task;

    /// <summary>When the first party was there, in ticks of the stopwatch.</summary>
    public long FirstAt => _firstAt;

    /// <summary>When the last one was.</summary>
    public long LastAt => _lastAt;

    public void Reach(int party)
    {
        var now = Stopwatch.GetTimestamp();
        if (!_there.TryAdd(party, 0)) return;
        Interlocked.CompareExchange(ref _firstAt, now, 0);
        _first.TrySetResult();
        if (_there.Count != parties || _all.Task.IsCompleted) return;
        Volatile.Write(ref _lastAt, now);
        _all.TrySetResult();
    }
}
