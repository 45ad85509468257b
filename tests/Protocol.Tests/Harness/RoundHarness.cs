using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Internal;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Protocol.Tests.Harness;

/// <summary>
/// One whole round in memory: a station, its parties, every message in order, a clock that moves only when nothing else can happen. Faults are data;
/// hooks rewrite what a lying station or party sends.
/// </summary>
internal sealed class RoundHarness : IDisposable
{
    private readonly IReadOnlyList<Fault> _faults;
    private readonly ulong _seed;
    private readonly SortedDictionary<uint, PartyRound> _parties = [];
    private readonly Queue<(uint Party, IReadOnlyList<Envelope> Messages, byte[]? Vector)> _outbox = new();
    private readonly HashSet<(uint, MessageKind)> _lost = [];
    private readonly List<(uint Party, byte[] Vector)> _late = [];

    public RoundHarness(Consortium consortium, RoundShape shape, ulong seed = 1, IReadOnlyList<Fault>? faults = null, Action<Query>? query = null)
    {
        Consortium = consortium;
        Shape = shape;
        _seed = seed;
        _faults = faults ?? [];
        Station = new StationHost(consortium.Roster, shape);
        var question = consortium.Query(seed);
        query?.Invoke(question);
        RoundId = new byte[16];
        new SeededRandom(seed ^ 0xfeed).GetBytes(RoundId);
        Proposal = AggregatorRound.Propose(
            consortium.Roster, Question.Sign(question, Consortium.Coordinator), RoundId, consortium.Roster.Parties.Select(p => p.Index),
            Enumerable.Repeat(TimeSpan.FromMinutes(1), 7), Consortium.Station);
    }

    public Consortium Consortium { get; }

    public RoundShape Shape { get; }

    public StationHost Station { get; }

    public Envelope Proposal { get; }

    public byte[] RoundId { get; }

    public DateTimeOffset Now { get; private set; } = Consortium.Start;

    public IReadOnlyDictionary<uint, PartyRound> Parties => _parties;

    public Dictionary<uint, RefusalCode> Refusals { get; } = [];

    public Dictionary<uint, MemoryParty> Memories { get; } = [];

    /// <summary>After each message, take the station down and go on with one that has only the log.</summary>
    public bool RestartAlways { get; init; }

    /// <summary>After each broadcast, hold the state against a replay.</summary>
    public bool CheckReplay { get; init; } = true;

    /// <summary>What a party sends is replaced by what this gives.</summary>
    public Func<uint, Envelope, IEnumerable<Envelope>> OnSend { get; set; } = (_, e) => [e];

    /// <summary>What a party's vector is replaced by.</summary>
    public Func<uint, byte[], byte[]> OnVector { get; set; } = (_, v) => v;

    /// <summary>What a party is told is replaced by what this gives.</summary>
    public Func<uint, Broadcast, IEnumerable<Broadcast>> OnDeliver { get; set; } = (_, b) => [b];

    /// <summary>The proposal that a party gets is replaced by what this gives.</summary>
    public Func<uint, Envelope, Envelope> OnPropose { get; set; } = (_, e) => e;

    /// <summary>Changes a party's setup.</summary>
    public Func<PartySetup, PartySetup> OnSetup { get; init; } = s => s;

    /// <summary>Element 0 is a power of two of each party's own where the ring has room, so that a party counted twice, or not, shows.</summary>
    public RingVector InputOf(uint party)
    {
        var random = new SeededRandom((_seed * 31) + party);
        var input = new RingVector(Shape.Bits, Shape.Length);
        for (var i = 0; i < Shape.Length; i++) input[i] = i == 0 && party < Shape.Bits ? 1UL << (int)party : random.NextUInt64();
        return input;
    }

    /// <summary>The plain sum, by way of the reference scheme: every input split into additive shares, all shares combined.</summary>
    public RingVector Expected(IEnumerable<uint> survivors)
    {
        var random = new SeededRandom(_seed ^ 0xadd);
        var shares = new List<RingVector>();
        foreach (var party in survivors)
        {
            using var input = InputOf(party);
            shares.AddRange(AdditiveSharing.Split(input, 3, random));
        }

        var sum = AdditiveSharing.Combine(shares);
        shares.ForEach(s => s.Dispose());
        return sum;
    }

    /// <summary>Signs a message of a party as the party would at this point of the round.</summary>
    public Envelope SignAs(uint party, MessageKind kind, IMessage body) => SignAs(party, kind, body.ToByteString());

    /// <summary>Signs any bytes as a party would its message.</summary>
    public Envelope SignAs(uint party, MessageKind kind, ByteString body) => Sign(Consortium.PartyKey(party), kind, body, Station.Record.Contexts);

    /// <summary>Signs a broadcast as the station would at this point of the round.</summary>
    public Envelope Lie(MessageKind kind, IMessage body) => Sign(Consortium.Station, kind, body.ToByteString(), Station.Record.Contexts);

    public static Envelope Sign(IdentityKey key, MessageKind kind, ByteString body, RoundContexts contexts) => new()
    {
        Kind = kind, Body = body, Signature = ByteString.CopyFrom(key.Sign(Digests.Message(kind, contexts, body.Span))),
    };

    public Broadcast Wrap(Envelope envelope) => new() { RoundId = ByteString.CopyFrom(RoundId), Envelope = envelope };

    /// <summary>Plays the round to its end.</summary>
    public RoundHarness Run() => RunUntil(_ => false);

    /// <summary>Plays the round until a broadcast of this kind has been logged and delivered and all answers to it have been given, or to its end.</summary>
    public RoundHarness RunThrough(MessageKind broadcast) => RunUntil(s => s.Broadcasts.Any(b => b.Kind == broadcast));

    public void Advance(TimeSpan by) => Now += by;

    public void Dispose()
    {
        foreach (var party in _parties.Values) party.Dispose();
    }

    private RoundHarness RunUntil(Func<AggregatorRound, bool> stop)
    {
        if (_parties.Count == 0) Begin();
        while (Station.Round.State == RoundState.Running)
        {
            Drain();
            if (stop(Station.Round)) return this;
            if (Station.Round.Next(Now, Consortium.Station, Station) is { } broadcast)
            {
                Station.Broadcast(broadcast, Now);
                if (CheckReplay) Station.CheckReplay();
                foreach (var (party, delivery) in Station.Round.Deliveries(broadcast)) Tell(party, delivery);
                DeliverLate();
            }
            else if (!Reconnect())
            {
                Now = Station.Round.Deadline!.Value;
            }
        }

        Drain();
        return this;
    }

    private void Begin()
    {
        Station.Broadcast(Proposal, Now);
        foreach (var index in Consortium.Roster.Parties.Select(p => p.Index))
        {
            if (_faults.Contains(new Fault(index, FaultKind.Silent, MessageKind.Join))) continue;
            Memories.TryAdd(index, new MemoryParty());
            if (Opened(index) is not { } party) continue;
            _parties.Add(index, party);
            if (_faults.Contains(new Fault(index, FaultKind.Declines, MessageKind.Join)))
            {
                Enqueue(index, party.Decline(RefusalCode.Policy));
                continue;
            }

            Enqueue(index, party.Join(Shape, Now));
            if (party.Refusal != RefusalCode.Unspecified) Refusals.Add(index, party.Refusal);
            Enqueue(index, party.ProvideInput(InputOf(index), party.Question.ChargeMicro));
        }
    }

    /// <summary>Null if the party refuses the proposal.</summary>
    private PartyRound? Opened(uint party)
    {
        try
        {
            return PartyRound.Open(OnSetup(Consortium.Setup(party, _seed, Memories[party])), OnPropose(party, Proposal), Now);
        }
        catch (RefusalException e)
        {
            Refusals.Add(party, e.Code);
            return null;
        }
    }

    private void Tell(uint party, Broadcast broadcast)
    {
        if (_faults.Contains(new Fault(party, FaultKind.LostStream, broadcast.Envelope.Kind)) && _lost.Add((party, broadcast.Envelope.Kind))) return;
        if (!_parties.TryGetValue(party, out var round)) return;
        foreach (var told in OnDeliver(party, broadcast))
        {
            var step = round.Receive(Broadcast.Parser.ParseFrom(told.ToByteArray()), Now);
            if (step.Refusal != RefusalCode.Unspecified) Refusals.TryAdd(party, step.Refusal);
            Enqueue(party, step);
        }
    }

    /// <summary>Parties whose stream broke come back: the station tells them everything, they say everything again.</summary>
    private bool Reconnect()
    {
        if (_lost.Count == 0) return false;
        foreach (var index in _lost.Select(l => l.Item1).Distinct().ToList())
        {
            if (!_parties.TryGetValue(index, out var party) || party.State == PartyRoundState.Ended) continue;
            _outbox.Enqueue((index, [.. party.Sent], party.SentVector?.ToArray()));
            foreach (var broadcast in Station.Round.CatchUp(index)) Tell(index, broadcast);
        }

        _lost.Clear();
        return true;
    }

    /// <summary>Of the vector a copy: the party erases its own as soon as it hears of the survivors.</summary>
    private void Enqueue(uint party, PartyStep step) => _outbox.Enqueue((party, step.Messages, step.Vector?.ToArray()));

    private void Drain()
    {
        while (_outbox.TryDequeue(out var next))
        {
            foreach (var message in next.Messages.SelectMany(m => OnSend(next.Party, m))) Bring(next.Party, message);
            if (next.Vector is { } vector) BringVector(next.Party, OnVector(next.Party, vector));
        }
    }

    private void Bring(uint party, Envelope message)
    {
        if (IsSilent(party, message.Kind)) return;
        if (_faults.Contains(new Fault(party, FaultKind.Garbage, message.Kind)))
        {
            var noise = new byte[100];
            new SeededRandom(_seed + party).GetBytes(noise);
            Give(party, new Envelope { Kind = message.Kind, Body = ByteString.CopyFrom(noise), Signature = ByteString.CopyFrom(noise.AsSpan(0, 64)) });
        }

        Give(party, message);
        if (_faults.Contains(new Fault(party, FaultKind.Twice, message.Kind))) Give(party, message);
    }

    private void Give(uint party, Envelope message)
    {
        Station.Offer(party, Envelope.Parser.ParseFrom(message.ToByteArray()), Now);
        if (RestartAlways) Station.Restart();
    }

    private void BringVector(uint party, byte[] vector)
    {
        if (IsSilent(party, MessageKind.Input) || Has(party, FaultKind.NoVector)) return;
        if (Has(party, FaultKind.LateVector)) _late.Add((party, vector));
        else Station.Vector(party, Has(party, FaultKind.HalfVector) ? vector.AsSpan(0, vector.Length / 2) : vector);
        if (RestartAlways) Station.Restart();
    }

    private void DeliverLate()
    {
        if (Station.Round.Phase <= RoundPhase.Input) return;
        foreach (var (party, vector) in _late) Assert.False(Station.Vector(party, vector), "A vector was taken after the survivors had been named.");
        _late.Clear();
    }

    private bool Has(uint party, FaultKind kind) => _faults.Any(f => f.Party == party && f.Kind == kind);

    private bool IsSilent(uint party, MessageKind kind) =>
        _faults.Any(f => f.Party == party && f.Kind == FaultKind.Silent && Fault.Said.ToList().IndexOf(f.At) <= Fault.Said.ToList().IndexOf(kind));
}
