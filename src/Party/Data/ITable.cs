namespace SecureAggregation.Party.Data;

/// <summary>
/// Rows of fields as text, one at a time: what every source looks like to a schema. It is pulled, so that a source is read no faster than its rows are
/// used, and never holds more than a buffer of them.
/// </summary>
internal interface ITable : IDisposable
{
    /// <summary>Column names; not empty, all different.</summary>
    IReadOnlyList<string> Header { get; }

    /// <summary>Where the current row stands, for messages: "'heart.csv', line 17".</summary>
    string Place { get; }

    /// <summary>How much has been read, in hundredths; null where the source does not know how much there is.</summary>
    int? Percent { get; }

    /// <summary>Goes to the next row; false at the end.</summary>
    /// <exception cref="DataSourceException">The source as a whole cannot be read on.</exception>
    /// <exception cref="OperationCanceledException">The pass was given up.</exception>
    bool Read();

    /// <summary>A field of the current row, without blanks around it; good until the next row, or the next field.</summary>
    ReadOnlySpan<char> Field(int column);
}
