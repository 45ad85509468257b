using System.Collections.Concurrent;
using System.Diagnostics;
using System.Reflection;
using System.Security.Cryptography;
using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using Roster = SecureAggregation.Protocol.Roster;
using WireRoster = SecureAggregation.Protocol.Wire.Roster;

namespace SecureAggregation.Benchmarks;

/// <summary>
/// A consortium in one process: a station and all parties, as <see cref="PartyRound"/> and <see cref="AggregatorRound"/> run them. Vectors go from a party to
/// the station in chunks and into files of a temporary folder; only as many parties as there are threads hold one at a time.
/// </summary>
internal sealed class RoundWorld : IDisposable
{
    private static readonly DateTimeOffset s_now = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private readonly RoundPlan _plan;
    private readonly RoundShape _shape;
    private readonly RandomNumberGenerator _random = RandomNumberGenerator.Create();
    private readonly IdentityKey _station = IdentityKey.Generate();
    private readonly IdentityKey _coordinator = IdentityKey.Generate();
    private readonly IdentityKey[] _identities;
    private readonly KeyRing[] _rings;
    private readonly Roster _roster;
    private readonly FolderVectors _vectors = new();
    private readonly ParallelOptions _threads;
    private readonly byte[]?[] _wires;

    public RoundWorld(RoundPlan plan)
    {
        _plan = plan;
        _shape = new RoundShape(plan.Bits, plan.Length).Checked();
        _threads = new ParallelOptions { MaxDegreeOfParallelism = plan.Threads };
        _wires = new byte[]?[Math.Max(8, 2 * plan.Threads)];
        _identities = [.. Enumerable.Range(0, plan.Parties).Select(_ => IdentityKey.Generate())];
        _rings = [.. Enumerable.Range(0, plan.Parties).Select(_ => new KeyRing(Limits.KeyLife))];
        _roster = Roster.Open(Roster.Sign(Draft(), _identities[..1]));
        if (plan.Neighbours > 0 && plan.Neighbours < plan.Parties - 1) Plant(_roster, plan);
    }

    /// <summary>Plays one round to its end.</summary>
    public RoundReport Play()
    {
        var clock = new PhaseClock();
        var traffic = new Traffic();
        var round = new AggregatorRound(_roster, (_, _) => _shape, _plan.Threads);
        var parties = new PartyRound[_plan.Parties];
        var dropped = Enumerable.Range(0, _plan.Dropouts).Select(i => (int)((long)i * _plan.Parties / _plan.Dropouts)).ToHashSet();
        var staying = Enumerable.Range(0, _plan.Parties).Where(i => !dropped.Contains(i)).ToList();
        using var sum = new RingVector(_plan.Bits, _plan.Length);

        clock.Station("propose", () => Log(round, 0, Proposal()));
        Exchange(clock, round, traffic, Enumerable.Range(0, _plan.Parties), "join", "advertise", i =>
        {
            parties[i] = PartyRound.Open(Setup(i), round.Broadcasts[0], s_now);
            return parties[i].Join(_shape, s_now);
        });
        Broadcast(clock, round, "advertise", s_now);
        Exchange(clock, round, traffic, Enumerable.Range(0, _plan.Parties), "share", "share", i => Tell(parties[i], round, traffic, i));
        Broadcast(clock, round, "share", s_now);
        foreach (var i in dropped) parties[i].Dispose();
        foreach (var group in staying.Chunk(_wires.Length)) BringVectors(clock, round, traffic, parties, group, sum);
        Broadcast(clock, round, "input", s_now + Limits.Deadline);
        Exchange(clock, round, traffic, staying, "agree", "agree", i => Tell(parties[i], round, traffic, i));
        Broadcast(clock, round, "agree", s_now);
        Exchange(clock, round, traffic, staying, "unmask", "unmask", i => Tell(parties[i], round, traffic, i));
        Broadcast(clock, round, "unmask", s_now);
        if (round.State == RoundState.Done) Exchange(clock, round, traffic, staying, "finish", "finish", i => Tell(parties[i], round, traffic, i));
        foreach (var party in parties) party.Dispose();
        return Report(clock, round, traffic, staying.Count, sum);
    }

    public void Dispose()
    {
        foreach (var ring in _rings) ring.Dispose();
        foreach (var key in _identities) key.Dispose();
        _station.Dispose();
        _coordinator.Dispose();
        _vectors.Dispose();
        _random.Dispose();
    }

    /// <summary>Parties act, each on its own, and the station takes what they say.</summary>
    private void Exchange(
        PhaseClock clock, AggregatorRound round, Traffic traffic, IEnumerable<int> parties, string partyPhase, string stationPhase, Func<int, PartyStep> act)
    {
        // In groups, so that not everybody's messages are in memory at once, as they would not be at a station.
        foreach (var group in parties.Chunk(64))
        {
            var steps = new PartyStep[group.Length];
            clock.Parties(partyPhase, () => Parallel.For(0, group.Length, _threads, i => steps[i] = act(group[i])));
            clock.Station(stationPhase, () => Take(round, traffic, group, steps));
        }
    }

    private void BringVectors(PhaseClock clock, AggregatorRound round, Traffic traffic, PartyRound[] parties, int[] group, RingVector sum)
    {
        var inputs = group.Select(Input).ToArray();
        foreach (var input in inputs) sum.Add(input);
        var broadcasts = new Broadcast[group.Length];
        clock.Station("share", () =>
        {
            for (var i = 0; i < group.Length; i++) broadcasts[i] = Latest(round, group[i]);
        });
        var steps = new PartyStep[group.Length];
        clock.Parties("input", () => Parallel.For(0, group.Length, _threads, i =>
        {
            traffic.Down(group[i], broadcasts[i]);
            Require(parties[group[i]].Receive(broadcasts[i], s_now));
            steps[i] = Require(parties[group[i]].ProvideInput(inputs[i]));
            steps[i].Vector!.Read(0, Wire(i));
            // It will not be asked for again; an outpost waits until the survivors are named.
            steps[i].Vector!.Dispose();
        }));
        clock.Station("input", () => Take(round, traffic, group, steps));
        clock.Station(
            "sum", () => AddVectors(round, group),
            "digest", () => Parallel.For(0, group.Length, _threads, i => SHA256.HashData(Wire(i))));

        // A station writes beside adding; apart they can be told apart.
        clock.Station("store", () => Parallel.For(0, group.Length, _threads, i => _vectors.Write((uint)group[i], Wire(i))));
        foreach (var party in group) traffic.Up(party, _shape.PackedLength);
    }

    /// <summary>The wire between a party and the station, used again for each group.</summary>
    private Span<byte> Wire(int place) => (_wires[place] ??= new byte[_shape.PackedLength]);

    private void AddVectors(AggregatorRound round, int[] group)
    {
        var intakes = group.Select(p => round.BeginVector((uint)p) ?? throw new InvalidOperationException($"No vector of party {p} is awaited.")).ToArray();
        Parallel.For(0, group.Length, _threads, i =>
        {
            for (var rest = (ReadOnlySpan<byte>)Wire(i); !rest.IsEmpty; rest = rest[Math.Min(Limits.Chunk, rest.Length)..])
            {
                if (!intakes[i].TryAppend(rest[..Math.Min(Limits.Chunk, rest.Length)])) throw new InvalidOperationException($"The vector of party {group[i]} is too long.");
            }
        });
        foreach (var intake in intakes)
        {
            using (intake)
            {
                if (!intake.Complete() || !round.MarkVectorStored(intake.Party)) throw new InvalidOperationException($"The vector of party {intake.Party} does not count.");
            }
        }
    }

    private static PartyStep Tell(PartyRound party, AggregatorRound round, Traffic traffic, int index)
    {
        var broadcast = Latest(round, index);
        traffic.Down(index, broadcast);
        return Require(party.Receive(broadcast, s_now));
    }

    private static Broadcast Latest(AggregatorRound round, int party) => round.CatchUp((uint)party).Last();

    private static PartyStep Require(PartyStep step) =>
        step.Refusal == RefusalCode.Unspecified ? step : throw new InvalidOperationException($"A party refused ({step.Refusal}): {step.Detail}");

    private static void Take(AggregatorRound round, Traffic traffic, int[] parties, PartyStep[] steps)
    {
        for (var i = 0; i < parties.Length; i++)
        {
            foreach (var message in steps[i].Messages)
            {
                traffic.Up(parties[i], message);
                var offer = round.Consider((uint)parties[i], message, s_now);
                if (offer.Outcome != OfferOutcome.Accept) throw new InvalidOperationException($"{message.Kind} of party {parties[i]}: {offer.Detail}");
                Log(round, (uint)parties[i] + 1, message);
            }
        }
    }

    private void Broadcast(PhaseClock clock, AggregatorRound round, string phase, DateTimeOffset now) => clock.Station(phase, () =>
    {
        var broadcast = round.Next(now, _station, _vectors) ?? throw new InvalidOperationException($"Nothing follows the phase {phase}.");
        Log(round, 0, broadcast);
        if (round.Abort is { } abort) throw new InvalidOperationException($"The round was aborted: {abort.Reason}");
    });

    private static void Log(AggregatorRound round, uint sender, Envelope envelope) =>
        round.Apply(new Entry { TimeMs = (ulong)s_now.ToUnixTimeMilliseconds(), Sender = sender, Envelope = envelope });

    private RoundReport Report(PhaseClock clock, AggregatorRound round, Traffic traffic, int survivors, RingVector sum)
    {
        using var total = RingVector.Unpack(_plan.Bits, _plan.Length, round.Total!.Packed.Span);
        var stream = (long)sum.LaneBits / 8 * _plan.Length;
        var degree = round.Rules.Degree;
        // Masks of a party: its own and one a neighbour in U2. The station takes out every survivor's own and those with dropped neighbours.
        var station = stream * traffic.RevealedSeeds;
        return new RoundReport
        {
            Correct = total.FixedTimeEquals(sum),
            Wall = clock.Wall,
            Cpu = clock.Cpu,
            Client = clock.Client,
            Server = clock.Server,
            BytesUpPerParty = traffic.LargestUp,
            BytesDownPerParty = traffic.LargestDown,
            KeystreamBytes = (stream * survivors * (degree + 1)) + station,
            ServerKeystreamBytes = station,
            PeakMemoryBytes = Process.GetCurrentProcess().PeakWorkingSet64,
            Parties = _plan.Parties,
            Length = _plan.Length,
            Bits = _plan.Bits,
            Neighbours = degree,
            Colluders = _roster.MaxColluders,
            Dropouts = _plan.Dropouts,
            Threads = _plan.Threads,
            Path = MaskBatch.PathName,
        };
    }

    private PartySetup Setup(int party) => new()
    {
        Roster = _roster, Index = (uint)party, Identity = _identities[party], Memory = new ForgetfulMemory(), Keys = _rings[party], Random = _random,
    };

    /// <summary>
    /// The protocol takes no other graph than its search has found, and has no switch for one: a degree that is asked for goes where it remembers what it found.
    /// Of the safety of such rounds nothing is known.
    /// </summary>
    private static void Plant(Roster roster, RoundPlan plan)
    {
        var found = (ConcurrentDictionary<(int, int, int), GraphParameters?>)typeof(GraphParameters)
            .GetField("s_found", BindingFlags.Static | BindingFlags.NonPublic)!.GetValue(null)!;
        var dropouts = ((plan.Parties * roster.DropoutPermille) + 999) / 1000;
        found[(plan.Parties, roster.MaxColluders, dropouts)] = new GraphParameters(plan.Neighbours, (plan.Neighbours / 2) + 1, SuccessorFloor: 0);
    }

    /// <summary>Uniform elements, a different vector for each party, made as fast as a mask.</summary>
    private RingVector Input(int party)
    {
        var input = new RingVector(_plan.Bits, _plan.Length);
        Span<byte> key = stackalloc byte[16];
        BitConverter.TryWriteBytes(key, party);
        using var batch = new MaskBatch();
        batch.Add(key, MaskSign.Add);
        batch.ApplyTo(input);
        return input;
    }

    private Envelope Proposal()
    {
        var query = new Query
        {
            RosterHash = ByteString.CopyFrom(_roster.Hash), QueryId = Fresh(16), NotAfter = (ulong)s_now.AddDays(1).ToUnixTimeSeconds(), Attempts = 1,
            Title = "benchmark", Dataset = "benchmark", EpsilonMicro = 1_000_000, Noise = QueryNoise.Local, Analysis = ByteString.CopyFromUtf8("-"),
            CoordinatorKey = ByteString.CopyFrom(_coordinator.Public.Point),
        };
        return AggregatorRound.Propose(
            _roster, Question.Sign(query, _coordinator), Fresh(16).ToByteArray(), _roster.Parties.Select(p => p.Index), Enumerable.Repeat(Limits.Deadline, 7), _station);
    }

    private ByteString Fresh(int count) => ByteString.CopyFrom(_random.Bytes(count));

    private WireRoster Draft()
    {
        var c = _plan.Colluders >= 0 ? _plan.Colluders : Roster.DefaultColluders(_plan.Parties);
        var roster = new WireRoster
        {
            Consortium = "Benchmark", Epoch = 1, NotAfter = (ulong)s_now.AddYears(1).ToUnixTimeSeconds(), LogOrigin = "benchmark/log",
            AggregatorKey = ByteString.CopyFrom(_station.Public.Point), MaxColluders = (uint)c, MinSurvivors = 3, MinHonest = 2,
            SparseGraph = _plan.Neighbours < _plan.Parties - 1, DropoutPermille = (uint)(1000L * _plan.Dropouts / _plan.Parties), Witnesses = (uint)Roster.DefaultWitnesses(_plan.Parties, c),
        };
        for (var i = 0; i < _plan.Parties; i++)
        {
            roster.Parties.Add(new RosterParty { Index = (uint)i, Name = $"party {i}", PublicKey = ByteString.CopyFrom(_identities[i].Public.Point), Founder = i == 0 });
        }

        roster.Coordinators.Add(new RosterOfficer { Name = "coordinator", PublicKey = ByteString.CopyFrom(_coordinator.Public.Point) });
        return roster;
    }
}
