namespace SecureAggregation.Statistics;

/// <summary>Bounds of a column as a query gives them; a missing one is the schema's.</summary>
/// <param name="Low">The lower bound.</param>
/// <param name="High">The upper bound.</param>
public readonly record struct ColumnBounds(double? Low, double? High);

/// <summary>
/// A measure as a query asks for it, before the schema has filled in bounds, bins, keys of categories and terms of models
/// (<see cref="AnalysisQuery.Resolve"/>).
/// </summary>
/// <param name="Measure">What is asked; without edges where the query leaves them to the schema's bounds.</param>
public sealed record QueryMeasure(Measure Measure)
{
    /// <summary>Bounds that the query gives, by column.</summary>
    public IReadOnlyDictionary<string, ColumnBounds> Bounds { get; init; } = new Dictionary<string, ColumnBounds>();

    /// <summary>So many equal bins between the bounds; null for edges, or for the default of the column.</summary>
    public int? Bins { get; init; }

    /// <summary>Where it stands in the query's text, from 1; 0 if it was not read from text.</summary>
    public int Line { get; init; }
}
