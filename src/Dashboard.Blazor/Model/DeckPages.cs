using SecureAggregation.Accounts;
using SecureAggregation.Dashboard.Blazor.Urls;

namespace SecureAggregation.Dashboard.Blazor.Model;

/// <summary>A page that the rail, the palette and the keys lead to.</summary>
/// <param name="Name">The word for it.</param>
/// <param name="Url">Its address.</param>
/// <param name="Icon">Its picture.</param>
/// <param name="Words">What it shows, and what somebody may call it who looks for it.</param>
/// <param name="Needs">What its reader must be allowed; null for nothing.</param>
/// <param name="Key">The key that leads there after g; 0 for none.</param>
/// <param name="InRail">Whether the rail has it.</param>
/// <param name="InBar">Whether it stays in sight when the rail is a bar at the bottom of a narrow screen.</param>
internal sealed record DeckPage(string Name, string Url, string Icon, string Words, Permission? Needs = null, char Key = '\0', bool InRail = true, bool InBar = false);

/// <summary>The one list of pages.</summary>
internal static class DeckPages
{
    public static IReadOnlyList<DeckPage> All { get; } =
    [
        new("Deck", DeckUrls.Overview, "deck", "station deck, overview: orbit, quorum, last result", Permission.ReadResults, 'o', InBar: true),
        new("Outposts", DeckUrls.Outposts, "link", "members' machines: state, keys, availability", Permission.ReadResults, 'u'),
        new("Rounds", DeckUrls.Rounds, "rounds", "every question that was asked, and how it went", Permission.ReadResults, 'r', InBar: true),
        new("Results", DeckUrls.Results, "plot", "released numbers and their intervals, series, comparison", Permission.ReadResults, 's', InBar: true),
        new("Ask", DeckUrls.Ask, "question", "write and plan a question, query", Permission.PlanQueries, 'q', InBar: true),
        new("Budgets", DeckUrls.Budgets, "hourglass", "privacy budget, epsilon: what is left and what was charged", Permission.ReadResults, 'b'),
        new("Transcript", DeckUrls.Transcript, "shield-check", "the station's log, entry by entry", Permission.ReadTranscript, 't'),
        new("Alerts", DeckUrls.Alerts, "warning", "what needs a person, and what to do", Permission.WatchOperations, 'a', InBar: true),
        new("Access", DeckUrls.Access, "key", "roles, accounts, keys of the roster", null, 'k'),
        new("Help", DeckUrls.Help, "help", "keys, words, glossary, what happens in a round", null, 'h'),
        new("Verify", DeckUrls.Verify, "shield", "check a round's evidence, remembered head", Permission.ReadTranscript, InRail: false),
        new("Log", DeckUrls.Log, "log", "telemetry, events of the station, security events", Permission.WatchOperations, InRail: false),
        new("About", DeckUrls.About, "info", "versions, privacy floors, roster, documents, settings: theme, density, time zone", InRail: false),
        new("Account", DeckUrls.Account, "person", "your password, sign out", InRail: false),
    ];

    public static IEnumerable<DeckPage> Open(Func<Permission, bool> may) => All.Where(page => page.Needs is not { } needed || may(needed));
}
