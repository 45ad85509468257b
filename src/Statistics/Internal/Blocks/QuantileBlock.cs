using System.Collections.Concurrent;

namespace SecureAggregation.Statistics.Internal.Blocks;

/// <summary>
/// Rows a bin, with cells for what may lie below the first and above the last edge. More than a hundred bins are summed up once more in about as
/// many stretches as each has bins, at half of ε each: a rank is then the sum of 2·√B cells with twice the noise, which for a hundred and more is less
/// noise than that of B cells. The sum of all is no cell of its own.
/// </summary>
internal sealed class QuantileBlock : LayoutBlock
{
    private const int MostFlat = 100;

    private readonly int _index;
    private readonly SchemaColumn _column;
    private readonly double[] _edges;
    private readonly int _below;
    private readonly int _stretch;

    public QuantileBlock(BlockPlace place)
        : base(place)
    {
        var measure = (QuantileMeasure)Measures[0];
        _index = place.Analysis.IndexOf(measure.Column);
        _column = place.Analysis.Describe(_index);
        _edges = [.. measure.Edges];
        // Values are clamped to the bounds, so beyond edges that reach as far there is nothing.
        _below = _column.Low >= _edges[0] ? 0 : 1;
        var above = _column.High <= _edges[^1] ? 0 : 1;
        Leaves = [.. new[] { _column.Low ?? double.NegativeInfinity }.Take(_below), .. _edges, .. new[] { _column.High ?? double.PositiveInfinity }.Take(above)];
        var bins = Enumerable.Range(0, Count).Select(i => (Name(i, i + 1), 1L));
        _stretch = _edges.Length - 1 > MostFlat ? (int)Math.Ceiling(Math.Sqrt(Count)) : Count;
        var stretches = Enumerable.Range(0, (Count + _stretch - 1) / _stretch).Select(i => (Name(i * _stretch, Math.Min(Count, (i + 1) * _stretch)), 1L));
        Segments = _stretch == Count
            ? Lay(("bins", 1, BlockBudget.Whole, bins))
            : Lay(("bins", 1, BlockBudget.Whole / 2, bins), ("stretches", 1, BlockBudget.Whole / 2, stretches));
    }

    /// <summary>The edges of the bins and of what lies beyond them: infinite at an end without a bound.</summary>
    public double[] Leaves { get; }

    /// <summary>How many bins, with those beyond the edges.</summary>
    public int Count => Leaves.Length - 1;

    /// <summary>Half widths of the noise of so many cells before an edge against so many beyond, the same in every group and release.</summary>
    public ConcurrentDictionary<(int Before, int Beyond, double Q, double Draws, double Alpha), double> HalfWidths { get; } = [];

    internal override int KeyLength => 1;

    /// <summary>The one value that a bin can hold, where the column's steps leave only one.</summary>
    public double? Only(int leaf)
    {
        var bin = leaf - _below;
        if (_column.Step is not { } step || bin < 0 || bin > _edges.Length - 2) return null;
        var anchor = _column.Low ?? 0;
        var first = anchor + (step * Math.Ceiling(((_edges[bin] - anchor) / step) - 1e-9));
        // The last bin holds its upper edge too, unless values stop before it.
        var closed = bin == _edges.Length - 2 && !(_column.High < _edges[^1]);
        var end = _edges[bin + 1] + (closed ? 1e-9 * step : -1e-9 * step);
        return first < end && first + step >= end ? first : null;
    }

    /// <summary>The fewest cells that together hold the first bins.</summary>
    public IEnumerable<int> Before(int bins)
    {
        // All stretches hold all bins, the last one short or not.
        var full = Segments.Count == 1 ? 0 : bins == Count ? Segments[1].Cells.Count : bins / _stretch;
        return Enumerable.Range(Count, full).Concat(Range(full * _stretch, bins));
    }

    /// <summary>The fewest cells that together hold all but the first bins.</summary>
    public IEnumerable<int> Beyond(int bins)
    {
        if (Segments.Count == 1) return Range(bins, Count);
        var next = (bins + _stretch - 1) / _stretch;
        return Range(bins, Math.Min(Count, next * _stretch)).Concat(Range(Count + next, Cells.Count));
    }

    internal override bool TryEncode(IRecord record, Span<long> key)
    {
        if (!record.TryGetNumber(_index, out var value) || double.IsNaN(value)) return false;
        key[0] = Bins.Find(_edges, Math.Clamp(value, _column.Low ?? double.NegativeInfinity, _column.High ?? double.PositiveInfinity)) + _below;
        return true;
    }

    internal override void Add(Span<Int128> cells, ReadOnlySpan<long> key)
    {
        cells[(int)key[0]]++;
        if (Segments.Count > 1) cells[Count + ((int)key[0] / _stretch)]++;
    }

    internal override void Release(Scope scope, ICollection<ReleasedStatistic> into)
    {
        var quantiles = new QuantileIntervals(this, scope);
        foreach (var measure in Measures.Cast<QuantileMeasure>()) quantiles.Release(measure, _column, into);
    }

    private static IEnumerable<int> Range(int from, int to) => Enumerable.Range(from, Math.Max(0, to - from));

    private string Name(int from, int to) =>
        from < _below && to == 1 ? $"[below {Bins.Text(_edges[0])}]"
        : from >= _edges.Length - 1 + _below ? $"[above {Bins.Text(_edges[^1])}]"
        : $"[{Bins.Text(Leaves[from])},{Bins.Text(Leaves[to])}{(to == Count || to == _edges.Length - 1 + _below ? ']' : ')')}";
}
