using Google.Protobuf;
using SecureAggregation.Aggregator.Store;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Aggregator.Log;

/// <summary>An administrative act in the log.</summary>
internal sealed record LoggedAct(long Index, ulong TimeMs, Act Act);

/// <summary>Puts administrative acts into the log, and knows those that are in it. What is done counts when its entry is on disk.</summary>
internal sealed class ActRecorder(StationLog log, RosterHistory rosters, IReadOnlyList<LoggedAct> before, Func<IdentityKey> key, TimeProvider clock)
{
    private readonly Lock _gate = new();
    private readonly List<LoggedAct> _acts = [.. before];

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
        var now = clock.GetUtcNow();
        NewLeaf[] leaves;
        using (var signer = key()) leaves = [.. acts.Select(act => new NewLeaf([], StationAct.Create(rosters.Current, act, signer, now).ToByteArray()))];
        var first = await log.Append(leaves);
        lock (_gate) _acts.AddRange(acts.Select((act, i) => new LoggedAct(first + i, (ulong)now.ToUnixTimeMilliseconds(), act)));
    }
}
