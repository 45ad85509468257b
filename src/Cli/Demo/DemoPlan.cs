using System.Reflection;
using SecureAggregation.Statistics;

namespace SecureAggregation.Cli.Demo;

/// <summary>One query of a demo, and who is lost while it runs.</summary>
/// <param name="Query">What is asked.</param>
/// <param name="Analysis">The same, resolved against the dataset's schema.</param>
/// <param name="Losses">Who is killed while it runs, and when.</param>
/// <param name="Truth">What a released number would be without noise, given the names of the outposts in the total; NaN if nobody can say.</param>
internal sealed record DemoQuery(AnalysisQuery Query, Analysis Analysis, IReadOnlyList<Loss> Losses, Func<IReadOnlySet<string>, ReleasedStatistic, double> Truth);

/// <summary>What a demo asks, of whom, and what the answers would be without noise.</summary>
internal sealed record DemoPlan(string Consortium, string Dataset, string SchemaFile, IReadOnlyList<DemoClinic> Clinics, IReadOnlyList<DemoQuery> Queries)
{
    public const ulong DefaultSeed = 2026;

    private static readonly string[] s_outposts = ["Mars", "Titan", "Europa", "Ganymede", "Callisto"];

    /// <summary>Five outposts with made patients, and three queries.</summary>
    public static DemoPlan OfMadeClinics(string folder, ulong seed)
    {
        var data = Directory.CreateDirectory(Path.Combine(folder, "made")).FullName;
        var visits = new Dictionary<string, List<Visit>>();
        var clinics = new List<DemoClinic>();
        for (var i = 0; i < s_outposts.Length; i++)
        {
            var generator = new ClinicGenerator(seed, i);
            var path = Path.Combine(data, s_outposts[i].ToLowerInvariant() + ".csv");
            visits[s_outposts[i]] = generator.Visits();
            File.WriteAllText(path, generator.Csv(visits[s_outposts[i]]));
            clinics.Add(new DemoClinic(s_outposts[i], path));
        }

        var schemaFile = Extract(folder, "schema.yaml");
        var schema = QueryFiles.ReadSchema(schemaFile).Schema;
        DemoQuery Ask(string file, Func<Visit, bool> counts)
        {
            var query = QueryFiles.Read(Extract(folder, file));
            var analysis = query.Resolve(schema);
            return new DemoQuery(query, analysis, [], (survivors, statistic) => MadeTruth.Of(
                survivors.SelectMany(name => MadeTruth.PerPerson(visits[name].Where(counts), analysis.RowsPerPerson)),
                analysis.GroupBy.Select(g => g.Column).FirstOrDefault(),
                statistic));
        }

        return new DemoPlan("Outer Clinics", schema.Name, schemaFile, clinics,
        [
            Ask("1-patients-by-sex.yaml", _ => true),
            Ask("2-age-by-decade.yaml", _ => true),
            Ask("3-pressure-and-smoking.yaml", v => v.Age >= 50),
        ]);
    }

    /// <summary>Somebody's own folder: one CSV a party.</summary>
    public static DemoPlan OfFolder(string folder, string data, IReadOnlyList<string> queryFiles, string? schemaFile, Action<string> note)
    {
        var clinics = FolderData.Clinics(data);
        var queries = queryFiles.Select(f => (File: f, Query: QueryFiles.Read(f))).ToList();
        var (schemaPath, schema) = FolderData.Schema(folder, data, queries, schemaFile, clinics, note);
        var asked = new List<DemoQuery>();
        foreach (var (file, query) in queries)
        {
            Analysis analysis;
            try
            {
                analysis = query.Resolve(schema.Schema);
            }
            catch (AnalysisException e)
            {
                throw new CliException(ExitCode.BadInput, $"{file}: {e.Message}", e);
            }

            // Read before anything is started: a file that cannot be used is told at once.
            var rows = clinics.ToDictionary(c => c.Name, c => PooledTruth.Read(c.CsvPath, schema, analysis));
            asked.Add(new DemoQuery(query, analysis, [], (survivors, statistic) => PooledTruth.Of([.. survivors.Select(name => rows[name])], analysis, statistic)));
        }

        return new DemoPlan(Path.GetFileName(Path.GetFullPath(data).TrimEnd('/')), schema.Schema.Name, schemaPath, clinics, asked);
    }

    /// <summary>
    /// The same plan with outposts lost: each text is for one query, in their order, NAME@PHASE and more of it after commas, or nothing.
    /// If there are more of them than queries, the last query is asked again, for another study.
    /// </summary>
    public DemoPlan Losing(IReadOnlyList<string> losses)
    {
        var queries = Queries.ToList();
        // For another study each time: the same question again would be answered by the earlier total, without a round.
        while (queries.Count < losses.Count) queries.Add(queries[^1] with { Query = queries[^1].Query with { Study = $"loss {queries.Count + 1}" } });
        for (var i = 0; i < losses.Count; i++)
        {
            var parts = losses[i].Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
            queries[i] = queries[i] with { Losses = [.. parts.Select(part => Loss.Parse(part, Clinics.Select(c => c.Name)))] };
        }

        return this with { Queries = queries };
    }

    /// <summary>The demo's own queries and schema are resources of this program; a copy in its folder can be read, changed and asked again.</summary>
    private static string Extract(string folder, string name)
    {
        var path = Path.Combine(folder, name);
        // Cannot be null: the build embeds it.
        using var resource = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)!;
        using var file = File.Create(path);
        resource.CopyTo(file);
        return path;
    }
}
