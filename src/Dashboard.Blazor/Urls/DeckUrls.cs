using SecureAggregation.Dashboard.Blazor.Model;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Dashboard.Blazor.Urls;

/// <summary>The only place that builds addresses of pages.</summary>
internal static class DeckUrls
{
    public const string Overview = "/";
    public const string Rounds = "/rounds";
    public const string Outposts = "/outposts";
    public const string Results = "/results";
    public const string Ask = "/ask";
    public const string Budgets = "/budgets";
    public const string Transcript = "/transcript";
    public const string Verify = "/verify";
    public const string Alerts = "/alerts";
    public const string Log = "/log";
    public const string Access = "/access";
    public const string About = "/about";
    public const string Help = "/help";
    public const string Health = "/health";
    public const string SignIn = "/sign-in";
    public const string SignOut = "/sign-out";
    public const string Welcome = "/welcome";
    public const string Account = "/account";
    public const string Denied = "/denied";

    public static string Round(RoundView round) => Round(round.Id());

    public static string Outpost(OutpostView outpost) => $"{Outposts}/{outpost.Index}";

    public static string Entry(ulong index) => $"{Transcript}/{index}";

    public static string Round(string roundId) => $"{Rounds}/{roundId}";

    /// <summary>The list of rounds, filtered; what is empty is left out of the address.</summary>
    public static string RoundsWhere(string state, string find)
    {
        string[] parts = [.. new[] { ("state", state), ("find", find) }.Where(p => p.Item2.Length > 0).Select(p => $"{p.Item1}={Uri.EscapeDataString(p.Item2)}")];
        return parts.Length == 0 ? Rounds : $"{Rounds}?{string.Join('&', parts)}";
    }

    /// <summary>Sixteen bytes in hexadecimal digits, as the address carries them; null for anything else.</summary>
    public static byte[]? ParseRoundId(string? text) =>
        text is { Length: 32 } && text.All(char.IsAsciiHexDigit) ? Convert.FromHexString(text) : null;

    /// <summary>Where an invitation is taken up.</summary>
    public static string Invitation(string code) => $"{Welcome}?code={code}";

    /// <summary>An address of this deck's own pages; whatever leads elsewhere becomes the overview.</summary>
    public static string Local(string? target) =>
        target is { Length: > 0 } && target[0] == '/' && !(target.Length > 1 && target[1] is '/' or '\\') && !target.Any(char.IsControl) ? target : Overview;

    /// <summary>Pages whose forms carry a password or a code.</summary>
    public static bool TakesSecrets(PathString path) => Array.Exists([SignIn, Welcome, Account], page => path.StartsWithSegments(page, StringComparison.OrdinalIgnoreCase));
}
