namespace SecureAggregation.Accounts;

/// <summary>A person who may sign in. Holds nothing secret; the password's hash stays in the <see cref="AccountBook"/>.</summary>
/// <param name="Name">What is typed at sign-in; compared without regard to case.</param>
/// <param name="Roles">What the person may do, ascending.</param>
/// <param name="Stamp">Changes with the password and with the roles; a session that carries another one is over.</param>
/// <param name="Created">When the account was made.</param>
public sealed record Account(string Name, IReadOnlyList<Role> Roles, string Stamp, DateTimeOffset Created)
{
    /// <summary>The name alone: a stamp belongs in no log.</summary>
    public override string ToString() => Name;
}
