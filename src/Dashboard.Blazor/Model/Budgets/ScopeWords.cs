using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Dashboard.Blazor.Model.Budgets;

internal static class ScopeWords
{
    /// <summary>"patients", "Dr. Vega within patients", "study Heart 2026 within patients".</summary>
    public static string Of(BudgetAccount account) => account.Scope switch
    {
        BudgetScope.Coordinator => $"coordinator {Short(account.Subject)}",
        BudgetScope.Study => $"study {account.Subject}",
        _ => account.Dataset,
    };

    // A coordinator that the roster does not name stays a fingerprint.
    private static string Short(string subject) => subject.Length == 32 && subject.All(char.IsAsciiHexDigit) ? Text.ShortHash(subject) : subject;
}
