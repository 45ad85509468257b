using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Simulation;

/// <summary>The process of an outpost ends inside of a write.</summary>
internal sealed class OutpostDiedException : Exception;

/// <summary>
/// The disk of an outpost: what the protocol must remember, the ledger, and the survivor sets that it agreed to. Each write is on it, whole, when the call
/// returns, or, when the outpost dies in it, wholly or not at all.
/// </summary>
internal sealed class OutpostDisk(bool forgetful) : IPartyMemory
{
    private readonly Dictionary<string, Row> _rounds = [];
    private readonly List<(string Query, ulong Micro)> _debits = [];
    private readonly List<(string Question, HashSet<uint> Survivors)> _exact = [];

    /// <summary>At the next write the outpost dies, just after (true) or just before (false) it is on the disk.</summary>
    public bool? DiesWritten { get; set; }

    public LogPosition? LastHead { get; private set; }

    public bool HasSeen(string round) => _rounds.ContainsKey(round);

    /// <summary>What was paid for answers to a query, each debit in millionths of ε.</summary>
    public IReadOnlyList<ulong> Debits(string query) => [.. _debits.Where(d => d.Query == query).Select(d => d.Micro)];

    public RefusalCode MayBegin(string round, string query, uint attemptsAllowed)
    {
        if (HasSeen(round)) return RefusalCode.RoundSeen;
        var rows = _rounds.Values.Where(r => r.Query == query).ToList();
        if (rows.Exists(r => r.Released)) return RefusalCode.AlreadyReleased;
        return rows.Count >= attemptsAllowed ? RefusalCode.AttemptsUsed : RefusalCode.Unspecified;
    }

    public void Debit(string query, ulong micro) => Write(() => _debits.Add((query, micro)));

    /// <summary>The differencing guard: two exact totals over the same rows whose survivors differ by one party would give that party's rows away.</summary>
    public bool MayAgree(string question, QueryNoise noise, IReadOnlyList<uint> survivors)
    {
        if (noise != QueryNoise.None) return true;
        var set = survivors.ToHashSet();
        if (_exact.Exists(e => e.Question == question && Difference(e.Survivors, set) == 1)) return false;
        Write(() => _exact.Add((question, set)));
        return true;
    }

    public RefusalCode TryBeginRound(byte[] roundId, byte[] queryId, uint attemptsAllowed)
    {
        var (round, query) = (Convert.ToHexString(roundId), Convert.ToHexString(queryId));
        var code = MayBegin(round, query, attemptsAllowed);
        if (code == RefusalCode.Unspecified) Write(() => _rounds.Add(round, new Row(query)));
        return code;
    }

    public bool TrySignSurvivors(byte[] roundId, byte[] digest)
    {
        var row = _rounds.GetValueOrDefault(Convert.ToHexString(roundId));
        if (row is null || row.Signed) return false;
        Write(() => row.Signed = true);
        return true;
    }

    public void MarkReleased(byte[] roundId, byte[] queryId) => Write(() => _rounds[Convert.ToHexString(roundId)].Released = true);

    public void StoreHead(LogPosition head) => Write(() => LastHead = head);

    /// <summary>The outpost starts again.</summary>
    public void Restart()
    {
        DiesWritten = null;
        if (!forgetful) return;
        _rounds.Clear();
        _exact.Clear();
    }

    public static int Difference(HashSet<uint> one, HashSet<uint> other) => one.Count(p => !other.Contains(p)) + other.Count(p => !one.Contains(p));

    private void Write(Action write)
    {
        if (DiesWritten is not { } written)
        {
            write();
            return;
        }

        DiesWritten = null;
        if (written) write();
        throw new OutpostDiedException();
    }

    private sealed record Row(string Query)
    {
        public bool Signed { get; set; }

        public bool Released { get; set; }
    }
}
