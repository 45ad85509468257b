using System.Threading.RateLimiting;
using Grpc.Core;
using SecureAggregation.Aggregator.Log;
using SecureAggregation.Aggregator.Store;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using RosterMember = SecureAggregation.Protocol.RosterMember;

namespace SecureAggregation.Aggregator.Services;

/// <summary>Acts that members sign: what was done to the accounts of their dashboards.</summary>
internal sealed class MemberActs(ActRecorder recorder) : IDisposable
{
    // Each is an entry for ever. Accounts of a dashboard change a few times a month; a first start may bring many at once.
    private const int InAMinute = 120;

    private readonly PartitionedRateLimiter<string> _rate = PartitionedRateLimiter.Create<string, string>(
        signer => RateLimitPartition.GetFixedWindowLimiter(signer, _ => new FixedWindowRateLimiterOptions { PermitLimit = InAMinute, Window = TimeSpan.FromMinutes(1) }));

    /// <summary>Puts one into the log.</summary>
    /// <exception cref="RpcException">It breaks a rule, is somebody else's, or cannot be written.</exception>
    public async Task<RecordActReply> RecordAsync(Envelope? signed, RosterMember member)
    {
        if (signed is null) throw Failed(StatusCode.InvalidArgument, "The request holds no act.");
        using var lease = _rate.AttemptAcquire(member.Key.Fingerprint);
        if (!lease.IsAcquired) throw Failed(StatusCode.ResourceExhausted, $"{member.Name} has sent more than {InAMinute} acts in a minute; wait a minute.");
        try
        {
            var (entry, next) = await recorder.AppendAsync(signed, member.Key);
            return new RecordActReply { Entry = (ulong)entry, Next = next };
        }
        catch (TranscriptException e)
        {
            throw Failed(StatusCode.InvalidArgument, $"The act is not for the log: {e.Message}");
        }
        catch (StoreException e)
        {
            throw Failed(StatusCode.Unavailable, $"The station cannot write its transcript: {e.Message}");
        }
    }

    public void Dispose() => _rate.Dispose();

    private static RpcException Failed(StatusCode code, string sentence) => new(new Status(code, sentence));
}
