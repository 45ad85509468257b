using Microsoft.Playwright;
using SecureAggregation.Client;
using SecureAggregation.Dashboard.Blazor.Model;
using static Microsoft.Playwright.Assertions;

namespace SecureAggregation.Browser.Real;

/// <summary>By keys alone, in front of a station and outposts that answer: a question, and the walk through its evidence.</summary>
[Collection(nameof(RealDeck))]
public class KeyboardTests(RealDeck deck)
{
    private const float Patience = 60_000;

    [BrowserFact]
    public async Task Keyboard_alone_asks_real_outposts_and_gets_a_verified_answer()
    {
        var visit = await deck.VisitAsync("/");
        var page = visit.Page;
        await page.Keyboard.PressAsync("g");
        await page.Keyboard.PressAsync("q");
        await Expect(page.Locator("h1")).ToHaveTextAsync("Ask", new() { Timeout = Patience });
        await Expect(page.Locator("h1")).ToBeFocusedAsync(new() { Timeout = Patience });
        await page.TabToAsync("Mean of each number by sex");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("fieldset.measure legend").First).ToHaveTextAsync("Mean", new() { Timeout = Patience });
        await page.TabToAsync("Title, for people");
        await page.Keyboard.TypeAsync("Asked by keys");
        await page.TabToAsync("ε exactly");
        await page.Keyboard.PressAsync("Control+A");
        await page.Keyboard.TypeAsync("0.5");
        await page.Keyboard.PressAsync("Tab");
        await Expect(page.Locator("button.button-wide")).ToHaveTextAsync("Ask, for ε 0.5 at each outpost", new() { Timeout = Patience });
        await page.TabToAsync("Ask, for ε 0.5");
        await page.Keyboard.PressAsync("Enter");

        await Expect(page.Locator("h1")).ToHaveTextAsync("Asked by keys", new() { Timeout = Patience });
        await Expect(page.Locator("main")).ToContainTextAsync("95 % interval", new() { Timeout = Patience });
        await Expect(page.Locator("main .status").GetByText("Verified", new() { Exact = true }).First).ToBeVisibleAsync(new() { Timeout = Patience });
        Assert.Equal([], visit.Complaints);
        await page.Context.CloseAsync();
    }

    [BrowserFact]
    public async Task Keyboard_alone_goes_from_the_palette_through_the_six_steps_of_a_real_round()
    {
        var visit = await deck.VisitAsync("/");
        var page = visit.Page;
        await page.Keyboard.PressAsync("Control+k");
        await page.Keyboard.TypeAsync("verify");
        await Expect(page.Locator("#palette")).ToContainTextAsync("remembered head", new() { Timeout = Patience });
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("h1")).ToHaveTextAsync("Verify a round", new() { Timeout = Patience });
        await page.TabToAsync("Round's id");
        await page.Keyboard.TypeAsync(deck.Dropped.Id());
        await page.Keyboard.PressAsync("Enter");
        await Expect(page).ToHaveURLAsync($"{deck.Address}/verify?round={deck.Dropped.Id()}", new() { Timeout = Patience });
        // Reading begins at the heading again.
        await Expect(page.Locator(".verify-main button.button").First).ToBeVisibleAsync(new() { Timeout = Patience });
        await page.TabToAsync("Verify");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator(".verify-word strong")).ToHaveTextAsync("Verified", new() { Timeout = Patience });
        await Expect(page.Locator(".walk-panel .walk-head .status").GetByText("Pass", new() { Exact = true })).ToHaveCountAsync(6);
        await page.TabToAsync("Remember this head");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("#deck-said")).ToContainTextAsync("remembers the head");
        Assert.Equal([], visit.Complaints);
        await page.Context.CloseAsync();
    }
}
