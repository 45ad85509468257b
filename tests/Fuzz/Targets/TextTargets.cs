using System.Text;
using Microsoft.Extensions.Configuration;
using SecureAggregation.Aggregator.Hosting;
using SecureAggregation.Fuzz.Engine;
using SecureAggregation.Party.Config;
using SecureAggregation.Statistics;
using static SecureAggregation.Fuzz.Engine.Outcome;

namespace SecureAggregation.Fuzz.Targets;

/// <summary>What people write: queries, schemas, policies, settings and command lines, and the canonical bytes that queries and schemas become.</summary>
internal static class TextTargets
{
    private const string Query =
        """
        name: Blood pressure
        dataset: clinic
        epsilon: 1.5
        noise: local
        study: heart
        min_survivors: 3
        derive:
          smokes: { recode: smoker, map: { "no": ["0"], "yes": ["1"] } }
          decade: { bins: age, edges: [0, 50, 90], labels: [young, old] }
          since: { days: { from: seen, to: 2026-01-01 }, low: 0, high: 3650 }
        measures:
          - count
          - mean: age
          - histogram: age
            from: 0
            to: 90
            step: 30
          - { quantiles: weight, at: [0.05, 0.95], bins: 20 }
          - contingency: [sex, smokes]
          - median: since
        where:
          and:
            - { column: age, ge: 18 }
            - or:
                - { column: sex, in: [female, male] }
                - not: { column: weight, is_null: true }
            - { column: seen, between: [2020-01-01, 2025-12-31] }
        group_by: { decade: }
        rows_per_party: 100000
        """;

    private const string Schema =
        """
        name: clinic
        description: Visits
        owner: Somebody
        access: members
        one_row_per_person: true
        missing: ["?", "-9"]
        columns:
          full_name: drop
          age: { type: integer, low: 0, high: 90, unit: years, top_code: 89 }
          weight: { type: number, low: 0, high: 300, resolution: 0.1, missing: ["0"] }
          sex: { type: category, categories: [female, male], codes: { "0": female, "1": male } }
          smoker: { type: category, categories: ["0", "1"] }
          seen: { type: date, low: 2000-01-01, high: 2030-12-31, format: dd.MM.yyyy, from: Datum }
        """;

    private const string Policy =
        """
        policy: 1
        coordinators: [ Earth, Moon ]
        noise: [ local, distributed ]
        approval: manual
        automatic_below: 0.25
        hours: { from: "08:00", to: "18:00", zone: UTC, days: [ mon..fri, sun ] }
        rate: { queries: 10, per: day }
        floors: { parties: 3, survivors: 3, colluders: 0 }
        datasets:
          clinic:
            operations: [ count, sum, mean, histogram ]
            columns: [ age, sex ]
            epsilon_per_query: 1
            epsilon_total: 20.5
            epsilon_per_coordinator: 10
            overlap: 2
            refresh: { rows: 100 }
            differencing: { parties: 2 }
        """;

    private const string Outpost =
        """
        { "Outpost": {
            "Station": "https://station.test:7443", "Roster": "roster.bin", "Key": "key.pem", "Cores": 4, "Pause": "00:00:01",
            "Datasets": { "clinic": { "Csv": "clinic.csv", "Schema": "clinic.yaml", "Delimiter": ";", "Encoding": "latin1" },
              "other": { "S3": { "Bucket": "b", "Key": "k", "Region": "eu-central-1" }, "Schema": "o.yaml" } },
            "PreSharedKeys": { "party-1": "psk" },
            "Reconnect": { "First": "00:00:00.010", "Longest": "00:00:30" }, "CatalogueEvery": "01:00:00" },
          "Logging": { "LogLevel": { "Default": "Information" } } }
        """;

    private const string Station =
        """
        { "Station": {
            "KeyFile": "station.pem", "RosterFile": "roster.bin", "DataDirectory": "data", "Listen": "127.0.0.1:7443", "Cores": 2,
            "Deadlines": { "Input": "00:05:00", "Join": "00:00:30" }, "Limits": { "RunningRounds": 3, "IdleTimeout": "00:01:00", "BlobRetention": "30.00:00:00" } } }
        """;

    private const string Manifest =
        """{ "format": 1, "software": "s", "taken": "2026-11-22T00:00:00+00:00", "origin": "o", "entries": 3, "root": "00", "rounds": 1, "vectors": 2, "vectorBytes": 3, "files": ["a"] }""";

    private static readonly byte[][] s_yaml =
        [.. new[] { "&a ", "*a", "!!str ", "!!int ", "[", "]", "{", "}", "- ", "? ", ": ", "|", ">", "---\n", "...\n", "null", "~", "true", "false", ".nan", ".inf", "-.inf", "1e400", "1e-400", "-0", "0x10", "1_000", "\"", "'", "#", "%", "@", "`", "\t",
            "<<: ", "2026-02-30", "0001-01-01", "9999-12-31", "99999999999999999999", "0.0000001", "🙂", "\u0000", "\uFEFF", "\u2028", "age", "sex", "weight", "name", "columns", "measures", "and", "or", "not", "count", "mean", "linear", "logistic", "survival", "top", "pca", "categories", "codes", "format", "yyyyyyyyy", "dd.MM.yy HH:mm", "ratio", "recode", "age_at", "days", "24:00", "12:99" }
            .Select(Encoding.UTF8.GetBytes)];

    private static readonly byte[][] s_json = [.. s_yaml, .. new[] { "{}", "[]", "\"Outpost\": {", "\"Station\": {", "\"Datasets\"", ",", "\\u0000", "\\ud800", "\"\"", "-1", "1e9", "2147483648", "10675199.02:48:05.4775808", "-00:00:01", "25:00:00", "[::1]:0", "256.0.0.1:1", "99999", "//", "/*", "http://", "https://[", "\\" }.Select(Encoding.UTF8.GetBytes)];

    private static readonly SchemaFile s_schema = SchemaFile.Parse(Schema);

    public static IEnumerable<Target> All =>
    [
        new("query-yaml", 12_000, () => [.. Queries().Select(Encoding.UTF8.GetBytes)], () => AsQuery) { Make = Mutation.OfText, Words = s_yaml, Allowance = 1024 * 1024, PerByte = 3000, TakesMutants = true },
        new("schema-yaml", 12_000, () => [Encoding.UTF8.GetBytes(Schema)], () => AsSchema) { Make = Mutation.OfText, Words = s_yaml, Allowance = 1024 * 1024, PerByte = 3000 },
        new("policy-yaml", 12_000, () => [Encoding.UTF8.GetBytes(Policy)], () => AsPolicy) { Make = Mutation.OfText, Words = s_yaml, Allowance = 1024 * 1024, PerByte = 3000 },
        new("analysis", 60_000, Analyses, () => AsAnalysis) { Make = Mutation.OfMessage, Words = s_yaml, Allowance = 512 * 1024, PerByte = 400 },
        new("dataset-schema", 50_000, () => [s_schema.Schema.Encode()], () => AsDatasetSchema) { Make = Mutation.OfMessage, Words = s_yaml, Allowance = 128 * 1024, PerByte = 100 },
        new("outpost-config", 6_000, () => [Encoding.UTF8.GetBytes(Outpost)], OutpostConfig) { Make = Mutation.OfText, Words = s_json, Allowance = 2 * 1024 * 1024, PerByte = 1000 },
        new("station-config", 6_000, () => [Encoding.UTF8.GetBytes(Station), Encoding.UTF8.GetBytes(Manifest)], StationConfig) { Make = Mutation.OfText, Words = s_json, Allowance = 2 * 1024 * 1024, PerByte = 1000 },
    ];

    public static SchemaFile ClinicSchema => s_schema;

    public static IReadOnlyList<byte[]> Json => s_json;

    private static IEnumerable<string> Queries() =>
    [
        Query,
        "dataset: clinic\nepsilon: 0.5\nmeasures: [count, { sum: age }]\n",
        "dataset: clinic\nepsilon: 2\nnoise: none\nmeasures:\n  - linear: { outcome: weight, predictors: [age, sex] }\n  - correlation: [age, weight]\n  - roc: { score: age, outcome: smoker }\ngroup_by: { sex: [female, male] }\n",
        "dataset: clinic\nepsilon: 2\nmeasures:\n  - logistic: { outcome: smoker, predictors: [age] }\n",
        "dataset: clinic\nepsilon: 2\nmeasures:\n  - variance: weight\n  - sd: age\n  - box: age\n",
    ];

    private static bool AsQuery(byte[] input) => Or<AnalysisException>(() =>
    {
        var query = AnalysisQuery.Parse(Encoding.UTF8.GetString(input));
        _ = Or<AnalysisException>(() =>
        {
            var encoded = query.Resolve(s_schema.Schema).Encode();
            Must(Analysis.Decode(encoded).Encode().AsSpan().SequenceEqual(encoded), "a query that was taken cannot be read again");
        });
    });

    private static bool AsSchema(byte[] input) => Or<AnalysisException>(() =>
    {
        var encoded = SchemaFile.Parse(Encoding.UTF8.GetString(input)).Schema.Encode();
        Must(DatasetSchema.Decode(encoded).Encode().AsSpan().SequenceEqual(encoded), "a schema that was taken cannot be read again");
    });

    private static bool AsPolicy(byte[] input) => Or<ConfigurationException>(() =>
    {
        var policy = PolicyFile.Parse(Encoding.UTF8.GetString(input), "policy.yaml");
        Must(policy.MinParties >= 3 && policy.MinSurvivors >= 3 && policy.Datasets.Values.All(d => d.QueryMicro > 0 && d.QueryMicro <= d.TotalMicro), "a policy without its floors was taken");
    });

    private static byte[][] Analyses() => [.. Queries().Select(text =>
    {
        try
        {
            return AnalysisQuery.Parse(text).Resolve(s_schema.Schema).Encode();
        }
        catch (AnalysisException e)
        {
            throw new InvalidOperationException($"{e.Message} in {text}", e);
        }
    })];

    private static bool AsAnalysis(byte[] input) => Or<AnalysisException>(() =>
    {
        var analysis = Analysis.Decode(input);
        Must(analysis.Encode().AsSpan().SequenceEqual(input), "an analysis that was taken encodes to other bytes");
        _ = analysis.EncodeWhere();
        _ = Or<AnalysisException>(() => analysis.RequireFit(s_schema.Schema));
    });

    private static bool AsDatasetSchema(byte[] input) => Or<AnalysisException>(() =>
        Must(DatasetSchema.Decode(input).Encode().AsSpan().SequenceEqual(input), "a schema that was taken encodes to other bytes"));

    /// <summary>As the outpost reads its file, since what a file may hold is the framework's reader's to say.</summary>
    private static Func<byte[], bool> OutpostConfig()
    {
        var scratch = new Scratch();
        var path = scratch["outpost.json"];
        var command = new Party.CommandLine(Party.OutpostCommand.Run, path, "", "", new Dictionary<string, string?>(StringComparer.Ordinal));
        return input => Or<ConfigurationException>(() =>
        {
            File.WriteAllBytes(path, input);
            var options = Settings.Bind(Settings.Read(command), command);
            Settings.Validate(options);
            Must(options.Datasets.Count > 0 && options.Cores > 0, "settings that nobody can run with were taken");
        });
    }

    private static Func<byte[], bool> StationConfig()
    {
        var scratch = new Scratch();
        var path = scratch["station.json"];
        return input => Or<System.Text.Json.JsonException>(() => Aggregator.Backup.BackupManifest.Parse(Encoding.UTF8.GetString(input))) | Or<StartException>(() =>
        {
            File.WriteAllBytes(path, input);
            Must(Aggregator.Hosting.CommandLine.Read(["--config", path], new System.Collections.Hashtable()).Endpoint is not null, "a station without an address");
        });
    }
}
