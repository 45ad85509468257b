using System.Text.Json;
using SecureAggregation.Privacy;
using SecureAggregation.Testing;
using Xunit.Abstractions;

namespace SecureAggregation.Statistics.Tests;

/// <summary>Real rows dealt out to parties at random, encoded one by one, and added up without noise.</summary>
internal static class Federated
{
    private const int Parties = 7;

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
          outcome: { type: category, codes: { 1_yes: "yes", 0_no: "no" } }
          rx:      { type: category, codes: { 1_indomethacin: indomethacin, 0_placebo: placebo } }
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

    /// <summary>The statistics of the data without noise, by name; null, with the reason printed, where the data is not there.</summary>
    public static Dictionary<string, ReleasedStatistic>? Release(AnalysisQuery query, SchemaFile schema, ITestOutputHelper output) =>
        Totals(query, schema, output) is var (layout, totals)
            ? Statistics.Release.Decode(layout, totals, Parties, new ReleaseOptions(MinimumCohort: 0)).ToDictionary(s => s.Name)
            : null;

    /// <summary>The totals of the data without noise.</summary>
    public static (VectorLayout Layout, Int128[] Totals)? Totals(AnalysisQuery query, SchemaFile schema, ITestOutputHelper output)
    {
        if (RealData.Folder(schema.Schema.Name, output) is not { } folder) return null;
        var analysis = Analysis.Decode(query.Resolve(schema.Schema).Encode());
        var layout = VectorLayout.Create(analysis, query.Epsilon, query.Noise, Parties);
        var random = new SeededRandom(9);
        var secret = Enumerable.Range(0, 32).Select(i => (byte)i).ToArray();
        var encoders = Enumerable.Range(0, Parties).Select(_ => new RowEncoder(layout, secret, secret)).ToArray();
        foreach (var row in Directory.GetFiles(folder, "*.csv").Order().SelectMany(f => PlainCsv.Read(f, schema, analysis)))
        {
            // The rows of a person stay together, as they do where they were collected.
            var party = row.PersonKey.IsEmpty ? random.Next(Parties) : row.PersonKey[^1] % Parties;
            encoders[party].Add(row);
        }

        var totals = new Int128[layout.Length];
        foreach (var encoder in encoders)
        {
            var cells = encoder.Totals();
            for (var i = 0; i < totals.Length; i++) totals[i] += cells[i];
            encoder.Dispose();
        }

        return (layout, totals);
    }

    /// <summary>To 1e-9 of the expected value.</summary>
    public static void Close(double expected, double? actual, double relative = 1e-9)
    {
        Assert.NotNull(actual);
        Assert.InRange(actual.Value, expected - (relative * Math.Abs(expected)) - 1e-12, expected + (relative * Math.Abs(expected)) + 1e-12);
    }
}
