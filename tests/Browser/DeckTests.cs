using System.Security.Cryptography;
using Deque.AxeCore.Commons;
using Deque.AxeCore.Playwright;
using Google.Protobuf;
using Microsoft.Playwright;
using SecureAggregation.Client;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;
using static Microsoft.Playwright.Assertions;

namespace SecureAggregation.Browser;

/// <summary>The dashboard as a process, in Chromium, before a station that shows what the test says.</summary>
public class DeckTests
{
    private static readonly LocatorAssertionsToContainTextOptions s_patient = new() { Timeout = 20_000 };

    private static string Hex(int n) => Convert.ToHexStringLower(Scenario.Id(n).Span);

    /// <summary>A running round, a history, and as the newest result one that really took place, with its evidence.</summary>
    internal static async Task Busy(FakeStation station, Scenario scenario)
    {
        var real = new RealRound(scenario.Members, DateTimeOffset.UtcNow, n: 70);
        await using var consortium = Consortium.Connect(new ConsortiumOptions
        {
            Address = new Uri(station.Address), Roster = scenario.Members.Roster, Identity = scenario.Members.Auditor, Time = TimeProvider.System,
        });
        var report = await consortium.VerifyAsync(new MemoryStream(real.Bundle)).Guard();
        var first = (ulong)station.Log.Play(real);
        station.View = scenario.Consortium();
        var verifiable = scenario.Done(70, "Patients", 95, Scenario.Number("count", "", report.Statistics[0].Value!.Value, 7));
        verifiable.TotalHash = ByteString.CopyFrom(report.TotalHash);
        (verifiable.FirstEntry, verifiable.LastEntry) = (first, first + (ulong)real.Log.Count - 1);
        var before = scenario.Done(72, "Patients, age and sex", 90_000, Scenario.Ages());
        for (var i = 0; i < before.Statistics.Count; i++)
        {
            var (s, by) = (before.Statistics[i], i % 3 == 1 ? 0.97 : 1.0);
            (s.Value, s.Low, s.High) = (s.Value * by, s.Low - (s.Value * (1 - by)), s.High - (s.Value * (1 - by)));
        }

        station.Rounds.AddRange([scenario.Running(phaseLength: 120), verifiable, scenario.Done(71, "Every analysis", 150, Analyses.All()), .. scenario.History(), before]);
    }

    private static readonly (string Name, string Path)[] s_pages =
    [
        ("overview", "/"), ("rounds", "/rounds"), ("round-done", $"/rounds/{Hex(1)}"), ("round-verified", $"/rounds/{Hex(70)}"), ("round-analyses", $"/rounds/{Hex(71)}"), ("round-dropped", $"/rounds/{Hex(3)}"),
        ("round-table", $"/rounds/{Hex(70)}?view=table&explain=count"), ("round-json", $"/rounds/{Hex(1)}?view=json"), ("round-outpost", $"/rounds/{Hex(4)}?outpost=4&explain=count"),
        ("results", "/results"), ("results-chosen", $"/results?a={Hex(1)}"), ("compare", $"/results/compare?a={Hex(72)}&b={Hex(1)}"), ("compare-none", "/results/compare"),
        ("series", $"/results/series/{Convert.ToHexStringLower(SHA256.HashData("Patients by outcome"u8))}"),
        ("outposts", "/outposts"), ("outpost", "/outposts/3"), ("budgets", "/budgets"), ("budget", "/budgets?outpost=3"),
        ("round-running", $"/rounds/{Hex(9)}"), ("round-aborted", $"/rounds/{Hex(2)}"), ("transcript", "/transcript"), ("transcript-found", "/transcript?find=mars&kind=input"), ("entry", "/transcript/1"), ("entry-roster", "/transcript/0"), ("entry-missing", "/transcript/9999"),
        ("verify", "/verify"), ("verify-round", $"/verify?round={Hex(70)}"), ("manifest", $"/rounds/{Hex(70)}/manifest"),
        ("ask", "/ask"), ("access", "/access"), ("help", "/help"), ("alerts", "/alerts"), ("log", "/log"), ("about", "/about"), ("not-found", "/nowhere"),
    ];

    [BrowserFact]
    public async Task Every_page_in_both_themes_and_three_widths_is_accessible_and_quiet()
    {
        await using var deck = await Deck.OpenAsync(Busy);
        await deck.Station.WatchedAsync().Guard();
        string[] lines = ["Europa connected, outpost 0.1.0", "Blood pressure by decade proposed to 5 outposts", "5 of 5 joined", "Keys are in: 5 of 5", "Shares are in: 5 of 5", "Waiting for masked input"];
        foreach (var line in lines) deck.Station.Tell(Scenario.Log(line, round: Scenario.Id(9)));
        deck.Station.Tell(Scenario.Log("Callisto: no heartbeat for 20 s", Severity.Warning));
        foreach (var (name, path) in s_pages)
        {
            // Every width and either theme; all six of each are looked at before a real station (Real/RealPagesTests.cs).
            foreach (var (theme, widths) in new (string, int[])[] { ("dark", [1440, 320]), ("light", [820]) })
            {
                var visit = await deck.VisitAsync(path, 1440, 1000, theme);
                foreach (var width in widths)
                {
                    await visit.Page.SetViewportSizeAsync(width, 1000);
                    var overflow = await visit.Page.EvaluateAsync<int>("() => document.documentElement.scrollWidth - document.documentElement.clientWidth");
                    Assert.True(overflow <= 0, $"{name} at {width} px is {overflow} px too wide");
                    // What a card cuts off, or lets stick out a little, the measure above does not see.
                    var cut = await visit.Page.EvaluateAsync<int>("() => Math.max(0, ...[...document.querySelectorAll('.card-flush')].map(card => card.scrollWidth - card.clientWidth))");
                    Assert.True(cut <= 0, $"{name} at {width} px has a table that is {cut} px wider than its card");
                    await CheckAsync(visit, $"{name}, {theme}, {width} px");
                    await visit.ShootAsync($"{name}-{theme}-{width}");
                }

                // The browser itself reports the status of a page that is rightly missing.
                Assert.DoesNotContain(visit.Complaints, complaint => name != "not-found" || !complaint.Contains("404", StringComparison.Ordinal));
                await visit.Page.Context.CloseAsync();
            }
        }
    }

    [BrowserFact]
    public async Task Deck_is_dark_whatever_the_system_wishes_and_the_day_side_is_remembered()
    {
        await using var deck = await Deck.OpenAsync(Busy);
        await deck.Station.WatchedAsync().Guard();
        var visit = await deck.VisitAsync("/");
        var root = visit.Page.Locator("html");
        Assert.True(await visit.Page.EvaluateAsync<bool>("() => matchMedia('(prefers-color-scheme: light)').matches"));
        await Expect(root).ToHaveAttributeAsync("data-theme", "dark");
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Theme" }).ClickAsync();
        await Expect(root).ToHaveAttributeAsync("data-theme", "light");
        await visit.Page.ReloadAsync();
        await Expect(root).ToHaveAttributeAsync("data-theme", "light");
    }

    [BrowserFact]
    public async Task Live_round_reaches_an_open_page_and_a_pause_holds_it_back()
    {
        await using var deck = await Deck.OpenAsync(Busy);
        await deck.Station.WatchedAsync().Guard();
        var visit = await deck.VisitAsync($"/rounds/{Hex(9)}");
        var main = visit.Page.Locator("main");
        await Expect(main).ToContainTextAsync("Not opened yet", s_patient);

        deck.Station.Tell(new Event { Round = deck.Scenario.Running(phase: RoundPhase.Unmask, phaseLength: 60) });
        await Expect(main).ToContainTextAsync("Unmask: waiting for", s_patient);

        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Pause" }).ClickAsync();
        await Expect(main).ToContainTextAsync("Paused since", s_patient);
        deck.Station.Tell(new Event { Round = deck.Scenario.Done(9, "Blood pressure by decade", 12, Scenario.Number("mean", "trestbps", 131.6, 1.2, "mmHg")) });
        await Expect(main).Not.ToContainTextAsync("0 updates held", new() { Timeout = 20_000 });
        await Expect(main).ToContainTextAsync("held", s_patient);
        await Expect(main).Not.ToContainTextAsync("131.6");
        await main.GetByRole(AriaRole.Button, new() { Name = "Resume" }).ClickAsync();
        await Expect(main).ToContainTextAsync("131.6", s_patient);
        Assert.Empty(visit.Complaints);
    }

    [BrowserFact]
    public async Task Station_that_goes_is_said_and_one_that_is_back_needs_no_reload()
    {
        await using var deck = await Deck.OpenAsync(Busy);
        await deck.Station.WatchedAsync().Guard();
        var visit = await deck.VisitAsync("/");
        await visit.Page.EvaluateAsync("() => window.sameDocument = true");
        await deck.Station.DownAsync();
        await Expect(visit.Page.Locator(".banner")).ToContainTextAsync("Station offline", s_patient);
        await CheckAsync(visit, "offline");
        await visit.ShootAsync("offline-dark-1440");
        Assert.Contains("920", await visit.Page.Locator("main").InnerTextAsync(), StringComparison.Ordinal);

        deck.Station.Rounds.Insert(0, deck.Scenario.Done(60, "Asked meanwhile", 1, Scenario.Number("count", "", 77, 9)));
        await deck.Station.UpAsync();
        await Expect(visit.Page.Locator(".banner")).ToHaveCountAsync(0, new() { Timeout = 20_000 });
        await Expect(visit.Page.Locator("main")).ToContainTextAsync("Asked meanwhile", s_patient);
        Assert.True(await visit.Page.EvaluateAsync<bool>("() => window.sameDocument === true"));
    }

    [BrowserFact]
    public async Task Degraded_and_new_consortia_are_drawn()
    {
        await using var deck = await Deck.OpenAsync((station, scenario) =>
        {
            station.View = scenario.Consortium("Titan", "Callisto");
            return Task.CompletedTask;
        });
        await deck.Station.WatchedAsync().Guard();
        var visit = await deck.VisitAsync("/");
        await Expect(visit.Page.Locator(".banner")).ToContainTextAsync("3 of 5 outposts online; rounds need 4", s_patient);
        await Expect(visit.Page.Locator("main")).ToContainTextAsync("Ask the first question", s_patient);
        await CheckAsync(visit, "degraded");
        await visit.ShootAsync("degraded-empty-dark-1440");
        Assert.Empty(visit.Complaints);
    }

    [BrowserFact]
    public async Task Keyboard_alone_reaches_a_round_and_checks_its_evidence()
    {
        await using var deck = await Deck.OpenAsync(Busy);
        await deck.Station.WatchedAsync().Guard();
        var visit = await deck.VisitAsync("/");
        var page = visit.Page;
        await Expect(page.Locator("h1")).ToHaveTextAsync("Station deck");
        await page.Keyboard.PressAsync("g");
        await page.Keyboard.PressAsync("r");
        await Expect(page.Locator("h1")).ToHaveTextAsync("Rounds", new() { Timeout = 20_000 });
        await Expect(page.Locator("h1")).ToBeFocusedAsync(new() { Timeout = 20_000 });
        await page.Keyboard.PressAsync("/");
        await Expect(page.GetByRole(AriaRole.Searchbox)).ToBeFocusedAsync();
        await page.Keyboard.TypeAsync("cholesterol");
        await Expect(page.Locator("table.rounds tbody tr")).ToHaveCountAsync(1, new() { Timeout = 20_000 });
        await Expect(page).ToHaveURLAsync(deck.Address + "/rounds?find=cholesterol", new() { Timeout = 20_000 });
        // Past the days and the durations, which stand before the list.
        var found = page.GetByRole(AriaRole.Link, new() { Name = "Cholesterol by sex", Exact = true });
        for (var tabs = 0; tabs < 20 && !await found.EvaluateAsync<bool>("link => link === document.activeElement"); tabs++) await page.Keyboard.PressAsync("Tab");
        await Expect(found).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("h1")).ToHaveTextAsync("Cholesterol by sex", new() { Timeout = 20_000 });
        await page.GetByRole(AriaRole.Button, new() { Name = "Check the evidence" }).FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("main")).ToContainTextAsync("The evidence could not be fetched", s_patient);
        await Expect(page.Locator(".status").GetByText("Verified", new() { Exact = true })).ToHaveCountAsync(0);
        Assert.Empty(visit.Complaints);
    }

    [BrowserFact]
    public async Task Newest_result_is_verified_from_its_evidence_by_the_dashboard_itself()
    {
        await using var deck = await Deck.OpenAsync(Busy);
        var visit = await deck.VisitAsync("/");
        await Expect(visit.Page.Locator(".overview-side .status").GetByText("Verified", new() { Exact = true })).ToHaveCountAsync(1, new() { Timeout = 20_000 });
        await visit.Page.GetByRole(AriaRole.Link, new() { Name = "Patients", Exact = true }).First.ClickAsync();
        await Expect(visit.Page.Locator("ol.checks")).ToContainTextAsync("their sum is the published total", s_patient);
        Assert.Empty(visit.Complaints);
    }

    internal static async Task CheckAsync(Visit visit, string where)
    {
        // What is placed absolutely within a box that scrolls must not make the page longer than it is.
        var beyond = await visit.Page.EvaluateAsync<double>("() => document.documentElement.scrollHeight - Math.max(innerHeight, document.body.getBoundingClientRect().bottom + scrollY)");
        Assert.True(beyond <= 1, $"{where}: {beyond} px of nothing below the page");
        var result = await visit.Page.RunAxe(new AxeRunOptions { RunOnly = new() { Type = "tag", Values = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] } });
        Assert.True(
            result.Violations.Length == 0,
            $"{where}: " + string.Join("; ", result.Violations.Select(v => $"{v.Id} ({v.Help}): {string.Join(" | ", v.Nodes.Take(3).Select(n => n.Html + " — " + string.Join(", ", n.Any.Select(a => a.Message))))}")));
    }
}
