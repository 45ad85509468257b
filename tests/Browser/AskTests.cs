using Google.Protobuf;
using Microsoft.Playwright;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;
using SecureAggregation.Testing;
using static Microsoft.Playwright.Assertions;

namespace SecureAggregation.Browser;

/// <summary>Asking, as a coordinator who has never seen the deck does it, and with the keyboard alone.</summary>
public class AskTests
{
    private const int MostSteps = 8;

    /// <summary>A consortium of which nothing was asked yet, whose outposts would answer and whose station takes a question.</summary>
    private static Task Empty(FakeStation station, Scenario scenario)
    {
        station.View = scenario.Consortium();
        station.OnPlan = request =>
        {
            var cost = Question.OpenPlan(request.Query, scenario.Members.Roster, DateTimeOffset.UtcNow).ChargeMicro;
            var reply = new PlanQueryReply { TypicalMs = 3_400 };
            reply.Outposts.Add(Members.Names.Select((name, i) => new OutpostPlan
            {
                Index = (uint)i, Name = name, Online = i != 4,
                Answer = i == 4 ? null : i == 3
                    ? new PlanAnswer { Code = RefusalCode.PendingApproval, CostMicro = cost, ApprovalsNeeded = 2, ApprovalsGiven = 1 }
                    : new PlanAnswer { CostMicro = cost, Budgets = { new BudgetLeft { Scope = BudgetScope.Dataset, CapMicro = 20_000_000, LeftMicro = 12_000_000 - (2_000_000 * (ulong)i) } } },
            }));
            return reply;
        };
        station.View.Quorum = 3;
        station.OnSubmit = request =>
        {
            var asked = Question.Open(request.Query, scenario.Members.Roster, DateTimeOffset.UtcNow).Query;
            var round = scenario.Running(42, phaseLength: 60);
            round.Title = asked.Title;
            station.Tell(new Event { Round = round });
            return Scenario.Id(42);
        };
        return Task.CompletedTask;
    }

    private static Task ManyRounds(FakeStation station, Scenario scenario, int all)
    {
        station.View = scenario.Consortium();
        for (var i = 0; i < all; i++)
        {
            var round = i % 9 == 5 ? scenario.Aborted(1, $"Question {i}", 60 * (i + 1)) : scenario.Done(1, $"Question {i}", 60 * (i + 1));
            round.RoundId = ByteString.CopyFrom([.. BitConverter.GetBytes(i), .. new byte[12]]);
            station.Rounds.Add(round);
        }

        return Task.CompletedTask;
    }

    [BrowserFact]
    public async Task First_question_from_the_empty_state_takes_at_most_eight_clicks_and_typed_fields()
    {
        await using var deck = await Deck.OpenAsync(Empty, coordinator: true);
        await deck.Station.WatchedAsync().Guard();
        var visit = await deck.VisitAsync("/");
        var steps = 0;
        async Task ClickAsync(ILocator what)
        {
            await what.ClickAsync();
            steps++;
        }

        await ClickAsync(visit.Page.Locator("[aria-current=step]").GetByRole(AriaRole.Link, new() { Name = "Ask" }));
        await Expect(visit.Page.Locator("main")).ToContainTextAsync("Would run", new() { Timeout = 30_000 });
        await ClickAsync(visit.Page.GetByRole(AriaRole.Button, new() { Name = "Ask, for ε 1 at each outpost" }));
        await Expect(visit.Page.Locator("h1")).ToHaveTextAsync("Count", new() { Timeout = 30_000 });

        Assert.InRange(steps, 1, MostSteps);
        Assert.Equal("Count", Question.Open(Assert.Single(deck.Station.Submitted).Query, deck.Members.Roster, DateTimeOffset.UtcNow).Query.Title);
        Assert.Empty(visit.Complaints);
    }

    [BrowserFact]
    public async Task Keyboard_alone_builds_a_question_and_asks_it()
    {
        await using var deck = await Deck.OpenAsync(Empty, coordinator: true);
        await deck.Station.WatchedAsync().Guard();
        var visit = await deck.VisitAsync("/");
        var page = visit.Page;
        await page.Keyboard.PressAsync("g");
        await page.Keyboard.PressAsync("q");
        await Expect(page.Locator("h1")).ToHaveTextAsync("Ask", new() { Timeout = 20_000 });
        await Expect(page.Locator("h1")).ToBeFocusedAsync(new() { Timeout = 20_000 });
        await page.TabToAsync("Mean of each number by sex");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("fieldset.measure legend").First).ToHaveTextAsync("Mean", new() { Timeout = 20_000 });
        await page.TabToAsync("Title, for people");
        await page.Keyboard.TypeAsync("By sex");
        await page.TabToAsync("ε exactly");
        await page.Keyboard.PressAsync("Control+A");
        await page.Keyboard.TypeAsync("250");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator(".number-field:has(input[aria-invalid]) [role=alert]")).ToContainTextAsync("The privacy cost ε is 250; type a number from 0.000001 to 100. Until then it stays 1.", new() { Timeout = 20_000 });
        await page.Keyboard.PressAsync("Control+A");
        await page.Keyboard.TypeAsync("0.5");
        await page.Keyboard.PressAsync("Tab");
        await Expect(page.Locator("button.button-wide")).ToHaveTextAsync("Ask, for ε 0.5 at each outpost", new() { Timeout = 30_000 });
        await page.TabToAsync("Ask, for ε 0.5");
        await page.Keyboard.PressAsync("Enter");
        await Expect(page.Locator("h1")).ToHaveTextAsync("By sex", new() { Timeout = 30_000 });
        var asked = Question.Open(Assert.Single(deck.Station.Submitted).Query, deck.Members.Roster, DateTimeOffset.UtcNow).Query;
        Assert.Equal(500_000UL, asked.EpsilonMicro);
        Assert.Equal(["sex"], Analysis.Decode(asked.Analysis.Span).GroupBy.Select(g => g.Column));
        Assert.Empty(visit.Complaints);
    }

    [BrowserFact]
    public async Task Question_repeated_templates_and_regressions_are_accessible_at_every_width()
    {
        await using var deck = await Deck.OpenAsync(
            async (station, scenario) =>
            {
                await Empty(station, scenario);
                var real = new RealRound(scenario.Members, DateTimeOffset.UtcNow, 70);
                station.Play(real, scenario.Done(70, "Patients", 95, Scenario.Number("count", "", 920, 7)));
            },
            coordinator: true);
        await deck.Station.WatchedAsync().Guard();
        var repeat = $"/ask?repeat={Convert.ToHexStringLower(Scenario.Id(70).Span)}";
        var first = await deck.VisitAsync(repeat);
        await first.Page.GetByText("Keep the present question as a template").ClickAsync();
        await first.Page.GetByLabel("Name", new() { Exact = true }).FillAsync("Weekly count");
        await first.Page.GetByRole(AriaRole.Button, new() { Name = "Keep", Exact = true }).ClickAsync();
        await Expect(first.Page.Locator("ul.shelf")).ToContainTextAsync("Weekly count", new() { Timeout = 20_000 });
        await first.Page.GetByLabel("local: each outpost adds all of it").CheckAsync();
        await first.Page.GetByLabel("sex", new() { Exact = true }).First.CheckAsync();
        await Expect(first.Page.Locator(".diff")).ToContainTextAsync("group_by", new() { Timeout = 20_000 });
        await LookAsync(first, "ask-changed");

        foreach (var (name, path) in new[] { ("ask-repeat", repeat), ("ask-template", "/ask?template=Weekly%20count"), ("ask-fits", "/ask/fits"), ("ask-fit-none", "/ask/fits/9") })
        {
            foreach (var theme in new[] { "dark", "light" })
            {
                var visit = await deck.VisitAsync(path, theme: theme);
                if (path.StartsWith("/ask?", StringComparison.Ordinal)) await Expect(visit.Page.Locator(".plan")).ToContainTextAsync("Would run", new() { Timeout = 30_000 });
                await LookAsync(visit, $"{name}-{theme}");
                Assert.Empty(visit.Complaints);
                await visit.Page.Context.CloseAsync();
            }
        }
    }

    [BrowserFact]
    public async Task Ten_thousand_rounds_are_reached_by_scrolling_and_few_rows_are_drawn()
    {
        const int All = 10_000;
        await using var deck = await Deck.OpenAsync((station, scenario) => ManyRounds(station, scenario, All));
        await deck.Station.WatchedAsync().Guard();
        foreach (var theme in new[] { "dark", "light" })
        {
            var visit = await deck.VisitAsync("/rounds", theme: theme);
            await Expect(visit.Page.Locator("main")).ToContainTextAsync("rounds; the newest 500 are live", new() { Timeout = 30_000 });
            foreach (var width in new[] { 1440, 820, 320 })
            {
                await visit.Page.SetViewportSizeAsync(width, 1000);
                Assert.True(await visit.Page.EvaluateAsync<int>("() => document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0, $"{width} px");
                await DeckTests.CheckAsync(visit, $"rounds of 10,000, {theme}, {width} px");
                await visit.Page.ScreenshotAsync(new() { Path = Path.Combine(Visit.Folder, $"rounds-many-{theme}-{width}.png") });
            }

            await visit.Page.SetViewportSizeAsync(1440, 1000);
            await ScrollToAsync(visit.Page, 0.5, All / 2);
            await ScrollToAsync(visit.Page, 1, All - 1);
            Assert.InRange(await visit.Page.Locator("table.rounds tr").CountAsync(), 41, 200);

            var begun = deck.Scenario.Running(theme == "dark" ? 80 : 81, phaseLength: 60);
            begun.StartedMs = (ulong)DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();
            deck.Station.Tell(new Event { Round = begun });
            await Expect(visit.Page.GetByRole(AriaRole.Button, new() { Name = "1 new round: show" })).ToBeVisibleAsync(new() { Timeout = 20_000 });
            Assert.Empty(visit.Complaints);
            await visit.Page.Context.CloseAsync();
        }

        var failed = await deck.VisitAsync("/rounds?state=open&find=question%207");
        await Expect(failed.Page.Locator("main")).ToContainTextAsync("rounds of 10,00", new() { Timeout = 30_000 });
        await Expect(failed.Page.Locator("table.rounds")).Not.ToContainTextAsync("Done");
    }

    [BrowserFact]
    public async Task Jump_in_ten_thousand_rounds_lands_where_it_was_aimed_even_if_every_answer_is_late()
    {
        const int All = 10_000;
        await using var deck = await Deck.OpenAsync((station, scenario) => ManyRounds(station, scenario, All));
        await deck.Station.WatchedAsync().Guard();
        var visit = await deck.VisitAsync("/rounds", before: LateFrames.Delay);
        await Expect(visit.Page.Locator("main")).ToContainTextAsync("rounds; the newest 500 are live", new() { Timeout = 60_000 });
        var height = await visit.Page.EvaluateAsync<double>("() => document.documentElement.scrollHeight");

        foreach (var share in new[] { 0.5, 0.9, 0.1 }) await ScrollToAsync(visit.Page, share, (int)(share * All), once: true);

        Assert.InRange(await visit.Page.EvaluateAsync<double>("() => document.documentElement.scrollHeight"), 0.9 * height, 1.1 * height);
    }

    /// <summary>Scrolls to a share of the page, as often as the page's height changes or just once, until a round of about that place is on screen.</summary>
    private static async Task ScrollToAsync(IPage page, double share, int round, bool once = false) => await page.WaitForFunctionAsync(
        """
        ([share, round, once]) => {
          if (!once || window.jumped !== share) scrollTo(0, share * document.documentElement.scrollHeight);
          window.jumped = share;
          return [...document.querySelectorAll('table.rounds tbody tr')].some(row => {
            const box = row.getBoundingClientRect();
            return box.height > 0 && box.bottom > 0 && box.top < innerHeight && Math.abs(Number(/Question (\d+)/.exec(row.innerText)?.[1]) - round) <= (share === 1 ? 0 : 300);
          });
        }
        """,
        new object[] { share, round, once },
        new() { Timeout = 60_000 });

    private static async Task LookAsync(Visit visit, string name)
    {
        foreach (var width in new[] { 1440, 820, 320 })
        {
            await visit.Page.SetViewportSizeAsync(width, 1000);
            var overflow = await visit.Page.EvaluateAsync<int>("() => document.documentElement.scrollWidth - document.documentElement.clientWidth");
            Assert.True(overflow <= 0, $"{name} at {width} px is {overflow} px too wide");
            await DeckTests.CheckAsync(visit, $"{name}, {width} px");
            await visit.ShootAsync($"{name}-{width}");
        }
    }
}
