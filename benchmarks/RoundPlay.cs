using System.Diagnostics;
using System.Security.Cryptography;
using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Benchmarks;

/// <summary>One round of a <see cref="RoundWorld"/>, to its end or as far as a benchmark needs it; the clock and the traffic are of what was played.</summary>
internal sealed class RoundPlay : IDisposable
{
    private readonly RoundWorld _world;
    private readonly PhaseClock _clock = new();
    private readonly Traffic _traffic = new();
    private readonly PartyRound[] _parties;
    private readonly int[] _dropped;
    private readonly RingVector _sum;

    public RoundPlay(RoundWorld world)
    {
        _world = world;
        var plan = world.Plan;
        Round = new AggregatorRound(world.Roster, (_, _) => world.Shape, plan.Threads);
        _parties = new PartyRound[plan.Parties];
        _dropped = [.. Enumerable.Range(0, plan.Dropouts).Select(i => (int)((long)i * plan.Parties / plan.Dropouts))];
        Staying = [.. Enumerable.Range(0, plan.Parties).Except(_dropped)];
        _sum = new RingVector(plan.Bits, plan.Length);
    }

    /// <summary>The station's.</summary>
    public AggregatorRound Round { get; }

    public IReadOnlyList<PartyRound> Parties => _parties;

    public IReadOnlyList<int> Staying { get; }

    /// <summary>Seeds that survivors have shown; the station makes a mask of each.</summary>
    public long RevealedSeeds => _traffic.RevealedSeeds;

    /// <summary>To the end.</summary>
    public RoundReport Finish()
    {
        Share();
        Unmask();
        Broadcast("unmask", RoundWorld.Now);
        if (Round.State == RoundState.Done) Exchange(Staying, "finish", "finish", Tell);
        return Report();
    }

    /// <summary>Until the station has told everybody's shares, so that parties wait for them and for their input.</summary>
    public void Share()
    {
        _clock.Station("propose", () => Log(0, _world.Proposal()));
        Exchange(Enumerable.Range(0, _parties.Length), "join", "advertise", i =>
        {
            _parties[i] = PartyRound.Open(_world.Setup(i), Round.Broadcasts[0], RoundWorld.Now);
            return _parties[i].Join(_world.Shape, RoundWorld.Now);
        });
        Broadcast("advertise", RoundWorld.Now);
        Exchange(Enumerable.Range(0, _parties.Length), "share", "share", Tell);
        Broadcast("share", RoundWorld.Now);
        foreach (var i in _dropped) _parties[i].Dispose();
    }

    /// <summary>After <see cref="Share"/>: until all survivors have shown their seeds, and the total is what is missing.</summary>
    public void Unmask()
    {
        foreach (var group in Staying.Chunk(_world.Wires)) BringVectors(group);
        Broadcast("input", RoundWorld.Now + Limits.Deadline);
        Exchange(Staying, "agree", "agree", Tell);
        Broadcast("agree", RoundWorld.Now);
        Exchange(Staying, "unmask", "unmask", Tell);
    }

    /// <summary>What the station told a party last.</summary>
    public Broadcast Latest(int party) => Round.CatchUp((uint)party).Last();

    public void Dispose()
    {
        foreach (var party in _parties) party?.Dispose();
        _sum.Dispose();
    }

    /// <summary>Parties act, each on its own, and the station takes what they say.</summary>
    private void Exchange(IEnumerable<int> parties, string partyPhase, string stationPhase, Func<int, PartyStep> act)
    {
        // In groups, so that not everybody's messages are in memory at once, as they would not be at a station.
        foreach (var group in parties.Chunk(64))
        {
            var steps = new PartyStep[group.Length];
            _clock.Parties(partyPhase, () => Parallel.For(0, group.Length, _world.Threads, i => steps[i] = act(group[i])));
            _clock.Station(stationPhase, () => Take(group, steps));
        }
    }

    private void BringVectors(int[] group)
    {
        var inputs = group.Select(_world.Input).ToArray();
        foreach (var input in inputs) _sum.Add(input);
        var broadcasts = new Broadcast[group.Length];
        _clock.Station("share", () =>
        {
            for (var i = 0; i < group.Length; i++) broadcasts[i] = Latest(group[i]);
        });
        var steps = new PartyStep[group.Length];
        _clock.Parties("input", () => Parallel.For(0, group.Length, _world.Threads, i =>
        {
            _traffic.Down(group[i], broadcasts[i]);
            Require(_parties[group[i]].Receive(broadcasts[i], RoundWorld.Now));
            steps[i] = Require(_parties[group[i]].ProvideInput(inputs[i], _parties[group[i]].Question.ChargeMicro));
            steps[i].Vector!.Read(0, _world.Wire(i));
            // It will not be asked for again; an outpost waits until the survivors are named.
            steps[i].Vector!.Dispose();
        }));
        _clock.Station("input", () => Take(group, steps));
        _clock.Station(
            "sum", () => AddVectors(group),
            "digest", () => Parallel.For(0, group.Length, _world.Threads, i => SHA256.HashData(_world.Wire(i))));

        // A station writes beside adding; apart they can be told apart.
        _clock.Station("store", () => Parallel.For(0, group.Length, _world.Threads, i => _world.Vectors.Write((uint)group[i], _world.Wire(i))));
        foreach (var party in group) _traffic.Up(party, _world.Shape.PackedLength);
    }

    private void AddVectors(int[] group)
    {
        var intakes = group.Select(p => Round.BeginVector((uint)p) ?? throw new InvalidOperationException($"No vector of party {p} is awaited.")).ToArray();
        Parallel.For(0, group.Length, _world.Threads, i =>
        {
            for (var rest = (ReadOnlySpan<byte>)_world.Wire(i); !rest.IsEmpty; rest = rest[Math.Min(Limits.Chunk, rest.Length)..])
            {
                if (!intakes[i].TryAppend(rest[..Math.Min(Limits.Chunk, rest.Length)])) throw new InvalidOperationException($"The vector of party {group[i]} is too long.");
            }
        });
        foreach (var intake in intakes)
        {
            using (intake)
            {
                if (!intake.Complete() || !Round.MarkVectorStored(intake.Party)) throw new InvalidOperationException($"The vector of party {intake.Party} does not count.");
            }
        }
    }

    private PartyStep Tell(int party)
    {
        var broadcast = Latest(party);
        _traffic.Down(party, broadcast);
        return Require(_parties[party].Receive(broadcast, RoundWorld.Now));
    }

    private static PartyStep Require(PartyStep step) =>
        step.Refusal == RefusalCode.Unspecified ? step : throw new InvalidOperationException($"A party refused ({step.Refusal}): {step.Detail}");

    private void Take(int[] parties, PartyStep[] steps)
    {
        for (var i = 0; i < parties.Length; i++)
        {
            foreach (var message in steps[i].Messages)
            {
                _traffic.Up(parties[i], message);
                var offer = Round.Consider((uint)parties[i], message, RoundWorld.Now);
                if (offer.Outcome != OfferOutcome.Accept) throw new InvalidOperationException($"{message.Kind} of party {parties[i]}: {offer.Detail}");
                Log((uint)parties[i] + 1, message, offer);
            }
        }
    }

    private void Broadcast(string phase, DateTimeOffset now) => _clock.Station(phase, () =>
    {
        var broadcast = Round.Next(now, _world.Station, _world.Vectors) ?? throw new InvalidOperationException($"Nothing follows the phase {phase}.");
        Log(0, broadcast);
        if (Round.Abort is { } abort) throw new InvalidOperationException($"The round was aborted: {abort.Reason}");
    });

    private void Log(uint sender, Envelope envelope, Offer? offer = null) =>
        Round.Apply(new Entry { TimeMs = (ulong)RoundWorld.Now.ToUnixTimeMilliseconds(), Sender = sender, Envelope = envelope }, offer);

    private RoundReport Report()
    {
        using var total = RingVector.Unpack(_world.Plan.Bits, _world.Plan.Length, Round.Total!.Packed.Span);
        var stream = (long)_sum.LaneBits / 8 * _world.Plan.Length;
        var degree = Round.Rules.Degree;
        // Masks of a party: its own and one a neighbour in U2. The station takes out every survivor's own and those with dropped neighbours.
        var station = stream * _traffic.RevealedSeeds;
        return new RoundReport
        {
            Correct = total.FixedTimeEquals(_sum),
            Wall = _clock.Wall,
            Cpu = _clock.Cpu,
            Client = _clock.Client,
            Server = _clock.Server,
            BytesUpPerParty = _traffic.LargestUp,
            BytesDownPerParty = _traffic.LargestDown,
            KeystreamBytes = (stream * Staying.Count * (degree + 1)) + station,
            ServerKeystreamBytes = station,
            PeakMemoryBytes = Process.GetCurrentProcess().PeakWorkingSet64,
            Parties = _world.Plan.Parties,
            Length = _world.Plan.Length,
            Bits = _world.Plan.Bits,
            Neighbours = degree,
            Colluders = _world.Roster.MaxColluders,
            Dropouts = _world.Plan.Dropouts,
            Threads = _world.Plan.Threads,
            Path = MaskBatch.PathName,
        };
    }
}
