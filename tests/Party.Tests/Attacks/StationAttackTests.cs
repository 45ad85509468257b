using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Party.Tests.Link;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;
using SecureAggregation.Testing;

namespace SecureAggregation.Party.Tests.Attacks;

/// <summary>
/// A station that lies over the wire to a whole outpost: what needs the network, the disk or a restart. The outpost says why in its log, under the event that
/// docs/outpost.md gives it, and nothing that the station received opens the outpost's answer.
/// </summary>
public sealed class StationAttackTests : OutpostScene
{
    private const string Rows = "full_name,age,sex\nx,63,1\ny,37,0\nz,11,1\n";

    private static readonly DatasetSchema s_schema = SchemaFile.Parse(OutpostFiles.Schema).Schema;

    private bool _restarted;

    /// <summary>The control of all others: an honest round opens the sum of all; with the seeds of the pairs in addition, the outpost's own answer.</summary>
    [Fact]
    public async Task Unmasker_opens_the_total_and_with_the_seeds_of_two_more_the_outpost()
    {
        await StartAsync();
        var seeds = new List<byte[]>();
        _station.Lie = (_, frame) =>
        {
            if (frame.Broadcast?.Envelope.Kind == MessageKind.Survivors) seeds = [.. new uint[] { 1, 2 }.Select(other => _station.Other(other).Dealt().PairSeed(0).Span.ToArray())];
            return [frame];
        };
        _station.Propose(_consortium.Ask(s_schema));
        await _station.Cosigned.Task.Guard();
        Assert.Equal([[0u, 1, 2]], _station.Opened());
        foreach (var seed in seeds) _station.Unmasker.Holds(seed);
        Assert.Contains(_station.Opened(), set => set is [0]);
    }

    [Theory]
    [InlineData(MessageKind.Share)]
    [InlineData(MessageKind.Input)]
    public async Task Round_replayed_to_an_outpost_that_was_restarted_gets_no_word(MessageKind lastSeen)
    {
        await RestartedAfterAsync(lastSeen);
        await SilentAsync();
        await NothingOpensAsync();
        Assert.Equal(1, _outpost.Charges());
    }

    [Fact]
    public async Task Survivor_set_is_not_signed_a_second_time_after_a_restart()
    {
        _station.Lie = (_, frame) => [_restarted ? AnotherSet(frame) : frame];
        await RestartedAfterAsync(MessageKind.Agree);
        await SilentAsync();
        await NothingOpensAsync();
    }

    [Fact]
    public async Task Unmask_is_not_said_a_second_time_after_a_restart()
    {
        await RestartedAfterAsync(MessageKind.Unmask);
        await SilentAsync();
        await _outpost.StopAsync();
        Assert.Equal(1, _outpost.Charges());

        // It was said, to a station that had the agreements of all: their sum is what there is to open.
        Assert.All(_station.Opened(), set => Assert.Equal([0u, 1, 2], set));
    }

    [Fact]
    public async Task Second_stream_with_another_survivor_set_is_refused()
    {
        await StartAsync();
        _station.Cut = (stream, frame) => stream == 1 && frame.Message?.Envelope.Kind == MessageKind.Agree;
        _station.Lie = (stream, frame) => [stream == 1 ? frame : AnotherSet(frame)];
        _station.Propose(_consortium.Ask(s_schema));
        await RefusedAsync(RefusalCode.SecondSurvivorSet);
        Assert.Empty(Sent(MessageKind.Unmask));
        await NothingOpensAsync();
    }

    [Fact]
    public async Task Second_stream_with_another_proposal_of_the_round_is_refused()
    {
        await StartAsync();
        _station.Cut = (stream, frame) => stream == 1 && frame.Message?.Envelope.Kind == MessageKind.Share;
        _station.Lie = (stream, frame) => [stream == 1 ? frame : Changed(frame, MessageKind.Propose, envelope =>
        {
            var proposal = Proposal.Parser.ParseFrom(envelope.Body);
            proposal.DeadlinesMs[4]++;
            envelope.Body = proposal.ToByteString();
        })];
        _station.Propose(_consortium.Ask(s_schema));
        await RefusedAsync(RefusalCode.OutOfOrder);
        await NothingOpensAsync();
    }

    [Fact]
    public async Task Vector_is_not_sent_again_once_the_survivors_are_named()
    {
        await StartAsync();
        _station.Cut = (stream, frame) => stream == 1 && frame.Message?.Envelope.Kind == MessageKind.Agree;
        _station.Propose(_consortium.Ask(s_schema));
        await _station.Cosigned.Task.Guard();

        // Each message came again, the vector did not.
        Assert.Equal(2, Sent(MessageKind.Input).Count());
        Assert.All(_station.Frames.Where(f => f.Frame.Chunk is not null), f => Assert.Equal(1, f.Stream));
    }

    [Fact]
    public async Task Query_changed_on_its_way_is_refused()
    {
        await StartAsync();
        _station.Lie = (_, frame) => [Changed(frame, MessageKind.Propose, envelope =>
        {
            var proposal = Proposal.Parser.ParseFrom(envelope.Body);
            var query = Query.Parser.ParseFrom(proposal.Query);
            query.Noise = QueryNoise.None;
            proposal.Query = query.ToByteString();
            envelope.Body = proposal.ToByteString();
        })];
        _station.Propose(_consortium.Ask(s_schema));
        await RefusedAsync(RefusalCode.BadSignature);
        await NothingOpensAsync();
        Assert.Equal(0, _outpost.Charges());
    }

    [Fact]
    public async Task Proposal_in_a_frame_of_another_round_is_refused()
    {
        await StartAsync();
        _station.Lie = (_, frame) =>
        {
            if (frame.Broadcast is null) return [frame];
            var changed = frame.Clone();
            changed.Broadcast.RoundId = ByteString.CopyFrom(new byte[16]);
            return [changed];
        };
        _station.Propose(_consortium.Ask(s_schema));
        await RefusedAsync(RefusalCode.BadMessage);
        await NothingOpensAsync();
        Assert.Equal(0, _outpost.Charges());
    }

    [Theory]
    [InlineData(MessageKind.Advertised)]
    [InlineData(MessageKind.Shared)]
    [InlineData(MessageKind.Survivors)]
    public async Task Truncated_broadcast_is_refused(MessageKind kind)
    {
        await StartAsync();
        _station.Lie = (_, frame) => [Changed(frame, kind, e => (e.Body, e.Signature) = Signed(kind, e.Body.Span[..^1]))];
        _station.Propose(_consortium.Ask(s_schema));
        await RefusedAsync(RefusalCode.BadMessage);
        Assert.Empty(Sent(MessageKind.Unmask));
        await NothingOpensAsync();
    }

    [Fact]
    public async Task Broadcast_over_its_limit_is_refused()
    {
        await StartAsync();
        _station.Lie = (_, frame) => [Changed(frame, MessageKind.Shared, e => e.Body = ByteString.CopyFrom(new byte[Limits.Broadcast(TestConsortium.Parties) + 1]))];
        _station.Propose(_consortium.Ask(s_schema));
        await RefusedAsync(RefusalCode.BadMessage);
        Assert.Contains("over its limit", _recorder.Text, StringComparison.Ordinal);
        await NothingOpensAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Frame_cut_short_or_beyond_every_limit_ends_the_stream_and_nothing_is_said(bool beyond)
    {
        await using var broken = await BrokenStation.StartAsync(_consortium, beyond);
        await _outpost.StartAsync(broken.Address, Rows);
        await _recorder.Saw("2101 Not connected").Guard();
        await _recorder.Saw("2102 Still not connected").Guard();
        Assert.DoesNotContain("2100 Connected", _recorder.Text, StringComparison.Ordinal);
        if (beyond) Assert.Contains("ResourceExhausted", _recorder.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Station_with_another_roster_is_told_nothing()
    {
        _station.Lie = (_, frame) =>
        {
            if (frame.Welcome is null) return [frame];
            var changed = frame.Clone();
            changed.Welcome.RosterHash = ByteString.CopyFrom(new byte[32]);
            return [changed];
        };
        await StartAsync(connected: false);
        await _recorder.Saw("2101 Not connected").Guard();
        await _recorder.Saw("another roster").Guard();
        _station.Propose(_consortium.Ask(s_schema));
        await _recorder.Saw("2102 Still not connected").Guard();
        Assert.All(_station.Frames, f => Assert.NotNull(f.Frame.Hello));
    }

    [Fact]
    public async Task Station_that_says_something_before_its_welcome_is_told_nothing()
    {
        _station.Lie = (_, frame) => frame.Welcome is null ? [frame] : [new StationFrame { Heartbeat = new Heartbeat() }, frame];
        await StartAsync(connected: false);
        await _recorder.Saw("before its welcome").Guard();
        Assert.All(_station.Frames, f => Assert.NotNull(f.Frame.Hello));
    }

    [Fact]
    public async Task Station_with_another_key_is_told_nothing_but_which_roster_is_pinned()
    {
        using var foreign = IdentityKey.Generate(new SeededRandom(999));
        await using var impostor = await TestStation.StartAsync(_consortium, foreign);
        // It welcomes, and asks at once.
        impostor.Lie = (_, frame) => [frame, new StationFrame { Plan = new PlanRequest() }];
        await _outpost.StartAsync(impostor.Address, Rows);
        await _recorder.Saw("is not the roster's").Guard();
        Assert.All(impostor.Frames, f => Assert.Equal(new Hello { RosterHash = ByteString.CopyFrom(_consortium.Roster.Hash) }, f.Frame.Hello));
        Assert.Contains(foreign.Public.Fingerprint, _recorder.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Flood_of_rounds_that_never_go_on_is_not_answered_beyond_what_there_is_room_for()
    {
        await StartAsync();
        for (var i = 0UL; i < 300; i++) _station.ProposeBlindly(_consortium.Ask(s_schema, change: q => q.Dataset = "lung", id: i + 1), seed: i + 1);
        await _recorder.Saw("2209 ").Guard();
        Assert.InRange(_recorder.Text.Split("2203 Round").Length - 1, 1, 256);
    }

    [Theory]
    [InlineData("fork")]
    [InlineData("rollback")]
    public async Task Log_that_does_not_extend_the_one_seen_before_a_restart_is_not_cosigned(string how)
    {
        await StartAsync();
        _station.Propose(_consortium.Ask(s_schema));
        await _station.Cosigned.Task.Guard();
        await _outpost.StopAsync();

        // Another station with the same key and a log of its own, or this one with what it had before.
        await using var other = await TestStation.StartAsync(_consortium);
        if (how == "rollback") other.Lie = (_, frame) => [RolledBack(frame)];
        await _outpost.StartAsync(other.Address, Rows);
        await other.Hellos.Reader.ReadAsync().AsTask().Guard();
        other.Propose(_consortium.Ask(s_schema, "[ count ]", id: 2), seed: 2);
        Assert.Equal(MessageKind.Total, (await other.Ended.Task.Guard()).Kind);
        await _recorder.Saw("2208 ").Guard();
        Assert.False(other.Cosigned.Task.IsCompleted);
    }

    [Fact]
    public async Task Log_without_the_outposts_messages_is_not_cosigned()
    {
        await StartAsync();
        _station.Lie = (_, frame) =>
        {
            if (frame.Publication is null) return [frame];
            var changed = frame.Clone();
            changed.Publication.Own.RemoveAt(0);
            return [changed];
        };
        _station.Propose(_consortium.Ask(s_schema));
        await _recorder.Saw("2208 ").Guard();
        Assert.False(_station.Cosigned.Task.IsCompleted);
    }

    private static StationFrame Changed(StationFrame frame, MessageKind kind, Action<Envelope> change)
    {
        if (frame.Broadcast?.Envelope.Kind != kind) return frame;
        var changed = frame.Clone();
        change(changed.Broadcast.Envelope);
        return changed;
    }

    private StationFrame AnotherSet(StationFrame frame) => Changed(frame, MessageKind.Survivors, e =>
    {
        var survivors = Survivors.Parser.ParseFrom(e.Body);
        survivors.Inputs.RemoveAt(2);
        (e.Body, e.Signature) = Signed(MessageKind.Survivors, survivors.ToByteArray());
    });

    private StationFrame RolledBack(StationFrame frame)
    {
        if (frame.Publication is null) return frame;
        var changed = frame.Clone();
        changed.Publication.Checkpoint = Checkpoint.Create(_consortium.Roster.LogOrigin, 3, new byte[32], _consortium.Station).Note;
        return changed;
    }

    private (ByteString Body, ByteString Signature) Signed(MessageKind kind, ReadOnlySpan<byte> body)
    {
        var envelope = _station.Sign(kind, ByteString.CopyFrom(body));
        return (envelope.Body, envelope.Signature);
    }

    private IEnumerable<PartyMessage> Sent(MessageKind kind) => _station.Frames.Select(f => f.Frame.Message).Where(m => m?.Envelope.Kind == kind);

    /// <summary>The station never takes this message, and asks for it when the outpost comes back as another process.</summary>
    private async Task RestartedAfterAsync(MessageKind lost)
    {
        await StartAsync();
        _station.Cut = (_, frame) => frame.Message?.Envelope.Kind == lost;
        _station.Propose(_consortium.Ask(s_schema));
        await _station.Saw(frame => frame.Message?.Envelope.Kind == lost).Guard();
        await _outpost.StopAsync();
        _station.Cut = (_, _) => false;
        _restarted = true;
    }

    /// <summary>The outpost comes back, is told everything again, and says nothing.</summary>
    private async Task SilentAsync()
    {
        var before = _station.Frames.Count(f => f.Frame.Message is not null);
        await _outpost.StartAsync(_station.Address, Rows);
        await _recorder.Saw("2212 ").Guard();
        for (var phase = 0; phase < 8 && !_station.Ended.Task.IsCompleted; phase++) _station.TimeOut();
        await _recorder.Saw("2211 ").Guard();
        Assert.Equal(before, _station.Frames.Count(f => f.Frame.Message is not null));
    }

    private Task RefusedAsync(RefusalCode code) => _recorder.Saw($"refused, {code}:").Guard();

    /// <summary>The round has no total, and the station none of its own making.</summary>
    private async Task NothingOpensAsync()
    {
        for (var phase = 0; phase < 8 && !_station.Ended.Task.IsCompleted; phase++) _station.TimeOut();
        Assert.Equal(MessageKind.Abort, (await _station.Ended.Task.Guard()).Kind);
        Assert.Empty(_station.Opened());
        await _outpost.StopAsync();
    }

    private async Task StartAsync(bool connected = true)
    {
        await _outpost.StartAsync(_station.Address, Rows);
        if (connected) await _recorder.Saw("2100 Connected").Guard();
    }
}
