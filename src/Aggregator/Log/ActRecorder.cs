using Google.Protobuf;
using SecureAggregation.Aggregator.Store;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Aggregator.Log;

/// <summary>Puts administrative acts into the log. What is done counts when its entry is on disk.</summary>
internal sealed class ActRecorder(StationLog log, RosterHistory rosters, Func<IdentityKey> key, TimeProvider clock)
{
    /// <summary>Adds acts, in order, and returns when they are on disk.</summary>
    /// <exception cref="StoreException">They could not be written.</exception>
    /// <exception cref="TranscriptException">One breaks a rule of <see cref="StationAct"/>.</exception>
    public async Task AppendAsync(IEnumerable<Act> acts)
    {
        using var signer = key();
        NewLeaf[] leaves = [.. acts.Select(act => new NewLeaf([], StationAct.Create(rosters.Current, act, signer, clock.GetUtcNow()).ToByteArray()))];
        if (leaves.Length > 0) await log.Append(leaves);
    }
}
