using System.Text.RegularExpressions;
using Microsoft.Playwright;
using SecureAggregation.Dashboard.Blazor.Model;
using SecureAggregation.Protocol.Wire;
using static Microsoft.Playwright.Assertions;

namespace SecureAggregation.Browser.Real;

/// <summary>What an open page shows while processes come and go behind it.</summary>
public class LiveTests
{
    private const string Password = "four words nobody links";
    private const int MostSteps = 8;
    private const float Patience = 60_000;

    [BrowserFact]
    public async Task First_question_to_real_outposts_takes_at_most_eight_clicks_and_typed_fields()
    {
        await using var consortium = await RealConsortium.StartAsync(CanaryClinics.Make);
        await using var deck = await DeckAsync(consortium);
        await using var chrome = await Chrome.LaunchAsync();
        var visit = await chrome.VisitAsync(deck.Address);
        var person = new Person();

        await person.ClickAsync(visit.Page.Locator("[aria-current=step]").GetByRole(AriaRole.Link, new() { Name = "Ask" }));
        await person.ClickAsync(visit.Page.GetByRole(AriaRole.Button, new() { Name = "Mean of each number by sex" }));
        await person.TypeAsync(visit.Page.GetByLabel("Title, for people"), "My first question");
        await person.ClickAsync(visit.Page.GetByRole(AriaRole.Button, new() { NameRegex = new Regex("^Ask, for ε") }));

        await Expect(visit.Page.Locator("h1")).ToHaveTextAsync("My first question", new() { Timeout = Patience });
        await Expect(visit.Page.Locator("main")).ToContainTextAsync("95 % interval", new() { Timeout = Patience });
        await Expect(visit.Page.Locator("main .status").GetByText("Verified", new() { Exact = true }).First).ToBeVisibleAsync(new() { Timeout = Patience });
        Assert.InRange(person.Steps, 1, MostSteps);
        Assert.Equal([], visit.Complaints);
    }

    [BrowserFact]
    public async Task Killed_outpost_is_seen_on_the_timeline_and_a_station_that_went_comes_back_without_a_reload()
    {
        await using var consortium = await RealConsortium.StartAsync(CanaryClinics.Make, TimeSpan.FromSeconds(6), TimeSpan.FromMilliseconds(400));
        await using var deck = await DeckAsync(consortium);
        await using var chrome = await Chrome.LaunchAsync();
        var handle = await consortium.SubmitAsync(Questions.ByDecade);
        var visit = await chrome.VisitAsync($"{deck.Address}/rounds/{Convert.ToHexStringLower(handle.Id)}");
        var main = visit.Page.Locator("main");
        await visit.Page.EvaluateAsync("() => window.sameDocument = true");

        var killed = false;
        var round = await handle.WaitAsync(seen =>
        {
            if (killed || seen.Phase < RoundPhase.Share) return;
            killed = true;
            consortium.Kill("Ganymede");
        });

        Assert.Equal((RoundState.Done, PartyState.Dropped), (round.State, round.Parties.Single(p => p.Name == "Ganymede").State));
        await Expect(main).ToContainTextAsync(new Regex(@"Ganymede\s*dropped"), new() { Timeout = Patience });
        await Expect(main).ToContainTextAsync("Without Ganymede", new() { Timeout = Patience });
        await Expect(main.GetByRole(AriaRole.Img).Last).ToBeVisibleAsync(new() { Timeout = Patience });

        var banner = visit.Page.Locator(".banner");
        await consortium.StopStationAsync();
        await Expect(banner.First).ToContainTextAsync("Station offline", new() { Timeout = Patience });
        await Expect(main).ToContainTextAsync("Without Ganymede");
        await consortium.StartStationAsync();
        await consortium.StartOutpostAsync("Ganymede");
        await consortium.AllOnlineAsync();
        await Expect(banner).ToHaveCountAsync(0, new() { Timeout = Patience });

        // Something that happens only now reaches the page that was open all the time.
        await visit.Page.GetByRole(AriaRole.Link, new() { Name = "Rounds", Exact = true }).First.ClickAsync();
        await Expect(visit.Page.Locator("h1")).ToHaveTextAsync("Rounds", new() { Timeout = Patience });
        await consortium.AskAsync(Questions.BySex);
        await Expect(main).ToContainTextAsync(new Regex("Patients by sex|1 new round"), new() { Timeout = Patience });
        Assert.True(await visit.Page.EvaluateAsync<bool>("() => window.sameDocument === true"));
        Assert.Equal([], visit.Complaints);
    }

    [BrowserFact]
    public async Task Accounts_of_the_deck_are_entries_of_the_real_stations_log_and_outlive_its_absence()
    {
        await using var consortium = await RealConsortium.StartAsync(CanaryClinics.Make);
        await using var deck = await DeckProcess.StartAsync(Path.Combine(consortium.Folder, "deck"), consortium.Address, consortium.RosterFile, consortium.CoordinatorKey, signIn: true);
        await using var chrome = await Chrome.LaunchAsync();
        var visit = await chrome.VisitAsync(deck.FirstLink!, live: false);
        foreach (var (label, text) in new[] { ("Name", "ada"), ("Password", Password), ("Password again", Password) })
            await visit.Page.GetByLabel(label, new() { Exact = true }).FillAsync(text);
        await visit.Page.GetByRole(AriaRole.Button, new() { Name = "Make the account" }).ClickAsync();
        await Expect(visit.Page.Locator("h1")).ToHaveTextAsync("Station deck", new() { Timeout = Patience });

        // Its act is the log's newest entry, signed by the key that the deck has.
        var head = await consortium.Sdk.GetCheckpointAsync();
        var entry = (await consortium.Sdk.CheckEntryAsync(head.Size - 1))!;
        Assert.True(entry is { InLog: true, Signed: true }, entry.SignedDetail);
        var act = Assert.IsType<Act>(Assert.Single(entry.Logged.Messages));
        Assert.Equal((ActCode.AccountAdded, "ada", "operator", "roles: admin, coordinator, auditor; all studies"), (act.Code, act.Subject, act.By, act.Detail));
        await visit.Page.GotoAsync($"{deck.Address}/transcript/{head.Size - 1}");
        await Expect(visit.Page.Locator("main")).ToContainTextAsync("ada", new() { Timeout = Patience });
        await visit.ShootAsync("act-dark-1440");

        await consortium.StopStationAsync();
        await visit.Page.GotoAsync($"{deck.Address}/access");
        await Expect(visit.Page.Locator(".banner").First).ToContainTextAsync("Station offline", new() { Timeout = Patience });
        await visit.Page.GetByLabel("ada is analyst").ClickAsync();
        await Expect(visit.Page.Locator("main")).ToContainTextAsync("nothing was changed", new() { Timeout = Patience });
        await Expect(visit.Page.GetByLabel("ada is analyst")).Not.ToBeCheckedAsync();
        await visit.ShootAsync("access-offline-dark-1440");
        var again = await chrome.VisitAsync(deck.Address + "/sign-in", live: false);
        await again.Page.GetByLabel("Name", new() { Exact = true }).FillAsync("ada");
        await again.Page.GetByLabel("Password", new() { Exact = true }).FillAsync(Password);
        await again.Page.GetByRole(AriaRole.Button, new() { Name = "Sign in" }).ClickAsync();
        await Expect(again.Page.Locator("h1")).ToHaveTextAsync("Station deck", new() { Timeout = Patience });
    }

    private static Task<DeckProcess> DeckAsync(RealConsortium consortium) =>
        DeckProcess.StartAsync(Path.Combine(consortium.Folder, "deck"), consortium.Address, consortium.RosterFile, consortium.CoordinatorKey);

    /// <summary>Somebody at the mouse and the keyboard; each click and each field that is typed into counts.</summary>
    private sealed class Person
    {
        public int Steps { get; private set; }

        public Task ClickAsync(ILocator what)
        {
            Steps++;
            return what.ClickAsync(new() { Timeout = Patience });
        }

        public async Task TypeAsync(ILocator field, string text)
        {
            Steps++;
            await field.FillAsync(text, new() { Timeout = Patience });
            await field.BlurAsync();
        }
    }
}
