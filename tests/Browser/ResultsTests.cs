using System.Text.RegularExpressions;
using Microsoft.Playwright;
using SecureAggregation.Client;
using SecureAggregation.Testing;
using static Microsoft.Playwright.Assertions;

namespace SecureAggregation.Browser;

/// <summary>Results in Chromium: chosen, compared, explained, taken away, printed.</summary>
public partial class ResultsTests
{
    private static readonly LocatorAssertionsToContainTextOptions s_patient = new() { Timeout = 20_000 };

    private static string Hex(int n) => Convert.ToHexStringLower(Scenario.Id(n).Span);

    [BrowserFact]
    public async Task Two_results_are_chosen_and_compared_with_the_keyboard_and_the_address_says_it()
    {
        await using var deck = await Deck.OpenAsync(DeckTests.Busy);
        await deck.Station.WatchedAsync().Guard();
        var visit = await deck.VisitAsync("/results?find=age");
        var page = visit.Page;
        await Expect(page.Locator("table.library tbody tr")).ToHaveCountAsync(2, new() { Timeout = 20_000 });
        await page.Locator(".row-actions a", new() { HasText = "Compare" }).Nth(1).FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("main")).ToContainTextAsync("is chosen.", s_patient);
        await page.GetByRole(AriaRole.Link, new() { NameRegex = Compare() }).First.FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("main")).ToContainTextAsync("Both ask the same", s_patient);
        await Expect(page).ToHaveURLAsync($"{deck.Address}/results/compare?a={Hex(72)}&b={Hex(1)}");
        await Expect(page.Locator(".finding")).ToContainTextAsync("by more than the privacy noise", s_patient);
        await page.GetByRole(AriaRole.Link, new() { Name = "Swap A and B" }).ClickAsync();
        await Expect(page).ToHaveURLAsync($"{deck.Address}/results/compare?a={Hex(1)}&b={Hex(72)}");
        Assert.Empty(visit.Complaints);
    }

    [BrowserFact]
    public async Task Row_of_the_timeline_opens_the_outposts_messages_and_a_number_is_explained_in_place()
    {
        await using var deck = await Deck.OpenAsync(DeckTests.Busy);
        await deck.Station.WatchedAsync().Guard();
        var visit = await deck.VisitAsync($"/rounds/{Hex(70)}");
        var page = visit.Page;
        await Expect(page.Locator("ol.checks")).ToContainTextAsync("their sum is the published total", s_patient);
        await page.Locator(".timeline-row").Nth(2).ClickAsync();
        await Expect(page.Locator(".explain")).ToContainTextAsync("Europa", s_patient);
        await Expect(page).ToHaveURLAsync($"{deck.Address}/rounds/{Hex(70)}?outpost=2#outpost");
        await page.GetByRole(AriaRole.Link, new() { Name = "Close" }).ClickAsync();
        await Expect(page.Locator(".explain")).ToHaveCountAsync(0);

        await page.SetViewportSizeAsync(1440, 500);
        await page.GetByRole(AriaRole.Link, new() { NameRegex = Explain() }).First.ClickAsync();
        await Expect(page.Locator(".explain")).ToContainTextAsync("5 whole draws in each cell", s_patient);
        await Expect(page.Locator(".explain")).ToBeInViewportAsync(new() { Timeout = 20_000 });
        Assert.Empty(visit.Complaints);
    }

    [BrowserFact]
    public async Task Files_are_saved_and_the_page_that_they_were_saved_from_lives_on()
    {
        await using var deck = await Deck.OpenAsync(DeckTests.Busy);
        await deck.Station.WatchedAsync().Guard();
        var visit = await deck.VisitAsync($"/rounds/{Hex(70)}");
        var page = visit.Page;
        foreach (var (link, name) in new[] { ("CSV", $"round-{Hex(70)}.csv"), ("JSON", $"round-{Hex(70)}.json"), ("Evidence", $"round-{Hex(70)}.secagg") })
        {
            var saved = await page.RunAndWaitForDownloadAsync(() => page.Locator(".round-actions").GetByRole(AriaRole.Link, new() { Name = link, Exact = true }).ClickAsync());
            Assert.Equal(name, saved.SuggestedFilename);
            if (link != "Evidence") continue;
            await using var consortium = Consortium.Connect(new ConsortiumOptions
            {
                Address = new Uri(deck.Station.Address), Roster = deck.Members.Roster, Identity = deck.Members.Auditor, Time = TimeProvider.System,
            });
            await using var evidence = File.OpenRead(await saved.PathAsync());
            Assert.True((await consortium.VerifyAsync(evidence).Guard()).Passed);
        }

        await Expect(page).ToHaveURLAsync($"{deck.Address}/rounds/{Hex(70)}");
        await page.GetByRole(AriaRole.Button, new() { Name = "Pause" }).ClickAsync();
        await Expect(page.Locator("main")).ToContainTextAsync("Paused since", s_patient);
    }

    [BrowserFact]
    public async Task Report_opened_from_a_file_is_whole_quiet_and_accessible_and_prints()
    {
        await using var deck = await Deck.OpenAsync(DeckTests.Busy);
        var warm = await deck.VisitAsync($"/rounds/{Hex(70)}");
        await Expect(warm.Page.Locator("ol.checks")).ToContainTextAsync("their sum is the published total", s_patient);
        var folder = Directory.CreateTempSubdirectory("report").FullName;
        foreach (var (name, id) in new[] { ("report", Hex(1)), ("report-verified", Hex(70)), ("report-analyses", Hex(71)) })
        {
            var file = Path.Combine(folder, name + ".html");
            await File.WriteAllTextAsync(file, await (await warm.Page.APIRequest.GetAsync($"{deck.Address}/rounds/{id}/report.html")).TextAsync());
            var visit = await deck.VisitAsync("file://" + file, live: false);
            Assert.Equal(name == "report-verified" ? "Verified" : "Unverified", await visit.Page.Locator(".report-head .status").InnerTextAsync());
            foreach (var width in new[] { 1440, 820, 320 })
            {
                await visit.Page.SetViewportSizeAsync(width, 1000);
                Assert.True(await visit.Page.EvaluateAsync<int>("() => document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, $"{name} at {width} px is too wide");
                await DeckTests.CheckAsync(visit, $"{name}, {width} px");
                await visit.ShootAsync($"{name}-{width}");
            }

            await visit.PrintAsync(name);
            Assert.Empty(visit.Complaints);
        }

        Directory.Delete(folder, recursive: true);
    }

    [BrowserFact]
    public async Task Round_prints_on_white_without_the_decks_frame()
    {
        await using var deck = await Deck.OpenAsync(DeckTests.Busy);
        await deck.Station.WatchedAsync().Guard();
        foreach (var (name, path) in new[] { ("round", $"/rounds/{Hex(70)}"), ("round-analyses", $"/rounds/{Hex(71)}"), ("compare", $"/results/compare?a={Hex(72)}&b={Hex(1)}") })
        {
            var visit = await deck.VisitAsync(path);
            await visit.Page.EmulateMediaAsync(new() { Media = Media.Print });
            await Expect(visit.Page.Locator(".rail")).ToBeHiddenAsync();
            Assert.Equal("rgb(255, 255, 255)", await visit.Page.EvaluateAsync<string>("() => getComputedStyle(document.documentElement).backgroundColor"));
            await visit.PrintAsync(name);
            await visit.Page.Context.CloseAsync();
        }
    }

    [BrowserFact]
    public async Task Running_round_is_stopped_after_its_id_was_typed()
    {
        await using var deck = await Deck.OpenAsync(DeckTests.Busy, coordinator: true);
        await deck.Station.WatchedAsync().Guard();
        var visit = await deck.VisitAsync($"/rounds/{Hex(9)}");
        var page = visit.Page;
        await page.GetByText("Stop it …").ClickAsync();
        var stop = page.GetByRole(AriaRole.Button, new() { Name = "Stop the round" });
        await Expect(stop).ToBeDisabledAsync();
        await page.GetByLabel("the beginning of the round's id").FillAsync(Hex(9)[..7]);
        await Expect(stop).ToBeDisabledAsync();
        await DeckTests.CheckAsync(visit, "stopping a round");
        await page.GetByLabel("the beginning of the round's id").FillAsync(Hex(9)[..8]);
        await stop.ClickAsync();
        await Expect(page.Locator("main")).ToContainTextAsync("The station was told to stop the round", s_patient);
        Assert.Equal(Scenario.Id(9), Assert.Single(deck.Station.Stopped));
        Assert.Empty(visit.Complaints);
    }

    [GeneratedRegex("^Compare with this: Patients, age and sex")]
    private static partial Regex Compare();

    [GeneratedRegex("^Explain")]
    private static partial Regex Explain();
}
