using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Party.Link;

/// <summary>What the link tells of the budgets.</summary>
internal interface IBudgets
{
    /// <summary>Called after each charge.</summary>
    Action OnChanged { set; }

    /// <summary>As it is now.</summary>
    /// <exception cref="Storage.StoreException">The ledger cannot be read.</exception>
    BudgetStatement Statement();
}
