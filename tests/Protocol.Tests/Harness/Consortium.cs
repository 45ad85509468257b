using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Protocol.Tests.Harness;

/// <summary>A roster with everybody's keys. Made once for each size: making keys is the slow part.</summary>
internal sealed class Consortium
{
    public static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly ConcurrentDictionary<(int, int, int, int, int?), Lazy<Consortium>> s_made = new();
    private static readonly ConcurrentDictionary<string, IdentityKey> s_keys = new();

    private readonly ConcurrentDictionary<uint, KeyRing> _rings = new();

    private Consortium(int parties, int colluders, int minSurvivors, int minHonest, int? sparse)
    {
        Wire = Draft(parties, colluders, minSurvivors, minHonest);
        if (sparse is { } dropoutPermille) (Wire.SparseGraph, Wire.DropoutPermille) = (true, (uint)dropoutPermille);
        Roster = Roster.Open(Roster.Sign(Wire, Founders(parties)));
    }

    public Roster Roster { get; }

    public Wire.Roster Wire { get; }

    public static IdentityKey Station => Key("station");

    public static IdentityKey Coordinator => Key("coordinator");

    /// <param name="sparse">Expected dropouts per mille of a roster that allows the sparse graph; null for one that does not.</param>
    public static Consortium Of(int parties, int? colluders = null, int minSurvivors = 3, int minHonest = 2, int? sparse = null)
    {
        var c = colluders ?? Roster.DefaultColluders(parties);
        return s_made.GetOrAdd(
            (parties, c, minSurvivors, minHonest, sparse), k => new Lazy<Consortium>(() => new Consortium(k.Item1, k.Item2, k.Item3, k.Item4, k.Item5))).Value;
    }

    public static IdentityKey PartyKey(uint index) => Key($"party {index}");

    /// <summary>A key of its own for each name, the same in every run.</summary>
    public static IdentityKey Key(string name) =>
        s_keys.GetOrAdd(name, n => IdentityKey.Generate(new SeededRandom(BitConverter.ToUInt64(SHA256.HashData(Encoding.UTF8.GetBytes(n))))));

    /// <summary>A roster that breaks no rule; tests change it.</summary>
    public static Wire.Roster Draft(int parties, int colluders, int minSurvivors = 3, int minHonest = 2)
    {
        var roster = new Wire.Roster
        {
            Consortium = "Test", Epoch = 1, NotAfter = (ulong)Start.AddYears(2).ToUnixTimeSeconds(), LogOrigin = "station.test/log",
            AggregatorKey = ByteString.CopyFrom(Station.Public.Point), MaxColluders = (uint)colluders, MinSurvivors = (uint)minSurvivors,
            MinHonest = (uint)minHonest, DropoutPermille = 100, Witnesses = (uint)Roster.DefaultWitnesses(parties, colluders),
        };
        for (var i = 0u; i < parties; i++)
        {
            // Every party founds, but in large rosters, where checking all the signatures would only take time.
            roster.Parties.Add(new RosterParty { Index = i, Name = $"party-{i}", PublicKey = ByteString.CopyFrom(PartyKey(i).Public.Point), Founder = i < 5 });
        }

        roster.Coordinators.Add(new RosterOfficer { Name = "coordinator", PublicKey = ByteString.CopyFrom(Coordinator.Public.Point) });
        roster.Auditors.Add(new RosterOfficer { Name = "auditor", PublicKey = ByteString.CopyFrom(Key("auditor").Public.Point) });
        return roster;
    }

    public static IEnumerable<IdentityKey> Founders(int parties) => Enumerable.Range(0, Math.Min(parties, 5)).Select(i => PartyKey((uint)i));

    /// <summary>A query that breaks no rule.</summary>
    public Query Query(ulong seed)
    {
        var random = new SeededRandom(seed);
        var id = new byte[16];
        random.GetBytes(id);
        return new Query
        {
            RosterHash = ByteString.CopyFrom(Roster.Hash), QueryId = ByteString.CopyFrom(id), NotAfter = (ulong)Start.AddDays(1).ToUnixTimeSeconds(),
            Attempts = 3, Title = "A question", Dataset = "visits", EpsilonMicro = 500_000, Noise = QueryNoise.Local,
            Analysis = ByteString.CopyFromUtf8("count"), CoordinatorKey = ByteString.CopyFrom(Coordinator.Public.Point),
        };
    }

    /// <summary>The key ring of a party; all rounds of the tests share it, so that each pair agrees once.</summary>
    public KeyRing Ring(uint party) => _rings.GetOrAdd(party, _ => new KeyRing(Limits.KeyLife));

    public PartySetup Setup(uint party, ulong seed, IPartyMemory? memory = null) => new()
    {
        Roster = Roster, Index = party, Identity = PartyKey(party), Memory = memory ?? new MemoryParty(), Keys = Ring(party),
        Random = new SeededRandom((seed * 1_000_003) + party),
    };
}
