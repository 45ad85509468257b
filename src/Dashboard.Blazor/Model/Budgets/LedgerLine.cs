using SecureAggregation.Client;

namespace SecureAggregation.Dashboard.Blazor.Model.Budgets;

/// <summary>A line of the ledger: a round, who was charged, who refused, and what the tightest of the budgets shown had spent by then.</summary>
/// <param name="Round">The round.</param>
/// <param name="Charged">Those that were, of the outposts shown.</param>
/// <param name="Refused">Those that refused.</param>
/// <param name="After">The account of which most was spent after this round, and how much that was; null where nobody stated a budget.</param>
public sealed record LedgerLine(LedgerRound Round, IReadOnlyList<Charge> Charged, IReadOnlyList<Charge> Refused, (BudgetAccount Account, Int128 Spent)? After)
{
    private const int MostNamed = 3;

    /// <summary>"ε 1" or "ε 0.5 to 1".</summary>
    public string Each
    {
        get
        {
            if (Charged.Count == 0) return "–";
            var (least, most) = (Charged.Min(charge => charge.Micro), Charged.Max(charge => charge.Micro));
            return least == most ? Micro.Words(most) : $"{Micro.Words(least)} to {Micro.Words(most)}";
        }
    }

    /// <summary>Newest first; rounds that neither charged nor were refused by the outposts shown are left out.</summary>
    /// <param name="rounds">Newest first, without a hole: what was spent is walked back from the present.</param>
    /// <param name="books">What the outposts say.</param>
    /// <param name="outpost">Only this one's; null for all.</param>
    /// <param name="dataset">Only of this; empty for all.</param>
    public static IReadOnlyList<LedgerLine> Of(IReadOnlyList<LedgerRound> rounds, IEnumerable<DatasetBudget> books, uint? outpost, string dataset)
    {
        var spent = books.Where(book => (outpost is null || book.Whole.Outpost == outpost) && (dataset.Length == 0 || book.Whole.Dataset == dataset))
            .ToDictionary(book => (book.Whole.Outpost, book.Whole.Dataset), book => (Account: book.Whole, Spent: book.Whole.Cap - book.Whole.Stated + book.Whole.Since));
        var lines = new List<LedgerLine>();
        foreach (var round in rounds.Where(round => dataset.Length == 0 || round.Dataset == dataset))
        {
            var shown = round.Charges.Where(charge => outpost is null || charge.Outpost == outpost).ToArray();
            if (shown.Length == 0) continue;
            var charged = shown.Where(charge => charge.Micro > 0).ToArray();
            (BudgetAccount Account, Int128 Spent)? after = null;
            foreach (var charge in charged)
            {
                if (!spent.TryGetValue((charge.Outpost, round.Dataset), out var so)) continue;
                if (after is not { } tightest || so.Account.Cap - so.Spent < tightest.Account.Cap - tightest.Spent) after = so;
                spent[(charge.Outpost, round.Dataset)] = (so.Account, so.Spent - charge.Micro);
            }

            lines.Add(new LedgerLine(round, charged, [.. shown.Where(charge => charge.Declined)], after));
        }

        return lines;
    }

    /// <summary>A line a reason: "Mars, Titan, Europa and 2 more declined: the query costs more than …".</summary>
    public static IEnumerable<string> Refusals(IEnumerable<Charge> refused) => refused.GroupBy(Why, StringComparer.Ordinal).Select(reason =>
    {
        var names = reason.Select(charge => charge.Name).ToArray();
        return $"{string.Join(", ", names.Take(MostNamed))}{(names.Length > MostNamed ? $" and {names.Length - MostNamed} more" : "")} declined{reason.Key}";
    });

    private static string Why(Charge charge) =>
        RefusalWords.Of(charge.Refusal) is { Length: > 0 } words ? $": {words}" : charge.Reason.Length > 0 ? $": {RefusalWords.Of(charge.Reason)}" : "";
}
