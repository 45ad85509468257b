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
    public const string Documents = "/documents";
    public const string Help = "/help";
    public const string Health = "/health";
    public const string SignIn = "/sign-in";
    public const string SignOut = "/sign-out";
    public const string Welcome = "/welcome";
    public const string Account = "/account";
    public const string Denied = "/denied";

    public static string Round(RoundView round) => Round(round.Id());

    public static string Outpost(OutpostView outpost) => Outpost(outpost.Index);

    public static string Outpost(uint index) => $"{Outposts}/{index}";

    public static string Entry(ulong index) => $"{Transcript}/{index}";

    public static string Round(string roundId) => $"{Rounds}/{roundId}";

    /// <summary>The builder, holding the question of a round.</summary>
    public static string Repeat(string roundId) => $"{Ask}?repeat={roundId}";

    /// <summary>The builder, holding a template.</summary>
    public static string Template(string name) => $"{Ask}?template={Uri.EscapeDataString(name)}";

    /// <summary>Regressions over several rounds.</summary>
    public const string Fits = "/ask/fits";

    public static string Fit(string id) => $"{Fits}/{id}";

    /// <summary>The list of rounds, filtered; what is empty is left out of the address.</summary>
    public static string RoundsWhere(string state, string find, string since = "", string until = "") =>
        With(Rounds, ("state", state), ("find", find), ("since", since), ("until", until));

    /// <summary>The library of results, from a place in the list on; with <paramref name="first"/> a round is chosen and the next one is compared with it.</summary>
    public static string ResultsWhere(string find = "", string dataset = "", int from = 0, string first = "") =>
        With(Results, ("find", find), ("dataset", dataset), ("from", from > 0 ? Number(from) : ""), ("a", first));

    public static string Compare(string first, string second) => With(Results + "/compare", ("a", first), ("b", second));

    /// <summary>All rounds that ask the same; <paramref name="number"/> is the one that is followed.</summary>
    public static string Series(string content, string number = "") => With($"{Results}/series/{content}", ("n", number));

    /// <summary>A round with one of its views open.</summary>
    public static string Round(string roundId, string view, string explain = "", string outpost = "") => With(Round(roundId), ("view", view), ("explain", explain), ("outpost", outpost));

    public static string Csv(string roundId) => Round(roundId) + "/results.csv";

    public static string Json(string roundId) => Round(roundId) + "/results.json";

    public static string Report(string roundId) => Round(roundId) + "/report.html";

    public static string Bundle(string roundId) => Round(roundId) + "/bundle";

    /// <summary>The grid of outposts, filtered and sorted.</summary>
    public static string OutpostsWhere(string state, string find, string sort) => With(Outposts, ("state", state), ("find", find), ("sort", sort));

    /// <summary>The budgets of one outpost, of one dataset, or of both.</summary>
    public static string BudgetsWhere(string outpost, string dataset) => With(Budgets, ("outpost", outpost), ("dataset", dataset));
    /// <summary>The list of alerts in a state; "" for those that are open.</summary>
    public static string AlertsWhere(string state) => With(Alerts, ("state", state));

    /// <summary>One of the documents that come with the program.</summary>
    public static string Document(string file) => $"{Documents}/{file}";

    /// <summary>The verify walk of a round.</summary>
    public static string VerifyRound(string roundId) => With(Verify, ("round", roundId));

    /// <summary>Every field of a round that crossed the wire.</summary>
    public static string Manifest(string roundId) => Round(roundId) + "/manifest";

    public static string Entry(long index) => $"{Transcript}/{index.ToString(System.Globalization.CultureInfo.InvariantCulture)}";

    /// <summary>Entries of the log, filtered, below an index.</summary>
    public static string TranscriptWhere(string find = "", string kind = "", string from = "", long? before = null) =>
        With(Transcript, ("find", find), ("kind", kind), ("from", from), ("before", before?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? ""));

    /// <summary>Sixteen bytes in hexadecimal digits, as the address carries them; null for anything else.</summary>
    public static byte[]? ParseRoundId(string? text) =>
        text is { Length: 32 } && text.All(char.IsAsciiHexDigit) ? Convert.FromHexString(text) : null;

    /// <summary>Thirty-two bytes in hexadecimal digits; null for anything else.</summary>
    public static byte[]? ParseContent(string? text) => text is { Length: 64 } && text.All(char.IsAsciiHexDigit) ? Convert.FromHexString(text) : null;

    /// <summary>Where an invitation is taken up.</summary>
    public static string Invitation(string code) => $"{Welcome}?code={code}";

    /// <summary>An address of this deck's own pages; whatever leads elsewhere becomes the overview.</summary>
    public static string Local(string? target) =>
        target is { Length: > 0 } && target[0] == '/' && !(target.Length > 1 && target[1] is '/' or '\\') && !target.Any(char.IsControl) ? target : Overview;

    /// <summary>Pages whose forms carry a password or a code.</summary>
    public static bool TakesSecrets(PathString path) => Array.Exists([SignIn, Welcome, Account], page => path.StartsWithSegments(page, StringComparison.OrdinalIgnoreCase));

    /// <summary>A page with what its address says in the query; what is empty is left out.</summary>
    public static string With(string path, params ReadOnlySpan<(string Name, string Value)> parameters)
    {
        var address = new System.Text.StringBuilder(path);
        foreach (var (name, value) in parameters)
        {
            if (value.Length > 0) address.Append(address.Length == path.Length ? '?' : '&').Append(name).Append('=').Append(Uri.EscapeDataString(value));
        }

        return address.ToString();
    }

    private static string Number(int value) => value.ToString(System.Globalization.CultureInfo.InvariantCulture);
}
