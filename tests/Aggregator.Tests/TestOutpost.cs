using System.Security.Cryptography;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;
using Roster = SecureAggregation.Protocol.Roster;

namespace SecureAggregation.Aggregator.Tests;

/// <summary>An outpost over the real wire: <see cref="PartyRound"/>, a stream, and faults on demand.</summary>
internal sealed class TestOutpost : IAsyncDisposable
{
    private readonly TestStation _station;
    private readonly MemoryOfParty _memory = new();
    private readonly KeyRing _keys = new(TimeSpan.FromHours(1));
    private readonly RandomNumberGenerator _random = RandomNumberGenerator.Create();
    private readonly Dictionary<string, PartyRound> _rounds = [];
    private readonly SemaphoreSlim _writing = new(1);
    // What happens to a round happens one after the other, as at a real outpost.
    private readonly SemaphoreSlim _handling = new(1);
    private GrpcChannel? _channel;
    private AsyncDuplexStreamingCall<PartyFrame, StationFrame>? _call;
    private Task<Status>? _reading;

    public TestOutpost(TestStation station, uint index) => (_station, Index, Roster, Key) = (station, index, station.Consortium.Roster, station.Consortium.Parties[(int)index]);

    /// <summary>The roster that it has pinned.</summary>
    public Roster Roster { get; set; }

    public IdentityKey Key { get; set; }

    /// <summary>The rosters that it was offered.</summary>
    public TaskCompletionSource<RosterChain> Offered { get; private set; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public uint Index { get; }

    /// <summary>The kind of message instead of which the outpost goes away (its stream ends), or just says nothing.</summary>
    public MessageKind VanishBefore { get; set; }

    public MessageKind SilentFrom { get; set; }

    /// <summary>Changes frames before they leave; null drops one.</summary>
    public Func<PartyFrame, PartyFrame?> Alter { get; set; } = frame => frame;

    /// <summary>What it would do with a question that is only planned; null: it says nothing.</summary>
    public Func<PlanRequest, PlanAnswer?> Plans { get; set; } = _ => new PlanAnswer();

    /// <summary>With what it declines every round.</summary>
    public RefusalCode Declines { get; set; }

    public int ChunkSize { get; set; } = 7;

    public LogPosition? Head => _memory.LastHead;

    public List<RefusalCode> Refusals { get; } = [];

    public TaskCompletionSource Cosigned { get; private set; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>How the stream ended.</summary>
    public Task<Status> Ended => _reading!;

    /// <summary>What the station said first on the newest stream.</summary>
    public Welcome Welcome { get; private set; } = new();

    public async Task<TestOutpost> Connect(byte[]? rosterHash = null, string dataset = TestConsortium.Dataset)
    {
        await Disconnect();
        _channel = _station.Consortium.Channel(_station.Address, Key);
        _call = new Station.StationClient(_channel).Attend();
        var hello = new Hello { RosterHash = ByteString.CopyFrom(rosterHash ?? Roster.Hash), Software = "test/1", HeadSize = (ulong)(Head?.Size ?? 0) };
        hello.Datasets.Add(new DatasetOffer { Name = dataset });
        var welcomed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        // The station may have refused the call by its headers alone.
        await Send(new PartyFrame { Hello = hello });
        _reading = Read(_call, welcomed);
        await Task.WhenAny(welcomed.Task, _reading).Guard();
        return this;
    }

    public async Task Send(PartyFrame frame)
    {
        await _writing.WaitAsync();
        try
        {
            await _call!.RequestStream.WriteAsync(frame);
        }
        catch (Exception e) when (e is RpcException or InvalidOperationException or IOException)
        {
            // The stream has ended; whoever cares looks at Ended.
        }
        finally
        {
            _writing.Release();
        }
    }

    public async Task Disconnect()
    {
        _call?.Dispose();
        _channel?.Dispose();
        if (_reading is not null) await _reading.Guard();
        _reading = null;
    }

    /// <summary>The connection breaks; what is sent from here on is lost.</summary>
    public void Break() => _call?.Dispose();

    /// <summary>Says again everything that was said in the rounds that are open.</summary>
    public async Task Resend()
    {
        await _handling.WaitAsync();
        try
        {
            await ResendAll();
        }
        finally
        {
            _handling.Release();
        }
    }

    private async Task ResendAll()
    {
        foreach (var round in _rounds.Values.Where(r => r.State != PartyRoundState.Ended)) await Say(round, new PartyStep([.. round.Sent], round.SentVector, RefusalCode.Unspecified, ""));
    }

    /// <summary>Forgets its rounds, as a restart does.</summary>
    public void Restart()
    {
        foreach (var round in _rounds.Values) round.Dispose();
        _rounds.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        await Disconnect();
        Restart();
        _keys.Dispose();
        _random.Dispose();
        _writing.Dispose();
        _handling.Dispose();
    }

    private async Task<Status> Read(AsyncDuplexStreamingCall<PartyFrame, StationFrame> call, TaskCompletionSource welcomed)
    {
        try
        {
            await foreach (var frame in call.ResponseStream.ReadAllAsync())
            {
                if (frame.FrameCase == StationFrame.FrameOneofCase.Welcome) Greeted(frame.Welcome);
                else if (frame.FrameCase == StationFrame.FrameOneofCase.Succession) Offered.TrySetResult(frame.Succession);
                else if (frame.FrameCase == StationFrame.FrameOneofCase.Broadcast) await HandleInTurn(frame.Broadcast);
                else if (frame.FrameCase == StationFrame.FrameOneofCase.Publication) await Check(frame.Publication);
                else if (frame.FrameCase == StationFrame.FrameOneofCase.Plan && Plans(frame.Plan) is { } answer)
                    await Send(new PartyFrame { Plan = new PlanReply { PlanId = frame.Plan.PlanId, Answer = answer } });
            }

            return Status.DefaultSuccess;

            void Greeted(Welcome welcome)
            {
                Welcome = welcome;
                welcomed.TrySetResult();
            }
        }
        catch (RpcException e)
        {
            return e.Status;
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or ObjectDisposedException or InvalidOperationException)
        {
            return new Status(StatusCode.Cancelled, e.Message);
        }
        finally
        {
            call.Dispose();
        }
    }

    private async Task HandleInTurn(Broadcast broadcast)
    {
        await _handling.WaitAsync();
        try
        {
            await Handle(broadcast);
        }
        finally
        {
            _handling.Release();
        }
    }

    private async Task Handle(Broadcast broadcast)
    {
        var name = PublicBytes.Hex(broadcast.RoundId.Span);
        var now = _station.Clock.GetUtcNow();
        if (broadcast.Envelope.Kind == MessageKind.Propose)
        {
            if (_rounds.ContainsKey(name)) return;
            var setup = new PartySetup
            {
                Roster = Roster, Index = Index, Identity = Key, Memory = _memory, Keys = _keys, Random = _random,
            };
            var opened = PartyRound.Open(setup, broadcast.Envelope, now);
            _rounds.Add(name, opened);
            if (Declines != RefusalCode.Unspecified)
            {
                await Say(opened, opened.Decline(Declines));
                return;
            }

            await Say(opened, opened.Join(_station.Meaning.Shape(opened.Question, opened.Invited.Count), now));
            await Say(opened, opened.ProvideInput(_station.Meaning.Input(Index), opened.Question.ChargeMicro));
            return;
        }

        if (_rounds.TryGetValue(name, out var round)) await Say(round, round.Receive(broadcast, now));
    }

    private async Task Say(PartyRound round, PartyStep step)
    {
        if (step.Refusal != RefusalCode.Unspecified) Refusals.Add(step.Refusal);
        foreach (var envelope in step.Messages)
        {
            if (envelope.Kind == VanishBefore)
            {
                // Gone, but what was said before has arrived: the tests wait for it.
                await _call!.RequestStream.CompleteAsync();
                return;
            }

            if (SilentFrom != MessageKind.Unspecified && envelope.Kind >= SilentFrom) return;
            await SendAltered(new PartyFrame { Message = new PartyMessage { RoundId = ByteString.CopyFrom(round.RoundId), Envelope = envelope } });
        }

        var vector = step.Vector?.ToArray() ?? [];
        for (var offset = 0; offset < vector.Length; offset += ChunkSize)
        {
            var data = vector.AsMemory(offset, Math.Min(ChunkSize, vector.Length - offset));
            await SendAltered(new PartyFrame { Chunk = new VectorChunk { RoundId = ByteString.CopyFrom(round.RoundId), Offset = (ulong)offset, Data = ByteString.CopyFrom(data.Span) } });
        }
    }

    private async Task SendAltered(PartyFrame frame)
    {
        if (Alter(frame) is { } altered) await Send(altered);
    }

    private async Task Check(Publication publication)
    {
        try
        {
            var known = _rounds.TryGetValue(PublicBytes.Hex(publication.RoundId.Span), out var round);
            var head = PublicationCheck.Check(
                publication, Roster, Index, known ? round!.Sent : [], known ? round!.Confirmed : new HashSet<MessageKind>(), _memory.LastHead);
            _memory.StoreHead(new LogPosition(head.Size, head.Root));
            await SendAltered(new PartyFrame
            {
                Cosign = new Cosign
                {
                    RoundId = publication.RoundId, Size = (ulong)head.Size, Root = ByteString.CopyFrom(head.Root),
                    Signature = ByteString.CopyFrom(head.Cosign(Key)),
                },
            });
            Cosigned.TrySetResult();
        }
        catch (RefusalException e)
        {
            Refusals.Add(e.Code);
            Cosigned.TrySetException(e);
        }
    }

    private sealed class MemoryOfParty : IPartyMemory
    {
        private readonly HashSet<string> _begun = [];
        private readonly HashSet<string> _signed = [];

        public LogPosition? LastHead { get; private set; }

        public RefusalCode TryBeginRound(byte[] roundId, byte[] queryId, uint attemptsAllowed) =>
            _begun.Add(PublicBytes.Hex(roundId)) ? RefusalCode.Unspecified : RefusalCode.RoundSeen;

        public bool TrySignSurvivors(byte[] roundId, byte[] digest) => _signed.Add(PublicBytes.Hex(roundId));

        public void MarkReleased(byte[] roundId, byte[] queryId)
        {
        }

        public void StoreHead(LogPosition head) => LastHead = head;
    }
}
