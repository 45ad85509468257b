using Grpc.Core;
using SecureAggregation.Aggregator.Events;
using SecureAggregation.Aggregator.Log;
using SecureAggregation.Aggregator.Parties;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Aggregator.Tests;

/// <summary>What is kept and told of an outpost: when it was connected, its clock, its word on its budgets.</summary>
public sealed class PartyDirectoryTests : IDisposable
{
    private readonly ManualTimeProvider _clock = new();
    private readonly TestConsortium _consortium;
    private readonly RosterHistory _rosters;
    private readonly EventHub _events;
    private readonly PartyDirectory _directory;

    public PartyDirectoryTests()
    {
        _consortium = new TestConsortium(_clock.GetUtcNow(), 3);
        _rosters = new RosterHistory([(0, _consortium.Roster)]);
        _events = new EventHub(_clock, 64, 64);
        _directory = new PartyDirectory(_rosters, _events, _clock);
    }

    public void Dispose()
    {
        _rosters.Dispose();
        _consortium.Dispose();
    }

    [Fact]
    public void Connected_times_are_those_of_the_last_day_and_a_stream_that_replaces_another_is_the_same_time()
    {
        var start = Now;
        using var first = Attach();
        _clock.Advance(TimeSpan.FromHours(2));
        using var second = Attach();
        Assert.False(_directory.Detach(first));
        Assert.Equal([(start, 0ul)], Spans());
        _clock.Advance(TimeSpan.FromHours(2));
        Assert.True(_directory.Detach(second));
        var gone = Now;
        _clock.Advance(TimeSpan.FromHours(20));
        using var third = Attach();
        var back = Now;
        Assert.Equal([(start, gone), (back, 0ul)], Spans());
        _clock.Advance(TimeSpan.FromHours(5));
        Assert.Equal([(back, 0ul)], Spans());
        Assert.Empty(_directory.View(1).Spans);
    }

    [Fact]
    public void Outpost_that_comes_and_goes_all_day_has_the_newest_two_hundred_times()
    {
        var last = Now;
        for (var i = 0; i < 250; i++)
        {
            last = Now;
            using var session = Attach();
            _clock.Advance(TimeSpan.FromSeconds(30));
            _directory.Detach(session);
        }

        Assert.Equal((200, last), (_directory.View(0).Spans.Count, _directory.View(0).Spans[^1].FromMs));
    }

    [Theory]
    [InlineData(0ul, -86_400_000L)]
    [InlineData(ulong.MaxValue, 86_400_000L)]
    [InlineData(long.MaxValue + 1ul, 86_400_000L)]
    public void Absurd_clock_is_shown_as_a_day_away(ulong time, long shown)
    {
        using var session = Attach();
        Assert.False(_directory.View(0).HasClockAheadMs);
        _directory.Heard(0, time);
        Assert.Equal(shown, _directory.View(0).ClockAheadMs);
    }

    [Fact]
    public async Task Clock_is_told_when_it_moved_by_a_second_and_shown_as_it_is_always()
    {
        using var session = Attach();
        using var subscription = _events.Subscribe(0);
        await using var reader = subscription.Read().GetAsyncEnumerator();
        _directory.Heard(0, Now + 100);
        _directory.Heard(0, Now + 1_099);
        Assert.Equal(1_099, _directory.View(0).ClockAheadMs);
        Assert.Equal(100, (await Next(reader)).ClockAheadMs);
        _directory.Heard(0, Now - 900);
        Assert.Equal(-900, (await Next(reader)).ClockAheadMs);
    }

    [Fact]
    public async Task Budgets_are_told_when_they_change_and_stay_as_the_last_word_when_the_outpost_is_gone()
    {
        using var session = Attach();
        using var subscription = _events.Subscribe(0);
        await using var reader = subscription.Read().GetAsyncEnumerator();
        Assert.Equal((0, 0ul), (_directory.View(0).Budgets.Count, _directory.View(0).BudgetsAtMs));
        Assert.Null(_directory.Take(0, new BudgetStatement { Lines = { Line() } }));
        var told = await Next(reader);
        Assert.Equal((Line(), Now), (Assert.Single(told.Budgets), told.BudgetsAtMs));
        _clock.Advance(TimeSpan.FromMinutes(1));
        // The same again is newer, and no news.
        Assert.Null(_directory.Take(0, new BudgetStatement { Lines = { Line() } }));
        var said = Now;
        _clock.Advance(TimeSpan.FromMinutes(1));
        _directory.Detach(session);
        var gone = await Next(reader);
        Assert.Equal((false, Line(), said), (gone.Online, Assert.Single(gone.Budgets), gone.BudgetsAtMs));
    }

    [Fact]
    public void Statement_over_its_limits_is_of_no_use_and_changes_nothing()
    {
        BudgetStatement Of(Action<BudgetLine> change, int lines = 1)
        {
            var line = Line();
            change(line);
            return new BudgetStatement { Lines = { Enumerable.Repeat(line, lines) } };
        }

        Assert.Null(_directory.Take(0, Of(_ => { }, 1000)));
        Assert.Equal("1001 lines of budgets; at most 1000 are taken", _directory.Take(0, Of(_ => { }, 1001)));
        Assert.StartsWith("budgets of ", _directory.Take(0, Of(l => l.Subject = new string('x', 128), 1000)), StringComparison.Ordinal);
        Assert.NotNull(_directory.Take(0, Of(l => l.Dataset = "")));
        Assert.NotNull(_directory.Take(0, Of(l => l.Dataset = new string('x', 129))));
        Assert.NotNull(_directory.Take(0, Of(l => l.Subject = new string('x', 129))));
        Assert.NotNull(_directory.Take(0, Of(l => l.Scope = BudgetScope.Unspecified)));
        Assert.NotNull(_directory.Take(0, Of(l => l.Scope = (BudgetScope)9)));
        Assert.NotNull(_directory.Take(0, Of(l => l.LeftMicro = l.CapMicro + 1)));
        Assert.Equal(1000, _directory.View(0).Budgets.Count);
    }

    [Fact]
    public async Task Statement_over_the_wire_is_shown_and_many_bad_ones_end_the_stream()
    {
        await using var scene = await RoundScene.Open(3);
        using var limit = new CancellationTokenSource(AsyncGuard.Limit);
        using var watch = scene.Coordinator.Watch(new WatchRequest(), cancellationToken: limit.Token);
        await watch.ResponseHeadersAsync.Guard();
        await scene.Outposts[1].Send(new PartyFrame { Heartbeat = new Heartbeat { TimeMs = 1 } });
        await scene.Outposts[1].Send(new PartyFrame { Budgets = new BudgetStatement { Lines = { Line() } } });
        OutpostView? shown = null;
        while (shown is not { Budgets.Count: 1 })
        {
            Assert.True(await watch.ResponseStream.MoveNext(limit.Token).Guard());
            shown = watch.ResponseStream.Current.Outpost;
        }

        Assert.Equal((1u, -86_400_000L, 1), (shown.Index, shown.ClockAheadMs, shown.Spans.Count));
        for (var i = 0; i < scene.Station.Options.Limits.BadFrames; i++) await scene.Outposts[1].Send(new PartyFrame { Budgets = new BudgetStatement { Lines = { new BudgetLine() } } });
        var end = await scene.Outposts[1].Ended.Guard();
        Assert.Equal(StatusCode.ResourceExhausted, end.StatusCode);
        Assert.Contains("a budget whose dataset has no name", end.Detail, StringComparison.Ordinal);
    }

    private ulong Now => (ulong)_clock.GetUtcNow().ToUnixTimeMilliseconds();

    private static BudgetLine Line() => new() { Dataset = "patients", Scope = BudgetScope.Coordinator, Subject = "ab12", CapMicro = 5_000_000, LeftMicro = 1_500_000 };

    private static async Task<OutpostView> Next(IAsyncEnumerator<Event> reader)
    {
        Assert.True(await reader.MoveNextAsync().AsTask().Guard());
        return reader.Current.Outpost;
    }

    private PartySession Attach()
    {
        var session = new PartySession(0, new Hello { Software = "test/1", RosterHash = Google.Protobuf.ByteString.CopyFrom(_consortium.Roster.Hash) }, _clock.GetUtcNow(), 8, 8);
        _directory.Attach(session);
        return session;
    }

    private IEnumerable<(ulong From, ulong To)> Spans() => _directory.View(0).Spans.Select(s => (s.FromMs, s.ToMs));
}
