using System.Text.RegularExpressions;
using Microsoft.Playwright;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;
using static Microsoft.Playwright.Assertions;

namespace SecureAggregation.Browser;

/// <summary>The pages of outposts and budgets with as many outposts as a large consortium has.</summary>
public class OutpostDeckTests
{
    private const int All = 200;

    private static Task Large(FakeStation station, Scenario scenario)
    {
        var view = scenario.Consortium();
        for (var i = (uint)view.Outposts.Count; i < All; i++)
        {
            var outpost = scenario.Outpost(i % 5, online: i % 9 != 0);
            (outpost.Index, outpost.Name) = (i, $"Clinic {i:000}");
            view.Outposts.Add(outpost);
        }

        station.View = view;
        station.Rounds.AddRange(scenario.History());
        // Beyond what the deck holds by itself.
        for (var i = 0; i < 620; i++)
        {
            var round = scenario.Done(1_000, $"Earlier {i}", 30_000 + (i * 60));
            round.RoundId = Google.Protobuf.ByteString.CopyFrom([.. BitConverter.GetBytes(i), .. new byte[12]]);
            station.Rounds.Add(round);
        }

        return Task.CompletedTask;
    }

    [BrowserFact]
    public async Task Round_of_two_hundred_outposts_is_drawn_in_part_turned_by_keyboard_and_whole_in_its_report()
    {
        const int MostElements = 3_500;
        await using var deck = await Deck.OpenAsync((station, scenario) =>
        {
            station.View = scenario.Consortium();
            var round = scenario.DoneWithout(1, "Large", 600, 4, Scenario.Number("count", "", 41_000, 40));
            for (var i = (uint)round.Parties.Count; i < All; i++)
            {
                var party = round.Parties[(int)(i % 4)].Clone();
                (party.Index, party.Name) = (i, $"Clinic {i:000}");
                round.Parties.Add(party);
            }

            station.Rounds.Add(round);
            return Task.CompletedTask;
        });
        await deck.Station.WatchedAsync().Guard();
        var address = $"/rounds/{Convert.ToHexStringLower(Scenario.Id(1).Span)}";
        foreach (var theme in new[] { "dark", "light" })
        {
            var visit = await deck.VisitAsync(address, theme: theme);
            var page = visit.Page;
            await Expect(page.Locator(".timeline-part")).ToContainTextAsync("Outposts 1–24 of 200", new() { Timeout = 20_000 });
            Assert.InRange(await page.Locator("main *").CountAsync(), 500, MostElements);
            await Expect(page.Locator(".timeline-name").First).ToHaveTextAsync("Callisto");
            await page.TabToAsync("Further outposts");
            await page.Keyboard.PressAsync("Enter");
            await Expect(page.Locator(".timeline-part")).ToContainTextAsync("Outposts 25–48 of 200", new() { Timeout = 20_000 });
            await DeckTests.CheckAsync(visit, $"round of 200 outposts, {theme}");
            await visit.ShootAsync($"round-large-{theme}-1440");
            await page.SetViewportSizeAsync(320, 1000);
            Assert.True(await page.EvaluateAsync<int>("() => document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0);
            await visit.ShootAsync($"round-large-{theme}-320");
            Assert.Empty(visit.Complaints);
            await page.Context.CloseAsync();
        }

        var report = await deck.VisitAsync(address + "/report.html", live: false);
        await Expect(report.Page.Locator("svg .timeline-name")).ToHaveCountAsync(All);
    }

    [BrowserFact]
    public async Task Two_hundred_outposts_are_drawn_when_in_sight_and_found_by_keyboard()
    {
        await using var deck = await Deck.OpenAsync(Large);
        await deck.Station.WatchedAsync().Guard();
        var visit = await deck.VisitAsync("/outposts");
        var page = visit.Page;
        var rows = page.Locator("table.outpost-grid tbody tr.row");
        await Expect(page.Locator("main")).ToContainTextAsync($"Showing {All} of {All} outposts", new() { Timeout = 20_000 });
        await Expect(rows.First).ToContainTextAsync("Mars");
        Assert.InRange(await rows.CountAsync(), 5, 150);
        await Expect(rows.GetByText("Clinic 199")).ToHaveCountAsync(0);
        await page.EvaluateAsync("() => window.scrollTo(0, document.documentElement.scrollHeight)");
        await rows.GetByText("Clinic 199").ScrollIntoViewIfNeededAsync();
        await Expect(rows.GetByText("Clinic 199")).ToBeInViewportAsync(new() { Timeout = 20_000 });
        Assert.InRange(await rows.CountAsync(), 5, 150);
        await DeckTests.CheckAsync(visit, "200 outposts, scrolled");

        await page.Keyboard.PressAsync("/");
        await page.Keyboard.TypeAsync("clinic 04");
        await Expect(rows).ToHaveCountAsync(10, new() { Timeout = 20_000 });
        await Expect(page).ToHaveURLAsync(new Regex("find=clinic%2004$"), new() { Timeout = 20_000 });
        await page.Locator("nav.chips").GetByText("Offline").ClickAsync();
        await Expect(rows).ToHaveCountAsync(1, new() { Timeout = 20_000 });
        await rows.GetByRole(AriaRole.Link, new() { Name = "Clinic 045" }).PressAsync("Enter");
        await Expect(page.Locator("h1")).ToHaveTextAsync("Clinic 045", new() { Timeout = 20_000 });
        await Expect(page.Locator("main")).ToContainTextAsync("Not the roster's key");
        Assert.Empty(visit.Complaints);
    }

    [BrowserFact]
    public async Task Jump_in_outposts_and_in_the_ledger_lands_where_it_was_aimed_even_if_every_answer_is_late()
    {
        await using var deck = await Deck.OpenAsync(Large);
        await deck.Station.WatchedAsync().Guard();
        foreach (var (path, table, number, rows) in new[] { ("/outposts", "table.outpost-grid", @"Clinic (\d+)", All), ("/budgets", "table.ledger", @"Earlier (\d+)", 480) })
        {
            var visit = await deck.VisitAsync(path, before: LateFrames.Delay);
            // Measured once: from then on the page is as high as it will be.
            await visit.Page.WaitForFunctionAsync("table => document.querySelector(table + ' tbody')?.style.getPropertyValue('--row')", table, new() { Timeout = 60_000 });
            foreach (var share in new[] { 0.5, 0.9, 0.3, 0.75 })
            {
                var height = await visit.Page.EvaluateAsync<double>(
                    "([table, share]) => { const box = document.querySelector(table).getBoundingClientRect(); scrollBy(0, box.top + share * box.height - innerHeight / 2); return box.height; }", new object[] { table, share });
                // One jump and no other: what is asked for late must come to where the page is, and must not move it.
                await visit.Page.WaitForFunctionAsync(
                    """
                    ([table, number, place, within]) => [...document.querySelectorAll(table + ' tbody tr.row')].some(row => {
                      const box = row.getBoundingClientRect();
                      return box.top < innerHeight && box.bottom > 0 && Math.abs(Number(new RegExp(number).exec(row.innerText)?.[1]) - place) <= within;
                    })
                    """,
                    new object[] { table, number, share * rows, rows / 10 },
                    new() { Timeout = 30_000 });
                Assert.InRange(await visit.Page.EvaluateAsync<double>("table => document.querySelector(table).getBoundingClientRect().height", table), 0.9 * height, 1.1 * height);
            }

            Assert.Empty(visit.Complaints);
            await visit.Page.Context.CloseAsync();
        }
    }

    [BrowserFact]
    public async Task Ledger_goes_back_beyond_what_the_deck_holds()
    {
        await using var deck = await Deck.OpenAsync(Large);
        await deck.Station.WatchedAsync().Guard();
        var visit = await deck.VisitAsync("/budgets");
        var main = visit.Page.Locator("main");
        await Expect(main).ToContainTextAsync("of the newest 500 rounds, of 641", new() { Timeout = 20_000 });
        Assert.InRange(await visit.Page.Locator("table.ledger tbody tr.row").CountAsync(), 40, 150);
        // What is spent looks as the legend says, and not like what is left.
        Assert.Equal(await ColourAsync(visit.Page, ".budget-key-spent"), await ColourAsync(visit.Page, ".budget-bar .budget-spent"));
        await visit.Page.GetByLabel("Outpost", new() { Exact = true }).SelectOptionAsync("2");
        await Expect(visit.Page).ToHaveURLAsync(deck.Address + "/budgets?outpost=2", new() { Timeout = 20_000 });
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Older", Exact = true }).ClickAsync();
        await Expect(main).ToContainTextAsync("of the newest 641 rounds, of 641", new() { Timeout = 20_000 });
        await Expect(visit.Page.GetByRole(AriaRole.Button, new() { Name = "Older", Exact = true })).ToHaveCountAsync(0);
        await Expect(main).ToContainTextAsync("the log has more charges than it says are spent");
        Assert.Empty(visit.Complaints);
    }

    private static Task<string> ColourAsync(IPage page, string selector) =>
        page.EvaluateAsync<string>("selector => { const style = getComputedStyle(document.querySelector(selector)); return style.backgroundColor + style.boxShadow; }", selector);
}
