namespace SecureAggregation.Statistics;

/// <summary>
/// One row, read by the index of a column in <see cref="Analysis.Columns"/>. A source reuses one record for all rows; nothing is boxed or
/// kept.
/// </summary>
public interface IRecord
{
    /// <summary>The number of a number column; false if it is missing.</summary>
    bool TryGetNumber(int column, out double value);

    /// <summary>The label of a category column, as its index in the analysis' own <see cref="SchemaColumn.Categories"/>; −1 if it is
    /// missing or none of them.</summary>
    int GetCategory(int column);

    /// <summary>Whose row it is, for datasets with a person key; empty otherwise.</summary>
    ReadOnlySpan<char> PersonKey { get; }
}
