using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Tests.Harness;

/// <summary>What a party's disk would hold. It outlives the rounds, as a disk outlives a process.</summary>
internal sealed class MemoryParty : IPartyMemory
{
    private readonly HashSet<string> _rounds = [];
    private readonly HashSet<string> _released = [];
    private readonly Dictionary<string, uint> _attempts = [];
    private readonly Dictionary<string, string> _signed = [];

    public LogPosition? LastHead { get; private set; }

    /// <summary>The calls that were made, in order.</summary>
    public List<string> Calls { get; } = [];

    public RefusalCode TryBeginRound(byte[] roundId, byte[] queryId, uint attemptsAllowed)
    {
        Calls.Add("begin");
        var (round, query) = (Convert.ToHexString(roundId), Convert.ToHexString(queryId));
        if (_rounds.Contains(round)) return RefusalCode.RoundSeen;
        if (_released.Contains(query)) return RefusalCode.AlreadyReleased;
        var used = _attempts.GetValueOrDefault(query);
        if (used >= attemptsAllowed) return RefusalCode.AttemptsUsed;
        _attempts[query] = used + 1;
        _rounds.Add(round);
        return RefusalCode.Unspecified;
    }

    public bool TrySignSurvivors(byte[] roundId, byte[] digest)
    {
        Calls.Add("sign");
        return _signed.TryAdd(Convert.ToHexString(roundId), Convert.ToHexString(digest));
    }

    public void MarkReleased(byte[] roundId, byte[] queryId)
    {
        Calls.Add("release");
        _released.Add(Convert.ToHexString(queryId));
    }

    public void StoreHead(LogPosition head) => LastHead = head;
}
