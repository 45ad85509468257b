using System.Collections.Immutable;
using SecureAggregation.Accounts;
using SecureAggregation.Dashboard.Blazor.Components.Controls;
using SecureAggregation.Dashboard.Blazor.Components.Pages;
using SecureAggregation.Dashboard.Blazor.Store;
using SecureAggregation.Protocol.Wire;
using static SecureAggregation.Dashboard.Blazor.Tests.OutpostPageTests;

namespace SecureAggregation.Dashboard.Blazor.Tests;

public sealed class BudgetPageTests
{
    [Fact]
    public async Task Budgets_say_what_is_left_by_whose_word_and_that_limits_are_the_outposts()
    {
        await using var host = Host("budgets");
        var document = await (await host.DrawAsync<BudgetsPage>()).NowAsync();
        var text = Text(document);

        Assert.Contains("Tightest: Callisto, patients, ε 0 of 40 left (0 %). 5 budgets are used up.", text);
        Assert.Contains("Limits stand in the outpost's policy file and are changed there alone", text);
        Assert.Contains("6 of it signed since its word", text);
        Assert.Contains("Nothing is left at Callisto.", text);
        Assert.All(document.QuerySelectorAll("[role=meter]"), meter => Assert.Matches("^ε [0-9.,]+ of [0-9.,]+ left$", meter.GetAttribute("aria-valuetext")!));
        Assert.Contains("coordinator Dr. Vega", text);
        Assert.Contains("study Heart 2026", text);
    }

    [Fact]
    public async Task Deck_and_page_of_budgets_name_the_same_budget_as_the_tightest_also_when_it_was_charged_since_its_word()
    {
        await using var host = Host("budgets");
        var view = host.Store.Current.Consortium!.Clone();
        // The word of one is an hour old; two rounds have charged it 6 since.
        foreach (var outpost in view.Outposts.Where(outpost => outpost.Index != 1)) outpost.BudgetsAtMs = 0;
        host.Store.Update(state => state with { Outposts = view.Outposts.ToImmutableSortedDictionary(outpost => outpost.Index, outpost => outpost) });

        Assert.Contains("Tightest: Titan, patients, coordinator Dr. Vega, ε 0 of 30 left (0 %).", Text(await (await host.DrawAsync<BudgetsPage>()).NowAsync()));
        var tile = Text(await (await host.DrawAsync<TightestBudgetTile>((nameof(TightestBudgetTile.State), host.Store.Current))).NowAsync());
        Assert.Contains("0 % left Titan, patients, coordinator Dr. Vega ε 0 of 30 left, 6 signed since its word", tile);
    }

    [Fact]
    public async Task Ledger_of_one_outpost_has_its_running_total_and_its_refusals()
    {
        await using var host = Host("budgets?outpost=4&dataset=patients");
        var document = await (await host.DrawAsync<BudgetsPage>()).NowAsync();
        var rows = document.QuerySelectorAll(".ledger tbody tr").Select(row => System.Text.RegularExpressions.Regex.Replace(row.TextContent, @"\s+", " ")).ToList();

        Assert.Contains("40 of 40", rows[0]);
        Assert.Contains(rows, row => row.Contains("nobody", StringComparison.Ordinal) && row.Contains("Callisto declined: the query costs more", StringComparison.Ordinal));
        Assert.Equal("Callisto", document.QuerySelector("option[selected]")!.TextContent);
        Assert.NotNull(document.QuerySelector(".ledger a[href='/transcript/370']"));
    }

    [Fact]
    public async Task Entries_of_the_log_are_links_for_those_who_may_read_it()
    {
        await using var host = Host("budgets");
        host.Person.Roles = [Role.Analyst];
        var document = await (await host.DrawAsync<BudgetsPage>()).NowAsync();
        Assert.Null(document.QuerySelector(".ledger a[href^='/transcript']"));
        Assert.Contains("370 to 411", Text(document));
    }

    [Fact]
    public async Task Consortium_in_which_nobody_stated_a_budget_says_how_it_comes()
    {
        await using var host = Host("budgets");
        var view = host.Store.Current.Consortium!.Clone();
        foreach (var outpost in view.Outposts) outpost.BudgetsAtMs = 0;
        host.Store.Update(state => state.WithView(view, new ListRoundsReply(), host.Time.GetUtcNow()));
        var text = Text(await (await host.DrawAsync<BudgetsPage>()).NowAsync());
        Assert.Contains("No budget is stated", text);
        Assert.Contains("No charge and no refusal", text);
        Assert.Contains("Nothing to draw yet", text);
    }
}
