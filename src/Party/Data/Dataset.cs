using System.Globalization;
using SecureAggregation.Party.Catalogue;
using SecureAggregation.Party.Config;
using SecureAggregation.Statistics;

namespace SecureAggregation.Party.Data;

/// <summary>A dataset of this outpost: a source of rows, and the schema that says how they are read.</summary>
internal sealed class Dataset
{
    private const int MaxSchemaBytes = 1024 * 1024;
    private const int CancelEvery = 1024;
    private const int MostProblems = 20;

    private Dataset(string name, SchemaFile schema, IDataSource source) => (Name, Schema, Source) = (name, schema, source);

    public string Name { get; }

    public SchemaFile Schema { get; }

    /// <summary>Where its rows come from.</summary>
    public IDataSource Source { get; }

    /// <summary>Reads the schema file; the data is not touched.</summary>
    /// <exception cref="ConfigurationException">There is no source, or more than one.</exception>
    /// <exception cref="DataSourceException">The schema file is missing or wrong.</exception>
    public static Dataset Open(string name, DatasetOptions options) => new(name, ReadSchema(name, options), DataSources.From(name, options));

    /// <summary>Reads the schema file of a dataset.</summary>
    /// <exception cref="DataSourceException">It is missing or wrong.</exception>
    public static SchemaFile ReadSchema(string name, DatasetOptions options)
    {
        var file = new FileInfo(options.Schema);
        if (!file.Exists)
            throw new DataSourceException($"Schema file '{options.Schema}' does not exist; make one to begin with: secagg-outpost infer " +
                $"{(options.Csv.Length > 0 ? $"'{options.Csv}'" : "DATA.csv")} > '{options.Schema}'");
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
            ? schema
            : throw new DataSourceException($"{options.Schema}: the dataset is named '{schema.Schema.Name}' there and '{name}' in " +
                "Outpost:Datasets; both must be the same.");
    }

    /// <summary>
    /// Checks the header: every column that the schema reads is there, and no column whose name says that it may identify a person is left
    /// unmapped.
    /// </summary>
    /// <exception cref="DataSourceException">One is missing or not mapped.</exception>
    public void CheckHeader()
    {
        var header = Source.ReadHeader(CancellationToken.None);
        foreach (var column in Schema.Sources.Where(s => s.Role != ColumnRole.Drop)) Headers.Find(header, Source.Name, column.Header);
        IdentifierCheck.RequireNames(Source.Name, header, Schema);
    }

    /// <summary>
    /// Checks that no column's values say that it may identify a person, and reads every row as the schema describes it, in an order that is the same
    /// each time.
    /// </summary>
    /// <returns>What was read, for the catalogue.</returns>
    /// <exception cref="DataSourceException">A column is not mapped, or fields are not what the schema says: the first of each column is named, with
    /// how many there are.</exception>
    public DataContent CheckRows(CancellationToken cancellationToken = default)
    {
        IdentifierCheck.RequireValues(Source, Schema);
        var selection = Selection.All(Schema) with { Ordered = true };
        using var hash = new ContentHash(Schema);
        using var table = new HashedTable(Source.Open(selection, cancellationToken), Source.Name, selection, hash, cancellationToken);
        var record = new TableRecord(table, Source.Name, Schema, Schema.Schema.Columns, needsPerson: true);
        var problems = new Dictionary<string, (FieldProblem First, int Count)>(StringComparer.Ordinal);
        while (record.Read(Note))
        {
        }

        if (problems.Count == 0) return hash.Finish();
        throw new DataSourceException(string.Join(
            Environment.NewLine,
            problems.Values.Take(MostProblems).Select(p => p.Count == 1
                ? p.First.ToString()
                : string.Create(CultureInfo.InvariantCulture, $"{p.First} (so in {p.Count} rows)"))));

        void Note(FieldProblem problem) => problems[problem.Rule] =
            problems.TryGetValue(problem.Rule, out var known) ? (known.First, known.Count + 1) : (problem, 1);
    }

    /// <summary>One pass over all rows: filter, clamp, quantise, add; then the noise.</summary>
    /// <param name="layout">The query.</param>
    /// <param name="noise">Drawn before; used up if the pass succeeds.</param>
    /// <param name="secret">This outpost's own secret, which chooses rows where a person has more than may count.</param>
    /// <param name="queryHash">Hash of the signed query.</param>
    /// <param name="problem">Told of each field that is not what the schema says; it counts as missing, and a row without person key does not
    /// count. To decline instead would tell the station what stands in a row.</param>
    /// <param name="percent">Told each time another hundredth has been read, where the source knows how much there is.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <param name="warning">Told of what the operator should look at though it is no mistake: a source without rows.</param>
    /// <exception cref="DataSourceException">The source as a whole cannot be read: gone, not in its encoding, or a row without its number of
    /// fields.</exception>
    public NoisedVector Sum(
        VectorLayout layout,
        VectorNoise noise,
        ReadOnlySpan<byte> secret,
        ReadOnlySpan<byte> queryHash,
        Action<string> problem,
        Action<int> percent,
        CancellationToken cancellationToken,
        Action<string>? warning = null)
    {
        var (analysis, selection) = (layout.Analysis, Selection.For(layout.Analysis, Schema));
        using var table = Source.Open(selection, cancellationToken);
        var record = new TableRecord(table, Source.Name, Schema, analysis.Columns, analysis.RowRule == RowRule.PersonKey);
        using var encoder = new RowEncoder(layout, secret, queryHash);
        Action<FieldProblem> tell = p => problem(p.ToString());
        var told = 0;
        while (record.Read(tell))
        {
            encoder.Add(record);
            if (encoder.Rows % CancelEvery != 0) continue;
            cancellationToken.ThrowIfCancellationRequested();
            if (table.Percent is not { } now || now <= told) continue;
            told = now;
            percent(told);
        }

        if (encoder.Rows == 0 && selection.Filter is null)
            warning?.Invoke($"'{Source.Name}' has columns and no rows; this outpost's part of the answer is noise alone. Is it the right source?");
        return encoder.Finish(noise);
    }
}
