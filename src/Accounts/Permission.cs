using System.Collections.Frozen;

namespace SecureAggregation.Accounts;

/// <summary>Something that not everybody may do.</summary>
public enum Permission
{
    /// <summary>See outposts, rounds, released totals, budgets.</summary>
    ReadResults,

    /// <summary>Write a question and see what it would give and cost; spends nothing.</summary>
    PlanQueries,

    /// <summary>Sign and ask a question, which spends budget.</summary>
    AskQuestions,

    /// <summary>Stop a running round.</summary>
    StopRounds,

    /// <summary>Read the log's entries and have a round's evidence checked.</summary>
    ReadTranscript,

    /// <summary>Take the evidence away: bundles hold masked vectors.</summary>
    ExportEvidence,

    /// <summary>See alerts and the telemetry log, and acknowledge alerts.</summary>
    WatchOperations,

    /// <summary>Invite, change and remove accounts.</summary>
    ManageAccounts,
}

/// <summary>Which role may do what: the one table that policies, pages and documents follow.</summary>
public static class Permissions
{
    private static readonly FrozenDictionary<Role, Permission[]> s_granted = new Dictionary<Role, Permission[]>
    {
        [Role.Admin] = [Permission.ReadResults, Permission.WatchOperations, Permission.ManageAccounts],
        [Role.Coordinator] =
        [
            Permission.ReadResults, Permission.PlanQueries, Permission.AskQuestions, Permission.StopRounds, Permission.ReadTranscript, Permission.ExportEvidence, Permission.WatchOperations,
        ],
        [Role.Member] = [Permission.ReadResults, Permission.PlanQueries, Permission.ReadTranscript, Permission.WatchOperations],
        [Role.Analyst] = [Permission.ReadResults, Permission.PlanQueries],
        [Role.Auditor] = [Permission.ReadResults, Permission.ReadTranscript, Permission.ExportEvidence, Permission.WatchOperations],
    }.ToFrozenDictionary();

    /// <summary>Every permission.</summary>
    public static IReadOnlyList<Permission> All { get; } = Enum.GetValues<Permission>();

    /// <summary>Whether a role grants a permission.</summary>
    public static bool Allows(this Role role, Permission permission) => s_granted[role].Contains(permission);

    /// <summary>The roles that grant a permission, ascending.</summary>
    public static IReadOnlyList<Role> Granting(Permission permission) => [.. Roles.All.Where(role => role.Allows(permission))];

    /// <summary>The word for a permission in files and claims, such as "read-results".</summary>
    public static string Word(this Permission permission) => permission switch
    {
        Permission.ReadResults => "read-results",
        Permission.PlanQueries => "plan-queries",
        Permission.AskQuestions => "ask-questions",
        Permission.StopRounds => "stop-rounds",
        Permission.ReadTranscript => "read-transcript",
        Permission.ExportEvidence => "export-evidence",
        Permission.WatchOperations => "watch-operations",
        Permission.ManageAccounts => "manage-accounts",
        _ => throw new ArgumentOutOfRangeException(nameof(permission), permission, "Not a permission."),
    };

    /// <summary>The permission that a word names.</summary>
    /// <exception cref="AccountException">There is none of that name.</exception>
    public static Permission Parse(string word) =>
        Find(word) ?? throw new AccountException($"'{word}' is not a permission; the permissions are {string.Join(", ", All.Select(Word))}");

    /// <summary>The permission that a word names, or null.</summary>
    public static Permission? Find(string word)
    {
        foreach (var permission in All)
        {
            if (string.Equals(permission.Word(), word, StringComparison.OrdinalIgnoreCase)) return permission;
        }

        return null;
    }

    /// <summary>What the permission is, in words that go on from "may".</summary>
    public static string Words(this Permission permission) => permission switch
    {
        Permission.ReadResults => "see outposts, rounds, results and budgets",
        Permission.PlanQueries => "write a question and see what it would give and cost",
        Permission.AskQuestions => "ask a question",
        Permission.StopRounds => "stop a round",
        Permission.ReadTranscript => "read the log and check evidence",
        Permission.ExportEvidence => "take evidence away",
        Permission.WatchOperations => "see alerts and telemetry",
        Permission.ManageAccounts => "invite, change and remove accounts",
        _ => throw new ArgumentOutOfRangeException(nameof(permission), permission, "Not a permission."),
    };
}
