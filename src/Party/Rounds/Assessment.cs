using SecureAggregation.Party.Storage;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Party.Rounds;

/// <summary>
/// What this outpost would do with a question now, and why. Follows from the question, the roster, the policy, the state and the clock; never from
/// data. To make one spends nothing and records nothing.
/// </summary>
internal sealed record Assessment
{
    /// <summary><see cref="RefusalCode.Unspecified"/> if it would be answered.</summary>
    public RefusalCode Code { get; init; }

    /// <summary>For this outpost's operator: the rule. Empty if it would be answered.</summary>
    public string Why { get; init; } = "";

    /// <summary>What the question means here; null if policy or schema refuse it.</summary>
    public Plan? Plan { get; init; }

    /// <summary>Whether it was charged in an earlier attempt that ended before anything left.</summary>
    public bool IsPaid { get; init; }

    /// <summary>Millionths of ε that would be charged: 0 if it is refused, or was answered or paid for before.</summary>
    public long CostMicro => !IsPaid && Code is (RefusalCode.Unspecified or RefusalCode.PendingApproval) ? Plan!.Grant.CostMicro : 0;

    /// <summary>In how many parties' data one person may be; the cost is the question's ε times this.</summary>
    public int Overlap => Plan?.Grant.Rules.Overlap ?? 1;

    /// <summary>What is left under each cap before it is charged; null if policy or schema refuse the question.</summary>
    public CapsLeft? Left { get; init; }

    /// <summary>Persons who must agree, and who have.</summary>
    public int ApprovalsNeeded => Plan?.Grant.Approvals ?? 0;

    public int ApprovalsGiven { get; init; }

    /// <summary>With <see cref="RefusalCode.AlreadyAnswered"/> the round whose total is the answer.</summary>
    public byte[]? EarlierRound { get; init; }

    /// <summary>The plan of a question that is answered.</summary>
    /// <exception cref="RefusalException">It is not.</exception>
    public Plan Granted() => Code == RefusalCode.Unspecified ? Plan! : throw new RefusalException(Code, Why) { EarlierRound = EarlierRound };
}
