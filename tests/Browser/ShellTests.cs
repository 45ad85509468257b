using System.Reflection;
using Microsoft.Playwright;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;
using static Microsoft.Playwright.Assertions;

namespace SecureAggregation.Browser;

/// <summary>Palette, keys, the bar at the bottom, settings, and an alert that somebody closes, by hand and keyboard.</summary>
public class ShellTests
{
    private static readonly PageAssertionsToHaveURLOptions s_patient = new() { Timeout = 20_000 };

    private static readonly string s_folder = typeof(ShellTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "ArtifactsFolder").Value!;

    private static string Hex(int n) => Convert.ToHexStringLower(Scenario.Id(n).Span);

    [BrowserFact]
    public async Task Palette_opens_by_keys_follows_the_arrows_and_goes()
    {
        await using var deck = await Deck.OpenAsync(DeckTests.Busy);
        await deck.Station.WatchedAsync().Guard();
        foreach (var theme in new[] { "dark", "light" })
        {
            var visit = await deck.VisitAsync("/rounds", theme: theme);
            var page = visit.Page;
            var (dialog, box) = (page.GetByRole(AriaRole.Dialog), page.GetByRole(AriaRole.Combobox, new() { Name = "Page, round, outpost" }));
            await page.Keyboard.PressAsync("Control+k");
            await Expect(box).ToBeFocusedAsync();
            await Expect(dialog.GetByRole(AriaRole.Option).First).ToContainTextAsync("runs now", new() { Timeout = 20_000 });
            await DeckTests.CheckAsync(visit, "palette, " + theme);
            await page.ScreenshotAsync(new() { Path = Path.Combine(s_folder, $"palette-{theme}-1440.png") });

            await page.Keyboard.TypeAsync("cholesterol");
            await Expect(dialog.GetByRole(AriaRole.Option)).ToHaveCountAsync(1, new() { Timeout = 20_000 });
            await box.FillAsync("out");
            var options = dialog.GetByRole(AriaRole.Option);
            await Expect(options.First).ToHaveAttributeAsync("aria-selected", "true", new() { Timeout = 20_000 });
            await Expect(options.First).ToContainTextAsync("Outposts", new() { Timeout = 20_000 });
            await page.Keyboard.PressAsync("ArrowDown");
            await Expect(options.Nth(1)).ToHaveAttributeAsync("aria-selected", "true", new() { Timeout = 20_000 });
            await Expect(box).ToHaveAttributeAsync("aria-activedescendant", "palette-1");
            await page.Keyboard.PressAsync("ArrowUp");
            await Expect(box).ToHaveAttributeAsync("aria-activedescendant", "palette-0", new() { Timeout = 20_000 });

            await box.FillAsync("qwertz");
            await Expect(dialog.GetByRole(AriaRole.Status)).ToHaveTextAsync("Nothing on this deck is called “qwertz”.", new() { Timeout = 20_000 });
            await DeckTests.CheckAsync(visit, "palette without a place");
            await page.Keyboard.PressAsync("Enter");
            await Expect(box).ToBeFocusedAsync();
            await page.Keyboard.PressAsync("Escape");
            await Expect(dialog).ToBeHiddenAsync();

            // Typed and sent at once: the server takes the letters before it takes the Enter.
            await page.GetByRole(AriaRole.Button, new() { Name = "Go to" }).ClickAsync();
            await Expect(box).ToHaveValueAsync("");
            await page.Keyboard.InsertTextAsync(Hex(2));
            await page.Keyboard.PressAsync("Enter");
            await Expect(page).ToHaveURLAsync(deck.Address + "/rounds/" + Hex(2), s_patient);
            await Expect(dialog).ToBeHiddenAsync();
            await Expect(page.Locator("h1")).ToBeFocusedAsync(new() { Timeout = 20_000 });
            Assert.Empty(visit.Complaints);
            await page.Context.CloseAsync();
        }
    }

    [BrowserFact]
    public async Task Every_key_of_Help_does_what_Help_says_and_none_while_somebody_types()
    {
        await using var deck = await Deck.OpenAsync(DeckTests.Busy);
        await deck.Station.WatchedAsync().Guard();
        var visit = await deck.VisitAsync("/access");
        var page = visit.Page;
        // The rail of an auditor: each entry bears its key.
        foreach (var entry in await page.Locator(".rail > a").AllAsync())
        {
            var (key, url) = ((await entry.GetAttributeAsync("data-key"))!, await entry.GetAttributeAsync("href"));
            if ((await page.APIRequest.GetAsync(deck.Address + url)).Status == 404) continue;
            await page.Keyboard.PressAsync("g");
            await page.Keyboard.PressAsync(key);
            await Expect(page).ToHaveURLAsync(deck.Address + url, s_patient);
        }

        await page.GotoAsync(deck.Address + "/rounds");
        await page.Locator(".topbar[data-live]").WaitForAsync();
        await page.Context.GrantPermissionsAsync(["clipboard-read", "clipboard-write"]);
        var rows = page.Locator("main table.rounds tbody tr");
        await page.Keyboard.PressAsync("j");
        await Expect(rows.Nth(0)).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("j");
        await page.Keyboard.PressAsync("j");
        await page.Keyboard.PressAsync("k");
        await Expect(rows.Nth(1)).ToBeFocusedAsync();
        await page.Keyboard.PressAsync("c");
        await Expect(page.Locator("#deck-said")).ToHaveTextAsync("Copied");
        var copied = await page.EvaluateAsync<string>("() => navigator.clipboard.readText()");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page).ToHaveURLAsync(deck.Address + "/rounds/" + copied, s_patient);
        await page.Keyboard.PressAsync("?");
        await Expect(page).ToHaveURLAsync(deck.Address + "/help", s_patient);
        await page.Keyboard.PressAsync("p");
        await Expect(page.Locator(".banner")).ToContainTextAsync("Paused since", new() { Timeout = 20_000 });
        await page.Keyboard.PressAsync("t");
        await Expect(page.Locator("html")).ToHaveAttributeAsync("data-theme", "light");

        await page.GotoAsync(deck.Address + "/rounds");
        await page.Locator(".topbar[data-live]").WaitForAsync();
        // A page that comes alive gives its heading the focus; only then is a key nobody else's.
        await Expect(page.Locator("h1")).ToBeFocusedAsync(new() { Timeout = 20_000 });
        await page.Keyboard.PressAsync("/");
        var box = page.Locator("[data-filter]");
        await Expect(box).ToBeFocusedAsync();
        await page.Keyboard.TypeAsync("jkcpt?gh");
        await Expect(box).ToHaveValueAsync("jkcpt?gh");
        await Expect(page.Locator("html")).ToHaveAttributeAsync("data-theme", "light");
        await Expect(page.Locator("h1")).ToHaveTextAsync("Rounds");
    }

    [BrowserFact]
    public async Task Rail_fits_low_windows_and_is_a_bar_with_a_sheet_on_a_phone()
    {
        await using var deck = await Deck.OpenAsync(DeckTests.Busy);
        await deck.Station.WatchedAsync().Guard();
        foreach (var (width, height) in new[] { (1440, 1000), (1440, 600), (820, 600) })
        {
            var low = await deck.VisitAsync("/help", width, height);
            await Expect(low.Page.Locator(".rail > a:visible")).ToHaveCountAsync(10);
            var last = (await low.Page.Locator(".rail > a").Last.BoundingBoxAsync())!;
            Assert.True(last.Y + last.Height <= height, $"the rail ends at {last.Y + last.Height} of {height} px");
            await AllLargeAsync(low.Page, ".rail > a:visible");
            await low.Page.ScreenshotAsync(new() { Path = Path.Combine(s_folder, $"rail-dark-{width}x{height}.png") });
            await low.Page.Context.CloseAsync();
        }

        foreach (var theme in new[] { "dark", "light" })
        {
            var visit = await deck.VisitAsync("/", 320, 640, theme);
            var page = visit.Page;
            await Expect(page.Locator(".rail > :visible")).ToHaveCountAsync(6);
            await AllLargeAsync(page, ".rail > :visible, .topbar :is(a, button):visible");
            Assert.True(await page.EvaluateAsync<bool>("() => document.documentElement.scrollWidth <= document.documentElement.clientWidth"));
            var more = page.GetByRole(AriaRole.Button, new() { Name = "More" });
            await more.FocusAsync();
            await page.Keyboard.PressAsync("Enter");
            var sheet = page.Locator("#rail-sheet");
            await Expect(sheet).ToBeVisibleAsync();
            await DeckTests.CheckAsync(visit, "sheet, " + theme);
            await page.ScreenshotAsync(new() { Path = Path.Combine(s_folder, $"sheet-{theme}-320.png") });
            await page.Keyboard.PressAsync("Tab");
            await Expect(sheet.GetByRole(AriaRole.Link).First).ToBeFocusedAsync();
            await page.Keyboard.PressAsync("Escape");
            await Expect(sheet).ToBeHiddenAsync();
            await Expect(more).ToBeFocusedAsync();
            await more.ClickAsync();
            await sheet.GetByRole(AriaRole.Link, new() { Name = "Help" }).ClickAsync();
            await Expect(page).ToHaveURLAsync(deck.Address + "/help", s_patient);
            await Expect(sheet).ToBeHiddenAsync();
            await page.GetByRole(AriaRole.Button, new() { Name = "Go to" }).ClickAsync();
            await page.Keyboard.TypeAsync("titan");
            await Expect(page.GetByRole(AriaRole.Option).First).ToContainTextAsync("Titan", new() { Timeout = 20_000 });
            await page.ScreenshotAsync(new() { Path = Path.Combine(s_folder, $"palette-{theme}-320.png") });
            Assert.Empty(visit.Complaints);
            await page.Context.CloseAsync();
        }
    }

    [BrowserFact]
    public async Task Alert_is_acknowledged_with_a_note_closed_and_opened_again()
    {
        await using var deck = await Deck.OpenAsync(DeckTests.Busy);
        await deck.Station.WatchedAsync().Guard();
        var visit = await deck.VisitAsync("/alerts");
        var page = visit.Page;
        var row = page.Locator(".alert-row", new() { HasText = "Callisto vanished" });
        await row.GetByRole(AriaRole.Button, new() { Name = "Acknowledge" }).ClickAsync();
        await row.GetByRole(AriaRole.Textbox).FillAsync("Their network is being repaired until noon.");
        await DeckTests.CheckAsync(visit, "alert with its form");
        await visit.ShootAsync("alert-form-dark-1440");
        await row.GetByRole(AriaRole.Button, new() { Name = "Acknowledge", Exact = true }).ClickAsync();
        await Expect(page.Locator(".rail-count")).ToHaveTextAsync("1 open", new() { Timeout = 20_000 });
        await page.GetByRole(AriaRole.Link, new() { Name = "Acknowledged" }).ClickAsync();
        await Expect(page).ToHaveURLAsync(deck.Address + "/alerts?state=acknowledged", s_patient);
        await Expect(row).ToContainTextAsync("this machine acknowledged it", new() { Timeout = 20_000 });
        await Expect(row).ToContainTextAsync("until noon");
        await visit.ShootAsync("alert-acknowledged-dark-1440");
        await row.GetByRole(AriaRole.Button, new() { Name = "Close" }).ClickAsync();
        await row.GetByRole(AriaRole.Button, new() { Name = "Close", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Link, new() { Name = "Closed" }).ClickAsync();
        await row.GetByRole(AriaRole.Button, new() { Name = "Reopen" }).ClickAsync(new() { Timeout = 20_000 });
        await row.GetByRole(AriaRole.Button, new() { Name = "Reopen", Exact = true }).ClickAsync();
        await Expect(page.Locator(".rail-count")).ToHaveTextAsync("2 open", new() { Timeout = 20_000 });
        Assert.Empty(visit.Complaints);
    }

    [BrowserFact]
    public async Task Log_follows_holds_filters_and_is_copied_as_json()
    {
        await using var deck = await Deck.OpenAsync(DeckTests.Busy);
        await deck.Station.WatchedAsync().Guard();
        var visit = await deck.VisitAsync("/log");
        var page = visit.Page;
        await page.Context.GrantPermissionsAsync(["clipboard-read", "clipboard-write"]);
        var lines = page.Locator("[role=log] li");
        foreach (var outpost in Members.Names) deck.Station.Tell(Line(1100, Severity.Info, $"Outpost {outpost} is online (outpost 0.1.0)", outpost));
        await Expect(lines).ToHaveCountAsync(5, new() { Timeout = 20_000 });
        await page.GetByRole(AriaRole.Button, new() { Name = "Hold" }).ClickAsync();
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Follow" })).ToBeVisibleAsync(new() { Timeout = 20_000 });
        deck.Station.Tell(Line(1103, Severity.Warning, "Outpost Titan was turned away: its clock is wrong", "Titan"));
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Follow: 1 newer" })).ToBeVisibleAsync(new() { Timeout = 20_000 });
        await Expect(lines).ToHaveCountAsync(5);
        await page.GetByRole(AriaRole.Button, new() { Name = "Follow" }).ClickAsync();
        await Expect(lines.First).ToContainTextAsync("turned away", new() { Timeout = 20_000 });
        await page.GetByText("only security events").ClickAsync();
        await Expect(page).ToHaveURLAsync(deck.Address + "/log?security=1", s_patient);
        await Expect(lines).ToHaveCountAsync(1, new() { Timeout = 20_000 });
        await page.GetByRole(AriaRole.Button, new() { Name = "Copy as JSON" }).ClickAsync();
        await Expect(page.Locator("#deck-said")).ToHaveTextAsync("Copied", new() { Timeout = 20_000 });
        using var json = System.Text.Json.JsonDocument.Parse(await page.EvaluateAsync<string>("() => navigator.clipboard.readText()"));
        Assert.Equal(1103, Assert.Single(json.RootElement.EnumerateArray()).GetProperty("eventId").GetInt32());
        Assert.Empty(visit.Complaints);
    }

    [BrowserFact]
    public async Task Settings_are_kept_by_the_browser_and_times_follow_its_zone()
    {
        await using var deck = await Deck.OpenAsync(DeckTests.Busy);
        await deck.Station.WatchedAsync().Guard();
        await using var context = await deck.Browser.NewContextAsync(new() { TimezoneId = "Pacific/Kiritimati", ViewportSize = new() { Width = 1440, Height = 1000 } });
        var page = await context.NewPageAsync();
        await page.GotoAsync(deck.Address + "/about");
        await page.Locator(".topbar[data-live]").WaitForAsync();
        await Expect(page.GetByLabel("Night side")).ToBeCheckedAsync(new() { Timeout = 20_000 });
        await page.GetByLabel("Compact").CheckAsync();
        await page.GetByLabel("Day side").CheckAsync();
        await page.GetByLabel("This browser's zone").CheckAsync();
        await page.GotoAsync(deck.Address + "/log");
        var root = page.Locator("html");
        await Expect(root).ToHaveAttributeAsync("data-theme", "light");
        await Expect(root).ToHaveAttributeAsync("data-density", "compact");
        deck.Station.Tell(Line(1100, Severity.Info, "Outpost Mars is online (outpost 0.1.0)", "Mars"));
        var time = page.Locator("[role=log] time");
        await Expect(time).ToHaveCountAsync(1, new() { Timeout = 20_000 });
        var at = DateTimeOffset.Parse((await time.GetAttributeAsync("datetime"))!, System.Globalization.CultureInfo.InvariantCulture).ToOffset(TimeSpan.FromHours(14));
        await Expect(time).ToHaveTextAsync(at.ToString("HH:mm:ss", System.Globalization.CultureInfo.InvariantCulture));
        await Expect(time).ToHaveAttributeAsync("title", at.ToString("yyyy-MM-dd HH:mm:ss", System.Globalization.CultureInfo.InvariantCulture) + " GMT+14");
        await page.ScreenshotAsync(new() { Path = Path.Combine(s_folder, "log-compact-light-1440.png") });
    }

    private static Event Line(uint id, Severity severity, string text, string outpost) => new() { Log = new LogLine { EventId = id, Severity = severity, Text = text, Outpost = outpost } };

    private static async Task AllLargeAsync(IPage page, string selector)
    {
        foreach (var target in await page.Locator(selector).AllAsync())
        {
            var box = (await target.BoundingBoxAsync())!;
            Assert.True(box.Width >= 24 && box.Height >= 24, $"{await target.InnerTextAsync()} is {box.Width} × {box.Height} px");
        }
    }
}
