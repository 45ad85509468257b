using SecureAggregation.Statistics.Internal;

namespace SecureAggregation.Statistics;

/// <summary>
/// An outpost's schema file: the public <see cref="DatasetSchema"/>, and how the outpost's own file maps to it (<see
/// cref="SourceColumn"/>),
/// which never leaves the outpost. The form is in docs/queries.md.
/// </summary>
public sealed class SchemaFile
{
    internal SchemaFile(DatasetSchema schema, IReadOnlyList<SourceColumn> sources, IReadOnlyList<string> notes)
    {
        Notes = notes;
        Schema = schema;
        Sources = sources;
    }

    /// <summary>What everybody may know.</summary>
    public DatasetSchema Schema { get; }

    /// <summary>Every column of the file that the schema speaks of, dropped ones too, in written order.</summary>
    public IReadOnlyList<SourceColumn> Sources { get; }

    /// <summary>What the reader decided by a rule where the file does not say it, one sentence each, for the operator.</summary>
    public IReadOnlyList<string> Notes { get; }

    /// <summary>The column that tells persons apart, or null where one row is one person.</summary>
    public SourceColumn? PersonKey => Sources.FirstOrDefault(s => s.Role == ColumnRole.PersonKey);

    /// <summary>Reads a schema file.</summary>
    /// <param name="yamlOrJson">The text, at most 256 Ki characters.</param>
    /// <exception cref="AnalysisException">The text is no schema; the message names the line, the thing, the rule and the fix.</exception>
    public static SchemaFile Parse(string yamlOrJson) => SchemaReader.Read(Yaml.Load(yamlOrJson, "schema"));

    /// <summary>A file of its own for a schema that came without one: headers are names, nothing has codes, persons are told apart by a
    /// column "person".</summary>
    public static SchemaFile Of(DatasetSchema schema)
    {
        ArgumentNullException.ThrowIfNull(schema);
        var sources = schema.Columns.Select(c => new SourceColumn(c.Name, ColumnRole.Use, c)).ToList();
        if (schema.RowRule == RowRule.PersonKey) sources.Insert(0, SourceColumn.Unread("person", ColumnRole.PersonKey));
        return new SchemaFile(schema, sources, []);
    }

    /// <summary>The source of a public column.</summary>
    /// <exception cref="AnalysisException">The schema has no such column.</exception>
    public SourceColumn Source(string column) => Sources.FirstOrDefault(s => s.Role == ColumnRole.Use && s.Column!.Name == column)
        ?? throw new AnalysisException($"Dataset '{Schema.Name}' has no column '{column}'{Nearest.Suggestion(column, Schema.Columns.Select(c => c.Name))}");
}
