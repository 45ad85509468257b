using Microsoft.Playwright;
using SecureAggregation.Testing;
using static Microsoft.Playwright.Assertions;

namespace SecureAggregation.Browser;

/// <summary>From the link that a first start prints to a second person's page.</summary>
public class DoorTests
{
    private const string Password = "four words nobody links";

    [BrowserFact]
    public async Task First_person_comes_in_by_the_printed_link_and_invites_a_second()
    {
        await using var deck = await Deck.OpenAsync(DeckTests.Busy, signIn: true);
        await deck.Station.WatchedAsync().Guard();
        var visit = await deck.VisitAsync("/rounds", live: false);
        await Expect(visit.Page.Locator("h1")).ToHaveTextAsync("Sign in");
        foreach (var theme in new[] { "dark", "light" }) await LookAsync(deck, "/sign-in", "sign-in", theme);
        await LookAsync(deck, deck.FirstLink!, "welcome", "dark");

        await visit.Page.GotoAsync(deck.FirstLink!);
        await FillAsync(visit.Page, "ada");
        await Expect(visit.Page.Locator("h1")).ToHaveTextAsync("Station deck", new() { Timeout = 20_000 });
        await visit.Page.Locator(".topbar[data-live]").WaitForAsync();
        await visit.Page.GetByRole(AriaRole.Link, new() { Name = "Access" }).ClickAsync();
        await Expect(visit.Page.Locator("h1")).ToHaveTextAsync("Access", new() { Timeout = 20_000 });
        await DeckTests.CheckAsync(visit, "access of an administrator");
        await visit.Page.GetByRole(AriaRole.Group, new() { Name = "They will be" }).GetByText("analyst").ClickAsync();
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Make a link" }).ClickAsync();
        var link = await visit.Page.Locator("[aria-labelledby=card-invitesomebody] .copy-id code").InnerTextAsync(new() { Timeout = 20_000 });
        await visit.ShootAsync("access-admin-dark-1440");

        var second = await deck.VisitAsync(link, live: false);
        await Expect(second.Page.Locator("main")).ToContainTextAsync("You will be analyst");
        await FillAsync(second.Page, "grace");
        await second.Page.Locator(".topbar[data-live]").WaitForAsync();
        await second.Page.GotoAsync(deck.Address + "/account");
        await DeckTests.CheckAsync(second, "account");
        await second.ShootAsync("account-dark-1440");
        await second.Page.GetByRole(AriaRole.Button, new() { Name = "Sign out" }).ClickAsync();
        await Expect(second.Page.Locator("h1")).ToHaveTextAsync("Sign in");
        Assert.Empty(visit.Complaints);
        Assert.Empty(second.Complaints);
    }

    private static async Task FillAsync(IPage page, string name)
    {
        await page.GetByLabel("Name", new() { Exact = true }).FillAsync(name);
        await page.GetByLabel("Password", new() { Exact = true }).FillAsync(Password);
        await page.GetByLabel("Password again").FillAsync(Password);
        await page.GetByRole(AriaRole.Button, new() { Name = "Make the account" }).ClickAsync();
    }

    private static async Task LookAsync(Deck deck, string path, string name, string theme)
    {
        foreach (var width in new[] { 1440, 320 })
        {
            var visit = await deck.VisitAsync(path, width, 900, theme, live: false);
            await DeckTests.CheckAsync(visit, $"{name}, {theme}, {width} px");
            await visit.ShootAsync($"{name}-{theme}-{width}");
            await visit.Page.Context.CloseAsync();
        }
    }
}
