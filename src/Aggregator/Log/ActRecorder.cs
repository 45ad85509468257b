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

/// <summary>Puts administrative acts, its own and those that members have signed, and rosters into the log, and knows the acts that are in it. What is done counts when its entry is on disk.</summary>
internal sealed class ActRecorder(StationLog log, RosterHistory rosters, IReadOnlyList<LoggedAct> before, StationKeys keys, TimeProvider clock) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly List<LoggedAct> _acts = [.. before];
    private readonly ActOrder _order = Ordered(before);

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
    /// <exception cref="TranscriptException">One breaks a rule of <see cref="ActEntry"/>.</exception>
    public async Task AppendAsync(IReadOnlyList<Act> acts)
    {
        if (acts.Count == 0) return;
        await _one.WaitAsync();
        try
        {
            var now = clock.GetUtcNow();
            NewLeaf[] leaves;
            using (var signer = keys.New()) leaves = [.. acts.Select(act => new NewLeaf([], ActEntry.Create(rosters.Current, act, signer, now).ToByteArray()))];
            var first = await log.Append(leaves);
            lock (_gate) _acts.AddRange(acts.Select((act, i) => new LoggedAct(first + i, (ulong)now.ToUnixTimeMilliseconds(), act)));
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Adds what a member has signed, if it is the member's next; what is in the log already is not added again.</summary>
    /// <returns>The index of its entry, or 0 (which is a roster's) if another is next; and the number of the member's next act.</returns>
    /// <exception cref="StoreException">It could not be written.</exception>
    /// <exception cref="TranscriptException">It is not for the log.</exception>
    public async Task<(long Entry, ulong Next)> AppendAsync(Envelope signed, IdentityPublicKey member)
    {
        await _one.WaitAsync();
        try
        {
            var act = ActEntry.Open(rosters.Current, signed);
            var signer = act.Signer.ToByteArray();
            if (!PublicBytes.Equal(signer, member.Point)) throw new TranscriptException("it is signed by another key than the caller's.");
            var next = _order.Next(signer);
            if (act.Number != next) return (All.FirstOrDefault(a => a.Act.Equals(act))?.Index ?? 0, next);
            var now = clock.GetUtcNow();
            var index = await log.Append([new NewLeaf([], ActEntry.Of(signed, now).ToByteArray())]);
            _order.Take(act);
            lock (_gate) _acts.Add(new LoggedAct(index, (ulong)now.ToUnixTimeMilliseconds(), act));
            return (index, _order.Next(signer));
        }
        finally
        {
            _one.Release();
        }
    }

    /// <summary>Adds the next roster, after an act that says who brought it, and puts it in force, and with it the key that it gives the station; the index of its entry.</summary>
    /// <param name="next">A roster whose key of the station is at hand.</param>
    /// <param name="successor">That key; null if it is the one in force.</param>
    /// <param name="brought">Who brought it.</param>
    /// <exception cref="StoreException">They could not be written; the one before stays in force.</exception>
    public async Task<long> AppendAsync(Roster next, IdentityKey? successor, Act brought)
    {
        await _one.WaitAsync();
        try
        {
            var now = clock.GetUtcNow();
            NewLeaf act;
            using (var signer = keys.New()) act = new NewLeaf([], ActEntry.Create(rosters.Current, brought, signer, now).ToByteArray());
            var index = await log.Append([act, new NewLeaf([], LogOpening.EntryOf(next, now).ToByteArray())], successor is null ? null : LogOpening.HeadsBy(successor, next.LogOrigin));
            lock (_gate) _acts.Add(new LoggedAct(index, (ulong)now.ToUnixTimeMilliseconds(), brought));
            if (successor is not null) keys.Use(next.Aggregator);
            rosters.Replace(index + 1, next);
            return index + 1;
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();

    private static ActOrder Ordered(IReadOnlyList<LoggedAct> acts)
    {
        var order = new ActOrder();
        foreach (var logged in acts) order.Take(logged.Act);
        return order;
    }
}
