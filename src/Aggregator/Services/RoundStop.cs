using SecureAggregation.Aggregator.Log;
using SecureAggregation.Aggregator.Rounds;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Aggregator.Services;

/// <summary>Stops a running round, and says in the log who did.</summary>
internal sealed class RoundStop(RoundBook rounds, ActRecorder acts)
{
    /// <summary>Logs who stops it, stops it, and returns when it has ended.</summary>
    /// <exception cref="Grpc.Core.RpcException">There is no such round, or it has ended.</exception>
    /// <exception cref="Store.StoreException">The log cannot be written.</exception>
    public async Task StopAsync(ReadOnlyMemory<byte> roundId, string by, CancellationToken stop)
    {
        if (rounds.View(roundId).State == RoundState.Running)
            await acts.AppendAsync([new Act { Code = ActCode.RoundStopped, Subject = PublicBytes.Hex(roundId.Span), By = by }]);
        await rounds.Abort(roundId, stop);
    }
}
