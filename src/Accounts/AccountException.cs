namespace SecureAggregation.Accounts;

/// <summary>An account cannot be made or changed as asked, or the file of accounts cannot be used. The message names what, the rule, and the fix.</summary>
public sealed class AccountException : Exception
{
    /// <inheritdoc/>
    public AccountException()
    {
    }

    /// <inheritdoc/>
    public AccountException(string message)
        : base(message)
    {
    }

    /// <inheritdoc/>
    public AccountException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
