using SecureAggregation.Client;
using SecureAggregation.Dashboard.Blazor.Components.Pages;
using SecureAggregation.Dashboard.Blazor.Model;
using SecureAggregation.Dashboard.Blazor.Store;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Dashboard.Blazor.Tests;

public sealed class RoundPagesTests
{
    private static readonly Members s_members = new();
    private static readonly DateTimeOffset s_now = new(2026, 5, 1, 12, 0, 0, TimeSpan.Zero);

    /// <summary>One a minute, newest first; every tenth was aborted, the newest runs.</summary>
    private static readonly RoundView[] s_all = [.. Enumerable.Range(0, 1200).Select(i => new RoundView
    {
        RoundId = Google.Protobuf.ByteString.CopyFrom([.. BitConverter.GetBytes(i), .. new byte[12]]), Title = $"Round {i}", Dataset = i % 2 == 0 ? "even" : "odd", Coordinator = "Dr. Vega",
        State = i == 0 ? RoundState.Running : i % 10 == 0 ? RoundState.Aborted : RoundState.Done,
        StartedMs = (ulong)s_now.AddMinutes(-i).ToUnixTimeMilliseconds(), FinishedMs = i == 0 ? 0 : (ulong)s_now.AddMinutes(-i).AddSeconds(3).ToUnixTimeMilliseconds(),
    })];

    private readonly List<(int Offset, RoundFilter Filter)> _asked = [];

    [Fact]
    public async Task Newest_come_from_the_deck_and_the_oldest_from_the_station()
    {
        var pages = await OpenAsync(new("", "", null, null));
        Assert.Equal(1200, pages.Total);
        Assert.Equal(s_all[..40], await pages.ReadAsync(0, 40));
        Assert.Empty(_asked);
        Assert.Equal(s_all[480..620], await pages.ReadAsync(480, 140));
        Assert.Equal(s_all[1190..], await pages.ReadAsync(1190, 50));
        Assert.Equal([500, 600, 1100], _asked.Select(a => a.Offset));
        Assert.All(_asked, a => Assert.True(a.Filter.Brief));
    }

    [Fact]
    public async Task Rounds_that_begin_later_do_not_move_the_list()
    {
        var newest = s_all[5].StartedMs;
        var pages = await OpenAsync(new("", "", null, null), newest);
        Assert.Equal(1195, pages.Total);
        Assert.Equal(s_all[5..8], await pages.ReadAsync(0, 3));
        Assert.Equal(s_all[705..708], await pages.ReadAsync(700, 3));
    }

    [Theory]
    [InlineData("done", "", 1080)]
    [InlineData("aborted", "", 119)]
    [InlineData("open", "", 120)]
    [InlineData("", "odd", 600)]
    [InlineData("open", "even", 120)]
    public async Task Search_reaches_every_round_once_and_no_other(string state, string find, int total)
    {
        var search = new RoundSearch(state, find, null, null);
        var pages = await OpenAsync(search);
        Assert.Equal(total, pages.Total);
        var read = new List<RoundView>();
        for (var at = 0; at < pages.Total; at += 37) read.AddRange(await pages.ReadAsync(at, 37));
        Assert.Equal(s_all.Where(search.Matches), read);
    }

    [Fact]
    public async Task Days_are_whole_and_in_utc()
    {
        var search = RoundSearch.Of(null, null, "2026-04-30", "2026-04-30");
        var pages = await OpenAsync(search);
        Assert.Equal(s_all.Count(r => Contract.Time(r.StartedMs).UtcDateTime.Day == 30), pages.Total);
        Assert.Null(RoundSearch.Of(null, null, "2026-13-45", "x").Since);
    }

    [Fact]
    public async Task Page_that_failed_is_asked_again()
    {
        var away = true;
        var pages = await RoundPages.OpenAsync(new("", "", null, null), s_all[..500], s_all.Length, s_all[0].StartedMs, (limit, offset, filter) =>
            away ? Task.FromException<ListRoundsReply>(new StationUnavailableException("away")) : FetchAsync(limit, offset, filter));
        await Assert.ThrowsAsync<StationUnavailableException>(() => pages.ReadAsync(700, 3));
        away = false;
        Assert.Equal(s_all[700..703], await pages.ReadAsync(700, 3));
    }

    [Fact]
    public async Task Page_of_a_deck_that_does_not_hold_all_says_so_and_shows_what_the_station_finds()
    {
        await using var host = new ComponentHost("rounds?find=Round%20777");
        host.Consortium.Rounds.AddRange(s_all);
        var now = host.Time.GetUtcNow();
        host.Store.Update(_ => DeckState.Empty.WithView(new Scenario(s_members, now).Consortium(), new ListRoundsReply { Rounds = { s_all[..500] }, Total = 1200 }, now));
        var text = (await (await host.DrawAsync<Rounds>()).NowAsync()).Body!.TextContent;
        Assert.Contains("Round 777", text);
        Assert.Contains("1 round of 1,200; the newest 500 are live", text);
    }

    private Task<RoundPages> OpenAsync(RoundSearch search, ulong? newest = null) => RoundPages.OpenAsync(search, s_all[..500], s_all.Length, newest ?? s_all[0].StartedMs, FetchAsync);

    private Task<ListRoundsReply> FetchAsync(int limit, int offset, RoundFilter filter)
    {
        _asked.Add((offset, filter));
        return Task.FromResult(RoundListing.Of(s_all, new ListRoundsRequest
        {
            Limit = (uint)limit, Offset = (uint)offset, State = filter.State, Find = filter.Find,
            SinceMs = filter.Since is { } since ? (ulong)since.ToUnixTimeMilliseconds() : 0, UntilMs = filter.Until is { } until ? (ulong)until.ToUnixTimeMilliseconds() : 0,
        }));
    }
}
