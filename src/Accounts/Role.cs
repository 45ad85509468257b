namespace SecureAggregation.Accounts;

/// <summary>What a person or a service may do. The words of these names, in lower case, are what files and claims hold.</summary>
public enum Role
{
    /// <summary>Makes and removes accounts. Asks nothing and reads no evidence by that alone.</summary>
    Admin,

    /// <summary>Asks questions, plans them, stops rounds.</summary>
    Coordinator,

    /// <summary>Runs an outpost; reads results and what its own outpost did.</summary>
    Member,

    /// <summary>Reads results and budgets, writes and plans queries for a coordinator to ask.</summary>
    Analyst,

    /// <summary>Reads everything that is public inside the consortium, transcripts and evidence included.</summary>
    Auditor,
}

/// <summary>The words for roles.</summary>
public static class Roles
{
    /// <summary>Every role.</summary>
    public static IReadOnlyList<Role> All { get; } = Enum.GetValues<Role>();

    /// <summary>The word for a role, such as "coordinator".</summary>
#pragma warning disable CA1308 // a word for people and files, not a key for comparison
    public static string Word(this Role role) => role.ToString().ToLowerInvariant();
#pragma warning restore CA1308

    /// <summary>The role that a word names.</summary>
    /// <exception cref="AccountException">There is none of that name.</exception>
    public static Role Parse(string word) =>
        Find(word) ?? throw new AccountException($"'{word}' is not a role; the roles are {string.Join(", ", All.Select(Word))}");

    /// <summary>The role that a word names, or null.</summary>
    public static Role? Find(string word)
    {
        foreach (var role in All)
        {
            if (string.Equals(role.Word(), word, StringComparison.OrdinalIgnoreCase)) return role;
        }

        return null;
    }
}
