using System.Globalization;
using SecureAggregation.Dashboard.Blazor.Model.Outposts;
using SecureAggregation.Dashboard.Blazor.Store;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Dashboard.Blazor.Model.Budgets;

/// <summary>The budget of which the smallest part is left: the one that ends questions first.</summary>
/// <param name="Account">Of the same book that the page of budgets shows.</param>
/// <param name="Accounts">Of how many it is the tightest.</param>
internal sealed record TightestBudget(BudgetAccount Account, int Accounts)
{
    /// <summary>Rounded down: what is not left is not shown.</summary>
    public string Percent => Math.Floor(Account.LeftPercent).ToString("0", CultureInfo.InvariantCulture) + " %";

    /// <summary>"patients", or "patients, study Heart 2026".</summary>
    public string Of => Account.Scope == BudgetScope.Dataset ? Account.Dataset : $"{Account.Dataset}, {ScopeWords.Of(Account)}";

    /// <summary>Null where nobody stated a budget with a limit; a limit of 0 is a choice and not a shortage.</summary>
    public static TightestBudget? In(IEnumerable<DatasetBudget> books)
    {
        var limited = books.SelectMany(book => book.All).Where(account => account.Cap > 0).ToArray();
        return limited.MinBy(account => account.LeftPercent) is { } tightest ? new TightestBudget(tightest, limited.Length) : null;
    }

    /// <summary>Of all that the deck knows at a moment.</summary>
    public static TightestBudget? In(DeckState state) => state.Consortium is not { } consortium
        ? null
        : In(BudgetBook.Of(state.Outposts.Values, [.. state.Rounds.Select(LedgerRound.Of)], OpenedRoster.Of(consortium.Roster).Coordinators));
}
