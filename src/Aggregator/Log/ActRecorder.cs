using Google.Protobuf;
using SecureAggregation.Aggregator.Security;
using SecureAggregation.Aggregator.Store;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using Roster = SecureAggregation.Protocol.Roster;

namespace SecureAggregation.Aggregator.Log;

/// <summary>An administrative act in the log.</summary>
internal sealed record LoggedAct(long Index, ulong TimeMs, Act Act);

/// <summary>Puts administrative acts, and rosters, into the log, and knows the acts that are in it. What is done counts when its entry is on disk.</summary>
internal sealed class ActRecorder(StationLog log, RosterHistory rosters, IReadOnlyList<LoggedAct> before, StationKeys keys, TimeProvider clock) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly List<LoggedAct> _acts = [.. before];

    // An act is of the roster at its place in the log: none may come in between the next roster's entry and its being in force.
    private readonly SemaphoreSlim _one = new(1);

    /// <summary>Every act of the log, oldest first.</summary>
    public IReadOnlyList<LoggedAct> All
    {
        get
        {
            lock (_gate) return [.. _acts];
        }
    }

    /// <summary>Adds acts, in order, and returns when they are on disk.</summary>
    /// <exception cref="StoreException">They could not be written.</exception>
    /// <exception cref="TranscriptException">One breaks a rule of <see cref="StationAct"/>.</exception>
    public async Task AppendAsync(IReadOnlyList<Act> acts)
    {
        if (acts.Count == 0) return;
        await _one.WaitAsync();
        try
        {
            var now = clock.GetUtcNow();
            NewLeaf[] leaves;
            using (var signer = keys.New()) leaves = [.. acts.Select(act => new NewLeaf([], StationAct.Create(rosters.Current, act, signer, now).ToByteArray()))];
            var first = await log.Append(leaves);
            lock (_gate) _acts.AddRange(acts.Select((act, i) => new LoggedAct(first + i, (ulong)now.ToUnixTimeMilliseconds(), act)));
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Adds the next roster and puts it in force, and with it the key that it gives the station; the index of its entry.</summary>
    /// <param name="next">A roster whose key of the station is at hand.</param>
    /// <param name="signer">That key; null if it is the one in force.</param>
    /// <exception cref="StoreException">It could not be written; the one before stays in force.</exception>
    public async Task<long> AppendAsync(Roster next, IdentityKey? signer)
    {
        await _one.WaitAsync();
        try
        {
            var index = await log.Append([new NewLeaf([], LogOpening.EntryOf(next, clock.GetUtcNow()).ToByteArray())], signer is null ? null : LogOpening.HeadsBy(signer, next.LogOrigin));
            if (signer is not null) keys.Use(next.Aggregator);
            rosters.Replace(index, next);
            return index;
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();
}
