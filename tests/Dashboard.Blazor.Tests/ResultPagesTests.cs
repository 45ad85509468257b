using AngleSharp.Dom;
using SecureAggregation.Accounts;
using SecureAggregation.Client;
using SecureAggregation.Dashboard.Blazor.Components.Pages;
using SecureAggregation.Dashboard.Blazor.Components.Results;
using SecureAggregation.Dashboard.Blazor.Model;
using SecureAggregation.Dashboard.Blazor.Store;
using SecureAggregation.Dashboard.Blazor.Urls;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Dashboard.Blazor.Tests;

/// <summary>What the library, the comparison, the series and a round's page do.</summary>
public sealed class ResultPagesTests
{
    private static readonly Members s_members = new();

    [Fact]
    public void Stop_that_was_not_confirmed_says_where_to_look_and_what_then() => Assert.Equal(
        "The station did not confirm that it stops the round: The station does not answer. The timeline shows whether the round still runs; if it does, stop it again",
        StopRound.Unconfirmed(new StationUnavailableException("The station does not answer.")));

    [Fact]
    public async Task Library_lists_released_totals_alone_and_pages_beyond_what_the_deck_holds()
    {
        await using var host = Host("results");
        var scenario = new Scenario(s_members, host.Time.GetUtcNow());
        for (var i = 0; i < 30; i++) host.Consortium.Rounds.Add(scenario.Done(150 + i, $"Older {i}", 1e6 + i, Scenario.Number("count", "", i, 9)));
        var page = await (await host.DrawAsync<ResultsPage>()).NowAsync();
        Assert.Equal(25, page.QuerySelectorAll("tbody tr").Length);
        Assert.DoesNotContain("Resting blood pressure", Text(page)); // aborted
        Assert.Contains("920", Text(page));
        var older = page.QuerySelector("a[rel=next]")!.GetAttribute("href")!;
        Assert.Equal("/results?from=25", older);

        await using var second = Host("results?from=25");
        second.Consortium.Rounds.AddRange(host.Consortium.Rounds.Skip(second.Consortium.Rounds.Count));
        page = await (await second.DrawAsync<ResultsPage>()).NowAsync();
        Assert.Contains("Older 29", Text(page));
        Assert.Null(page.QuerySelector("a[rel=next]"));
    }

    [Theory]
    [InlineData("results?find=chol", "Cholesterol by sex", "Maximum heart rate")]
    [InlineData("results?dataset=patients", "Maximum heart rate", "Flights")]
    [InlineData("results?dataset=ships", "Flights", "Maximum heart rate")]
    [InlineData("results?dataset=ships&find=Flights", "Flights", "Cargo")]
    [InlineData("results?dataset=none", "No result matches", "Flights")]
    [InlineData("results?dataset=ships&from=second", "Flights", "Maximum heart rate")]
    [InlineData("results?dataset=ships&from=99999999999", "Flights", "Maximum heart rate")]
    public async Task Filters_of_the_library_are_in_the_address(string path, string shown, string hidden)
    {
        await using var host = Host(path);
        var scenario = new Scenario(s_members, host.Time.GetUtcNow());
        foreach (var (n, title) in new[] { (90, "Flights"), (91, "Cargo") })
        {
            var round = scenario.Done(n, title, 5000, Scenario.Number("count", "", 12, 9));
            round.Dataset = "ships";
            host.Consortium.Rounds.Add(round);
        }

        var text = Text(await (await host.DrawAsync<ResultsPage>()).NowAsync());
        Assert.Contains(shown, text);
        Assert.DoesNotContain(hidden, text);
    }

    [Fact]
    public async Task First_choice_is_in_the_address_and_the_second_leads_to_the_comparison()
    {
        var (a, b) = (Contract.Hex(Scenario.Id(1)), Contract.Hex(Scenario.Id(3)));
        await using var none = Host("results");
        Assert.Contains((await (await none.DrawAsync<ResultsPage>()).NowAsync()).QuerySelectorAll(".row-actions a"), e => e.GetAttribute("href") == DeckUrls.ResultsWhere(first: a));
        await using var host = Host("results?a=" + a);
        var page = await (await host.DrawAsync<ResultsPage>()).NowAsync();
        Assert.Contains("Patients, age and sex is chosen.", Text(page));
        Assert.Contains(page.QuerySelectorAll(".row-actions a"), e => e.GetAttribute("href") == DeckUrls.Compare(a, b));
        Assert.Single(page.QuerySelectorAll(".row-chosen"));
    }

    [Fact]
    public async Task Library_without_a_station_shows_what_the_deck_holds_and_says_so()
    {
        await using var host = Host("results");
        host.Consortium.Away = new StationUnavailableException("connection refused");
        var text = Text(await (await host.DrawAsync<ResultsPage>()).NowAsync());
        Assert.Contains("connection refused", text);
        Assert.Contains("920", text);
    }

    [Fact]
    public async Task Comparison_says_difference_method_and_that_the_questions_differ()
    {
        await using var host = Host($"results/compare?a={Contract.Hex(Scenario.Id(1))}&b={Contract.Hex(Scenario.Id(20))}");
        var page = await (await host.DrawAsync<ComparePage>()).NowAsync();
        var text = Text(page);
        Assert.Contains("These are different questions.", text);
        Assert.Contains("differs by more than the privacy noise", text); // 920 and 411 rows
        Assert.Contains("−509", text);
        Assert.Contains("MOVER", text);
        Assert.Contains("Only in A: 10 numbers", text);
        Assert.Equal("Beyond it", page.QuerySelector("table.numbers .status")!.TextContent.Trim());
    }

    [Theory]
    [InlineData("results/compare", "Two results are needed")]
    [InlineData("results/compare?a=zz&b=zz", "No such round")]
    [InlineData("results/compare?a=00112233445566778899aabbccddeeff&b=00112233445566778899aabbccddeeff", "No such round")]
    public async Task Comparison_of_what_is_not_there_is_said_plainly(string path, string said)
    {
        await using var host = Host(path);
        Assert.Contains(said, Text(await (await host.DrawAsync<ComparePage>()).NowAsync()));
    }

    [Fact]
    public async Task Series_follows_a_number_and_says_whether_it_changed()
    {
        await using var host = Host("results/series/x");
        var content = host.Store.Current.FindRound(Contract.Hex(Scenario.Id(20)))!.Content;
        var page = await (await host.DrawAsync<SeriesPage>(("Content", Contract.Hex(content)))).NowAsync();
        Assert.Equal("Patients by outcome, over time", page.QuerySelector("h1")!.TextContent);
        Assert.Contains("No change beyond the noise since", page.QuerySelector("figcaption")!.TextContent);
        var rows = page.QuerySelectorAll("figure table tbody tr").Select(r => r.TextContent).ToArray();
        Assert.Equal(host.Store.Current.Rounds.Count(r => r.State == RoundState.Done && r.Content == content), rows.Length);
        Assert.Contains(rows, r => r.Contains("409", StringComparison.Ordinal));
        // The newest lacks Callisto, whose budget was spent: the others have other outposts.
        Assert.Contains("others than in the newest", rows[^1]);
    }

    [Fact]
    public async Task Series_of_a_wrong_address_is_no_question()
    {
        await using var host = Host("results/series/x");
        Assert.Equal("Not a question", (await (await host.DrawAsync<SeriesPage>(("Content", "zz"))).NowAsync()).QuerySelector("h1")!.TextContent);
    }

    [Fact]
    public async Task Round_links_its_files_its_series_and_the_round_before()
    {
        await using var host = Host("rounds/x");
        var id = Contract.Hex(Scenario.Id(4));
        var links = (await (await host.DrawAsync<RoundPage>(("Id", id))).NowAsync()).QuerySelectorAll(".round-actions a").Select(a => a.GetAttribute("href")).ToArray();
        Assert.Contains(DeckUrls.Compare(Contract.Hex(Scenario.Id(20)), id), links);
        Assert.Contains(DeckUrls.Csv(id), links);
        Assert.Contains(DeckUrls.Report(id), links);
        Assert.Contains(DeckUrls.Bundle(id), links);
    }

    [Theory]
    [InlineData(Role.Admin, false)]
    [InlineData(Role.Analyst, false)]
    [InlineData(Role.Member, false)]
    [InlineData(Role.Coordinator, true)]
    [InlineData(Role.Auditor, true)]
    public async Task Evidence_is_offered_to_those_who_may_take_it(Role role, bool offered)
    {
        await using var host = Host("rounds/x");
        host.Person.Roles = [role];
        var page = await (await host.DrawAsync<RoundPage>(("Id", Contract.Hex(Scenario.Id(1))))).NowAsync();
        Assert.Equal(offered, page.QuerySelector($"a[href='{DeckUrls.Bundle(Contract.Hex(Scenario.Id(1)))}']") is not null);
    }

    [Fact]
    public async Task Number_is_explained_in_its_row_and_without_evidence_it_says_what_is_missing()
    {
        await using var host = Host("rounds/x?view=table&explain=mean(age)");
        var page = await (await host.DrawAsync<RoundPage>(("Id", Contract.Hex(Scenario.Id(1))))).NowAsync();
        var text = page.QuerySelector("td .explain")!.TextContent;
        Assert.Contains("each of the 5 outposts", text);
        Assert.Contains("exact quantiles", text, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("once it has checked", text);
    }

    [Theory]
    [InlineData("rounds/x?view=json", "pre.json-view", "secagg-results-1")]
    [InlineData("rounds/x?view=table", "table.numbers", "Mean of age")]
    [InlineData("rounds/x?view=nonsense", ".results-plots", "")]
    public async Task View_of_the_results_is_in_the_address(string path, string selector, string text)
    {
        await using var host = Host(path);
        Assert.Contains(text, (await (await host.DrawAsync<RoundPage>(("Id", Contract.Hex(Scenario.Id(1))))).NowAsync()).QuerySelector(selector)!.TextContent);
    }

    [Fact]
    public async Task Outpost_in_the_round_shows_its_messages_and_why_it_is_out()
    {
        await using var host = Host("rounds/x?outpost=4");
        var detail = (await (await host.DrawAsync<RoundPage>(("Id", Contract.Hex(Scenario.Id(4))))).NowAsync()).QuerySelector(".explain")!;
        Assert.Contains("Callisto", detail.TextContent);
        Assert.Contains("The query costs more than one may", detail.TextContent);
        Assert.Contains("not sent", detail.TextContent);
        Assert.Equal("/outposts/4", detail.QuerySelector("a")!.GetAttribute("href"));
    }

    [Theory]
    [InlineData(Role.Coordinator, true)]
    [InlineData(Role.Auditor, false)]
    [InlineData(Role.Analyst, false)]
    public async Task Stopping_is_offered_to_coordinators_and_needs_the_decks_own_key(Role role, bool offered)
    {
        await using var host = Host("rounds/x");
        host.Person.Roles = [role];
        var text = Text(await (await host.DrawAsync<RoundPage>(("Id", Contract.Hex(Scenario.Id(9))))).NowAsync());
        Assert.Equal(offered, text.Contains("Start the deck with a coordinator's key", StringComparison.Ordinal));
        Assert.Empty(host.Consortium.Stopped);
    }

    private static ComponentHost Host(string path)
    {
        var host = new ComponentHost(path);
        var scenario = new Scenario(s_members, host.Time.GetUtcNow());
        host.Consortium.Rounds.AddRange([scenario.Running(), .. scenario.History()]);
        host.Consortium.Rounds.Sort((a, b) => b.StartedMs.CompareTo(a.StartedMs));
        host.Consortium.OnGetRound = id => host.Consortium.Rounds.Find(r => r.RoundId.Span.SequenceEqual(id)) ?? throw new RoundNotFoundException("The station knows no such round.");
        host.Store.Update(_ => DeckState.Empty.WithView(scenario.Consortium(), new ListRoundsReply { Rounds = { host.Consortium.Rounds }, Total = 22 }, host.Time.GetUtcNow()));
        return host;
    }

    private static string Text(IDocument document) => System.Text.RegularExpressions.Regex.Replace(document.Body!.TextContent, @"\s+", " ");
}
