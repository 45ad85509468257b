namespace SecureAggregation.Statistics.Internal;

/// <summary>
/// A row with its derived columns behind those of the dataset. One is used for all rows; nothing is allocated a row. Each derived column is made once a
/// row at most: a chain of columns that each use the one before twice would else take a time that doubles with each, and whoever asks could make one row
/// so slow that the answer's time tells whether the row is there.
/// </summary>
internal sealed class DerivedRecord : IRecord
{
    private readonly int _columns;
    private readonly Derivation[] _derived;
    private readonly (bool IsNumber, double Number, int Label, bool HasNumber, bool HasLabel)[] _made;
    private IRecord _row;

    /// <param name="analysis">With derived columns.</param>
    /// <param name="row">The first row.</param>
    public DerivedRecord(Analysis analysis, IRecord row)
    {
        _columns = analysis.Columns.Count;
        _derived = [.. analysis.Derived.Select(d => Derivation.Compile(d, analysis))];
        _made = new (bool, double, int, bool, bool)[_derived.Length];
        _row = row;
    }

    public ReadOnlySpan<char> PersonKey => _row.PersonKey;

    public DerivedRecord On(IRecord row)
    {
        _row = row;
        Array.Clear(_made);
        return this;
    }

    public bool TryGetNumber(int column, out double value)
    {
        if (column < _columns) return _row.TryGetNumber(column, out value);
        ref var made = ref _made[column - _columns];
        if (!made.HasNumber)
        {
            // Definitions read through this record, so that they may use columns derived before them.
            made.IsNumber = _derived[column - _columns].TryGetNumber(this, out made.Number);
            made.HasNumber = true;
        }

        value = made.Number;
        return made.IsNumber;
    }

    public int GetCategory(int column)
    {
        if (column < _columns) return _row.GetCategory(column);
        ref var made = ref _made[column - _columns];
        if (!made.HasLabel) (made.Label, made.HasLabel) = (_derived[column - _columns].GetCategory(this), true);
        return made.Label;
    }
}
