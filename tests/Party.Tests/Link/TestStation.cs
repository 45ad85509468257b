using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Threading.Channels;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Internal;
using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;
using SecureAggregation.Testing;

namespace SecureAggregation.Party.Tests.Link;

/// <summary>
/// A station in this process, over real TLS: the protocol's own <see cref="AggregatorRound"/>, with party 0 at the end of a stream and the
/// others played here with vectors of zeros. It can cut the stream wherever a test says, tell the outpost something else than the truth, and try to
/// unmask what it has received.
/// </summary>
internal sealed class TestStation : Station.StationBase, IMaskedVectors, IAsyncDisposable
{
    private readonly Lock _gate = new();
    private readonly TestConsortium _consortium;
    private readonly WebApplication _app;
    private readonly Dictionary<uint, PartyRound> _others = [];
    private readonly Dictionary<uint, MemoryStream> _vectors = [];
    private readonly List<Entry> _log = [];
    private readonly List<(int Stream, PartyFrame Frame)> _frames = [];
    private readonly List<(Func<PartyFrame, bool> Wanted, TaskCompletionSource<PartyFrame> Seen)> _waiting = [];
    private AggregatorRound? _round;
    private RoundRecord? _record;
    private TimeSpan _ahead;
    private VectorIntake? _intake;
    private ChannelWriter<StationFrame>? _out;
    private ulong _head;

    private TestStation(TestConsortium consortium, IdentityKey key)
    {
        _consortium = consortium;
        var certificate = key.CreateCertificate("station", Now.AddMinutes(-5), Now.AddDays(1), ["127.0.0.1"]);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            listen.UseHttps(https =>
            {
                https.SslProtocols = SslProtocols.Tls13;
                https.ServerCertificate = certificate;
                https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
                https.ClientCertificateValidation = (shown, _, _) => IdentityPublicKey.FromCertificate(shown)
                    .Equals(consortium.Keys[0].Public);
            });
        }));
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(this);
        _app = builder.Build();
        _app.MapGrpcService<TestStation>();
    }

    public string Address { get; private set; } = "";

    /// <summary>Frames of the outpost, with the number of the stream on which each came.</summary>
    public IReadOnlyList<(int Stream, PartyFrame Frame)> Frames
    {
        get
        {
            // More may come while a test counts them.
            lock (_gate) return [.. _frames];
        }
    }

    public int Streams { get; private set; }

    /// <summary>Whether to cut the stream after this frame, before the station takes it.</summary>
    public Func<int, PartyFrame, bool> Cut { get; set; } = (_, _) => false;

    /// <summary>What the outpost is told in place of a frame, on the stream of this number.</summary>
    public Func<int, StationFrame, IEnumerable<StationFrame>> Lie { get; set; } = (_, frame) => [frame];

    /// <summary>Parties played here whose messages of a kind get lost.</summary>
    public Func<uint, MessageKind, bool> Mute { get; set; } = (_, _) => false;

    /// <summary>Has everything that this station received in the running round, from the outpost and from those who are played here.</summary>
    public Unmasker Unmasker { get; private set; } = new();

    /// <summary>The broadcast that ended the round.</summary>
    public TaskCompletionSource<Envelope> Ended { get; private set; } = New<Envelope>();

    public TaskCompletionSource<Cosign> Cosigned { get; private set; } = New<Cosign>();

    /// <summary>What the next Welcome shows as cosigned by the outpost: the newest, or what a test says.</summary>
    public string Shown { get; set; } = "";

    public Channel<Hello> Hellos { get; } = Channel.CreateUnbounded<Hello>();

    /// <summary>Root of the log.</summary>
    public byte[] Root => MerkleTree.Root(Leaves());

    private DateTimeOffset Now => TimeProvider.System.GetUtcNow() + _ahead;

    public static async Task<TestStation> StartAsync(TestConsortium consortium, IdentityKey? key = null)
    {
        var station = new TestStation(consortium, key ?? consortium.Station);
        await station._app.StartAsync();
        station.Address = station._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        return station;
    }

    public Stream Open(uint party) => new MemoryStream(_vectors[party].ToArray(), writable: false);

    /// <summary>Begins a round of this query.</summary>
    public void Propose(SignedQuery query, ulong seed = 1)
    {
        lock (_gate)
        {
            foreach (var other in _others.Values) other.Dispose();
            _others.Clear();
            _vectors.Clear();
            (_intake, Ended, Cosigned) = (null, New<Envelope>(), New<Cosign>());
            (Unmasker, _ahead) = (new Unmasker(), TimeSpan.Zero);
            _round = new AggregatorRound(_consortium.Roster, ShapeOf);
            var (id, proposal) = Proposal(query, seed);
            _record = RoundRecord.Open(_consortium.Roster, proposal, Now);
            Append(0, proposal, RejectionCode.None);
            foreach (var party in _consortium.Roster.Parties.Skip(1))
            {
                var setup = new PartySetup
                {
                    Roster = _consortium.Roster,
                    Index = party.Index,
                    Identity = _consortium.Keys[(int)party.Index],
                    Memory = new NoMemory(),
                    Keys = new KeyRing(TimeSpan.Zero),
                    Random = new SeededRandom((seed * 100) + party.Index),
                };
                _others[party.Index] = PartyRound.Open(setup, proposal, Now);
            }

            Tell(id, proposal);
            foreach (var (index, other) in _others)
            {
                var shape = ShapeOf(other.Question, _consortium.Keys.Count);
                Bring(index, other.Join(shape, Now));
                Bring(index, other.ProvideInput(new RingVector(shape.Bits, shape.Length), other.Question.ChargeMicro));
            }

            Advance();
        }
    }

    /// <summary>Sends a proposal that no round is begun for here.</summary>
    public void ProposeBlindly(SignedQuery query, ulong seed = 1)
    {
        lock (_gate)
        {
            var (id, proposal) = Proposal(query, seed);
            Tell(id, proposal);
        }
    }

    /// <summary>Asks what the outpost would do with a query.</summary>
    public async Task<PlanAnswer> Plan(SignedQuery query, uint invited = TestConsortium.Parties)
    {
        var id = SendPlan(query, invited);
        return (await Saw(f => f.Plan is { } plan && plan.PlanId == id).Guard()).Plan.Answer;
    }

    /// <summary>Asks the same, and does not wait for the answer; returns the id that it will have.</summary>
    public ByteString SendPlan(SignedQuery query, uint invited = TestConsortium.Parties)
    {
        var id = ByteString.CopyFrom(RandomNumberGenerator.GetBytes(16));
        lock (_gate) _out!.TryWrite(new StationFrame { Plan = new PlanRequest { PlanId = id, Query = query, Invited = invited } });
        return id;
    }

    /// <summary>The first frame that is wanted, whether it has come or is to come.</summary>
    public Task<PartyFrame> Saw(Func<PartyFrame, bool> wanted)
    {
        lock (_gate)
        {
            var seen = New<PartyFrame>();
            if (_frames.Select(f => f.Frame).FirstOrDefault(wanted) is { } frame) seen.SetResult(frame);
            else _waiting.Add((wanted, seen));
            return seen.Task;
        }
    }

    /// <summary>A head of the log with a party's cosignature.</summary>
    public string Note(long size, byte[] root, int party, byte[] signature) =>
        Checkpoint.Create(_consortium.Roster.LogOrigin, size, root, _consortium.Station).TryAdd(_consortium.Roster, _consortium.Roster.Parties[party], signature)!.Note;

    /// <summary>Ends the running round without a total.</summary>
    public void Abort()
    {
        lock (_gate) Broadcast(_round!.Cancel(AbortReason.Cancelled, _consortium.Station));
    }

    /// <summary>Goes on without whoever keeps the round waiting: the time of the phase is over.</summary>
    public void TimeOut()
    {
        lock (_gate)
        {
            _ahead += TimeSpan.FromMinutes(1);
            Advance();
        }
    }

    /// <summary>Signs a broadcast in the running round, whatever it says.</summary>
    public Envelope Sign(MessageKind kind, ByteString body) => new()
    {
        Kind = kind, Body = body, Signature = ByteString.CopyFrom(_consortium.Station.Sign(Digests.Message(kind, _record!.Contexts, body.Span))),
    };

    /// <summary>Sets of parties whose plain sum the station can compute. Answers are small numbers here; a masked one is small by chance only, one in 10^10.</summary>
    public IReadOnlyList<uint[]> Opened()
    {
        lock (_gate)
        {
            return _round is null || _record!.Rules.Advertised == 0
                ? []
                : Unmasker.Opened(_round.Shape, (_, sum) => Enumerable.Range(0, sum.Length).All(i => Int128.Abs(sum.Centered(i)) < 2000));
        }
    }

    /// <summary>The secrets of a party that is played here, to show what they would open.</summary>
    public PartyRound Other(uint party) => _others[party];

    /// <summary>Gives up the round without a word: who comes back is not told of it.</summary>
    public void Forget()
    {
        lock (_gate) _round = null;
    }

    /// <summary>Who is in the opened total.</summary>
    public IReadOnlyList<uint> Survivors()
    {
        lock (_gate) return [.. _round!.Total!.Survivors];
    }

    /// <summary>Whole numbers of the opened total.</summary>
    public Int128[] Total()
    {
        var total = _round!.Total!;
        using var ring = RingVector.Unpack((int)total.Bits, (int)total.Length, total.Packed.Span);
        return [.. Enumerable.Range(0, ring.Length).Select(ring.Centered)];
    }

    public override async Task Attend(
        IAsyncStreamReader<PartyFrame> requestStream, IServerStreamWriter<StationFrame> responseStream, ServerCallContext context)
    {
        Assert.True(await requestStream.MoveNext(context.CancellationToken));
        var hello = requestStream.Current.Hello;
        var frames = Channel.CreateUnbounded<StationFrame>();
        int stream;
        lock (_gate)
        {
            stream = ++Streams;
            _frames.Add((stream, requestStream.Current));
            _out = frames.Writer;
            _head = hello.HeadSize;
            var hash = ByteString.CopyFrom(_consortium.Roster.Hash);
            var welcome = new Welcome { RosterHash = hash, TimeMs = (ulong)Now.ToUnixTimeMilliseconds(), Cosigned = Shown };
            Tell(new StationFrame { Welcome = welcome });
            foreach (var broadcast in _round?.CatchUp(0) ?? []) Tell(new StationFrame { Broadcast = broadcast });
            if (_round is { State: not RoundState.Running }) Publish();
        }

        Hellos.Writer.TryWrite(hello);
        using var end = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken);
        var sending = Task.Run(async () =>
        {
            await foreach (var frame in frames.Reader.ReadAllAsync(end.Token)) await responseStream.WriteAsync(frame, end.Token);
        });
        try
        {
            while (await requestStream.MoveNext(end.Token))
            {
                var frame = requestStream.Current;
                lock (_gate)
                {
                    _frames.Add((stream, frame));
                    Keep(frame);
                    foreach (var (_, seen) in _waiting.Where(w => w.Wanted(frame))) seen.TrySetResult(frame);
                    if (Cut(stream, frame)) throw new RpcException(new Status(StatusCode.Unavailable, "cut by the test"));
                    Take(frame);
                }
            }
        }
        finally
        {
            await end.CancelAsync();
            await sending.ContinueWith(static _ => { }, TaskScheduler.Default);
        }
    }

    public async ValueTask DisposeAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await _app.StopAsync(limit.Token);
        await _app.DisposeAsync();
        foreach (var other in _others.Values) other.Dispose();
    }

    private static TaskCompletionSource<T> New<T>() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static RoundShape ShapeOf(Question question, int invited)
    {
        var layout = VectorLayout.Create(
            Analysis.Decode(question.Query.Analysis.Span), new((long)question.Query.EpsilonMicro), (NoiseMode)question.Query.Noise, invited, question.HonestFloor);
        return new RoundShape(layout.Bits, layout.Length);
    }

    private (byte[] Id, Envelope Proposal) Proposal(SignedQuery query, ulong seed)
    {
        var id = new byte[16];
        new SeededRandom(seed + 7000).GetBytes(id);
        return (id, AggregatorRound.Propose(
            _consortium.Roster,
            query,
            id,
            _consortium.Roster.Parties.Select(p => p.Index),
            Enumerable.Repeat(TimeSpan.FromMinutes(1), 7),
            _consortium.Station));
    }

    /// <summary>What the outpost says is received, whatever the station does with it. Vectors are one chunk here.</summary>
    private void Keep(PartyFrame frame)
    {
        if (_round is null) return;
        if (frame.Message is { } message && PublicBytes.Equal(message.RoundId.Span, _round.RoundId)) Unmasker.Saw(_record!, 0, message.Envelope);
        if (frame.Chunk is { } chunk && chunk.Data.Length == _round.Shape.PackedLength) Unmasker.SawVector(_record!, 0, chunk.Data.ToByteArray());
    }

    private void Take(PartyFrame frame)
    {
        switch (frame.FrameCase)
        {
            case PartyFrame.FrameOneofCase.Plan:
            case PartyFrame.FrameOneofCase.Budgets:
                // Whoever asked, or is told, waits for the frame.
                break;
            case PartyFrame.FrameOneofCase.Heartbeat:
                Tell(new StationFrame { Heartbeat = new Heartbeat() });
                break;
            case PartyFrame.FrameOneofCase.Message:
                if (_round is { State: RoundState.Running } && PublicBytes.Equal(frame.Message.RoundId.Span, _round.RoundId)) Offer(0, frame.Message.Envelope);
                break;
            case PartyFrame.FrameOneofCase.Cosign:
                Shown = Note((long)frame.Cosign.Size, frame.Cosign.Root.ToByteArray(), 0, frame.Cosign.Signature.ToByteArray());
                // That of a round before may still be on its way when the next one has begun.
                if (_round is not null && PublicBytes.Equal(frame.Cosign.RoundId.Span, _round.RoundId)) Cosigned.TrySetResult(frame.Cosign);
                break;
            case PartyFrame.FrameOneofCase.Chunk:
                if (frame.Chunk.Offset == 0) _intake = _round!.BeginVector(0);
                if (_intake is not null) Store(0, _intake, frame.Chunk.Offset, frame.Chunk.Data.Span);
                break;
            default:
                Assert.Fail($"A frame {frame.FrameCase}.");
                break;
        }

        Advance();
    }

    private void Store(uint party, VectorIntake intake, ulong offset, ReadOnlySpan<byte> part)
    {
        if (offset == 0) _vectors[party] = new MemoryStream();
        Assert.True(intake.TryAppend(part));
        _vectors[party].Write(part);
        if (intake.Received < intake.Length) return;
        Assert.True(intake.Complete());
        if (party != 0) Unmasker.SawVector(_record!, party, _vectors[party].ToArray());
        _round!.MarkVectorStored(party);
    }

    private void Bring(uint party, PartyStep step)
    {
        foreach (var message in step.Messages.Where(m => !Mute(party, m.Kind))) Offer(party, message);
        if (step.Vector is not { } vector || _round!.BeginVector(party) is not { } intake) return;
        Store(party, intake, 0, vector.ToArray());
        intake.Dispose();
    }

    private void Offer(uint party, Envelope envelope)
    {
        if (party != 0) Unmasker.Saw(_record!, party, envelope);
        var offer = _round!.Consider(party, envelope, Now);
        Assert.NotEqual(OfferOutcome.Reject, offer.Outcome);
        if (offer.Outcome == OfferOutcome.Accept) Append(party + 1, envelope, offer.Rejection, offer);
    }

    private void Advance()
    {
        while (_round is { State: RoundState.Running } && _round.Next(Now, _consortium.Station, this) is { } due) Broadcast(due);
    }

    private void Broadcast(Envelope envelope)
    {
        Append(0, envelope, RejectionCode.None);
        switch (envelope.Kind)
        {
            case MessageKind.Advertised: _record!.AcceptAdvertised(envelope, joined: null); break;
            case MessageKind.Shared: _record!.AcceptShared(envelope); break;
            case MessageKind.Survivors: _record!.AcceptSurvivors(envelope); break;
            default: break;
        }

        foreach (var (party, broadcast) in _round!.Deliveries(envelope).ToList())
        {
            if (party == 0) Tell(new StationFrame { Broadcast = broadcast });
            else Bring(party, _others[party].Receive(broadcast, Now));
        }

        if (_round.State == RoundState.Running) return;
        Publish();
        Ended.TrySetResult(envelope);
    }

    private void Publish()
    {
        var leaves = Leaves();
        var publication = new Publication
        {
            RoundId = ByteString.CopyFrom(_round!.RoundId),
            Checkpoint = Checkpoint.Create(_consortium.Roster.LogOrigin, leaves.Length, MerkleTree.Root(leaves), _consortium.Station).Note,
            PreviousSize = _head,
        };
        if (_head > 0)
            publication.Consistency.Add(MerkleTree.ConsistencyProof(leaves, (long)_head, leaves.Length)
                .Select(p => ByteString.CopyFrom(p)));
        for (var i = 0; i < _log.Count; i++)
        {
            if (_log[i].Sender != 1 || !_log[i].RoundId.Equals(publication.RoundId)) continue;
            var own = new LoggedEntry { Index = (ulong)i, Leaf = _log[i].ToByteString() };
            own.Path.Add(MerkleTree.InclusionProof(leaves, i).Select(p => ByteString.CopyFrom(p)));
            publication.Own.Add(own);
        }

        _head = (ulong)leaves.Length;
        Tell(new StationFrame { Publication = publication });
    }

    private byte[][] Leaves() => [.. _log.Select(e => MerkleTree.LeafHash(e.ToByteArray()))];

    private void Append(uint sender, Envelope envelope, RejectionCode rejection, Offer? offer = null)
    {
        var roundId = envelope.Kind == MessageKind.Propose
            ? Protocol.Wire.Proposal.Parser.ParseFrom(envelope.Body).RoundId
            : ByteString.CopyFrom(_round!.RoundId);
        var entry = new Entry
        {
            RoundId = roundId, TimeMs = (ulong)Now.ToUnixTimeMilliseconds(), Sender = sender, Envelope = envelope, Rejection = rejection,
        };
        _log.Add(entry);
        _round!.Apply(entry, offer);
    }

    private void Tell(byte[] roundId, Envelope envelope) =>
        Tell(new StationFrame { Broadcast = new Broadcast { RoundId = ByteString.CopyFrom(roundId), Envelope = envelope } });

    private void Tell(StationFrame frame)
    {
        foreach (var told in Lie(Streams, frame)) _out?.TryWrite(told);
    }

    /// <summary>The parties that are played here never restart.</summary>
    private sealed class NoMemory : IPartyMemory
    {
        public LogPosition? LastHead => null;

        public RefusalCode TryBeginRound(byte[] roundId, byte[] queryId, uint attemptsAllowed) => RefusalCode.Unspecified;

        public bool TrySignSurvivors(byte[] roundId, byte[] digest) => true;

        public void MarkReleased(byte[] roundId, byte[] queryId)
        {
        }

        public void StoreHead(LogPosition head)
        {
        }
    }
}
