using SecureAggregation.Statistics.Internal;

namespace SecureAggregation.Statistics;

/// <summary>
/// Rows to cells: filter, group, clamp, quantise, add. Memory does not grow with the rows, save for datasets with a person key, where it
/// holds the
/// counted rows of each person. Not for use by several threads at once. Disposing zeroes the cells.
/// </summary>
public sealed class RowEncoder : IDisposable
{
    private readonly VectorLayout _layout;
    private readonly Int128[] _cells;
    private readonly RowTest? _where;
    private readonly GroupIndex _groups;
    private readonly LayoutBlock[] _blocks;
    private readonly long[] _key;
    private readonly PersonBound? _persons;
    private DerivedRecord? _derived;
    private bool _finished;

    /// <summary>An encoder for a dataset in which one row is one person.</summary>
    /// <exception cref="ArgumentException">The layout is for a dataset with a person key.</exception>
    public RowEncoder(VectorLayout layout)
        : this(layout, null)
    {
        if (layout.Analysis.RowRule != RowRule.OneRowPerPerson)
        {
            throw new ArgumentException(
                "This dataset has a person key; its rows are bounded a person, so pass the party's secret and the query's hash.", nameof(layout));
        }
    }

    /// <summary>
    /// An encoder for either kind of dataset. With a person key at most <see cref="Analysis.RowsPerPerson"/> rows of a person count for
    /// each block in each group, and at most <see cref="Analysis.GroupsPerPerson"/> groups: the rows in which the block's columns are present and
    /// whose HMAC(secret, query hash ‖ person ‖ ordinal of the row among the person's rows) is least, in the groups whose HMAC over person and
    /// group is least. So the choice is as good as random, repeats for the same query, and never depends on another person. A row with an empty key does not count.
    /// </summary>
    /// <param name="layout">The layout of the query.</param>
    /// <param name="partySecret">At least 16 secret bytes that only this party knows and keeps.</param>
    /// <param name="queryHash">The hash of the signed query, at least 16 bytes.</param>
    public RowEncoder(VectorLayout layout, ReadOnlySpan<byte> partySecret, ReadOnlySpan<byte> queryHash)
        : this(layout, layout?.Analysis.RowRule == RowRule.PersonKey ? new PersonBound(layout, partySecret, queryHash) : null)
    {
    }

    private RowEncoder(VectorLayout layout, PersonBound? persons)
    {
        ArgumentNullException.ThrowIfNull(layout);
        _layout = layout;
        _cells = new Int128[layout.Length];
        _where = layout.Analysis.Where is { } where ? RowTest.Compile(where, layout.Analysis) : null;
        _groups = new GroupIndex(layout.Analysis, layout.Analysis.GroupBy);
        _blocks = [.. layout.Blocks];
        _key = new long[_blocks.Max(b => b.KeyLength)];
        _persons = persons;
    }

    /// <summary>The rows that were added, counted or not. Known to the party alone; never to leave it.</summary>
    public long Rows { get; private set; }

    /// <summary>Adds one row.</summary>
    public void Add(IRecord record)
    {
        ArgumentNullException.ThrowIfNull(record);
        ObjectDisposedException.ThrowIf(_finished, this);
        Rows++;
        // The ordinal counts all rows of a person, so that the choice does not move with the filter. A row that is nobody's cannot be bounded.
        if (_persons is not null && !_persons.TryBegin(record.PersonKey)) return;
        if (_layout.Analysis.Derived.Count > 0) record = _derived is null ? _derived = new DerivedRecord(_layout.Analysis, record) : _derived.On(record);
        if (_where is not null && !_where.Test(record)) return;
        var group = _groups.Of(record);
        if (group < 0) return;
        for (var i = 0; i < _blocks.Length; i++)
        {
            var block = _blocks[i];
            var key = _key.AsSpan(0, block.KeyLength);
            if (!block.TryEncode(record, key)) continue;
            if (_persons is not null) _persons.Keep(i, group, key);
            else block.Add(CellsOf(block, group), key);
        }
    }

    /// <summary>
    /// The finished vector: cells, each clamped to what <see cref="Analysis.RowsPerParty"/> rows can reach, plus noise. Clamping a cell
    /// never widens
    /// what one person moves it by, so a party with more rows than declared stays as private, and no total can overflow. Ends the encoder.
    /// </summary>
    /// <param name="noise">Drawn before the first row was read; it is used up.</param>
    /// <exception cref="ArgumentException">The noise belongs to another layout.</exception>
    public NoisedVector Finish(VectorNoise noise)
    {
        ArgumentNullException.ThrowIfNull(noise);
        var totals = Totals();
        var vector = new NoisedVector(_layout, noise.Take(_layout));
        try
        {
            vector.Add(totals);
            return vector;
        }
        catch
        {
            // Noise that is left behind would tell the cells from a vector that is made of it again.
            vector.Dispose();
            throw;
        }
        finally
        {
            Dispose();
        }
    }

    /// <summary>Zeroes the cells and forgets the persons.</summary>
    public void Dispose()
    {
        _finished = true;
        Array.Clear(_cells);
        Array.Clear(_key);
        _persons?.Dispose();
    }

    /// <summary>The cells without noise, for tests: they must never leave this class otherwise.</summary>
    internal ReadOnlySpan<Int128> Totals()
    {
        ObjectDisposedException.ThrowIf(_finished, this);
        _persons?.Flush((block, group, key) => _blocks[block].Add(CellsOf(_blocks[block], group), key));
        var limit = (Int128)_layout.Analysis.RowsPerParty;
        foreach (var cell in _layout.Cells)
        {
            var most = limit * cell.Cell.MaxAbs;
            _cells[cell.Index] = Int128.Clamp(_cells[cell.Index], -most, most);
        }

        return _cells;
    }

    private Span<Int128> CellsOf(LayoutBlock block, int group) => _cells.AsSpan(_layout.IndexOf(group, block, 0), block.Cells.Count);
}
