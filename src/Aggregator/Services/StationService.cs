using Grpc.Core;
using SecureAggregation.Aggregator.Events;
using SecureAggregation.Aggregator.Hosting;
using SecureAggregation.Aggregator.Log;
using SecureAggregation.Aggregator.Parties;
using SecureAggregation.Aggregator.Rounds;
using SecureAggregation.Aggregator.Security;
using SecureAggregation.Aggregator.Store;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Aggregator.Services;

/// <summary>
/// The one stream of each outpost. Nothing that comes on it can hurt more than the stream itself: a frame that cannot be read ends it, a
/// message that is wrong is rejected and counted, a stream of such messages is ended, and the outpost may open a new one.
/// </summary>
internal sealed class StationService(
    RosterHistory rosters,
    RosterAdoption adoption,
    PartyDirectory parties,
    RoundBook rounds,
    Witnesses witnesses,
    PlanDesk plans,
    AlertBoard alerts,
    StationOptions options,
    TimeProvider clock,
    ILogger<StationService> log)
{
    private const int LongestName = 128;
    private const int MostDatasets = 100;
    private const int LongestHello = 128 * 1024;

    /// <summary>The service of protos/secagg/v1/station_service.proto, with frames read and written as it suits vectors and broadcasts.</summary>
    public ServerServiceDefinition Definition()
    {
        var attend = Station.Descriptor.FindMethodByName(nameof(Attend));
        var method = new Method<IncomingFrame, OutgoingFrame>(
            MethodType.DuplexStreaming, attend.Service.FullName, attend.Name, IncomingFrame.Marshaller, OutgoingFrame.Marshaller);
        return ServerServiceDefinition.CreateBuilder().AddMethod(method, Attend).Build();
    }

    [Admits(Roles.Party)]
    private async Task Attend(IAsyncStreamReader<IncomingFrame> requestStream, IServerStreamWriter<OutgoingFrame> responseStream, ServerCallContext context)
    {
        var party = Caller.Of(context).Member;
        var hello = await Greet(requestStream, responseStream, context, party.Name);
        using var session = new PartySession(party.Index, hello, clock.GetUtcNow(), options.Limits.SendQueue, options.Limits.BadFrames);
        session.Send(new StationFrame { Welcome = Welcome(hello, party) });
        // Between its Hello and this the roster may have been replaced.
        if (parties.Attach(session) is not { } replaced) throw Refuse(party.Name, StatusCode.Unavailable, "The roster was replaced a moment ago; come again.");
        if (replaced) log.StreamReplaced(party.Name);
        log.OutpostOnline(party.Name, Printable(hello.Software));
        var reason = "the station ended the stream";
        try
        {
            // Its key, too, may have been another roster's a moment ago.
            Caller.Of(context);
            using var end = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, session.Closing);
            var sending = Send(session, responseStream, end);
            try
            {
                await rounds.Arrive(session, end.Token);
                reason = await Receive(session, party.Name, requestStream, end.Token);
            }
            catch (RpcException e)
            {
                reason = e.Status.Detail;
                log.FrameRefused(party.Name, reason);
                session.Close(e.Status);
            }
            catch (OperationCanceledException)
            {
                reason = session.End?.Detail ?? "the connection was lost";
            }
            finally
            {
                await end.CancelAsync();
                await sending;
            }
        }
        finally
        {
            if (parties.Detach(session)) Gone(party.Name, party.Index, reason);
        }

        if (session.End is { } status) throw new RpcException(status);
    }

    private async Task<Hello> Greet(IAsyncStreamReader<IncomingFrame> frames, IServerStreamWriter<OutgoingFrame> responses, ServerCallContext context, string name)
    {
        using var idle = Idle(context.CancellationToken);
        idle.Timer.CancelAfter(options.Limits.IdleTimeout);
        bool came;
        try
        {
            came = await frames.MoveNext(idle.Token);
        }
        catch (OperationCanceledException) when (!context.CancellationToken.IsCancellationRequested)
        {
            throw Refuse(name, StatusCode.DeadlineExceeded, "No Hello came in time.");
        }

        using var first = came ? frames.Current : null;
        if (first?.Other?.Hello is not { } hello) throw Refuse(name, StatusCode.InvalidArgument, "The first frame of a stream must be a Hello.");
        var roster = rosters.Current;
        if (!PublicBytes.Equal(hello.RosterHash.Span, roster.Hash))
        {
            if (adoption.After(hello.RosterHash.Span) is { Rosters.Count: > 0 } following)
            {
                log.SuccessionOffered(name, roster.Epoch);
                await responses.WriteAsync(new OutgoingFrame(new StationFrame { Succession = following }));
                throw new RpcException(new Status(StatusCode.FailedPrecondition, $"The consortium is at roster epoch {roster.Epoch}; take it and come again."));
            }

            throw Refuse(
                name,
                StatusCode.FailedPrecondition,
                $"The outpost has pinned the roster {PublicBytes.Hex(hello.RosterHash.Span)}, which is none of this station's log; in force is {PublicBytes.Hex(roster.Hash)} (epoch {roster.Epoch}). "
                + "Publish the outpost's roster, if it is the newer one (secagg roster publish), or give both the same roster file.");
        }

        return Broken(hello) is { } rule ? throw Refuse(name, StatusCode.InvalidArgument, rule) : hello;
    }

    /// <summary>What an outpost says about itself is shown to everybody, so it has its bounds.</summary>
    private static string? Broken(Hello hello) => hello switch
    {
        { Software.Length: > LongestName } => $"The software's name has {hello.Software.Length} characters; at most {LongestName}.",
        { Datasets.Count: > MostDatasets } => $"{hello.Datasets.Count} datasets are offered; at most {MostDatasets}.",
        _ when hello.Datasets.Any(d => d.Name.Length is 0 or > LongestName) => $"A dataset's name has 1 to {LongestName} characters.",
        _ when hello.CalculateSize() > LongestHello => $"The Hello has {hello.CalculateSize()} bytes, most of them schemas; at most {LongestHello}.",
        _ => null,
    };

    private async Task<string> Receive(PartySession session, string name, IAsyncStreamReader<IncomingFrame> frames, CancellationToken stop)
    {
        using var idle = Idle(stop);
        // The vectors that this stream has begun to bring.
        var uploads = new Dictionary<RoundDriver, VectorUpload>();
        while (true)
        {
            idle.Timer.CancelAfter(options.Limits.IdleTimeout);
            try
            {
                if (!await frames.MoveNext(idle.Token)) return "the outpost ended the stream";
            }
            catch (OperationCanceledException) when (idle.Timer.IsCancellationRequested && !stop.IsCancellationRequested)
            {
                throw new RpcException(new Status(StatusCode.DeadlineExceeded, $"Nothing came for {options.Limits.IdleTimeout:c}; send a Heartbeat at least four times as often."));
            }

            parties.Touch(session.Party);
            using var frame = frames.Current;
            if (await Take(session, uploads, frame, stop) is not { } reason) continue;
            log.FrameRefused(name, reason);
            session.CountBad(reason);
        }
    }

    /// <summary>Null, or why the frame is of no use.</summary>
    private async Task<string?> Take(PartySession session, Dictionary<RoundDriver, VectorUpload> uploads, IncomingFrame incoming, CancellationToken stop)
    {
        if (incoming.Other is not { } frame)
        {
            if (Driver(session, incoming.RoundId) is not { } receiver) return "a part of a vector for a round that is not open to this outpost";
            if (incoming.Data.Length is 0 or > Protocol.Limits.Chunk) return $"a part of a vector of {incoming.Data.Length} bytes; a part has 1 to {Protocol.Limits.Chunk}";
            if (incoming.Offset == 0)
            {
                foreach (var (ended, _) in uploads.Where(u => u.Value.IsOver || u.Key.Ended.IsCompleted)) uploads.Remove(ended);
                uploads.Remove(receiver);
                if (await receiver.BeginVector(session, stop) is { } begun) uploads.Add(receiver, begun);
            }

            // None is awaited, or it has ended: the rest of it runs into the void.
            if (!uploads.TryGetValue(receiver, out var upload)) return null;
            var useless = await receiver.TakePart(session, upload, incoming);
            // A stream may stand for weeks and must not keep a round in memory that has long ended.
            if (upload.IsOver) uploads.Remove(receiver);
            return useless;
        }

        switch (frame.FrameCase)
        {
            case PartyFrame.FrameOneofCase.Message when frame.Message.Envelope is { } envelope:
                if (Driver(session, frame.Message.RoundId.Memory) is not { } driver) return "a message for a round that is not open to this outpost";
                if (envelope.CalculateSize() > Protocol.Limits.PartyEnvelope(driver.Invited.Count)) return "a message over its size limit";
                await driver.Offer(new RoundInput.Message(session, envelope), stop);
                return null;
            case PartyFrame.FrameOneofCase.Cosign when session.IsRetired:
                return null;
            case PartyFrame.FrameOneofCase.Cosign:
                if (witnesses.Take(session, frame.Cosign)) rounds.Announce(frame.Cosign.RoundId.Memory);
                return null;
            case PartyFrame.FrameOneofCase.Plan:
                return plans.Take(session.Party, frame.Plan);
            case PartyFrame.FrameOneofCase.Budgets:
                return parties.Take(session.Party, frame.Budgets);
            case PartyFrame.FrameOneofCase.Heartbeat:
                if (session.IsRetired && session.CountFarewell() > 2)
                    throw new RpcException(new Status(StatusCode.FailedPrecondition, $"The consortium is at roster epoch {rosters.Current.Epoch}; come again with it."));
                parties.Heard(session.Party, frame.Heartbeat.TimeMs);
                session.Send(new StationFrame { Heartbeat = new Heartbeat { TimeMs = Milliseconds() } });
                return null;
            default:
                return $"a frame of kind {frame.FrameCase} where none may come";
        }
    }

    private RoundDriver? Driver(PartySession session, ReadOnlyMemory<byte> roundId) =>
        !session.IsRetired && rounds.Find(roundId) is { } driver && driver.Invited.Contains(session.Party) ? driver : null;

    private static async Task Send(PartySession session, IServerStreamWriter<OutgoingFrame> responses, CancellationTokenSource end)
    {
        try
        {
            await foreach (var frame in session.Outgoing.WithCancellation(end.Token)) await responses.WriteAsync(frame, end.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or RpcException or IOException or InvalidOperationException)
        {
            // The stream is over; the reader is told, and says why.
            await end.CancelAsync();
        }
    }

    private void Gone(string name, uint index, string reason)
    {
        log.OutpostOffline(name, Printable(reason));
        foreach (var round in rounds.RunningWith(index))
            alerts.Raise("offline", Severity.Warning, $"{name} went offline while \"{round.View.Title}\" runs.", round.RoundId, name);
    }

    private RpcException Refuse(string name, StatusCode code, string sentence)
    {
        log.HelloRefused(name, sentence);
        return new RpcException(new Status(code, sentence));
    }

    private Welcome Welcome(Hello hello, Protocol.RosterMember party)
    {
        try
        {
            return new Welcome { RosterHash = hello.RosterHash, Software = StationHost.Software, TimeMs = Milliseconds(), Cosigned = witnesses.Newest(party) };
        }
        catch (StoreException e)
        {
            throw Refuse(party.Name, StatusCode.Unavailable, $"The station cannot read its log now ({e.Message}); come again.");
        }
    }

    private ulong Milliseconds() => (ulong)clock.GetUtcNow().ToUnixTimeMilliseconds();

    private IdleToken Idle(CancellationToken stop)
    {
        var timer = new CancellationTokenSource(Timeout.InfiniteTimeSpan, clock);
        return new IdleToken(timer, CancellationTokenSource.CreateLinkedTokenSource(timer.Token, stop));
    }

    /// <summary>Text of a caller goes to the log on one line and short.</summary>
    private static string Printable(string text) => string.Concat(text.Take(100).Select(c => char.IsControl(c) ? ' ' : c));

    private sealed record IdleToken(CancellationTokenSource Timer, CancellationTokenSource Linked) : IDisposable
    {
        public CancellationToken Token => Linked.Token;

        public void Dispose()
        {
            Linked.Dispose();
            Timer.Dispose();
        }
    }
}
