namespace SecureAggregation.Accounts;

/// <summary>What names and passwords must be like (NIST SP 800-63B section 5.1.1.2: length counts, composition does not).</summary>
public static class AccountRules
{
    /// <summary>Fewest characters of a password.</summary>
    public const int ShortestPassword = 12;

    /// <summary>Most characters of a password.</summary>
    public const int LongestPassword = 256;

    /// <summary>Most characters of a name.</summary>
    public const int LongestName = 64;

    /// <summary>Null, or why this cannot be a name.</summary>
    public static string? WrongName(string name) =>
        name is { Length: > 0 and <= LongestName } && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or '@')
            ? null
            : $"a name has 1 to {LongestName} letters, digits, dots, dashes, underscores or @";

    /// <summary>Most characters of a study's name, as in a query.</summary>
    public const int LongestStudy = 64;

    /// <summary>Most studies of one account or key.</summary>
    public const int MostStudies = 100;

    /// <summary>Null, or why these cannot be the studies of an account; null studies are all.</summary>
    public static string? WrongStudies(IReadOnlyCollection<string>? studies) => studies switch
    {
        null => null,
        { Count: 0 or > MostStudies } => $"an account has 1 to {MostStudies} studies, or all",
        _ when studies.Any(s => s is not { Length: > 0 and <= LongestStudy } || s.Any(char.IsControl)) => $"a study has 1 to {LongestStudy} characters and no control characters",
        _ => null,
    };

    /// <summary>Null, or why this cannot be the password of that name.</summary>
    public static string? WrongPassword(string name, string password)
    {
        if (password.Length < ShortestPassword) return $"a password has at least {ShortestPassword} characters; four or five words that mean nothing to others are easy to keep";
        if (password.Length > LongestPassword) return $"a password has at most {LongestPassword} characters";
        if (password.Distinct().Count() < 5) return "a password has at least five different characters";
        return name.Length > 2 && password.Contains(name, StringComparison.OrdinalIgnoreCase) ? "a password must not hold the account's name" : null;
    }
}
