using System.Collections.Concurrent;
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
    private readonly RandomNumberGenerator _random = RandomNumberGenerator.Create();
    private readonly IdentityKey _coordinator = IdentityKey.Generate();
    private readonly IdentityKey[] _identities;
    private readonly KeyRing[] _rings;
    private readonly byte[]?[] _wires;

    public RoundWorld(RoundPlan plan)
    {
        Plan = plan;
        Shape = new RoundShape(plan.Bits, plan.Length).Checked();
        Threads = new ParallelOptions { MaxDegreeOfParallelism = plan.Threads };
        _wires = new byte[]?[Math.Max(8, 2 * plan.Threads)];
        _identities = [.. Enumerable.Range(0, plan.Parties).Select(_ => IdentityKey.Generate())];
        _rings = [.. Enumerable.Range(0, plan.Parties).Select(_ => new KeyRing(Limits.KeyLife))];
        Roster = Roster.Open(Roster.Sign(Draft(), _identities[..1]));
        if (plan.Neighbours > 0 && plan.Neighbours < plan.Parties - 1) Plant(Roster, plan);
    }

    public static DateTimeOffset Now { get; } = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    public RoundPlan Plan { get; }

    public RoundShape Shape { get; }

    public Roster Roster { get; }

    public IdentityKey Station { get; } = IdentityKey.Generate();

    /// <summary>Masked vectors at the station.</summary>
    public FolderVectors Vectors { get; } = new();

    public ParallelOptions Threads { get; }

    /// <summary>Vectors that are under way at the same time.</summary>
    public int Wires => _wires.Length;

    /// <summary>Plays one round to its end.</summary>
    public RoundReport Play()
    {
        using var play = new RoundPlay(this);
        return play.Finish();
    }

    public void Dispose()
    {
        foreach (var ring in _rings) ring.Dispose();
        foreach (var key in _identities) key.Dispose();
        Station.Dispose();
        _coordinator.Dispose();
        Vectors.Dispose();
        _random.Dispose();
    }

    /// <summary>The wire between a party and the station, used again for each group.</summary>
    public Span<byte> Wire(int place) => (_wires[place] ??= new byte[Shape.PackedLength]);

    public PartySetup Setup(int party) => new()
    {
        Roster = Roster, Index = (uint)party, Identity = _identities[party], Memory = new ForgetfulMemory(), Keys = _rings[party], Random = _random,
    };

    /// <summary>Uniform elements, a different vector for each party, made as fast as a mask.</summary>
    public RingVector Input(int party)
    {
        var input = new RingVector(Plan.Bits, Plan.Length);
        Span<byte> key = stackalloc byte[16];
        BitConverter.TryWriteBytes(key, party);
        using var batch = new MaskBatch();
        batch.Add(key, MaskSign.Add);
        batch.ApplyTo(input);
        return input;
    }

    public Envelope Proposal()
    {
        var query = new Query
        {
            RosterHash = ByteString.CopyFrom(Roster.Hash), QueryId = Fresh(16), NotAfter = (ulong)Now.AddDays(1).ToUnixTimeSeconds(), Attempts = 1,
            Title = "benchmark", Dataset = "benchmark", EpsilonMicro = 1_000_000, Noise = QueryNoise.Local, Analysis = ByteString.CopyFromUtf8("-"),
            CoordinatorKey = ByteString.CopyFrom(_coordinator.Public.Point),
        };
        return AggregatorRound.Propose(
            Roster, Question.Sign(query, _coordinator), Fresh(16).ToByteArray(), Roster.Parties.Select(p => p.Index), Enumerable.Repeat(Limits.Deadline, 7), Station);
    }

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

    private ByteString Fresh(int count) => ByteString.CopyFrom(_random.Bytes(count));

    private WireRoster Draft()
    {
        var c = Plan.Colluders >= 0 ? Plan.Colluders : Roster.DefaultColluders(Plan.Parties);
        var roster = new WireRoster
        {
            Consortium = "Benchmark", Epoch = 1, NotAfter = (ulong)Now.AddYears(1).ToUnixTimeSeconds(), LogOrigin = "benchmark/log",
            AggregatorKey = ByteString.CopyFrom(Station.Public.Point), MaxColluders = (uint)c, MinSurvivors = 3, MinHonest = 2,
            SparseGraph = Plan.Neighbours < Plan.Parties - 1, DropoutPermille = (uint)(1000L * Plan.Dropouts / Plan.Parties), Witnesses = (uint)Roster.DefaultWitnesses(Plan.Parties, c),
        };
        for (var i = 0; i < Plan.Parties; i++)
        {
            roster.Parties.Add(new RosterParty { Index = (uint)i, Name = $"party {i}", PublicKey = ByteString.CopyFrom(_identities[i].Public.Point), Founder = i == 0 });
        }

        roster.Coordinators.Add(new RosterOfficer { Name = "coordinator", PublicKey = ByteString.CopyFrom(_coordinator.Public.Point) });
        return roster;
    }
}
