using System.Security.Authentication;
using System.Security.Cryptography;
using System.Threading.Channels;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using SecureAggregation.Crypto;
using SecureAggregation.Party.Config;
using SecureAggregation.Party.Storage;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Party.Link;

/// <summary>
/// Holds the one stream to the station open: dials out, says hello, hands broadcasts to the rounds, and comes back after every
/// loss with growing waits. The rounds do not notice, but for being asked to say again what they said.
/// </summary>
internal sealed class StationLink(
    OutpostOptions options,
    Identity identity,
    Func<Hello> hello,
    IStationRounds rounds,
    Func<PlanRequest, PlanReply> plan,
    IBudgets budgets,
    Func<string, string> recollect,
    StatusFile status,
    RosterSwitch rosters,
    IHostApplicationLifetime lifetime,
    WireTrace trace,
    TimeProvider clock,
    RandomNumberGenerator random,
    ILogger<StationLink> logger) : BackgroundService
{
    /// <summary>How often this outpost says that it is there.</summary>
    public static readonly TimeSpan HeartbeatEvery = TimeSpan.FromSeconds(10);

    /// <summary>How long the station may take to hear the last frames; no more than that is added to <see cref="OutpostOptions.ShutdownSeconds"/>.</summary>
    public static readonly TimeSpan Farewell = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan s_answer = TimeSpan.FromSeconds(15);

    private const int QueuedFrames = 16;
    private const int QueuedPlans = 16;
    private const int FrameSlack = 64 * 1024;
    private const int LongestDetail = 300;

    // As many rosters as a station sends at once. Of whoever has not the station's key no more is read.
    private const int LargestChain = (4 * Limits.Roster) + FrameSlack;

    /// <summary>The Total broadcast carries every cell.</summary>
    private static readonly int s_largestTotal = (int)RingVector.PackedLength(RingVector.MaxBits, Statistics.VectorLayout.MaxLength);
    private static readonly int s_largestFrame = Limits.Broadcast(Limits.Parties) + Limits.Query + s_largestTotal + FrameSlack;

    private readonly StationTls _tls = new(identity, clock);
    private readonly Backoff _backoff = new(options.Reconnect.First, options.Reconnect.Longest, random);
    private string _lastProblem = "";
    private IdentityKey _shown = identity.Key;
    private Session? _session;
    private volatile bool _leaving;
    private volatile bool _parted;

    /// <summary>Lets the rounds under way end, within the grace, then ends the stream behind everything that was said in them.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        // Where another roster was taken the stream has ended, and the outpost goes on.
        if (ExecuteTask is { IsCompleted: false } running && rosters.Taken is null)
        {
            _leaving = true;
            status.Update(s => s with { State = LinkState.Stopping });
            try
            {
                await rounds.LeaveAsync(TimeSpan.FromSeconds(options.ShutdownSeconds), cancellationToken);
                _parted = true;
                if (Volatile.Read(ref _session) is { } session)
                {
                    await session.EndAsync(cancellationToken);
                    await running.WaitAsync(Farewell, clock, cancellationToken);
                }
            }
            catch (Exception e) when (e is TimeoutException or OperationCanceledException or SessionLostException)
            {
                // The station does not listen, or whoever stops the outpost waits no longer.
            }
        }

        await base.StopAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (true)
            {
                var problem = await AttendAsync(stoppingToken);
                if (_tls.Other is { } other && !_leaving) problem = await AskAsync(other, problem, stoppingToken);
                stoppingToken.ThrowIfCancellationRequested();
                if (_parted) break;
                if (rosters.Taken is { } next && !_leaving)
                {
                    Log.RosterTaken(logger, next.Epoch, string.Join(' ', next.Words), identity.Roster.Epoch);
                    rosters.BeginsAnew = true;
                    lifetime.StopApplication();
                    return;
                }

                // Also while no stream stands: a round that is over must not keep its secrets.
                rounds.Sweep();
                var wait = _backoff.Next();
                // The same trouble again and again is one warning, not one every half minute.
                if (problem == _lastProblem) Log.StillApart(logger, options.Station, wait.TotalSeconds, problem);
                else Log.Apart(logger, options.Station, wait.TotalSeconds, problem);
                _lastProblem = problem;
                status.Update(s => s with { State = Unless(LinkState.Waiting), Problem = problem, ConnectedSince = null });
                await Task.Delay(wait, clock, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Told to stop.
        }

        status.Update(s => s with { State = LinkState.Stopped, Problem = "", ConnectedSince = null, Rounds = rounds.Snapshot() });
        Log.Stopped(logger);
    }

    private LinkState Unless(LinkState state) => _leaving ? LinkState.Stopping : state;

    /// <summary>One stream, from dialling to its end; returns why it ended.</summary>
    private async Task<string> AttendAsync(CancellationToken stoppingToken)
    {
        if (clock.GetUtcNow() > identity.Roster.NotAfter)
            return $"the roster expired at {identity.Roster.NotAfter:u}; the founders must sign a new epoch and every outpost enrol it";
        status.Update(s => s with { State = Unless(LinkState.Connecting) });
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
        try
        {
            using var handler = _tls.Handler(_shown);
            using var channel = Dial(handler, s_largestFrame);
            using var call = new Station.StationClient(channel).Attend(cancellationToken: ending.Token);
            var session = new Session(call.RequestStream, trace);
            await session.SendAsync(new PartyFrame { Hello = hello() }, ending.Token);
            // Whichever of them ends first ends the stream.
            var sending = Task.WhenAny(session.PumpAsync(ending.Token), HeartbeatAsync(session, ending.Token), PlanAsync(session, ending.Token), BudgetsAsync(session, ending.Token))
                .ContinueWith(_ => ending.CancelAsync(), CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default)
                    .Unwrap();
            try
            {
                await ReceiveAsync(call.ResponseStream, session, ending.Token);
                return "the station ended the stream";
            }
            finally
            {
                Volatile.Write(ref _session, null);
                rounds.Detach(session);
                await ending.CancelAsync();
                await sending;
            }
        }
        catch (Exception e)
        {
            // A call that is given up because the outpost stops ends with a status, like any other.
            stoppingToken.ThrowIfCancellationRequested();
            return Explain(e);
        }
    }

    /// <summary>
    /// Whoever answers has another key than the pinned roster's station. It may be the station with the key that the next roster gives it: it is asked for that
    /// roster, told nothing but the hash of the pinned one, and believed if this outpost's operator has signed that its key is the station's.
    /// </summary>
    private async Task<string> AskAsync(IdentityPublicKey other, string problem, CancellationToken stoppingToken)
    {
        try
        {
            using var handler = _tls.Handler(_shown, other);
            using var channel = Dial(handler, LargestChain);
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            patience.CancelAfter(s_answer);
            using var call = new Station.StationClient(channel).Attend(cancellationToken: patience.Token);
            await call.RequestStream.WriteAsync(new PartyFrame { Hello = new Hello { RosterHash = ByteString.CopyFrom(identity.Roster.Hash) } }, patience.Token);
            if (!await call.ResponseStream.MoveNext(patience.Token) || call.ResponseStream.Current.Succession is not { } succession) return problem;
            return rosters.Offer([.. succession.Rosters.Select(r => r.Memory)], other) is { } refused ? $"{problem}. It offers a roster, which is not taken: {Printable(refused)}" : "";
        }
        catch (Exception e)
        {
            stoppingToken.ThrowIfCancellationRequested();
            // This outpost's own key may have changed in the same roster.
            if (e is RpcException { StatusCode: StatusCode.Unauthenticated }) ShowOther();
            return problem;
        }
    }

    private GrpcChannel Dial(SocketsHttpHandler handler, int largest) => GrpcChannel.ForAddress(options.Station, new GrpcChannelOptions { HttpHandler = handler, MaxReceiveMessageSize = largest });

    private async Task ReceiveAsync(IAsyncStreamReader<StationFrame> frames, Session session, CancellationToken cancellationToken)
    {
        var (welcomed, caughtUp, leaving) = (false, false, false);
        while (await frames.MoveNext(cancellationToken))
        {
            var frame = frames.Current;
            trace.Received(frame);
            if (frame.Succession is { } succession)
            {
                Take(succession);
                if (!welcomed) return;
                // What is under way to the station shall arrive: it answers a heartbeat behind it.
                await Task.WhenAny(rounds.SettleAsync(), Task.Delay(HeartbeatEvery, clock, cancellationToken));
                await session.SendAsync(Heartbeat(), cancellationToken);
                leaving = true;
                continue;
            }

            if (!welcomed)
            {
                if (frame.Welcome is not { } welcome)
                    throw new SessionLostException("the station sent something before its welcome; is it a station of this software?");
                if (!PublicBytes.Equal(welcome.RosterHash.Span, identity.Roster.Hash))
                    throw new SessionLostException("the station serves another roster than the one pinned here; one of the two must take " +
                        "the new epoch");
                welcomed = true;
                Welcomed(welcome, session);
                await session.SendAsync(Heartbeat(), cancellationToken);
                session.TellBudgets();
                continue;
            }

            status.Update(s => s with { LastSeen = clock.GetUtcNow(), Rounds = rounds.Snapshot() });
            if (frame.Broadcast is { } broadcast) await rounds.ReceiveAsync(broadcast, cancellationToken);
            else if (frame.Publication is { } publication) await rounds.ReceiveAsync(publication, cancellationToken);
            else if (frame.Plan is { } asked) session.Plans.Writer.TryWrite(asked);
            else if (frame.Heartbeat is not null && leaving)
            {
                return;
            }
            else if (frame.Heartbeat is not null && caughtUp)
            {
                Settled();
            }
            else if (frame.Heartbeat is not null)
            {
                // The station answers heartbeats behind everything that this outpost missed: rounds that ended meanwhile have ended here
                // too, and what is still open says again what may have been lost.
                caughtUp = true;
                rounds.Repeat();
            }
        }
    }

    /// <summary>Takes the roster that follows the pinned one, or ends the stream: its station is at another one for good.</summary>
    private void Take(RosterChain offered)
    {
        if (rosters.Offer([.. offered.Rosters.Select(r => r.Memory)]) is not { } problem) return;
        throw new SessionLostException($"the station has gone on to another roster than the one pinned here (epoch {identity.Roster.Epoch}), and this outpost does not take it: " +
            $"{Printable(problem)} If you agree to it, compare its words with the other operators and enrol it (secagg-outpost enrol), or sign it (secagg roster sign) before it is published");
    }

    private void Welcomed(Welcome welcome, Session session)
    {
        var now = clock.GetUtcNow();
        Log.Connected(logger, options.Station, Printable(welcome.Software));
        var skew = now - DateTimeOffset.FromUnixTimeMilliseconds((long)Math.Min(welcome.TimeMs, long.MaxValue / 100_000));
        if (skew.Duration() > Limits.ClockSkew / 2) Log.ClockSkew(logger, skew.TotalSeconds);
        var problem = recollect(welcome.Cosigned);
        status.Update(s => s with { State = Unless(LinkState.Connected), Problem = problem, ConnectedSince = now, LastSeen = now });
        rounds.Attach(session);
        Volatile.Write(ref _session, session);
    }

    /// <summary>
    /// The stream has stood from one heartbeat to the next. Not sooner: a station that welcomes and then ends the stream, because another
    /// outpost with the same key took it over, say, would be dialled at the shortest wait for ever.
    /// </summary>
    private void Settled()
    {
        _backoff.Reset();
        _lastProblem = "";
    }

    private async Task HeartbeatAsync(Session session, CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(HeartbeatEvery, clock);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            // A station that does not answer holds nobody in an old roster.
            if (rosters.Taken is not null) return;
            rounds.Sweep();
            await session.SendAsync(Heartbeat(), cancellationToken);
        }
    }

    /// <summary>
    /// Answers what is only planned, one after the other and beside the rounds, with as long a pause as the answer took: however much the station
    /// asks, it has half a core. What does not fit the queue meanwhile gets no answer, and the station shows it so.
    /// </summary>
    private async Task PlanAsync(Session session, CancellationToken cancellationToken)
    {
        await foreach (var asked in session.Plans.Reader.ReadAllAsync(cancellationToken))
        {
            var began = clock.GetTimestamp();
            if (await Task.Run(() => Answer(asked), cancellationToken) is { } reply)
                await session.SendAsync(new PartyFrame { Plan = reply }, cancellationToken);
            await Task.Delay(clock.GetElapsedTime(began), clock, cancellationToken);
        }
    }

    /// <summary>Null if it cannot be told: a question must not be able to end the stream that rounds need.</summary>
    private PlanReply? Answer(PlanRequest asked)
    {
        try
        {
            return plan(asked);
        }
        catch (Exception e)
        {
            Log.Unexpected(logger, "(planned)", e.GetType().Name, $"{Environment.NewLine}{e.StackTrace}");
            return null;
        }
    }

    /// <summary>Says what is left of the budgets when the stream stands and after each charge; of charges that come together, once.</summary>
    private async Task BudgetsAsync(Session session, CancellationToken cancellationToken)
    {
        budgets.OnChanged = session.TellBudgets;
        await foreach (var _ in session.BudgetsAsked.ReadAllAsync(cancellationToken))
        {
            if (Statement() is { } statement) await session.SendAsync(new PartyFrame { Budgets = statement }, cancellationToken);
        }
    }

    /// <summary>Null if the ledger cannot be read; rounds say so too.</summary>
    private BudgetStatement? Statement()
    {
        try
        {
            return budgets.Statement();
        }
        catch (StoreException e)
        {
            Log.StateFailed(logger, "(budgets)", e.Message);
            return null;
        }
    }

    private PartyFrame Heartbeat() => new() { Heartbeat = new Heartbeat { TimeMs = (ulong)clock.GetUtcNow().ToUnixTimeMilliseconds() } };

    private string Explain(Exception e)
    {
        if (_tls.Problem is { } problem) return problem;
        for (var inner = e; inner is not null; inner = inner.InnerException)
        {
            switch (inner)
            {
                case SessionLostException: return inner.Message;
                case System.Net.Sockets.SocketException socket:
                    return socket.SocketErrorCode switch
                    {
                        System.Net.Sockets.SocketError.ConnectionRefused => "nothing listens at that address and port (connection " +
                            "refused); is the station running?",
                        System.Net.Sockets.SocketError.HostNotFound or System.Net.Sockets.SocketError.NoData => "the host name is not " +
                            "known; check Outpost:Station",
                        var code => $"the network failed ({code})",
                    };
                case AuthenticationException: return "the TLS handshake failed; the station must speak TLS 1.3 and must know this " +
                    "outpost's key";
            }
        }

        var shown = _shown.Public.Fingerprint;
        if (e is RpcException { StatusCode: StatusCode.Unauthenticated }) ShowOther();
        return e switch
        {
            RpcException { StatusCode: StatusCode.Unauthenticated or StatusCode.PermissionDenied } rpc =>
                $"the station does not accept this outpost's key {shown} ({Printable(rpc.Status.Detail)}); is " +
                    "it in the station's roster?",
            RpcException rpc => $"{rpc.StatusCode}: {Printable(rpc.Status.Detail)}",
            OperationCanceledException => "the stream broke off",
            _ => $"the stream broke off ({e.GetType().Name})",
        };
    }

    /// <summary>The next roster may be in force, and name the key that follows: a station that knows it by that one tells which roster that is.</summary>
    private void ShowOther()
    {
        try
        {
            _shown = _shown == identity.Key && identity.NextKey is { } next ? next : identity.Key;
        }
        catch (ConfigurationException e)
        {
            Log.NextKeyUnusable(logger, e.Message);
        }
    }

    /// <summary>The station's words, which may be anything, as one line for a log.</summary>
    private static string Printable(string text) =>
        new([.. text.Take(LongestDetail).Select(c => char.IsControl(c) || char.IsSurrogate(c) ? ' ' : c)]);

    /// <summary>Frames wait in a short queue and leave one after the other.</summary>
    private sealed class Session(IClientStreamWriter<PartyFrame> stream, WireTrace trace) : IStationSession
    {
        // Null: the last one has been said.
        private readonly Channel<PartyFrame?> _queue = Channel.CreateBounded<PartyFrame?>(QueuedFrames);

        // One that waits stands for all: the statement is made when it is its turn.
        private readonly Channel<bool> _budgets = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

        /// <summary>Each time that the budgets are to be told.</summary>
        public ChannelReader<bool> BudgetsAsked => _budgets.Reader;

        public void TellBudgets() => _budgets.Writer.TryWrite(true);

        /// <summary>Questions that are only planned and wait for their turn.</summary>
        public Channel<PlanRequest> Plans { get; } = Channel.CreateBounded<PlanRequest>(QueuedPlans);

        public ValueTask SendAsync(PartyFrame frame, CancellationToken cancellationToken) => QueueAsync(frame, cancellationToken);

        /// <summary>Nothing more is sent after what waits; the station ends the stream when it has read it all.</summary>
        public ValueTask EndAsync(CancellationToken cancellationToken) => QueueAsync(null, cancellationToken);

        private async ValueTask QueueAsync(PartyFrame? frame, CancellationToken cancellationToken)
        {
            try
            {
                await _queue.Writer.WriteAsync(frame, cancellationToken);
            }
            catch (ChannelClosedException e)
            {
                throw new SessionLostException("the stream broke off", e);
            }
        }

        public async Task PumpAsync(CancellationToken cancellationToken)
        {
            try
            {
                await foreach (var frame in _queue.Reader.ReadAllAsync(cancellationToken))
                {
                    if (frame is null)
                    {
                        await stream.CompleteAsync();
                        await Task.Delay(Timeout.InfiniteTimeSpan, cancellationToken);
                        return;
                    }

                    trace.Sent(frame);
                    await stream.WriteAsync(frame, cancellationToken);
                }
            }
            finally
            {
                _queue.Writer.TryComplete();
            }
        }
    }
}
