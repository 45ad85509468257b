namespace SecureAggregation.Accounts;

/// <summary>A person who may sign in. Holds nothing secret; the password's hash stays in the <see cref="AccountBook"/>.</summary>
/// <param name="Name">What is typed at sign-in; compared without regard to case.</param>
/// <param name="Roles">What the person may do, ascending.</param>
/// <param name="Stamp">Changes with the password and with the roles; a session that carries another one is over.</param>
/// <param name="Created">When the account was made.</param>
public sealed record Account(string Name, IReadOnlyList<Role> Roles, string Stamp, DateTimeOffset Created)
{
    /// <summary>The studies that the person may see and ask for; null for all.</summary>
    public IReadOnlyList<string>? Studies { get; init; }

    /// <summary>Who changed the account last; empty where nobody asked.</summary>
    public string By { get; init; } = "";

    /// <summary>A hash of what the password is checked against: another one shows, whatever else is as it was. Empty where there is no password.</summary>
    public string Proof { get; init; } = "";

    /// <summary>The name alone: a stamp belongs in no log.</summary>
    public override string ToString() => Name;
}

/// <summary>A key with which a service calls. The key itself is shown once; the <see cref="AccountBook"/> keeps its SHA-256.</summary>
/// <param name="Name">What people call it.</param>
/// <param name="Permissions">What it may do, ascending.</param>
/// <param name="Stamp">Random; another key of the same name has another one.</param>
/// <param name="Created">When it was made.</param>
/// <param name="Expires">When it ends.</param>
public sealed record ApiKey(string Name, IReadOnlyList<Permission> Permissions, string Stamp, DateTimeOffset Created, DateTimeOffset Expires)
{
    /// <summary>The studies that it may see and ask for; null for all.</summary>
    public IReadOnlyList<string>? Studies { get; init; }

    /// <summary>Who made it; empty where nobody asked.</summary>
    public string By { get; init; } = "";

    /// <summary>A hash of what the key is checked against: another one shows, whatever else is as it was.</summary>
    public string Proof { get; init; } = "";

    /// <summary>The name alone.</summary>
    public override string ToString() => Name;
}
