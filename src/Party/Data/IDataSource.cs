using SecureAggregation.Statistics;

namespace SecureAggregation.Party.Data;

/// <summary>Where rows come from. Each pass opens it anew and sees one state of it.</summary>
internal interface IDataSource
{
    /// <summary>What messages call it; never with a password in it.</summary>
    string Name { get; }

    /// <summary>The columns that there are.</summary>
    /// <exception cref="DataSourceException">There is no such source, or it cannot be read.</exception>
    IReadOnlyList<string> ReadHeader(CancellationToken cancellationToken);

    /// <summary>A mark that differs when the rows may differ, found without reading them; null where the source has none.</summary>
    string? Stamp() => null;

    /// <summary>Begins a pass. The table has at least the columns that were asked for, and leaves out no row that the selection's filter keeps.</summary>
    /// <exception cref="DataSourceException">There is no such source, it cannot be read, or it lacks a column.</exception>
    ITable Open(Selection selection, CancellationToken cancellationToken);
}

/// <summary>What a pass needs. A source may leave out what is not in it; only databases do.</summary>
/// <param name="Columns">The columns that are read.</param>
/// <param name="Filter">Rows that the filter leaves out are not needed; null: all are.</param>
/// <param name="Ordered">Whether two passes over the same data must see the rows in the same order.</param>
internal sealed record Selection(IReadOnlyList<SourceColumn> Columns, RowFilter? Filter, bool Ordered)
{
    /// <summary>Everything that the schema reads.</summary>
    public static Selection All(SchemaFile schema) => new([.. schema.Sources.Where(s => s.Role != ColumnRole.Drop)], null, false);

    /// <summary>What an analysis reads.</summary>
    public static Selection For(Analysis analysis, SchemaFile schema)
    {
        var columns = analysis.Columns.Select(c => schema.Source(c.Name)).ToList();
        if (analysis.RowRule != RowRule.PersonKey)
            return new(columns, analysis.Where is null ? null : new RowFilter(analysis.Where, analysis, schema), false);
        // Which rows of a person count is drawn over all of them: a source that left some out would change which are chosen.
        if (schema.PersonKey is { } key) columns.Add(key);
        return new(columns, null, true);
    }
}
