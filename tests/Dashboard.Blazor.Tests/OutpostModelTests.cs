using FsCheck.Fluent;
using Google.Protobuf;
using SecureAggregation.Dashboard.Blazor.Model.Outposts;
using SecureAggregation.Dashboard.Blazor.Store;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Dashboard.Blazor.Tests;

public sealed class OutpostModelTests
{
    private static readonly DateTimeOffset s_now = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);
    private static readonly Members s_members = new();
    private readonly Scenario _scenario = new(s_members, s_now);

    private static ulong Ms(double hoursAgo) => (ulong)s_now.AddHours(-hoursAgo).ToUnixTimeMilliseconds();

    private static OutpostView With(params (double From, double To)[] spans) =>
        new() { Name = "Mars", Spans = { spans.Select(s => new OnlineSpan { FromMs = Ms(s.From), ToMs = s.To < 0 ? 0 : Ms(s.To) }) } };

    private static string Told(Availability day) => string.Join(' ', day.Parts.Select(part => $"{part.Presence.ToString()[0]}{part.Length.TotalHours:0.##}"));

    [Fact]
    public void Band_shows_connections_gaps_and_what_nobody_knows()
    {
        var day = Availability.Of(With((10, 6), (5, -1)), s_now.AddHours(-12), s_now);

        Assert.Equal("U12 O2 O4 O1 O5", Told(day));
        Assert.Equal([Presence.Unknown, Presence.Offline, Presence.Online, Presence.Offline, Presence.Online], day.Parts.Select(part => part.Presence));
        Assert.Equal(0.75, day.Share);
        Assert.Equal("connected 75 % of the 12 h that are known, 2 gaps, longest 2 h", day.Words);
    }

    [Fact]
    public void Band_of_a_whole_day_is_whole_and_one_short_gap_never_rounds_to_it()
    {
        Assert.Equal("connected 100 %, no gap", Availability.Of(With((30, -1)), null, s_now).Words);
        Assert.Equal("connected 99.9 %, one gap of 10 s", Availability.Of(With((30, 5), (5 - (10 / 3600.0), -1)), null, s_now).Words);
    }

    [Fact]
    public void Band_without_any_word_is_not_known_and_without_spans_follows_the_connection()
    {
        var silent = Availability.Of(new OutpostView(), s_now, s_now);
        Assert.Equal((null, "not known"), (silent.Share, silent.Words));
        var old = Availability.Of(new OutpostView { Online = true, ConnectedSinceMs = Ms(3) }, s_now.AddHours(-6), s_now);
        Assert.Equal(0.5, old.Share);
    }

    [Fact]
    public void Band_covers_the_day_without_a_hole_whatever_spans_the_station_tells() => Property.Holds(ArbMap.Default.ArbFor<Tuple<int, int>[]>(), told =>
    {
        var view = new OutpostView();
        view.Spans.Add(told.Select(t => new OnlineSpan { FromMs = Ms(t.Item1 / 10.0), ToMs = t.Item2 == 0 ? 0 : Ms(t.Item2 / 10.0) }));
        view.Spans.Add(new OnlineSpan { FromMs = ulong.MaxValue, ToMs = Ms(1) });
        var day = Availability.Of(view, s_now.AddHours(-20), s_now);
        Assert.Equal((s_now - Availability.Window, s_now), (day.Parts[0].From, day.Parts[^1].To));
        Assert.All(day.Parts.Zip(day.Parts.Skip(1)), pair => Assert.Equal(pair.First.To, pair.Second.From));
        Assert.All(day.Parts, part => Assert.True(part.Length > TimeSpan.Zero));
        return true;
    });

    [Fact]
    public void So_many_spans_that_older_ones_are_forgotten_leave_the_time_before_them_unknown()
    {
        var many = With([.. Enumerable.Range(0, 200).Select(i => (10 - (i * 0.05), 10 - (i * 0.05) - 0.01))]);
        Assert.Equal((Presence.Unknown, 14.0), (Availability.Of(many, s_now.AddDays(-9), s_now).Parts[0].Presence, Math.Round(Availability.Of(many, s_now.AddDays(-9), s_now).Parts[0].Length.TotalHours, 6)));
    }

    [Fact]
    public void Participation_counts_drops_refusals_and_whom_a_round_waited_for_last()
    {
        var slow = _scenario.Done(41, "Slow", 50);
        slow.Parties[2].Marks.Single(mark => mark.Phase == RoundPhase.Input).AtMs += 5_000;
        var all = Participation.Of([_scenario.Running(), slow, _scenario.DoneWithout(3, "x", 60, 4), _scenario.DoneUnlessDeclined(4, "y", 70, 4), _scenario.Aborted(2, "z", 80)]);

        Assert.Equal(new Participation(4, 3, 1, 1, 0), all[4]);
        Assert.Equal(1, all[2].Slowest);
        Assert.Equal(0.5, all[4].Trouble);
        Assert.Equal((4, 4, 1), (all[1].Asked, all[1].Joined, all[1].Dropped));
    }

    [Fact]
    public void Rounds_without_times_or_with_a_tie_name_nobody_as_last()
    {
        var brief = _scenario.Done(1, "brief", 10);
        foreach (var party in brief.Parties) party.Marks.Clear();
        var tie = new RoundView { State = RoundState.Done, StartedMs = 10 };
        tie.Parties.Add(new[] { 0u, 1u }.Select(i => new RoundPartyView { Index = i, State = PartyState.Done, Marks = { new PhaseMark { Phase = RoundPhase.Propose, AtMs = 30 } } }));

        Assert.Null(RoundTimes.Of(brief).Slowest);
        Assert.Null(RoundTimes.Of(tie).Slowest);
    }

    [Fact]
    public void Latency_of_a_phase_counts_from_the_last_answer_before_it_and_has_the_others_beside_it()
    {
        var round = new RoundView { State = RoundState.Done, StartedMs = 1_000 };
        round.Parties.Add(new RoundPartyView { Index = 0, State = PartyState.Done, Marks = { new PhaseMark { Phase = RoundPhase.Propose, AtMs = 1_100 }, new PhaseMark { Phase = RoundPhase.Advertise, AtMs = 1_500 } } });
        round.Parties.Add(new RoundPartyView { Index = 1, State = PartyState.Done, Marks = { new PhaseMark { Phase = RoundPhase.Propose, AtMs = 1_300 }, new PhaseMark { Phase = RoundPhase.Advertise, AtMs = 1_340 } } });
        round.Parties.Add(new RoundPartyView { Index = 2, State = PartyState.Done, Marks = { new PhaseMark { Phase = (RoundPhase)99, AtMs = ulong.MaxValue } } });

        var rows = PhaseLatency.Of([round], 0);

        Assert.Equal([(RoundPhase.Propose, 100.0, 300.0), (RoundPhase.Advertise, 200.0, 40.0)], rows.Select(row => (row.Phase, row.MedianMs, row.OthersMs!.Value)));
    }

    [Fact]
    public void Quartiles_lie_between_the_answers()
    {
        var rounds = Enumerable.Range(1, 101).Select(i => new RoundView
        {
            State = RoundState.Done, StartedMs = 0, Parties = { new RoundPartyView { Index = 7, Marks = { new PhaseMark { Phase = RoundPhase.Input, AtMs = (ulong)(i * 10) } } } },
        });
        var row = Assert.Single(PhaseLatency.Of(rounds, 7));
        Assert.Equal((60.0, 260.0, 510.0, 760.0, 960.0, 101), (row.LowMs, row.Q1Ms, row.MedianMs, row.Q3Ms, row.HighMs, row.Count));
    }

    [Fact]
    public void Traffic_adds_sizes_by_phase_and_survives_absurd_ones()
    {
        var round = _scenario.Done(1, "x", 10);
        round.Parties[0].Marks[0].Bytes = ulong.MaxValue;
        var rows = PhaseTraffic.Of([round, _scenario.Done(2, "y", 20)], 0);

        Assert.Equal((ulong.MaxValue, 212UL), (rows[0].Bytes, rows[0].Smallest));
        Assert.Equal((2, 2UL * 388), (rows[1].Messages, rows[1].Bytes));
        Assert.All(rows, row => Assert.DoesNotContain("not known", row.Kind, StringComparison.Ordinal));
    }

    [Fact]
    public void Grid_filters_finds_and_sorts_what_needs_a_look_to_the_top()
    {
        var state = DeckState.Empty.WithView(_scenario.Consortium("Titan"), new ListRoundsReply(), s_now);
        var lines = OutpostGrid.Lines(state, Participation.Of(_scenario.History()), s_now);

        Assert.Equal(["Titan"], lines.Where(line => OutpostGrid.Matches(line, "offline")).Select(line => line.Outpost.Name));
        Assert.Equal(["Titan", "Ganymede"], lines.Where(line => OutpostGrid.Matches(line, "care")).Select(line => line.Outpost.Name));
        Assert.Equal("Ganymede", OutpostGrid.Sorted(lines, "clock").First().Outpost.Name);
        Assert.Equal("Titan", OutpostGrid.Sorted(lines, "seen").First().Outpost.Name);
        Assert.Equal("Callisto", OutpostGrid.Sorted(lines, "name").First().Outpost.Name);
        Assert.Equal(["Europa"], lines.Where(line => OutpostGrid.Found(line, lines[2].Outpost.KeyFingerprint[..10])).Select(line => line.Outpost.Name));
        Assert.Equal(5, lines.Count(line => OutpostGrid.Found(line, " PATIENTS ")));
    }

    [Fact]
    public void Summary_says_who_is_away_whose_clock_is_off_and_who_drops_out()
    {
        var state = DeckState.Empty.WithView(_scenario.Consortium("Titan"), new ListRoundsReply(), s_now);
        var text = OutpostGrid.Summary(OutpostGrid.Lines(state, Participation.Of([_scenario.DoneWithout(3, "x", 9, 4), _scenario.Done(4, "y", 20)]), s_now), 2, s_now, stale: false);

        Assert.Equal("4 of 5 outposts are connected; Titan was last heard 5 min ago. The clock of Ganymede is 2.4 s behind. Callisto dropped out of 1 of 2 rounds, more than any other.", text);
    }

    [Theory]
    [InlineData(0, "exact")]
    [InlineData(35, "35 ms ahead")]
    [InlineData(-2_400, "2.4 s behind")]
    [InlineData(long.MinValue, "10000000 d behind")]
    public void Clock_is_ahead_or_behind(long ms, string words) => Assert.Equal(words, OutpostLine.Clock(ms));

    [Theory]
    [InlineData("Mars", "secagg roster remove roster.bin Mars --to next.bin")]
    [InlineData("St. Mary's; rm -rf ~", "secagg roster remove roster.bin 'St. Mary'\\''s; rm -rf ~' --to next.bin")]
    [InlineData("--to", "secagg roster remove roster.bin '--to' --to next.bin")]
    public void Command_quotes_a_name_that_a_shell_would_read_otherwise(string name, string command) => Assert.Equal(command, RosterCommand.Remove(name));

    [Fact]
    public void Offer_says_with_how_many_the_schema_is_shared_and_why_one_cannot_be_read()
    {
        var view = _scenario.Consortium();
        view.Outposts[1].Datasets[0].Schema = ByteString.CopyFrom(1, 2, 3);
        var good = Assert.Single(OfferedData.Of(view.Outposts[0], view.Outposts));
        var bad = Assert.Single(OfferedData.Of(view.Outposts[1], view.Outposts));

        Assert.Equal((4, 5, 3), (good.Same, good.Offering, good.Schema!.Columns.Count));
        Assert.True(bad is { Schema: null, Same: 1 } && bad.Problem.Length > 0);
        Assert.Equal(64, good.Hash.Length);
    }

    [Fact]
    public void Roster_that_does_not_hold_is_no_roster()
    {
        var signed = _scenario.Consortium().Roster.ToByteArray();
        Assert.NotNull(OpenedRoster.Of(ByteString.CopyFrom(signed)).Roster);
        signed[^1] ^= 1;
        Assert.True(OpenedRoster.Of(ByteString.CopyFrom(signed)) is { Roster: null, Problem.Length: > 0 });
        Assert.Null(OpenedRoster.Of(ByteString.Empty).Roster);
    }
}
