using AngleSharp.Dom;
using Microsoft.AspNetCore.Components;
using SecureAggregation.Client;
using SecureAggregation.Dashboard.Blazor.Components.Layout;
using SecureAggregation.Dashboard.Blazor.Components.Pages;
using SecureAggregation.Dashboard.Blazor.Model;
using SecureAggregation.Dashboard.Blazor.Store;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Dashboard.Blazor.Tests;

public sealed class PageTests : IAsyncLifetime
{
    private static readonly Members s_members = new();
    private readonly ComponentHost _host = new();
    private readonly Scenario _scenario;

    public PageTests() => _scenario = new Scenario(s_members, _host.Time.GetUtcNow());

    public Task InitializeAsync() => Task.CompletedTask;

    public async Task DisposeAsync() => await _host.DisposeAsync();

    public static TheoryData<string, string> All
    {
        get
        {
            var all = new TheoryData<string, string>();
            foreach (var page in new[] { "overview", "rounds", "round-done", "round-running", "round-aborted", "round-missing", "results", "compare", "compare-none", "series", "series-unknown", "outposts", "outpost", "outpost-missing", "budgets", "help", "alerts", "log", "about", "access", "not-found", "error", "ask", "fits", "fit-missing", "transcript", "entry", "entry-missing", "verify", "manifest", "manifest-unknown" })
            {
                foreach (var state in new[] { "loading", "empty", "normal", "degraded", "offline", "never" }) all.Add(page, state);
            }

            return all;
        }
    }

    [Theory]
    [MemberData(nameof(All))]
    public async Task Page_in_any_state_has_one_heading_unique_ids_names_and_described_plots(string page, string state)
    {
        Arrange(state);
        var document = await (await DrawAsync(page)).NowAsync();

        Assert.Single(document.QuerySelectorAll("h1"));
        Assert.Single(document.QuerySelectorAll("main"));
        Assert.NotNull(document.QuerySelector("header.topbar, nav.rail"));
        var ids = document.QuerySelectorAll("[id]").Select(e => e.Id!).ToArray();
        Assert.Equal(ids.Distinct().Count(), ids.Length);
        Assert.All(document.QuerySelectorAll("button, a"), e => Assert.True(Name(e).Length > 0, e.OuterHtml));
        foreach (var figure in document.QuerySelectorAll("figure"))
        {
            var picture = figure.QuerySelector("[role=img]")!;
            Assert.NotEmpty(document.GetElementById(picture.GetAttribute("aria-labelledby")!)!.TextContent.Trim());
            Assert.EndsWith(".", document.GetElementById(picture.GetAttribute("aria-describedby")!)!.TextContent.Trim());
            Assert.NotNull(figure.QuerySelector("figcaption"));
            Assert.NotNull(figure.QuerySelector("table"));
        }

        Assert.All(document.QuerySelectorAll("svg"), e => Assert.True(e.GetAttribute("aria-hidden") == "true" || e.GetAttribute("aria-label")?.Length > 0, e.OuterHtml[..80]));
        Assert.All(document.QuerySelectorAll(".status"), e => Assert.True(e.QuerySelector("svg") is not null && e.TextContent.Trim().Length > 0));
        Assert.DoesNotContain("NaN", document.Body!.InnerHtml);
    }

    [Fact]
    public async Task Overview_answers_can_we_run_what_runs_and_what_came_out()
    {
        Arrange("normal");
        var text = Text(await (await DrawAsync("overview")).NowAsync());

        Assert.Contains("5 of 5 online", text);
        Assert.Contains("A round needs 4. 1 outpost may drop out.", text);
        Assert.Contains("Blood pressure by decade", text);
        Assert.Contains("920", text);
        Assert.Contains("Callisto vanished", text);
        Assert.Contains("Mars joined", text);
    }

    [Fact]
    public async Task Degraded_deck_says_who_is_missing_and_that_rounds_need_more()
    {
        Arrange("degraded");
        var text = Text(await (await DrawAsync("overview")).NowAsync());

        Assert.Contains("3 of 5 outposts online; rounds need 4.", text);
        Assert.Contains("No quorum", text);
    }

    [Fact]
    public async Task Offline_deck_keeps_its_data_with_the_time_it_is_from()
    {
        Arrange("offline");
        var document = await (await DrawAsync("overview")).NowAsync();

        Assert.Contains("Station offline. The deck shows what it knew as of 00:00:00 UTC", Text(document));
        Assert.NotNull(document.QuerySelector("svg.orbit-dim"));
        Assert.Contains("920", Text(document));
    }

    [Fact]
    public async Task Loading_deck_shimmers_and_a_station_never_heard_is_named_a_problem()
    {
        Assert.NotNull((await (await DrawAsync("overview")).NowAsync()).QuerySelector(".skeleton"));
        Arrange("never");
        var text = Text(await (await DrawAsync("overview")).NowAsync());
        Assert.Contains("The station does not answer", text);
        Assert.Contains("connection refused", text);
    }

    [Fact]
    public async Task New_consortium_sees_the_next_step()
    {
        Arrange("empty");
        var document = await (await DrawAsync("overview")).NowAsync();
        Assert.Contains("Ask the first question", document.QuerySelector("[aria-current=step]")!.TextContent);
    }

    [Fact]
    public async Task Open_page_follows_the_store_and_leaves_no_subscription_behind()
    {
        Arrange("normal");
        var drawn = await DrawAsync("round-running");
        var done = _scenario.Done(9, "Blood pressure by decade", 12, Scenario.Number("mean", "trestbps", 131.6, 1.2, "mmHg"));
        _host.Time.Advance(DeckView.Interval);
        _host.Store.Update(state => state.With(new Event { Sequence = 9, Round = done }, _host.Time.GetUtcNow()));
        _host.Time.Advance(DeckView.Interval);

        Assert.Contains("131.6", Text(await drawn.NowAsync()));
        Assert.True(_host.View.Changed.Count > 0 && _host.Clock.Tick.Count > 0);
        var (store, clock) = (_host.Store, _host.Clock);
        await _host.DisposeAsync();
        Assert.Equal((0, 0), (store.Changed.Count, clock.Tick.Count));
    }

    [Fact]
    public async Task Paused_page_stands_still_and_counts_what_it_held()
    {
        Arrange("normal");
        var drawn = await DrawAsync("rounds");
        _host.View.TogglePause();
        _host.Store.Update(state => state.With(new Event { Sequence = 9, Round = _scenario.Done(77, "Came while paused", 1) }, _host.Time.GetUtcNow()));
        _host.Time.Advance(TimeSpan.FromSeconds(1));

        var text = Text(await drawn.NowAsync());
        Assert.DoesNotContain("Came while paused", text);
        Assert.Contains("1 update held", text);
        _host.View.TogglePause();
        // Rows stay where they are: what is new waits behind its pill.
        Assert.Contains("1 new round: show", Text(await drawn.NowAsync()));
        Assert.Contains("Came while paused", Text(await (await DrawAsync("rounds")).NowAsync()));
    }

    [Theory]
    [InlineData("rounds?state=aborted", "Resting blood pressure", "Cholesterol by sex")]
    [InlineData("rounds?find=chol", "Cholesterol by sex", "Resting blood pressure")]
    [InlineData("rounds?state=open", "Blood pressure by decade", "Cholesterol by sex")]
    [InlineData("rounds?since=1999-12-31", "Cholesterol by sex", "No round matches")]
    [InlineData("rounds?until=1999-12-30", "No round matches", "Cholesterol by sex")]
    public async Task Filters_of_the_list_are_in_the_address(string path, string shown, string hidden)
    {
        await using var host = new ComponentHost(path);
        host.Store.Update(_ => Normal(host.Time.GetUtcNow()));
        var text = Text(await (await host.DrawAsync<Rounds>()).NowAsync());
        Assert.Contains(shown, text);
        Assert.DoesNotContain(hidden, text);
    }

    [Theory]
    [InlineData("zz", "Not a round")]
    [InlineData("00112233445566778899aabbccddeeff", "No such round")]
    public async Task Wrong_id_is_said_plainly(string id, string title)
    {
        Arrange("normal");
        var document = await (await DrawAsync("round-missing", id)).NowAsync();
        Assert.Equal(title, document.QuerySelector("h1")!.TextContent);
    }

    [Fact]
    public async Task Round_older_than_the_store_is_fetched()
    {
        Arrange("normal");
        _host.Consortium.OnGetRound = _ => _scenario.Done(90, "Long ago", 1e6, Scenario.Ages());
        Assert.Contains("Long ago", Text(await (await DrawAsync("round-missing", Contract.Hex(Scenario.Id(90)))).NowAsync()));
    }

    [Fact]
    public async Task Withheld_number_shows_its_reason_and_neither_zero_nor_blank()
    {
        Arrange("normal");
        var round = _scenario.Done(50, "Small cells", 5, Scenario.Number("count", "", 0, 0, withheld: "fewer than 10 rows"));
        _host.Store.Update(state => state.With(new Event { Sequence = 1, Round = round }, _host.Time.GetUtcNow()));
        var document = await (await DrawAsync("round-missing", round.Id())).NowAsync();
        Assert.Contains("Withheld: fewer than 10 rows", document.QuerySelector(".result-single")!.TextContent);
    }

    [Theory]
    [InlineData(false, "Failed verification")]
    [InlineData(true, "Verified")]
    public async Task Page_says_verified_only_after_a_report_that_passed(bool passes, string word)
    {
        Arrange("normal");
        var id = Contract.Hex(Scenario.Id(1));
        var document = await (await DrawAsync("round-done")).NowAsync();
        Assert.DoesNotContain("Verified", Tags(document));
        var report = new RoundReport { RoundId = [], Passed = passes, Steps = [new ReportStep("inclusion", passes, "entry 380 was altered", 380)] };
        _host.Store.Update(state => state.WithCheck(id, VerificationDesk.Judge(report, null, _host.Time.GetUtcNow())));
        Assert.Contains(word, Tags(await (await DrawAsync("round-done")).NowAsync()));
    }

    [Fact]
    public async Task Page_shows_the_six_steps_up_to_the_one_that_failed_and_those_not_reached()
    {
        Arrange("normal");
        var steps = Protocol.VerificationSteps.All.Select((name, i) => new ReportStep(name, i < 2 ? true : i == 2 ? false : null, i > 2 ? "not reached" : $"detail {i}"));
        var report = new RoundReport { RoundId = [], Passed = false, Steps = [.. steps] };
        _host.Store.Update(state => state.WithCheck(Contract.Hex(Scenario.Id(1)), VerificationDesk.Judge(report, null, _host.Time.GetUtcNow())));

        var items = (await (await DrawAsync("round-done")).NowAsync()).QuerySelectorAll(".checks li").Select(e => e.TextContent).ToList();

        Assert.Equal(6, items.Count);
        Assert.All(items.Zip(Protocol.VerificationSteps.All), pair => Assert.Contains(pair.Second, pair.First, StringComparison.Ordinal));
        Assert.Equal(["Holds", "Holds", "Fails", "Not reached", "Not reached", "Not reached"], items.Select(i => new[] { "Holds", "Fails", "Not reached" }.Single(w => i.Contains(w, StringComparison.Ordinal))));
    }

    private static string Tags(IDocument document) => string.Join('|', document.QuerySelectorAll(".status").Select(e => e.TextContent.Trim()));

    private static string Name(IElement element) => (element.GetAttribute("aria-label") ?? element.TextContent).Trim();

    private static string Text(IDocument document) => System.Text.RegularExpressions.Regex.Replace(document.Body!.TextContent, @"\s+", " ");

    private DeckState Normal(DateTimeOffset now, params string[] offline)
    {
        var rounds = new ListRoundsReply { Rounds = { _scenario.Running(), _scenario.History() }, Total = 22 };
        return DeckState.Empty.WithView(_scenario.Consortium(offline), rounds, now).With(new Event { Sequence = 1, Log = Scenario.Log("Mars joined").Log }, now);
    }

    private void Arrange(string state)
    {
        var now = _host.Time.GetUtcNow();
        _host.Store.Update(_ => state switch
        {
            "loading" => DeckState.Empty,
            "never" => DeckState.Empty.WithOffline("connection refused"),
            "empty" => DeckState.Empty.WithView(_scenario.Consortium(), new ListRoundsReply(), now),
            "degraded" => Normal(now, "Titan", "Callisto"),
            "offline" => Normal(now).WithOffline("connection refused"),
            _ => Normal(now),
        });
    }

    private Task<Drawn> DrawAsync(string page, string? id = null)
    {
        var (type, parameter) = page switch
        {
            "overview" => (typeof(Overview), null),
            "rounds" => (typeof(Rounds), null),
            "round-done" => (typeof(RoundPage), Contract.Hex(Scenario.Id(1))),
            "round-running" => (typeof(RoundPage), Contract.Hex(Scenario.Id(9))),
            "round-aborted" => (typeof(RoundPage), Contract.Hex(Scenario.Id(2))),
            "round-missing" => (typeof(RoundPage), id ?? "00112233445566778899aabbccddeeff"),
            "results" => (typeof(ResultsPage), null),
            "compare" or "compare-none" => (typeof(ComparePage), null),
            "series" => (typeof(SeriesPage), Contract.Hex(_scenario.Done(1, "Patients by outcome", 1).Content)),
            "series-unknown" => (typeof(SeriesPage), new string('0', 64)),
            "ask" => (typeof(AskPage), null),
            "fits" => (typeof(FitsPage), null),
            "fit-missing" => (typeof(FitPage), "7"),
            "outposts" => (typeof(OutpostsPage), null),
            "outpost" => (typeof(OutpostPage), "3"),
            "outpost-missing" => (typeof(OutpostPage), id ?? "77"),
            "budgets" => (typeof(BudgetsPage), null),
            "transcript" => (typeof(TranscriptPage), null),
            "entry" => (typeof(EntryPage), "3"),
            "entry-missing" => (typeof(EntryPage), "x"),
            "verify" => (typeof(VerifyPage), null),
            "manifest" => (typeof(ManifestPage), Contract.Hex(Scenario.Id(1))),
            "manifest-unknown" => (typeof(ManifestPage), "zz"),
            "help" => (typeof(Help), null),
            "alerts" => (typeof(AlertsPage), null),
            "log" => (typeof(LogPage), null),
            "about" => (typeof(AboutPage), null),
            "access" => (typeof(AccessPage), null),
            "not-found" => (typeof(NotFound), null),
            _ => (typeof(Error), (string?)null),
        };
        RenderFragment body = builder =>
        {
            builder.OpenComponent(0, type);
            if (parameter is not null) builder.AddComponentParameter(1, type == typeof(SeriesPage) ? "Content" : type == typeof(EntryPage) ? "Index" : "Id", parameter);
            if (page == "compare") builder.AddMultipleAttributes(2, new Dictionary<string, object> { ["A"] = Contract.Hex(Scenario.Id(1)), ["B"] = Contract.Hex(Scenario.Id(20)) });
            builder.CloseComponent();
        };
        return _host.DrawAsync<MainLayout>(("Body", body));
    }
}
