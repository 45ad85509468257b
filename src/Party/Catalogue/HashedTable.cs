using SecureAggregation.Party.Data;

namespace SecureAggregation.Party.Catalogue;

/// <summary>A table whose rows are hashed as they go by.</summary>
internal sealed class HashedTable : ITable
{
    private const int CancelEvery = 1024;

    private readonly ITable _table;
    private readonly int[] _columns;
    private readonly ContentHash _hash;
    private readonly CancellationToken _cancellationToken;
    private int _sinceCancelled;

    /// <param name="table">The rows; it is disposed with this one.</param>
    /// <param name="name">What messages call the source.</param>
    /// <param name="selection">The columns that are hashed, in the order of the schema that the hash is for.</param>
    /// <param name="hash">Where they go.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="DataSourceException">The header lacks a column.</exception>
    public HashedTable(ITable table, string name, Selection selection, ContentHash hash, CancellationToken cancellationToken)
    {
        (_table, _hash, _cancellationToken) = (table, hash, cancellationToken);
        try
        {
            _columns = [.. selection.Columns.Select(c => Headers.Find(table.Header, name, c.Header))];
        }
        catch
        {
            table.Dispose();
            throw;
        }
    }

    public IReadOnlyList<string> Header => _table.Header;

    public string Place => _table.Place;

    public int? Percent => _table.Percent;

    public bool Read()
    {
        if (_sinceCancelled++ % CancelEvery == 0) _cancellationToken.ThrowIfCancellationRequested();
        if (!_table.Read()) return false;
        foreach (var column in _columns) _hash.AddField(_table.Field(column));
        _hash.EndRow();
        return true;
    }

    public ReadOnlySpan<char> Field(int column) => _table.Field(column);

    public void Dispose() => _table.Dispose();
}
