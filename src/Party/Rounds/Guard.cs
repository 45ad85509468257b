using SecureAggregation.Party.Config;
using SecureAggregation.Party.Storage;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Party.Rounds;

/// <summary>
/// The rules that look at more than the question: what was answered before, the clock, what is left of the budget, what persons have said, and who
/// has survived. The state and the clock decide, never data.
/// </summary>
internal sealed class Guard(Policy policy, Ledger ledger, PastReleases releases, Approvals approvals, IDataVersions versions, Protocol.Roster roster, TimeProvider clock)
{
    /// <summary>The published version of a dataset.</summary>
    public DataVersion VersionOf(string dataset) => versions.Of(dataset);

    /// <summary>What would be done with a plan now. Nothing is spent and nothing recorded.</summary>
    /// <param name="plan">What the question means here.</param>
    /// <param name="isPaid">Whether it has been charged and not been answered: a further attempt costs nothing.</param>
    /// <exception cref="StoreException">The state cannot be read.</exception>
    public Assessment Assess(Plan plan, bool isPaid = false)
    {
        var (query, coordinator) = (plan.Question.Query, plan.Question.Coordinator.Key.Fingerprint);
        var left = ledger.Left(plan.Dataset.Name, coordinator, query.Study, plan.Grant.Caps);
        var approval = plan.Grant.Approvals > 0 ? approvals.Find(plan.QueryHash) : null;
        var assessment = new Assessment { Plan = plan, IsPaid = isPaid, Left = left, ApprovalsGiven = approval?.Accepted ?? 0 };
        if (Answered(plan) is { } earlier)
            return assessment with { Code = RefusalCode.AlreadyAnswered, Why = earlier.Why, EarlierRound = earlier.Round };
        if (!isPaid && ledger.IsBehind) return No(assessment, RefusalCode.Budget, "the ledger lacks debits, because the state was put back from an old copy or lost (secagg-outpost ledger write-off)");
        var now = clock.GetUtcNow();
        if (policy.Hours is { } hours && !hours.Contains(now)) return No(assessment, RefusalCode.Hours, "it is outside of the hours (policy: hours)");
        if (policy.Rate is { } rate && ledger.QueriesSince(now - rate.Per, coordinator, plan.QueryHash) >= rate.Queries)
            return No(assessment, RefusalCode.Rate, $"this coordinator has asked {rate.Queries} queries in the period (policy: rate)");
        if (!isPaid && OverCap(left.Covers(plan.Grant.CostMicro), plan) is { } cap) return No(assessment, RefusalCode.Budget, cap);
        if (plan.Grant.Approvals == 0 || approval?.Accepted >= plan.Grant.Approvals && approval.Rejected == 0) return assessment;
        return approval?.Rejected > 0
            ? No(assessment, RefusalCode.NotApproved, "a person rejected it (secagg-outpost approvals)")
            : No(assessment, RefusalCode.PendingApproval, $"{plan.Grant.Approvals} must approve it, {assessment.ApprovalsGiven} have (policy: approval)");
    }

    /// <summary>Stores the question if a person must look at it first.</summary>
    /// <exception cref="StoreException">The state failed.</exception>
    public Assessment Admit(Assessment assessment)
    {
        if (assessment is not { Code: RefusalCode.PendingApproval, Plan: { } plan }) return assessment;
        var (question, hash) = (plan.Question, plan.QueryHash);
        var asked = new Approval
        {
            QueryHash = hash,
            Body = question.Signed.Body.ToByteArray(),
            Signature = question.Signed.Signature.ToByteArray(),
            Coordinator = question.Coordinator.Name,
            CostMicro = plan.Grant.CostMicro,
            Needed = plan.Grant.Approvals,
            NotAfterMs = DateTimeOffset.FromUnixTimeSeconds((long)question.Query.NotAfter).ToUnixTimeMilliseconds(),
        };
        return approvals.TryStore(asked)
            ? assessment
            : No(assessment, RefusalCode.Rate, $"{Approvals.MostWaiting} questions of this coordinator wait for a person already");
    }

    /// <summary>Pays for a plan, durably; when this returns, data may be touched.</summary>
    /// <exception cref="RefusalException">The budget does not suffice, or the round has paid before.</exception>
    /// <exception cref="StoreException">The ledger could not be written; nothing was paid.</exception>
    public void Debit(byte[] roundId, Plan plan)
    {
        var query = plan.Question.Query;
        var outcome = ledger.TryDebit(
            new Debit(
                plan.QueryHash, roundId, plan.Dataset.Name, plan.Question.Coordinator.Key.Fingerprint, plan.Grant.CostMicro, (int)query.Noise, query.Study,
                plan.Grant.Rules.Overlap),
            plan.Grant.Caps);
        if (outcome == DebitOutcome.RoundDebited) throw new RefusalException(RefusalCode.RoundSeen, "This round was paid for before.");
        if (OverCap(outcome, plan) is { } cap) throw new RefusalException(RefusalCode.Budget, cap);
    }

    /// <summary>
    /// Whether this outpost agrees to a survivor set: not if the total of an earlier round, over the same rows but for a few parties, could be
    /// subtracted. Between two without noise always, else where the policy says so: what one noised total hides, the difference hides too.
    /// </summary>
    /// <exception cref="StoreException">The state failed.</exception>
    public bool MayAgree(Plan plan, byte[] roundId, IReadOnlyList<uint> survivors)
    {
        var k = plan.Grant.Rules.DifferencingParties;
        return releases.TryAgree(
            plan.ReleaseOf(roundId, survivors),
            earlier => plan.Noise == QueryNoise.None && earlier == (int)QueryNoise.None ? Math.Max(k, Policy.ExactDifferencing) : k);
    }

    /// <summary>The total of a round was seen: from now on it is the answer to its question.</summary>
    /// <exception cref="StoreException">The state failed.</exception>
    public void MarkAnswered(byte[] roundId, byte[] total) => releases.MarkAnswered(roundId, total);

    /// <summary>The round that answers a plan already: on the same version of the data, or on one with too few new rows.</summary>
    private (byte[] Round, string Why)? Answered(Plan plan)
    {
        var survivors = Math.Max((int)plan.Question.Query.MinSurvivors, roster.MinSurvivors);
        if (releases.LastAnswer(Question.ContentOf(plan.Question.Query), survivors) is not { } last) return null;
        if (last.Version.Id == plan.Version.Id) return (last.RoundId, "the same was answered from this version of the data");
        var fresh = Math.Abs(plan.Version.Rows - last.Version.Rows);
        return fresh < plan.Grant.Rules.RefreshRows
            ? (last.RoundId, $"the same was answered, and the data has grown by {fresh} rows since, fewer than {plan.Grant.Rules.RefreshRows} (policy: refresh)")
            : null;
    }

    private static string? OverCap(DebitOutcome outcome, Plan plan) => outcome switch
    {
        DebitOutcome.OverTotal => $"ε {plan.Epsilon} is more than is left on '{plan.Dataset.Name}' (policy: epsilon_total)",
        DebitOutcome.OverCoordinator => $"ε {plan.Epsilon} is more than this coordinator has left on '{plan.Dataset.Name}' (policy: epsilon_per_coordinator)",
        DebitOutcome.OverStudy => $"ε {plan.Epsilon} is more than the study has left on '{plan.Dataset.Name}' (policy: epsilon_per_study, studies)",
        _ => null,
    };

    private static Assessment No(Assessment assessment, RefusalCode code, string why) => assessment with { Code = code, Why = why };
}
