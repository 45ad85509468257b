using SecureAggregation.Testing;

namespace SecureAggregation.Browser;

public class ScreenshotTests
{
    public static void Busy(FakeStation station, Scenario scenario)
    {
        station.View = scenario.Consortium();
        station.Rounds.AddRange([scenario.Running(), .. scenario.History()]);
    }

    [BrowserFact]
    public async Task Every_page_is_drawn_in_both_themes_and_three_widths()
    {
        await using var deck = await Deck.OpenAsync(Busy);
        await deck.Station.WatchedAsync().Guard();
        string[] lines = ["Europa connected, outpost 0.1.0", "Round 4c9a proposed to 5 outposts", "Mars joined", "Phase keys is over: 5 of 5", "Phase shares is over: 5 of 5", "Waiting for masked input"];
        foreach (var line in lines) deck.Station.Tell(Scenario.Log(line, round: Scenario.Id(9)));
        deck.Station.Tell(Scenario.Log("Callisto: no heartbeat for 20 s", SecureAggregation.Protocol.Wire.Severity.Warning));
        var done = Convert.ToHexStringLower(Scenario.Id(1).Span);
        var running = Convert.ToHexStringLower(Scenario.Id(9).Span);
        (string Name, string Path)[] pages = [("overview", "/"), ("rounds", "/rounds"), ("round-done", $"/rounds/{done}"), ("round-running", $"/rounds/{running}"), ("help", "/help")];
        foreach (var (name, path) in pages)
        {
            foreach (var (width, height) in new[] { (1440, 1000), (820, 1100), (320, 640) })
            {
                foreach (var theme in new[] { "dark", "light" })
                {
                    var visit = await deck.VisitAsync(path, width, height, theme);
                    await visit.Page.WaitForTimeoutAsync(400);
                    await visit.ShootAsync($"{name}-{theme}-{width}");
                    await visit.Page.Context.CloseAsync();
                }
            }
        }
    }
}
