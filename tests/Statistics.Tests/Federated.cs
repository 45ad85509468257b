using System.Text.Json;
using SecureAggregation.Privacy;
using SecureAggregation.Testing;
using Xunit.Abstractions;

namespace SecureAggregation.Statistics.Tests;

/// <summary>Real rows dealt out to parties in many ways, encoded one by one, and added up without noise.</summary>
internal static class Federated
{
    private const int Splits = 6;

    public static SchemaFile Heart { get; } = SchemaFile.Parse(File.ReadAllText(Path.Combine(RealData.Root, "examples/heart/schema.yaml")));

    public static SchemaFile Colon { get; } = SchemaFile.Parse("""
        name: colon
        missing: ["NA"]
        columns:
          id:     person_key
          rx:     { type: category, categories: [Lev, Lev+5FU, Obs] }
          sex:    { type: category, codes: { 0: female, 1: male } }
          age:    { type: integer, unit: years, low: 18, high: 90 }
          obstruct: { type: category, codes: { 0: "no", 1: "yes" } }
          adhere: { type: category, codes: { 0: "no", 1: "yes" } }
          nodes:  { type: integer, low: 0, high: 40 }
          status: { type: category, codes: { 0: censored, 1: event } }
          time:   { type: integer, unit: days, low: 0, high: 3600 }
          etype:  { type: category, codes: { 1: recurrence, 2: death } }
        """);

    public static SchemaFile Trial { get; } = SchemaFile.Parse("""
        name: indo_rct
        one_row_per_person: true
        columns:
          age:     { type: integer, unit: years, low: 18, high: 100 }
          risk:    { type: number, low: 0, high: 8, resolution: 0.5 }
          outcome: { type: category, codes: { 0_no: "no", 1_yes: "yes" } }
          rx:      { type: category, codes: { 0_placebo: placebo, 1_indomethacin: indomethacin } }
          gender:  { type: category, codes: { 1_female: female, 2_male: male } }
        """);

    /// <summary>A row counts for itself and ages over 89 as they are, as the reference counts.</summary>
    public static SchemaFile Covid { get; } = SchemaFile.Parse("""
        name: covid
        one_row_per_person: true
        columns:
          gender:      { type: category, categories: [female, male] }
          result:      { type: category, categories: [negative, positive, invalid] }
          age:         { type: number, unit: years, low: 0, high: 140, resolution: 0.1, age: false }
          ct_result:   { type: number, low: 10, high: 50, resolution: 0.01 }
          pan_day:     { type: integer, unit: days, low: 0, high: 120 }
          payor_group: { type: category, missing: [""], categories: [charity care, commercial, government, medical assistance, other, self pay, unassigned, out of pocket] }
        """);

    /// <summary>What stands in tests/Statistics.Tests/Reference, computed by other software (tools/reference).</summary>
    public static JsonElement Reference(string name)
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(RealData.Root, $"tests/Statistics.Tests/Reference/{name}.json")));
        return document.RootElement.Clone();
    }

    public static AnalysisQuery Query(string dataset, Measure measure, GroupBy? groupBy = null, Filter? where = null) => new()
    {
        Name = "test",
        Dataset = dataset,
        Epsilon = MicroEpsilon.MaxValue,
        Measures = [new QueryMeasure(measure)],
        GroupBy = groupBy is null ? [] : [groupBy],
        Where = where,
    };

    /// <summary>
    /// What holds of the statistics without noise, by name, however the persons are split into parties. Not run, with the reason printed,
    /// where the data is not there.
    /// </summary>
    public static void ForAnySplit(AnalysisQuery query, SchemaFile schema, ITestOutputHelper output, Action<Dictionary<string, ReleasedStatistic>> holds)
    {
        if (Rows(query, schema, output) is not var (analysis, rows)) return;
        var pooled = new Dictionary<int, Pooled>();
        Property.Holds(
            Split.Any,
            split =>
            {
                var known = pooled.TryGetValue(split.Parties.Count, out var of);
                of ??= new Pooled(query, analysis, split.Parties.Count, rows);
                of.AssertSame(split, rows);
                if (known) return true;
                // Statistics follow from the totals and the number of parties, so that of each number one split is decoded.
                holds(Statistics.Release.Decode(of.Layout, of.Totals, split.Parties.Count, new ReleaseOptions(MinimumCohort: 0)).ToDictionary(s => s.Name));
                pooled.Add(split.Parties.Count, of);
                return true;
            },
            Splits);
    }

    /// <summary>The totals of the data without noise, which are the same however the persons are split into the parties.</summary>
    public static (VectorLayout Layout, Int128[] Totals)? Totals(AnalysisQuery query, SchemaFile schema, ITestOutputHelper output)
    {
        if (Rows(query, schema, output) is not var (analysis, rows)) return null;
        var pooled = new Pooled(query, analysis, Split.Most, rows);
        Property.Holds(
            Split.Any,
            split =>
            {
                pooled.AssertSame(split, rows);
                return true;
            },
            2);
        return (pooled.Layout, pooled.Totals);
    }

    /// <summary>To 1e-9 of the expected value.</summary>
    public static void Close(double expected, double? actual)
    {
        Assert.NotNull(actual);
        var most = expected == 0 ? 1e-12 : 1e-9 * Math.Abs(expected);
        Assert.True(Math.Abs(actual.Value - expected) <= most, FormattableString.Invariant($"{actual:R} is not {expected:R}: {(actual / expected) - 1:0.0e0} apart."));
    }

    private static (Analysis Analysis, Row[] Rows)? Rows(AnalysisQuery query, SchemaFile schema, ITestOutputHelper output)
    {
        if (RealData.Folder(schema.Schema.Name, output) is not { } folder) return null;
        var analysis = Analysis.Decode(query.Resolve(schema.Schema).Encode());
        return (analysis, [.. Directory.GetFiles(folder, "*.csv").Order(StringComparer.Ordinal).SelectMany(f => PlainCsv.Read(f, schema, analysis))]);
    }

    /// <summary>All rows in one place, encoded for so many parties.</summary>
    private sealed class Pooled(AnalysisQuery query, Analysis analysis, int parties, Row[] rows)
    {
        private static readonly byte[] s_secret = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

        private Int128[]? _totals;

        public VectorLayout Layout { get; } = VectorLayout.Create(analysis, query.Epsilon, query.Noise, parties);

        public Int128[] Totals => _totals ??= Encode(rows);

        /// <summary>Cells are whole numbers: parties' sums are those of the pooled rows to the last digit.</summary>
        public void AssertSame(Split split, Row[] all)
        {
            var totals = new Int128[Layout.Length];
            foreach (var party in split.Of(all))
            {
                var cells = Encode(party);
                for (var i = 0; i < totals.Length; i++) totals[i] += cells[i];
            }

            Assert.Equal(Totals, totals);
        }

        private Int128[] Encode(IEnumerable<Row> of)
        {
            using var encoder = new RowEncoder(Layout, s_secret, s_secret);
            foreach (var row in of) encoder.Add(row);
            return encoder.Totals().ToArray();
        }
    }
}
