using System.Globalization;
using SecureAggregation.Party.Config;
using SecureAggregation.Statistics;

namespace SecureAggregation.Party.Data;

/// <summary>A dataset of this outpost: a CSV file and the schema that says how it is read.</summary>
internal sealed class Dataset
{
    private const int MaxSchemaBytes = 1024 * 1024;
    private const int CancelEvery = 1024;
    private const int MostProblems = 20;

    private readonly string _csv;
    private readonly char? _delimiter;

    private Dataset(string name, SchemaFile schema, string csv, char? delimiter) =>
        (Name, Schema, _csv, _delimiter) = (name, schema, csv, delimiter);

    public string Name { get; }

    public SchemaFile Schema { get; }

    /// <summary>Reads the schema file; the data is not touched.</summary>
    /// <exception cref="DataSourceException">The schema file is missing or wrong.</exception>
    public static Dataset Open(string name, DatasetOptions options)
    {
        var file = new FileInfo(options.Schema);
        if (!file.Exists)
            throw new DataSourceException($"Schema file '{options.Schema}' does not exist; make one to begin with: secagg-outpost infer " +
                $"'{options.Csv}' > '{options.Schema}'");
        if (file.Length > MaxSchemaBytes)
            throw new DataSourceException($"Schema file '{options.Schema}' has {file.Length} bytes; at most {MaxSchemaBytes} are read.");
        SchemaFile schema;
        try
        {
            schema = SchemaFile.Parse(File.ReadAllText(options.Schema));
        }
        catch (AnalysisException e)
        {
            throw new DataSourceException($"{options.Schema}: {e.Message}");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataSourceException($"Schema file '{options.Schema}' cannot be read; check its mode and owner.");
        }

        return schema.Schema.Name == name
            ? new Dataset(name, schema, options.Csv, options.Delimiter.Length == 0 ? null : options.Delimiter[0])
            : throw new DataSourceException($"{options.Schema}: the dataset is named '{schema.Schema.Name}' there and '{name}' in " +
                "Outpost:Datasets; both must be the same.");
    }

    /// <summary>
    /// Checks the header: every column that the schema reads is there, and no column that may identify a person is left unmapped.
    /// </summary>
    /// <exception cref="DataSourceException">One is missing or not mapped.</exception>
    public void CheckHeader()
    {
        using var table = OpenTable();
        foreach (var source in Schema.Sources.Where(s => s.Role != ColumnRole.Drop)) Headers.Find(table, _csv, source.Header);
        var hidden = Schema.Sources.Where(s => s.Role != ColumnRole.Use).Select(s => s.Header).ToHashSet(StringComparer.Ordinal);
        var flagged = table.Header.Where(h => !hidden.Contains(h)).Select(h => (Header: h, Class: IdentifierNames.Flags(h)))
            .Where(f => f.Class is not null).ToList();
        if (flagged.Count == 0) return;
        var lines = flagged.Select(f => $"  {YamlText.Quote(f.Header)}: drop          # {f.Class}; or person_key, if it tells whose row " +
            "it is");
        throw new DataSourceException(
            $"'{_csv}': {flagged.Count} column{(flagged.Count == 1 ? "" : "s")} may identify a person and must be mapped before this " +
                "outpost starts. " +
            $"Add to 'columns:' of the schema:{Environment.NewLine}{string.Join(Environment.NewLine, lines)}");
    }

    /// <summary>Reads every row that the schema describes, up to a number of rows.</summary>
    /// <returns>The rows that were read.</returns>
    /// <exception cref="DataSourceException">Fields are not what the schema says: the first of each column is named, with how many there
    /// are.</exception>
    public long CheckRows(long most)
    {
        using var table = OpenTable();
        var record = new CsvRecord(table, _csv, Schema, Schema.Schema.Columns, needsPerson: true);
        var problems = new Dictionary<string, int>(StringComparer.Ordinal);
        var first = new Dictionary<string, string>(StringComparer.Ordinal);
        var rows = 0L;
        while (rows < most && record.Read(Note)) rows++;
        if (problems.Count == 0) return rows;
        throw new DataSourceException(string.Join(
            Environment.NewLine,
            problems.Take(MostProblems).Select(p => p.Value == 1
                ? first[p.Key]
                : string.Create(CultureInfo.InvariantCulture, $"{first[p.Key]} (so in {p.Value} rows)"))));

        void Note(string problem)
        {
            // The same column and rule in another row differs in the line only.
            var rule = problem[(problem.IndexOf(", line ", StringComparison.Ordinal) + 7)..];
            rule = rule[rule.IndexOfAny([',', ':'])..];
            first.TryAdd(rule, problem);
            problems[rule] = problems.GetValueOrDefault(rule) + 1;
        }
    }

    /// <summary>One pass over all rows: filter, clamp, quantise, add; then the noise.</summary>
    /// <param name="layout">The query.</param>
    /// <param name="noise">Drawn before; used up if the pass succeeds.</param>
    /// <param name="secret">This outpost's own secret, which chooses rows where a person has more than may count.</param>
    /// <param name="queryHash">Hash of the signed query.</param>
    /// <param name="problem">Told of each field that is not what the schema says; it counts as missing, a row without person key as one of the same
    /// unnamed person. To decline instead would tell the station what stands in a row.</param>
    /// <param name="percent">Told each time another hundredth of the file has been read.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DataSourceException">The file as a whole cannot be read: gone, not UTF-8, or a row without its number of fields.</exception>
    public NoisedVector Sum(
        VectorLayout layout,
        LocalNoise noise,
        ReadOnlySpan<byte> secret,
        ReadOnlySpan<byte> queryHash,
        Action<string> problem,
        Action<int> percent,
        CancellationToken cancellationToken)
    {
        using var table = OpenTable();
        var record = new CsvRecord(table, _csv, Schema, layout.Analysis.Columns, layout.Analysis.RowRule == RowRule.PersonKey);
        using var encoder = new RowEncoder(layout, secret, queryHash);
        var told = 0;
        while (record.Read(problem))
        {
            encoder.Add(record);
            if (encoder.Rows % CancelEvery != 0) continue;
            cancellationToken.ThrowIfCancellationRequested();
            if (table.Percent <= told) continue;
            told = table.Percent;
            percent(told);
        }

        return encoder.Finish(noise);
    }

    private CsvTable OpenTable() => CsvTable.Open(_csv, _delimiter);
}
