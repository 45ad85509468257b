using Microsoft.Playwright;
using SecureAggregation.Testing;
using static Microsoft.Playwright.Assertions;

namespace SecureAggregation.Browser;

/// <summary>The auditor's walk through a round's evidence, by keys alone, and a head that the browser keeps.</summary>
public class EvidenceTests
{
    private static readonly LocatorAssertionsToContainTextOptions s_patient = new() { Timeout = 20_000 };
    private static readonly string s_id = Convert.ToHexStringLower(Scenario.Id(70).Span);

    [BrowserFact]
    public async Task Keyboard_alone_walks_the_log_and_verifies_a_round_against_a_remembered_head()
    {
        await using var deck = await Deck.OpenAsync(DeckTests.Busy);
        await deck.Station.WatchedAsync().Guard();
        var visit = await deck.VisitAsync("/transcript");
        var page = visit.Page;
        await Expect(page.Locator("table.log-table tbody tr").First).ToBeVisibleAsync();
        await page.Keyboard.PressAsync("/");
        await Expect(page.GetByRole(AriaRole.Searchbox)).ToBeFocusedAsync();
        await page.Keyboard.TypeAsync("unmask");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page).ToHaveURLAsync(deck.Address + "/transcript?find=unmask", new() { Timeout = 20_000 });
        await Expect(page.Locator("table.log-table tbody tr")).ToHaveCountAsync(5, new() { Timeout = 20_000 });

        await page.GotoAsync($"{deck.Address}/verify?round={s_id}");
        await page.Locator(".topbar[data-live]").WaitForAsync();
        await page.GetByRole(AriaRole.Button, new() { NameRegex = new("^Verify (this round|again)$") }).FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        var word = page.Locator(".verify-word strong");
        await Expect(word).ToHaveTextAsync("Verified", new() { Timeout = 20_000 });
        await Expect(page.Locator(".walk-panel .walk-head .status").GetByText("Pass", new() { Exact = true })).ToHaveCountAsync(6);
        await page.Locator("#panel-1 summary").FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("#panel-1 pre")).ToContainTextAsync("station.example/log", s_patient);
        await visit.ShootAsync("verify-values-dark-1440");
        await page.GetByRole(AriaRole.Button, new() { Name = "Remember this head" }).FocusAsync();
        await page.Keyboard.PressAsync("Enter");

        deck.Station.Log.Play(new RealRound(deck.Members, DateTimeOffset.UtcNow, n: 71));
        await page.ReloadAsync();
        await page.Locator(".topbar[data-live]").WaitForAsync();
        await page.GetByRole(AriaRole.Button, new() { Name = "Take what this browser remembers" }).FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.GetByRole(AriaRole.Button, new() { Name = "Use none" })).ToBeVisibleAsync();
        await page.GetByRole(AriaRole.Button, new() { NameRegex = new("^Verify (this round|again)$") }).FocusAsync();
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("#panel-3")).ToContainTextAsync("extends the one of", s_patient);
        await Expect(word).ToHaveTextAsync("Verified", new() { Timeout = 20_000 });
        Assert.Empty(visit.Complaints);
    }

    [BrowserFact]
    public async Task Forged_head_raises_the_alarm_and_an_uploaded_bundle_with_a_changed_byte_fails()
    {
        await using var deck = await Deck.OpenAsync(DeckTests.Busy);
        await deck.Station.WatchedAsync().Guard();
        var visit = await deck.VisitAsync($"/verify?round={s_id}");
        var page = visit.Page;
        var forged = Protocol.Checkpoint.Create(deck.Members.Roster.LogOrigin, 3, new byte[32], deck.Members.Station);
        await page.GetByLabel("Checkpoint, a signed note").FillAsync(forged.Note);
        await page.GetByRole(AriaRole.Button, new() { NameRegex = new("^Verify (this round|again)$") }).ClickAsync();
        await Expect(page.Locator(".walk-alarm")).ToContainTextAsync("The log is not the one that you remember", s_patient);
        await Expect(page.Locator(".verify-word strong")).ToContainTextAsync("Failed at panel 3", s_patient);
        await DeckTests.CheckAsync(visit, "verify, alarm");
        await visit.ShootAsync("verify-alarm-dark-1440");
        await page.GetByRole(AriaRole.Button, new() { Name = "Use none" }).ClickAsync();

        var bundle = new RealRound(deck.Members, DateTimeOffset.UtcNow, n: 8).Bundle;
        bundle[^1] ^= 4;
        await page.Locator("input[type=file]").SetInputFilesAsync(new FilePayload { Name = "round.secagg", MimeType = "application/octet-stream", Buffer = bundle });
        await Expect(page.Locator(".verify-word strong")).ToContainTextAsync("Failed at panel 5", s_patient);
        await Expect(page.Locator(".verify-result")).ToContainTextAsync("round.secagg", s_patient);
        await visit.ShootAsync("verify-failed-dark-1440");
        Assert.Empty(visit.Complaints);
    }
}
