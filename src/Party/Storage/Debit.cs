namespace SecureAggregation.Party.Storage;

/// <summary>One release to be paid for.</summary>
/// <param name="QueryHash">Hash of the signed query, 32 bytes.</param>
/// <param name="RoundId">The round that pays, 16 bytes; it pays once.</param>
/// <param name="Dataset">The dataset.</param>
/// <param name="Coordinator">Fingerprint of the asking key.</param>
/// <param name="CostMicro">Millionths of ε, times the overlap; at least 1.</param>
/// <param name="Noise">The query's noise mode.</param>
/// <param name="Study">The study that it is asked for; empty if none.</param>
/// <param name="Overlap">In how many parties' data one person may be.</param>
internal sealed record Debit(
    byte[] QueryHash, byte[] RoundId, string Dataset, string Coordinator, long CostMicro, int Noise, string Study = "", int Overlap = 1);

/// <summary>What may be spent on a dataset, in millionths of ε: in all, by one coordinator and for one study.</summary>
internal sealed record BudgetCaps(long TotalMicro, long? CoordinatorMicro = null, long? StudyMicro = null);

/// <summary>What is left of <see cref="BudgetCaps"/>, in millionths of ε, never below 0; null where there is no cap.</summary>
internal sealed record CapsLeft(long TotalMicro, long? CoordinatorMicro, long? StudyMicro)
{
    /// <summary>Whether a cost fits, or the cap that it does not fit under.</summary>
    public DebitOutcome Covers(long costMicro) =>
        costMicro > TotalMicro ? DebitOutcome.OverTotal
        : costMicro > CoordinatorMicro ? DebitOutcome.OverCoordinator
        : costMicro > StudyMicro ? DebitOutcome.OverStudy
        : DebitOutcome.Debited;
}

internal enum DebitOutcome
{
    /// <summary>It is paid for; of a cost that is only looked at: it could be.</summary>
    Debited,

    /// <summary>This round has paid before.</summary>
    RoundDebited,
    OverTotal,
    OverCoordinator,
    OverStudy,
}
