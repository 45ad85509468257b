using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;
using SecureAggregation.Testing;

namespace SecureAggregation.Party.Tests.Link;

/// <summary>Keys and roster of three parties, or more; party 0 is the outpost under test.</summary>
internal sealed class TestConsortium
{
    public const int Parties = 3;

    private static readonly Lazy<TestConsortium> s_shared = new(() => new TestConsortium(Parties, colluders: 0));

    private readonly Protocol.Wire.Roster _body;

    /// <summary>Three parties need each other; of five with one colluder any four go on without the fifth.</summary>
    public TestConsortium(int parties, int colluders)
    {
        Keys = [.. Enumerable.Range(0, parties).Select(i => IdentityKey.Generate(new SeededRandom((ulong)i)))];
        _body = new Protocol.Wire.Roster
        {
            Consortium = "Test",
            Epoch = 1,
            NotAfter = (ulong)TimeProvider.System.GetUtcNow().AddDays(30).ToUnixTimeSeconds(),
            LogOrigin = "station.test/log",
            AggregatorKey = ByteString.CopyFrom(Station.Public.Point),
            MaxColluders = (uint)colluders,
            MinSurvivors = 3,
            MinHonest = 2,
            DropoutPermille = 100,
            Witnesses = (uint)Protocol.Roster.DefaultWitnesses(parties, colluders),
            Coordinators = { new RosterOfficer { Name = "Earth", PublicKey = ByteString.CopyFrom(Coordinator.Public.Point) } },
        };
        for (var i = 0; i < parties; i++)
        {
            var key = ByteString.CopyFrom(Keys[i].Public.Point);
            _body.Parties.Add(new RosterParty { Index = (uint)i, Name = $"party-{i}", PublicKey = key, Founder = true });
        }

        Signed = Protocol.Roster.Sign(_body, Keys);
        Roster = Protocol.Roster.Open(Signed);
    }

    public static TestConsortium Shared => s_shared.Value;

    public IdentityKey Station { get; } = IdentityKey.Generate(new SeededRandom(100));

    public IdentityKey Coordinator { get; } = IdentityKey.Generate(new SeededRandom(101));

    public IReadOnlyList<IdentityKey> Keys { get; }

    public byte[] Signed { get; }

    public Protocol.Roster Roster { get; }

    /// <summary>A roster after this one, or after another.</summary>
    public byte[] Next(Action<Protocol.Wire.Roster>? change = null, IEnumerable<IdentityKey>? signers = null, byte[]? after = null)
    {
        var before = after is null ? Roster : Protocol.Roster.Open(after);
        var next = _body.Clone();
        (next.Epoch, next.PreviousHash) = (before.Epoch + 1, ByteString.CopyFrom(before.Hash));
        change?.Invoke(next);
        return Protocol.Roster.Sign(next, signers ?? Keys);
    }

    /// <summary>Files of an outpost with this data, and its configuration.</summary>
    public string WriteOutpost(Scratch scratch, string station, string csv)
    {
        scratch.Write("roster.bin", Signed);
        scratch.Write("roster.pin", PublicBytes.Hex(Roster.Hash) + "\n");
        scratch.Write("key.pem", Keys[0].ToPem());
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(scratch["key.pem"], UnixFileMode.UserRead | UnixFileMode.UserWrite);
        scratch.Write("clinic.csv", csv);
        scratch.Write("clinic.yaml", OutpostFiles.Schema);
        scratch.Write("policy.yaml", OutpostFiles.Policy);
        return scratch.Write(
            "outpost.json",
            $$"""
              { "Outpost": {
                  "Station": "{{station}}", "Roster": "roster.bin", "Key": "key.pem",
                  "Datasets": { "clinic": { "Csv": "clinic.csv", "Schema": "clinic.yaml" } },
                  "ShutdownSeconds": 0,
                  "Reconnect": { "First": "00:00:00.010", "Longest": "00:00:00.050" } },
                "Logging": { "LogLevel": { "Default": "Trace" } } }
              """);
    }

    public SignedQuery Ask(DatasetSchema schema, string measures = "[ count, { sum: age } ]", Action<Query>? change = null, ulong id = 1)
    {
        var analysis = AnalysisQuery.Parse($"name: q\ndataset: clinic\nepsilon: 1\nmeasures: {measures}\n").Resolve(schema);
        var queryId = new byte[16];
        new SeededRandom(id).GetBytes(queryId);
        var query = new Query
        {
            RosterHash = ByteString.CopyFrom(Roster.Hash),
            QueryId = ByteString.CopyFrom(queryId),
            NotAfter = (ulong)TimeProvider.System.GetUtcNow().AddHours(1).ToUnixTimeSeconds(),
            Attempts = 3,
            Title = "A question",
            Dataset = "clinic",
            EpsilonMicro = 1_000_000,
            Noise = QueryNoise.Local,
            MinSurvivors = 3,
            Analysis = ByteString.CopyFrom(analysis.Encode()),
            CoordinatorKey = ByteString.CopyFrom(Coordinator.Public.Point),
        };
        change?.Invoke(query);
        return Question.Sign(query, Coordinator);
    }
}

/// <summary>What an outpost of the tests has in its files.</summary>
internal static class OutpostFiles
{
    public const string Schema =
        """
        name: clinic
        one_row_per_person: true
        columns:
          full_name: drop
          age: { type: integer, low: 0, high: 110 }
          sex: { type: category, codes: { "0": female, "1": male } }
        """;

    public const string Policy =
        """
        policy: 1
        coordinators: [ Earth ]
        noise: [ local, distributed ]
        datasets:
          clinic:
            operations: [ count, sum, mean, histogram ]
            columns: [ age, sex ]
            epsilon_per_query: 1
            epsilon_total: 2
        """;
}
