using SecureAggregation.Statistics.Internal;

namespace SecureAggregation.Statistics;

/// <summary>How rows belong to persons.</summary>
public enum RowRule
{
    /// <summary>Declared by the outpost and shown to everybody: one row = one person.</summary>
    OneRowPerPerson = 1,

    /// <summary>A column that never leaves the outpost tells which rows are one person's.</summary>
    PersonKey = 2,
}

/// <summary>The public description of a dataset: what queries may name. How an outpost's own file maps to it is <see
/// cref="SchemaFile"/>.</summary>
public sealed class DatasetSchema
{
    /// <summary>The most columns of a dataset.</summary>
    public const int MaxColumns = 1000;

    /// <summary>A schema, checked.</summary>
    /// <param name="name">The name in queries.</param>
    /// <param name="description">For people, at most 4000 characters.</param>
    /// <param name="rowRule">How rows belong to persons.</param>
    /// <param name="columns">1 to 1000, no two with the same name.</param>
    /// <param name="owner">Who answers for the data, at most 200 characters.</param>
    /// <param name="access">Who may have queries answered.</param>
    /// <exception cref="AnalysisException">A rule is broken.</exception>
    public DatasetSchema(string name, string description, RowRule rowRule, IReadOnlyList<SchemaColumn> columns, string owner = "", DatasetAccess access = DatasetAccess.Members)
    {
        ArgumentNullException.ThrowIfNull(columns);
        SchemaColumn.RequireName(name, "The name of a dataset");
        SchemaColumn.RequireText(description, $"The description of dataset '{name}'", 4000);
        SchemaColumn.RequireText(owner, $"The owner of dataset '{name}'", 200);
        if (!Enum.IsDefined(access)) throw new AnalysisException($"Dataset '{name}' has an unknown access level; use open, members or approval.");
        if (!Enum.IsDefined(rowRule))
        {
            throw new AnalysisException($"Dataset '{name}' must say how rows belong to persons: one row = one person, or a person key.");
        }

        if (columns.Count is 0 or > MaxColumns)
        {
            throw new AnalysisException($"Dataset '{name}' has {columns.Count} columns; it needs 1 to {MaxColumns}.");
        }

        foreach (var column in columns) column.Validate();
        if (columns.GroupBy(c => c.Name).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            throw new AnalysisException($"Dataset '{name}' has the column '{twice.Key}' twice; each name stands once.");
        }

        Name = name;
        Description = description;
        RowRule = rowRule;
        Columns = [.. columns];
        Owner = owner;
        Access = access;
    }

    /// <summary>The name in queries.</summary>
    public string Name { get; }

    /// <summary>For people.</summary>
    public string Description { get; }

    /// <summary>Who answers for the data, as people write it; may be empty.</summary>
    public string Owner { get; }

    /// <summary>Who may have queries answered.</summary>
    public DatasetAccess Access { get; }

    /// <summary>How rows belong to persons.</summary>
    public RowRule RowRule { get; }

    /// <summary>All columns, in declared order.</summary>
    public IReadOnlyList<SchemaColumn> Columns { get; }

    /// <summary>The column of this name.</summary>
    /// <exception cref="AnalysisException">There is none; the message suggests the nearest name.</exception>
    public SchemaColumn Column(string name) => Columns.FirstOrDefault(c => c.Name == name)
        ?? throw new AnalysisException(
            $"Dataset '{Name}' has no column '{name}'{Nearest.Suggestion(name, Columns.Select(c => c.Name))} Its columns: "
            + $"{string.Join(", ", Columns.Select(c => c.Name))}.");

    /// <summary>The canonical bytes (secagg.v1.DatasetSchema).</summary>
    public byte[] Encode() => SchemaCodec.Encode(this);

    /// <summary>Reads canonical bytes; anything that <see cref="Encode"/> would not have written is refused.</summary>
    /// <exception cref="AnalysisException">The bytes are too many, malformed, not canonical, or break a rule.</exception>
    public static DatasetSchema Decode(ReadOnlySpan<byte> bytes) => SchemaCodec.Decode(bytes);
}
