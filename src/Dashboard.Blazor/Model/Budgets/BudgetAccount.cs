using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Dashboard.Blazor.Model.Budgets;

/// <summary>One account of an outpost's ledger: a dataset, or within it a coordinator or a study.</summary>
/// <param name="Outpost">Whose.</param>
/// <param name="Name">Its name.</param>
/// <param name="Dataset">Of which data.</param>
/// <param name="Scope">For what within them.</param>
/// <param name="Subject">Whom or which study; a fingerprint is replaced by the coordinator's name where the roster knows it.</param>
/// <param name="Cap">The limit in the outpost's policy file.</param>
/// <param name="Stated">What was left, by the outpost's word.</param>
/// <param name="At">The time of that word.</param>
/// <param name="Since">Charges signed in rounds that began after it; 0 where they cannot be told by subject.</param>
public sealed record BudgetAccount(uint Outpost, string Name, string Dataset, BudgetScope Scope, string Subject, Int128 Cap, Int128 Stated, DateTimeOffset At, Int128 Since)
{
    /// <summary>The word less what was signed since.</summary>
    public Int128 Left => Int128.Max(0, Stated - Since);

    public Int128 Spent => Int128.Max(0, Cap - Stated);

    public double LeftPercent => Micro.Percent(Left, Cap);

    public Status Status => Left <= 0 ? new Status("Used up", "stop", Tone.Bad) : LeftPercent < 20 ? new Status("Tight", "warning", Tone.Warn) : new Status("Open", "check", Tone.Good);

    /// <summary>"ε 2.75 of 20 left".</summary>
    public string Words => $"ε {Micro.Words(Left)} of {Micro.Words(Cap)} left";
}

/// <summary>An outpost's budget for a dataset, with the accounts within it.</summary>
public sealed record DatasetBudget(BudgetAccount Whole, IReadOnlyList<BudgetAccount> Within)
{
    public string Key => $"{Whole.Outpost} {Whole.Dataset}";

    public IEnumerable<BudgetAccount> All => Within.Prepend(Whole);
}

/// <summary>What the outposts say is left, brought up to date with what they signed since.</summary>
internal static class BudgetBook
{
    /// <summary>Ascending by what is left, tightest first.</summary>
    /// <param name="outposts">With their statements.</param>
    /// <param name="rounds">Newest first.</param>
    /// <param name="coordinators">Names by the fingerprint of the key.</param>
    public static IReadOnlyList<DatasetBudget> Of(IEnumerable<OutpostView> outposts, IReadOnlyList<LedgerRound> rounds, IReadOnlyDictionary<string, string> coordinators)
    {
        var books = new List<DatasetBudget>();
        foreach (var outpost in outposts.Where(outpost => outpost.BudgetsAtMs > 0))
        {
            foreach (var dataset in outpost.Budgets.GroupBy(line => line.Dataset, StringComparer.Ordinal))
            {
                if (dataset.FirstOrDefault(line => line.Scope == BudgetScope.Dataset) is not { } whole) continue;
                books.Add(new DatasetBudget(
                    Account(outpost, whole, rounds, coordinators),
                    [.. dataset.Where(line => line.Scope != BudgetScope.Dataset).OrderBy(line => line.Scope).ThenBy(line => line.Subject, StringComparer.Ordinal).Select(line => Account(outpost, line, rounds, coordinators))]));
            }
        }

        return [.. books.OrderBy(book => book.Whole.LeftPercent).ThenBy(book => book.Whole.Name, StringComparer.OrdinalIgnoreCase).ThenBy(book => book.Whole.Dataset, StringComparer.Ordinal)];
    }

    /// <summary>Those that gave their word on no budget.</summary>
    public static IReadOnlyList<OutpostView> Silent(IEnumerable<OutpostView> outposts) => [.. outposts.Where(outpost => outpost.BudgetsAtMs == 0 || outpost.Budgets.Count == 0)];

    private static BudgetAccount Account(OutpostView outpost, BudgetLine line, IReadOnlyList<LedgerRound> rounds, IReadOnlyDictionary<string, string> coordinators)
    {
        var at = Contract.Time(outpost.BudgetsAtMs);
        var subject = line.Scope == BudgetScope.Coordinator ? coordinators.GetValueOrDefault(line.Subject, line.Subject) : line.Subject;

        // The statement follows each charge, so one that is younger than the round's beginning has counted it.
        var since = line.Scope == BudgetScope.Study
            ? 0
            : rounds.TakeWhile(round => round.Started > at)
                .Where(round => round.Dataset == line.Dataset && (line.Scope == BudgetScope.Dataset || round.Coordinator == subject))
                .Aggregate((Int128)0, (sum, round) => sum + round.ChargeOf(outpost.Index));
        return new BudgetAccount(outpost.Index, outpost.Name, line.Dataset, line.Scope, subject, line.CapMicro, line.LeftMicro, at, since);
    }
}
