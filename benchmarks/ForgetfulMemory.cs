using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Benchmarks;

/// <summary>A party whose disk costs nothing: what an outpost writes there a round does not grow with the round.</summary>
internal sealed class ForgetfulMemory : IPartyMemory
{
    public LogPosition? LastHead => null;

    public RefusalCode TryBeginRound(byte[] roundId, byte[] queryId, uint attemptsAllowed) => RefusalCode.Unspecified;

    public bool TrySignSurvivors(byte[] roundId, byte[] digest) => true;

    public void MarkReleased(byte[] roundId, byte[] queryId)
    {
    }

    public void StoreHead(LogPosition head)
    {
    }
}
