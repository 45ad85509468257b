namespace SecureAggregation.Dashboard.Blazor.Model;

/// <summary>Keys and what they do. Assets/deck.js obeys them, Help lists them, and a browser test presses each.</summary>
internal sealed record Hotkey(string[] Keys, string Does)
{
    public static IReadOnlyList<Hotkey> All { get; } =
    [
        new(["Ctrl", "K"], "Go to a page, round, outpost, entry or hash"),
        new(["/"], "Find in the list"),
        new(["j"], "Next row"),
        new(["k"], "Row before"),
        new(["Enter"], "Open the row"),
        new(["c"], "Copy the id of the row, or of the page"),
        new(["p"], "Pause and resume live updates"),
        new(["t"], "Night side or day side"),
        new(["?"], "Help"),
        .. DeckPages.All.Where(page => page.Key != '\0').Select(page => new Hotkey(["g", $"{page.Key}"], page.Name)),
    ];
}
