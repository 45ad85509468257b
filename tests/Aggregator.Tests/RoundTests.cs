using Google.Protobuf;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Aggregator.Tests;

/// <summary>Whole rounds over TLS and gRPC, with outposts that fail in every way.</summary>
public sealed class RoundTests
{
    [Fact]
    public async Task Round_of_five_gives_the_plain_sum_and_is_cosigned_by_all()
    {
        await using var scene = await RoundScene.Open();
        var round = await scene.Ask();
        var view = await scene.Until(round, v => v.State == RoundState.Done);
        Assert.Equal(scene.Station.Meaning.Sum([0, 1, 2, 3, 4]), view.Statistics.Select(s => s.Value));
        Assert.Equal(32, view.TotalHash.Length);
        Assert.All(view.Parties, p => Assert.Equal(PartyState.Done, p.State));
        foreach (var outpost in scene.Outposts) await outpost.Cosigned.Task.Guard();
        view = await scene.Until(round, v => v.Cosignatures == 5);
        Assert.Equal(view.LastEntry + 1, (ulong)scene.Outposts[0].Head!.Size);
        Assert.All(scene.Outposts, o => Assert.Empty(o.Refusals));
    }

    [Fact]
    public async Task Outposts_are_announced_again_with_the_round_counted_when_it_ends()
    {
        await using var scene = await RoundScene.Open();
        using var limit = new CancellationTokenSource(AsyncGuard.Limit);
        using var watch = scene.Coordinator.Watch(new WatchRequest(), cancellationToken: limit.Token);
        await watch.ResponseHeadersAsync.Guard();
        scene.Outposts[2].VanishBefore = MessageKind.Input;
        var round = await scene.Ask();
        await scene.Outposts[2].Ended.Guard();
        await scene.PassDeadline(round, RoundPhase.Input, 2);
        var counted = new Dictionary<uint, OutpostView>();
        while (counted.Count < 5)
        {
            Assert.True(await watch.ResponseStream.MoveNext(limit.Token).Guard());
            if (watch.ResponseStream.Current.Outpost is { RoundsJoined: 1 } outpost) counted[outpost.Index] = outpost;
        }

        Assert.All(counted.Values, o => Assert.Equal(o.Index == 2 ? (false, 1u) : (true, 0u), (o.Online, o.RoundsDropped)));
    }

    [Fact]
    public async Task Many_rounds_run_at_the_same_time()
    {
        await using var scene = await RoundScene.Open(4);
        var rounds = await Task.WhenAll(Enumerable.Range(1, 8).Select(i => scene.Ask((byte)i)));
        foreach (var round in rounds)
        {
            var view = await scene.Until(round, v => v.State == RoundState.Done && v.Cosignatures == 4);
            Assert.Equal(scene.Station.Meaning.Sum([0, 1, 2, 3]), view.Statistics.Select(s => s.Value));
        }

        Assert.All(scene.Outposts, o => Assert.Empty(o.Refusals));
    }

    [Theory]
    [InlineData(MessageKind.Join, RoundPhase.Propose, false)]
    [InlineData(MessageKind.Advertise, RoundPhase.Advertise, false)]
    [InlineData(MessageKind.Share, RoundPhase.Share, false)]
    [InlineData(MessageKind.Input, RoundPhase.Input, false)]
    [InlineData(MessageKind.Agree, RoundPhase.Agree, true)]
    [InlineData(MessageKind.Unmask, RoundPhase.Unmask, true)]
    public async Task Outpost_that_vanishes_in_a_phase_does_not_stop_the_round(MessageKind before, RoundPhase phase, bool counted)
    {
        await using var scene = await RoundScene.Open();
        scene.Outposts[2].VanishBefore = before;
        var round = await scene.Ask();
        // The station, too, must know that it is gone before the round goes on without it.
        await scene.Outposts[2].Ended.Guard();
        await scene.PassDeadline(round, phase, 2);
        // Who does not agree does not unmask either, so that phase waits for it once more.
        if (before == MessageKind.Agree) await scene.PassDeadline(round, RoundPhase.Unmask, 2);
        var view = await scene.Until(round, v => v.State != RoundState.Running);
        Assert.Equal((RoundState.Done, ""), (view.State, view.Failure));
        Assert.Equal(scene.Station.Meaning.Sum(counted ? [0, 1, 2, 3, 4] : [0, 1, 3, 4]), view.Statistics.Select(s => s.Value));
        Assert.Equal(PartyState.Dropped, view.Parties[2].State);
        Assert.True(scene.Station.Logs.Has(1101));
        var consortium = await scene.Coordinator.GetConsortiumAsync(new GetConsortiumRequest()).ResponseAsync.Guard();
        Assert.False(consortium.Outposts[2].Online);
        Assert.Contains(consortium.Alerts, a => a.Outpost == "Clinic 2" && a.Id.StartsWith("offline/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Too_few_outposts_abort_the_round_with_a_reason()
    {
        await using var scene = await RoundScene.Open();
        foreach (var index in new[] { 0, 1, 2 }) scene.Outposts[index].SilentFrom = MessageKind.Share;
        var round = await scene.Ask();
        var view = await scene.PassDeadline(round, RoundPhase.Share, 0, 1, 2);
        Assert.Equal(RoundState.Aborted, view.State);
        Assert.Contains("2 outposts shared their seeds; 4 are needed", view.Failure, StringComparison.Ordinal);
        Assert.Empty(view.Statistics);
        Assert.Empty(Directory.EnumerateFiles(scene.Station.Data, "*.vector", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task Outpost_that_comes_back_goes_on_in_the_same_phase()
    {
        await using var scene = await RoundScene.Open();
        // Its vector gets lost half-way, and with it the stream.
        var outpost = scene.Outposts[3];
        var lost = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        outpost.Alter = frame =>
        {
            if (frame.Chunk is not { Offset: > 7 } || lost.Task.IsCompleted) return frame;
            lost.SetResult();
            return null;
        };
        var round = await scene.Ask();
        await lost.Task.Guard();
        await outpost.Connect();
        await outpost.Resend();
        var view = await scene.Until(round, v => v.State != RoundState.Running);
        Assert.Equal(scene.Station.Meaning.Sum([0, 1, 2, 3, 4]), view.Statistics.Select(s => s.Value));
    }

    [Fact]
    public async Task Vector_of_who_is_not_a_survivor_is_deleted_and_a_late_one_is_never_written()
    {
        await using var scene = await RoundScene.Open();
        var late = scene.Outposts[1];
        var kept = new List<PartyFrame>();
        // The header arrives, the vector only after its phase.
        late.Alter = frame =>
        {
            if (frame.Chunk is null) return frame;
            kept.Add(frame);
            return kept.Count == 1 ? frame : null;
        };
        var round = await scene.Ask();
        await scene.PassDeadline(round, RoundPhase.Input, 1);
        var view = await scene.Until(round, v => v.State != RoundState.Running);
        foreach (var frame in kept) await late.Send(frame);
        await late.Send(new PartyFrame { Heartbeat = new Heartbeat() });
        await scene.Station.Stop();
        Assert.Equal(scene.Station.Meaning.Sum([0, 2, 3, 4]), view.Statistics.Select(s => s.Value));
        var files = Directory.EnumerateFiles(Path.Combine(scene.Station.Data, "vectors"), "*", SearchOption.AllDirectories).Select(Path.GetFileName).Order();
        Assert.Equal(["0.vector", "2.vector", "3.vector", "4.vector"], files);
    }

    [Fact]
    public async Task Vector_that_is_not_the_signed_one_puts_its_sender_out_and_is_blamed()
    {
        await using var scene = await RoundScene.Open();
        scene.Outposts[4].Alter = frame =>
        {
            if (frame.Chunk is { Offset: 0 } chunk)
            {
                var bytes = chunk.Data.ToByteArray();
                bytes[0] ^= 1;
                chunk.Data = ByteString.CopyFrom(bytes);
            }

            return frame;
        };
        var round = await scene.Ask();
        // Nobody waits for it: the round goes on at once.
        var view = await scene.Until(round, v => v.State != RoundState.Running);
        Assert.Equal(scene.Station.Meaning.Sum([0, 1, 2, 3]), view.Statistics.Select(s => s.Value));
        Assert.Equal(PartyState.Blamed, view.Parties[4].State);
        Assert.True(scene.Station.Logs.Has(1205));
    }

    [Fact]
    public async Task Garbage_is_rejected_kept_as_evidence_and_hurts_nobody()
    {
        await using var scene = await RoundScene.Open();
        var bad = scene.Outposts[0];
        var spoilt = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        bad.Alter = frame =>
        {
            if (frame.Message is { Envelope.Kind: MessageKind.Share } message && spoilt.TrySetResult())
            {
                var altered = message.Envelope.Clone();
                altered.Signature = ByteString.CopyFrom(new byte[64]);
                message.Envelope = altered;
            }

            return frame;
        };
        var round = await scene.Ask();
        foreach (var garbage in Garbage(round)) await bad.Send(garbage);
        await scene.Until(round, v => v.Phase == RoundPhase.Share && v.Parties.Skip(1).All(p => p.Marks.Any(m => m.Phase == RoundPhase.Share)));
        Assert.DoesNotContain((await scene.View(round)).Parties[0].Marks, m => m.Phase == RoundPhase.Share);
        await spoilt.Task.Guard();
        await bad.Resend();
        var view = await scene.Until(round, v => v.State != RoundState.Running);
        Assert.Equal(scene.Station.Meaning.Sum([0, 1, 2, 3, 4]), view.Statistics.Select(s => s.Value));
        Assert.True(scene.Station.Logs.Has(1203));
        Assert.True(scene.Station.Logs.Has(1104));
        Assert.Contains(scene.Station.Entries(), e => e.Rejection == RejectionCode.BadSignature && e.Sender == 1);
    }

    [Fact]
    public async Task Flood_of_useless_frames_ends_the_stream_only()
    {
        await using var scene = await RoundScene.Open(4, change: s => s.Options.Limits.BadFrames = 20);
        var flood = scene.Outposts[3];
        for (var i = 0; i < 30; i++)
            await flood.Send(new PartyFrame { Message = new PartyMessage { RoundId = ByteString.CopyFrom(new byte[16]), Envelope = new Envelope { Kind = MessageKind.Join } } });
        var end = await flood.Ended.Guard();
        Assert.Equal(Grpc.Core.StatusCode.ResourceExhausted, end.StatusCode);
        await flood.Connect();
        var round = await scene.Ask();
        var view = await scene.Until(round, v => v.State == RoundState.Done);
        Assert.Equal(4, view.Parties.Count);
    }

    [Fact]
    public async Task Oversized_frame_ends_the_stream_with_a_status()
    {
        await using var scene = await RoundScene.Open(3);
        var outpost = scene.Outposts[0];
        // More than the largest message of the largest roster.
        await outpost.Send(new PartyFrame { Chunk = new VectorChunk { Data = ByteString.CopyFrom(new byte[2 << 20]) } });
        Assert.Equal(Grpc.Core.StatusCode.ResourceExhausted, (await outpost.Ended.Guard()).StatusCode);
        await outpost.Connect();
        await outpost.Send(new PartyFrame { Hello = new Hello() });
        var round = await scene.Ask();
        await scene.Until(round, v => v.State == RoundState.Done);
    }

    [Fact]
    public async Task Coordinator_stops_a_round()
    {
        await using var scene = await RoundScene.Open();
        scene.Outposts[0].SilentFrom = MessageKind.Share;
        var round = await scene.Ask();
        await scene.Until(round, v => v.Phase == RoundPhase.Share);
        await scene.Coordinator.AbortRoundAsync(new AbortRoundRequest { RoundId = round }).ResponseAsync.Guard();
        var view = await scene.View(round);
        Assert.Equal((RoundState.Aborted, "A coordinator stopped the round."), (view.State, view.Failure));
        var again = await Assert.ThrowsAsync<Grpc.Core.RpcException>(async () => await scene.Coordinator.AbortRoundAsync(new AbortRoundRequest { RoundId = round }));
        Assert.Equal(Grpc.Core.StatusCode.FailedPrecondition, again.StatusCode);
    }

    [Fact]
    public async Task New_stream_of_an_outpost_takes_over_from_the_old_one()
    {
        await using var scene = await RoundScene.Open(3);
        await using var twin = await new TestOutpost(scene.Station, 1).Connect();
        var end = await scene.Outposts[1].Ended.Guard();
        Assert.Equal(Grpc.Core.StatusCode.Aborted, end.StatusCode);
        var consortium = await scene.Coordinator.GetConsortiumAsync(new GetConsortiumRequest()).ResponseAsync.Guard();
        Assert.True(consortium.Outposts[1].Online);
    }

    [Fact]
    public async Task Silent_stream_is_ended_after_the_idle_timeout()
    {
        await using var scene = await RoundScene.Open(3, change: s => s.Options.Limits.IdleTimeout = TimeSpan.FromMinutes(1));
        await scene.Outposts[0].Send(new PartyFrame { Heartbeat = new Heartbeat() });
        var ended = scene.Outposts[2].Ended;
        // The station may not have begun to wait yet: its clock goes on until it has.
        do scene.Station.Clock.Advance(TimeSpan.FromMinutes(2));
        while (await Task.WhenAny(ended, Task.Delay(20)) != ended);
        Assert.Equal(Grpc.Core.StatusCode.DeadlineExceeded, (await ended.Guard()).StatusCode);
    }

    private static IEnumerable<PartyFrame> Garbage(ByteString round)
    {
        yield return new PartyFrame();
        yield return new PartyFrame { Message = new PartyMessage { RoundId = round } };
        yield return new PartyFrame { Message = new PartyMessage { RoundId = ByteString.CopyFromUtf8("x"), Envelope = new Envelope { Kind = MessageKind.Join } } };
        yield return new PartyFrame { Message = new PartyMessage { RoundId = round, Envelope = new Envelope { Kind = (MessageKind)99, Body = ByteString.CopyFromUtf8("?") } } };
        yield return new PartyFrame { Message = new PartyMessage { RoundId = round, Envelope = new Envelope { Kind = MessageKind.Share, Body = ByteString.CopyFromUtf8("not a share") } } };
        yield return new PartyFrame { Message = new PartyMessage { RoundId = round, Envelope = new Envelope { Kind = MessageKind.Join, Body = ByteString.CopyFrom(new byte[70_000]) } } };
        yield return new PartyFrame { Chunk = new VectorChunk { RoundId = round, Offset = 99, Data = ByteString.CopyFromUtf8("x") } };
        yield return new PartyFrame { Chunk = new VectorChunk { RoundId = round } };
        yield return new PartyFrame { Cosign = new Cosign { RoundId = round, Size = 1, Root = ByteString.CopyFrom(new byte[32]) } };
    }
}
