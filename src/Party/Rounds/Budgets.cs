using SecureAggregation.Party.Config;
using SecureAggregation.Party.Link;
using SecureAggregation.Party.Storage;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Party.Rounds;

/// <summary>
/// What this outpost tells of its budgets: for each dataset of the policy, and for each coordinator and study that has a cap there and was charged, the cap and
/// what of it is left. Policy and ledger decide it, never rows; the policy stays as it is while the outpost runs, so charges alone change it.
/// </summary>
internal sealed class Budgets(Policy policy, Ledger ledger) : IBudgets
{
    // Tag and length of a line, at the most.
    private const int LineOverhead = 4;

    public Action OnChanged
    {
        set => ledger.OnDebited = value;
    }

    /// <inheritdoc/>
    /// <remarks>Lines over the limits of a statement are left out, studies first, then coordinators.</remarks>
    public BudgetStatement Statement()
    {
        var spent = ledger.Spendings().ToLookup(s => s.Dataset, StringComparer.Ordinal);
        var datasets = policy.Datasets.OrderBy(d => d.Key, StringComparer.Ordinal).ToList();
        var lines = datasets.Select(d => Line(d.Key, BudgetScope.Dataset, "", d.Value.TotalMicro, spent[d.Key]))
            .Concat(datasets.SelectMany(d => Lines(d.Key, BudgetScope.Coordinator, spent[d.Key].GroupBy(s => s.Coordinator, StringComparer.Ordinal), _ => d.Value.CoordinatorMicro)))
            .Concat(datasets.SelectMany(d => Lines(d.Key, BudgetScope.Study, spent[d.Key].GroupBy(s => s.Study, StringComparer.Ordinal), study => d.Value.CapsFor(study).StudyMicro)));
        var (statement, size) = (new BudgetStatement(), 0);
        var behind = ledger.IsBehind;
        foreach (var line in lines.Take(Limits.BudgetLines))
        {
            if (behind) line.LeftMicro = 0;
            size += line.CalculateSize() + LineOverhead;
            if (size > Limits.BudgetStatement) break;
            statement.Lines.Add(line);
        }

        return statement;
    }

    private static IEnumerable<BudgetLine> Lines(string dataset, BudgetScope scope, IEnumerable<IGrouping<string, Spending>> groups, Func<string, long?> capOf) =>
        groups.Where(g => capOf(g.Key) is not null).OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => Line(dataset, scope, g.Key, capOf(g.Key)!.Value, g));

    private static BudgetLine Line(string dataset, BudgetScope scope, string subject, long capMicro, IEnumerable<Spending> spent) => new()
    {
        Dataset = dataset, Scope = scope, Subject = subject, CapMicro = (ulong)capMicro, LeftMicro = (ulong)Ledger.Rest(capMicro, spent.Sum(s => s.Micro)),
    };
}
