using AngleSharp.Dom;
using SecureAggregation.Accounts;
using SecureAggregation.Dashboard.Blazor.Components.Pages;
using SecureAggregation.Dashboard.Blazor.Store;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Dashboard.Blazor.Tests;

public sealed class OutpostPageTests
{
    private static readonly Members s_members = new();

    [Fact]
    public async Task Grid_shows_presence_key_clock_rounds_and_the_day_of_each()
    {
        await using var host = Host("outposts", "Titan");
        var document = await (await host.DrawAsync<OutpostsPage>()).NowAsync();

        Assert.Equal(Members.Names, document.QuerySelectorAll("tbody th a").Select(e => e.TextContent));
        var ganymede = Row(document, "Ganymede");
        Assert.Contains("2.4 s behind", ganymede);
        Assert.Contains("connected 97", ganymede);
        Assert.Contains("1 declined", Row(document, "Callisto"));
        Assert.Contains("Offline", Row(document, "Titan"));
        Assert.Equal(s_members.Parties[0].Public.Fingerprint, document.QuerySelector("tbody [data-copy]")!.GetAttribute("data-copy"));
        Assert.Contains("4 of 5 outposts are connected; Titan was last heard 5 min ago.", Text(document));
    }

    [Theory]
    [InlineData("outposts?state=offline", "Titan")]
    [InlineData("outposts?find=eur", "Europa")]
    [InlineData("outposts?state=care&find=gany", "Ganymede")]
    [InlineData("outposts?sort=clock", "Ganymede")]
    [InlineData("outposts?sort=nonsense&state=nonsense", "Mars")]
    public async Task Filters_and_order_of_the_grid_are_in_the_address(string path, string first)
    {
        await using var host = Host(path, "Titan");
        var document = await (await host.DrawAsync<OutpostsPage>()).NowAsync();
        Assert.Equal(first, document.QuerySelector("tbody th a")!.TextContent);
    }

    [Fact]
    public async Task Grid_that_nothing_matches_offers_the_way_back()
    {
        await using var host = Host("outposts?find=pluto");
        Assert.Contains("No outpost matches", Text(await (await host.DrawAsync<OutpostsPage>()).NowAsync()));
    }

    [Fact]
    public async Task Outpost_is_in_the_roster_by_its_key_and_another_key_is_an_alarm()
    {
        await using var host = Host("outposts/1");
        Assert.Contains("In the roster", Text(await (await host.DrawAsync<OutpostPage>(("Id", "1"))).NowAsync()));
        var other = host.Store.Current.Outposts[1].Clone();
        other.KeyFingerprint = s_members.Parties[2].Public.Fingerprint;
        host.Store.Update(state => state.With(new Event { Outpost = other }, host.Time.GetUtcNow()));

        var text = Text(await (await host.DrawAsync<OutpostPage>(("Id", "1"))).NowAsync());
        Assert.Contains("Not the roster's key", text);
        Assert.DoesNotContain("In the roster since", text);
    }

    [Fact]
    public async Task Outpost_shows_its_rounds_what_left_it_and_its_budget()
    {
        await using var host = Host("outposts/4");
        var document = await (await host.DrawAsync<OutpostPage>(("Id", "4"))).NowAsync();
        var text = Text(document);

        Assert.Contains("dropped out of 1, declined 1", text);
        Assert.Contains("the query costs more than one may, or than is left; lower epsilon", text);
        Assert.Contains("Share: sealed shares of seeds", text);
        Assert.Contains("Used up", document.QuerySelector(".page-tags")!.TextContent, StringComparison.OrdinalIgnoreCase);
        Assert.NotNull(document.QuerySelector("a[href='/budgets?outpost=4']"));
        Assert.NotNull(document.QuerySelector($"a[href='/rounds/{Model.Contract.Hex(Scenario.Id(4))}']"));
        Assert.Contains("Visits since 2020", text);
    }

    [Theory]
    [InlineData(Role.Coordinator, true)]
    [InlineData(Role.Auditor, false)]
    public async Task Commands_that_change_the_roster_are_for_coordinators(Role role, bool shown)
    {
        await using var host = Host("outposts/0");
        host.Person.Roles = [role];
        Assert.Equal(shown, Text(await (await host.DrawAsync<OutpostPage>(("Id", "0"))).NowAsync()).Contains("secagg roster remove roster.bin Mars", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("77")]
    [InlineData("-1")]
    [InlineData("Mars")]
    public async Task Address_of_no_outpost_is_said(string id)
    {
        await using var host = Host("outposts/x");
        Assert.Contains("No such outpost", Text(await (await host.DrawAsync<OutpostPage>(("Id", id))).NowAsync()));
    }

    [Fact]
    public async Task Long_grid_is_not_empty_before_the_page_is_live()
    {
        await using var host = Host("outposts");
        var view = host.Store.Current.Consortium!.Clone();
        for (var i = 5u; i < 200; i++) view.Outposts.Add(new OutpostView { Index = i, Name = $"Clinic {i:000}" });
        host.Store.Update(state => state.WithView(view, new ListRoundsReply(), host.Time.GetUtcNow()));

        var document = await (await host.DrawAsync<OutpostsPage>()).NowAsync();
        Assert.Equal(40, document.QuerySelectorAll("tbody tr.row").Length);
        Assert.Equal("201", document.QuerySelector("table")!.GetAttribute("aria-rowcount"));
    }

    internal static ComponentHost Host(string path, params string[] offline)
    {
        var host = new ComponentHost(path);
        var scenario = new Scenario(s_members, host.Time.GetUtcNow());
        var rounds = new ListRoundsReply { Rounds = { scenario.Running(), scenario.History() }, Total = 22 };
        host.Store.Update(_ => DeckState.Empty.WithView(scenario.Consortium(offline), rounds, host.Time.GetUtcNow()));
        return host;
    }

    internal static string Text(IDocument document) => System.Text.RegularExpressions.Regex.Replace(document.Body!.TextContent, @"\s+", " ");

    private static string Row(IDocument document, string name) =>
        System.Text.RegularExpressions.Regex.Replace(document.QuerySelectorAll("tbody tr").Single(row => row.QuerySelector("th a")!.TextContent == name).TextContent, @"\s+", " ");
}
