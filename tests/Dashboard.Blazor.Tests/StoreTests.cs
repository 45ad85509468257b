using Google.Protobuf;
using Microsoft.Extensions.Logging.Abstractions;
using SecureAggregation.Client;
using SecureAggregation.Dashboard.Blazor.Model;
using SecureAggregation.Dashboard.Blazor.Store;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;
using SecureAggregation.Testing;

namespace SecureAggregation.Dashboard.Blazor.Tests;

public sealed class StoreTests
{
    private static readonly Members s_members = new();
    private readonly ManualTimeProvider _time = new();
    private readonly Scenario _scenario;

    public StoreTests() => _scenario = new Scenario(s_members, _time.GetUtcNow());

    [Fact]
    public void Throttler_fires_at_once_when_quiet_and_once_at_the_end_of_a_burst()
    {
        var fired = 0;
        using var throttler = new Throttler(_time, TimeSpan.FromMilliseconds(250), () => fired++);
        for (var i = 0; i < 100; i++) throttler.Trigger();
        Assert.Equal(1, fired);
        _time.Advance(TimeSpan.FromMilliseconds(249));
        Assert.Equal(1, fired);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(2, fired);
        _time.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(2, fired);
        throttler.Trigger();
        Assert.Equal(3, fired);
    }

    [Fact]
    public void Throttler_that_was_disposed_fires_no_more()
    {
        var fired = 0;
        var throttler = new Throttler(_time, TimeSpan.FromSeconds(1), () => fired++);
        throttler.Trigger();
        throttler.Trigger();
        throttler.Dispose();
        _time.Advance(TimeSpan.FromSeconds(2));
        throttler.Trigger();
        Assert.Equal(1, fired);
    }

    [Fact]
    public void Lists_are_capped_and_keep_the_newest()
    {
        var state = DeckState.Empty;
        for (var i = 1; i <= DeckState.MaxLog + 50; i++) state = state.With(new Event { Sequence = (ulong)i, Log = new LogLine { Text = $"{i}" } }, _time.GetUtcNow());
        for (var i = 1; i <= DeckState.MaxAlerts + 9; i++) state = state.With(new Event { Sequence = (ulong)i, Alert = _scenario.Alert($"{i}", Severity.Info, "x", 0) }, _time.GetUtcNow());
        for (var i = 1; i <= DeckState.MaxRounds + 9; i++)
        {
            var round = new RoundView { RoundId = Google.Protobuf.ByteString.CopyFrom(new byte[12].Concat(BitConverter.GetBytes(i)).ToArray()), StartedMs = (ulong)i, State = RoundState.Done };
            state = state.With(new Event { Sequence = (ulong)i, Round = round }, _time.GetUtcNow());
        }

        Assert.Equal((DeckState.MaxLog, DeckState.MaxAlerts, DeckState.MaxRounds), (state.Log.Length, state.Alerts.Length, state.Rounds.Length));
        Assert.Equal($"{DeckState.MaxLog + 50}", state.Log[^1].Line.Text);
        Assert.Equal($"{DeckState.MaxAlerts + 9}", state.Alerts[0].Id);
        Assert.Equal((ulong)DeckState.MaxRounds + 9, state.Rounds[0].StartedMs);
        Assert.Equal(DeckState.MaxRounds + 9, state.RoundsInAll);

        // News of a round that is too old to be held does not make it one more.
        var old = state.Rounds[^1].Clone();
        (old.RoundId, old.StartedMs) = (Google.Protobuf.ByteString.CopyFrom(new byte[16]), 1);
        state = state.With(new Event { Sequence = 1, Round = old }, _time.GetUtcNow());
        Assert.Equal((DeckState.MaxRounds, DeckState.MaxRounds + 9), (state.Rounds.Length, state.RoundsInAll));
    }

    [Fact]
    public void Checks_are_capped_and_one_that_failed_is_forgotten_last()
    {
        var state = DeckState.Empty.WithCheck("failed", new RoundCheck(CheckState.Failed, _time.GetUtcNow()));
        for (var i = 0; i < DeckState.MaxChecks + 5; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            state = state.WithCheck($"{i}", new RoundCheck(CheckState.Verified, _time.GetUtcNow()));
        }

        Assert.Equal(DeckState.MaxChecks, state.Checks.Count);
        Assert.True(state.Checks.ContainsKey("failed"));
        Assert.False(state.Checks.ContainsKey("5"));
        Assert.True(state.Checks.ContainsKey($"{DeckState.MaxChecks + 4}"));
    }

    [Fact]
    public void Older_picture_of_a_round_never_replaces_a_newer_one()
    {
        var done = _scenario.Done(9, "x", 12);
        var running = _scenario.Running();
        var state = DeckState.Empty.With(new Event { Sequence = 2, Round = done }, _time.GetUtcNow()).With(new Event { Sequence = 3, Round = running }, _time.GetUtcNow());
        Assert.Equal(RoundState.Done, Assert.Single(state.Rounds).State);
        var later = _scenario.Running(phase: RoundPhase.Agree);
        state = DeckState.Empty.With(new Event { Sequence = 2, Round = later }, _time.GetUtcNow()).With(new Event { Sequence = 3, Round = running }, _time.GetUtcNow());
        Assert.Equal(RoundPhase.Agree, Assert.Single(state.Rounds).Phase);
    }

    [Fact]
    public void Event_of_a_kind_from_the_future_changes_nothing_but_the_time()
    {
        var before = DeckState.Empty.WithView(_scenario.Consortium(), new ListRoundsReply(), _time.GetUtcNow());
        Assert.Equal(before with { AsOf = _time.GetUtcNow().AddSeconds(3) }, before.With(new Event { Sequence = 99 }, _time.GetUtcNow().AddSeconds(3)));
    }

    [Fact]
    public async Task Feed_survives_a_station_that_goes_and_reads_everything_again_when_it_is_back()
    {
        var consortium = new FakeConsortium { View = _scenario.Consortium() };
        var store = new DeckStore();
        var desk = new VerificationDesk(consortium, store, TimeProvider.System, NullLogger<VerificationDesk>.Instance);
        using var feed = new StationFeed(consortium, store, desk, TimeProvider.System, NullLogger<StationFeed>.Instance);
        var live = Until(store, state => state.Link == StationLink.Live);
        await feed.StartAsync(CancellationToken.None);
        await live.Guard();

        var offline = Until(store, state => state.Link == StationLink.Offline);
        consortium.Away = new StationUnavailableException("no route");
        consortium.Cut();
        await offline.Guard();
        Assert.Equal("Outer Clinics", store.Current.Consortium!.Name);

        var back = Until(store, state => state.Link == StationLink.Live);
        consortium.Rounds.Add(_scenario.Done(1, "Missed meanwhile", 5));
        consortium.Away = null;
        await back.Guard();
        Assert.Equal("Missed meanwhile", store.Current.Rounds[0].Title);
        await feed.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task Empty_event_makes_the_feed_read_everything_again()
    {
        var consortium = new FakeConsortium { View = _scenario.Consortium() };
        var store = new DeckStore();
        var desk = new VerificationDesk(consortium, store, TimeProvider.System, NullLogger<VerificationDesk>.Instance);
        using var feed = new StationFeed(consortium, store, desk, TimeProvider.System, NullLogger<StationFeed>.Instance);
        var live = Until(store, state => state.Link == StationLink.Live);
        await feed.StartAsync(CancellationToken.None);
        await live.Guard();
        consortium.Rounds.Add(_scenario.Aborted(4, "Left out", 5));
        var seen = Until(store, state => state.Rounds.Length == 1);
        consortium.Events.Writer.TryWrite(new Event { Sequence = 700 });
        await seen.Guard();
        await feed.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task Newest_finished_round_is_checked_by_itself_once()
    {
        var consortium = new FakeConsortium();
        var store = new DeckStore();
        using var desk = new VerificationDesk(consortium, store, TimeProvider.System, NullLogger<VerificationDesk>.Instance);
        await desk.StartAsync(CancellationToken.None);
        store.Update(state => state.With(new Event { Sequence = 1, Round = _scenario.Done(1, "x", 5) }, _time.GetUtcNow()));
        var id = Contract.Hex(Scenario.Id(1));
        var verified = Until(store, state => state.Checks.GetValueOrDefault(id)?.State == CheckState.Verified);
        desk.Consider(store.Current);
        await verified.Guard();

        consortium.OnVerify = _ => throw new StationUnavailableException("gone");
        desk.Consider(store.Current);
        Assert.Equal(CheckState.Verified, store.Current.Checks[id].State);
        var unavailable = Until(store, state => state.Checks[id].State == CheckState.Unavailable);
        desk.Ask(id);
        await unavailable.Guard();
        await desk.StopAsync(CancellationToken.None);
    }

    [Fact]
    public async Task Round_is_checked_again_when_more_outposts_countersigned_it_but_never_more_often_than_there_are_outposts()
    {
        var consortium = new FakeConsortium();
        var store = new DeckStore();
        using var desk = new VerificationDesk(consortium, store, TimeProvider.System, NullLogger<VerificationDesk>.Instance);
        await desk.StartAsync(CancellationToken.None);
        var id = Contract.Hex(Scenario.Id(1));
        var checks = 0;
        consortium.OnVerify = round =>
        {
            checks++;
            // Cosignatures arrive while the first check is under way; nobody tells the desk afterwards.
            if (checks == 1) Countersign(store, 4);
            return new RoundReport { RoundId = round, Passed = true, Steps = [] };
        };
        store.Update(_ => DeckState.Empty.WithView(_scenario.Consortium(), new ListRoundsReply { Rounds = { _scenario.Done(1, "x", 5) } }, _time.GetUtcNow()));
        Countersign(store, 0);
        var current = Until(store, state => state.Checks.GetValueOrDefault(id) is { State: CheckState.Verified, Cosignatures: 4 });
        desk.Consider(store.Current);
        await current.Guard();
        Assert.Equal(2, checks);

        var more = Until(store, state => state.Checks[id] is { State: CheckState.Verified, Cosignatures: > 5 });
        Countersign(store, 1_000);
        desk.Consider(store.Current);
        await more.Guard();
        Countersign(store, 2_000);
        desk.Consider(store.Current);
        Assert.Equal((3, CheckState.Verified), (checks, store.Current.Checks[id].State));
        await desk.StopAsync(CancellationToken.None);
    }

    private void Countersign(DeckStore store, uint by)
    {
        var round = _scenario.Done(1, "x", 5);
        round.Cosignatures = by;
        store.Update(state => state.With(new Event { Sequence = 1, Round = round }, _time.GetUtcNow()));
    }

    [Fact]
    public void Sound_evidence_of_other_numbers_than_those_shown_fails_the_round()
    {
        var round = _scenario.Done(1, "x", 5, Scenario.Number("count", "", 920, 9));
        round.TotalHash = ByteString.CopyFrom(Enumerable.Repeat((byte)7, 32).ToArray());
        var sound = new RoundReport { RoundId = [], Passed = true, Steps = [], TotalHash = round.TotalHash.ToByteArray() };
        Assert.Equal(CheckState.Verified, VerificationDesk.Judge(sound, round, _time.GetUtcNow()).State);
        var other = VerificationDesk.Judge(sound with { TotalHash = new byte[32] }, round, _time.GetUtcNow());
        Assert.Equal((CheckState.Failed, "The total shown is that of the evidence"), (other.State, other.Report!.Failure!.Name));
        // Of a round whose evidence failed the station's numbers stay to be seen, under its failure.
        Assert.Equal(920, Assert.Single(other.StatisticsOf(round)).Value);
    }

    // A station of another version may make other intervals of the same total, or words that this program does not know.
    [Fact]
    public void Numbers_of_a_checked_round_are_those_of_the_evidence_however_the_station_words_them()
    {
        var round = _scenario.Done(1, "x", 5, Scenario.Number("count", "", 920, 12), Scenario.Number("of_tomorrow", "", 3, 1));
        var sound = new RoundReport { RoundId = [], Passed = true, Steps = [], Statistics = [Released.Number(MeasureKind.Count, 920, 911, 929)] };
        Assert.Equal([(920.0, 908.0), (3, 2)], ((RoundCheck?)null).StatisticsOf(round).Select(s => (s.Value!.Value, s.Low!.Value)));
        var check = VerificationDesk.Judge(sound, round, _time.GetUtcNow());
        Assert.Equal(CheckState.Verified, check.State);
        Assert.Equal((920.0, 911.0), (check.StatisticsOf(round)[0].Value, check.StatisticsOf(round)[0].Low));
        Assert.Single(check.StatisticsOf(round));
    }

    private static Task Until(DeckStore store, Func<DeckState, bool> holds)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        store.Changed.Add(() =>
        {
            if (holds(store.Current)) reached.TrySetResult();
        });
        if (holds(store.Current)) reached.TrySetResult();
        return reached.Task;
    }
}
