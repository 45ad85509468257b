using System.Globalization;
using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Party.Config;
using SecureAggregation.Privacy;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;
using ColumnType = SecureAggregation.Statistics.ColumnType;
using DatasetSchema = SecureAggregation.Statistics.DatasetSchema;
using GroupBy = SecureAggregation.Statistics.GroupBy;
using Measure = SecureAggregation.Statistics.Measure;
using MeasureKind = SecureAggregation.Statistics.MeasureKind;
using NoiseMode = SecureAggregation.Statistics.NoiseMode;
using Roster = SecureAggregation.Protocol.Roster;
using RowRule = SecureAggregation.Statistics.RowRule;
using SchemaColumn = SecureAggregation.Statistics.SchemaColumn;
using Wire = SecureAggregation.Protocol.Wire.Roster;

namespace SecureAggregation.Benchmarks;

/// <summary>
/// Keys, a roster and a signed query of which the layout has a wanted shape: a histogram by group, with rows_per_party as large as the bits allow.
/// </summary>
internal sealed class NetworkWorld : IDisposable
{
    public const string Dataset = "benchmark";
    private const int MostKeys = 1000;
    private const int MostComplete = 128;
    private static readonly MicroEpsilon s_epsilon = new(1_000_000);

    private readonly IdentityKey[] _parties;
    private readonly VectorLayout _layout;

    public NetworkWorld(int parties, int length, int bits)
    {
        _parties = [.. Enumerable.Range(0, parties).Select(_ => IdentityKey.Generate())];
        Now = TimeProvider.System.GetUtcNow();
        Roster = Roster.Open(Roster.Sign(Draft(), _parties[..1]));
        _layout = Layout(parties, length, bits);
        Directory.CreateDirectory(Folder);
        File.WriteAllText(KeyFile, Station.ToPem());
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(KeyFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.WriteAllBytes(RosterFile, Roster.Signed);
    }

    public DateTimeOffset Now { get; }

    public Roster Roster { get; }

    public IdentityKey Coordinator { get; } = IdentityKey.Generate();

    public IdentityKey Station { get; } = IdentityKey.Generate();

    public string Folder { get; } = Directory.CreateTempSubdirectory("secagg-network-").FullName;

    public string KeyFile => Path.Combine(Folder, "station.pem");

    public string RosterFile => Path.Combine(Folder, "roster.bin");

    /// <summary>The shape that the query really has.</summary>
    public RoundShape Shape => new(_layout.Bits, _layout.Length);

    public Identity Identity(int party) => new(Roster, Roster.Parties[party], _parties[party]);

    public SignedQuery Query()
    {
        var query = new Query
        {
            RosterHash = ByteString.CopyFrom(Roster.Hash),
            QueryId = ByteString.CopyFrom(Guid.CreateVersion7(Now).ToByteArray()),
            NotAfter = (ulong)Now.AddDays(1).ToUnixTimeSeconds(),
            Attempts = 1,
            Title = "benchmark",
            Dataset = Dataset,
            EpsilonMicro = (ulong)s_epsilon.Micro,
            Noise = QueryNoise.Local,
            Analysis = ByteString.CopyFrom(_layout.Analysis.Encode()),
            CoordinatorKey = ByteString.CopyFrom(Coordinator.Public.Point),
        };
        return Question.Sign(query, Coordinator);
    }

    /// <summary>What a party brings; the round erases it.</summary>
    public RingVector Input(int party)
    {
        var input = new RingVector(Shape.Bits, Shape.Length);
        for (var i = 0; i < input.Length; i++) input[i] = Element(party, i);
        return input;
    }

    /// <summary>Whether a total is the sum of all inputs.</summary>
    public bool IsSum(Total total)
    {
        using var sum = RingVector.Unpack(Shape.Bits, Shape.Length, total.Packed.Span);
        var (constant, parties) = (Enumerable.Range(0, _parties.Length).Sum(p => (long)Element(p, 0)), _parties.Length);
        for (var i = 0; i < sum.Length; i++)
        {
            if ((long)sum.Centered(i) != constant + ((long)parties * (i % 1000))) return false;
        }

        return total.Survivors.Count == parties;
    }

    public void Dispose()
    {
        foreach (var key in _parties.Append(Coordinator).Append(Station)) key.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    private static ulong Element(int party, int i) => (ulong)party + 1 + (ulong)(i % 1000);

    private static VectorLayout Layout(int parties, int length, int bits)
    {
        var groups = Enumerable.Range(1, MostKeys).LastOrDefault(g => length % g == 0 && length / g is > 1 and <= Measure.MaxBins + 1);
        if (groups == 0)
            throw new ArgumentException($"No histogram by group has {length} cells; take a product of two numbers from 2 to 1000.", nameof(length));
        // The widest elements that are not wider than wanted.
        var (fits, over) = (1L, Analysis.MaxRowsPerParty);
        while (over - fits > 1)
        {
            var middle = (fits + over) / 2;
            if (Bits(middle) <= bits) fits = middle;
            else over = middle;
        }

        return Make(fits);

        int Bits(long rows)
        {
            try
            {
                return Make(rows).Bits;
            }
            catch (AnalysisException)
            {
                return int.MaxValue;
            }
        }

        VectorLayout Make(long rows)
        {
            var (site, value) = (new SchemaColumn("site", ColumnType.Integer) { Low = 0, High = MostKeys }, new SchemaColumn("value", ColumnType.Number));
            var edges = Enumerable.Range(0, length / groups).Select(i => (double)i).ToArray();
            var keys = Enumerable.Range(0, groups).Select(i => i.ToString(CultureInfo.InvariantCulture)).ToArray();
            var analysis = new Analysis(
                [site, value], [new HistogramMeasure("value", edges)], null, [new GroupBy("site", keys)], RowRule.OneRowPerPerson, 1, rows);
            return VectorLayout.Create(analysis, s_epsilon, NoiseMode.Local, parties);
        }
    }

    private Wire Draft()
    {
        var n = _parties.Length;
        // Where the graph is sparse, the share of colluders for which its published parameters stand.
        var c = n > MostComplete ? n / 20 : Roster.DefaultColluders(n);
        var roster = new Wire
        {
            Consortium = "Benchmark", Epoch = 1, NotAfter = (ulong)Now.AddYears(1).ToUnixTimeSeconds(), LogOrigin = "benchmark/log",
            AggregatorKey = ByteString.CopyFrom(Station.Public.Point), MaxColluders = (uint)c, MinSurvivors = 3, MinHonest = 2,
            DropoutPermille = 50, SparseGraph = n > MostComplete, Witnesses = (uint)Roster.DefaultWitnesses(n, c),
        };
        for (var i = 0; i < n; i++)
            roster.Parties.Add(new RosterParty { Index = (uint)i, Name = $"party {i}", PublicKey = ByteString.CopyFrom(_parties[i].Public.Point), Founder = i == 0 });
        roster.Coordinators.Add(new RosterOfficer { Name = "coordinator", PublicKey = ByteString.CopyFrom(Coordinator.Public.Point) });
        return roster;
    }
}
