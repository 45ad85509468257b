using Microsoft.Playwright;
using SecureAggregation.Client;
using SecureAggregation.Dashboard.Blazor.Model;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Browser.Real;

/// <summary>Every page in front of a station with outposts and rounds that took place.</summary>
[Collection(nameof(RealDeck))]
public class RealPagesTests(RealDeck deck)
{
    private const int AtOnce = 3;

    private (string Name, string Path)[] Pages() =>
    [
        ("overview", "/"), ("outposts", "/outposts"), ("outpost", "/outposts/3"), ("rounds", "/rounds"), ("results", "/results"), ("compare", $"/results/compare?a={deck.Dropped.Id()}&b={deck.Done.Id()}"),
        ("series", $"/results/series/{Convert.ToHexStringLower(deck.Done.Content.Span)}"), ("ask", "/ask"), ("ask-repeat", $"/ask?repeat={deck.Done.Id()}"), ("fits", "/ask/fits"), ("budgets", "/budgets"), ("budget", "/budgets?outpost=4"),
        ("alerts", "/alerts"), ("log", "/log"), ("transcript", "/transcript"), ("entry", $"/transcript/{deck.Done.FirstEntry}"), ("verify", "/verify"), ("verify-round", $"/verify?round={deck.Dropped.Id()}"), ("manifest", Round(deck.Done) + "/manifest"), ("access", "/access"), ("about", "/about"), ("help", "/help"),
        ("round-done", Round(deck.Done)), ("round-dropped", Round(deck.Dropped)), ("round-declined", Round(deck.Declined)), ("round-aborted", Round(deck.Aborted)),
    ];

    private static string Round(RoundView round) => "/rounds/" + round.Id();

    [BrowserFact]
    public async Task Every_page_of_a_real_consortium_is_accessible_quiet_and_whole()
    {
        var looks = Pages().SelectMany(page => new[] { "dark", "light" }.Select(theme => (page.Name, page.Path, theme)));
        await Parallel.ForEachAsync(looks, new ParallelOptions { MaxDegreeOfParallelism = AtOnce }, async (look, _) =>
        {
            var (name, path, theme) = look;
            var visit = await deck.VisitAsync(path, theme: theme);
            Assert.True(visit.Status == 200, $"{path} answers with status {visit.Status}");
            foreach (var width in new[] { 1440, 820, 320 })
            {
                await visit.Page.SetViewportSizeAsync(width, 1000);
                var overflow = await visit.Page.EvaluateAsync<int>("() => document.documentElement.scrollWidth - document.documentElement.clientWidth");
                Assert.True(overflow <= 0, $"{name} at {width} px is {overflow} px too wide");
                await DeckTests.CheckAsync(visit, $"{name}, {theme}, {width} px");
            }

            // Every attribute and text: a number that nobody could compute must be a word.
            Assert.DoesNotMatch("NaN|Infinity", await visit.Page.Locator("main").EvaluateAsync<string>("main => main.outerHTML"));
            Assert.Equal([], visit.Complaints);
            await visit.Page.Context.CloseAsync();
        });
    }
}
