using SecureAggregation.Statistics;

namespace SecureAggregation.Cli.Demo;

/// <summary>Somebody's folder with one CSV a party.</summary>
internal static class FolderData
{
    public const string SchemaName = "schema.yaml";

    /// <summary>The parties: file names without their ending, in alphabetical order.</summary>
    public static IReadOnlyList<DemoClinic> Clinics(string data)
    {
        if (!Directory.Exists(data)) throw new CliException(ExitCode.BadInput, $"the folder {data} does not exist; --data names a folder with one CSV file for each party");
        var clinics = Directory.EnumerateFiles(data, "*.csv").Order(StringComparer.Ordinal)
            .Select(f => new DemoClinic(Path.GetFileNameWithoutExtension(f), Path.GetFullPath(f))).ToList();
        return clinics.Count >= 3
            ? clinics
            : throw new CliException(ExitCode.BadInput, $"{data} has {clinics.Count} CSV files; a consortium has at least 3 parties, each with a file NAME.csv");
    }

    /// <summary>The schema: the one that is named, the query's own, the folder's, or else one that is inferred, with a note that says what was assumed.</summary>
    public static (string Path, SchemaFile Schema) Schema(
        string folder, string data, IReadOnlyList<(string File, AnalysisQuery Query)> queries, string? named, IReadOnlyList<DemoClinic> clinics, Action<string> note)
    {
        if (named is not null) return (named, QueryFiles.ReadSchema(named));
        foreach (var (file, query) in queries)
        {
            if (query.Schema is not null)
            {
                // Outposts read schema files, so the one that stands inside the query becomes a file of its own.
                var inside = Path.Combine(folder, SchemaName);
                File.WriteAllText(inside, InlineSchema.Cut(File.ReadAllText(file)));
                return (inside, QueryFiles.ReadSchema(inside));
            }

            if (query.SchemaPath is { } beside)
            {
                var path = Path.Combine(Path.GetDirectoryName(Path.GetFullPath(file))!, beside);
                return (path, QueryFiles.ReadSchema(path));
            }
        }

        var own = Path.Combine(data, SchemaName);
        if (File.Exists(own)) return (own, QueryFiles.ReadSchema(own));
        var inferred = Path.Combine(folder, SchemaName);
        File.WriteAllText(inferred, SchemaInference.Infer(clinics, [.. queries.Select(q => q.Query)], note));
        return (inferred, QueryFiles.ReadSchema(inferred));
    }
}
