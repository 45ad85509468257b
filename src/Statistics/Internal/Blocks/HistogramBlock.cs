namespace SecureAggregation.Statistics.Internal.Blocks;

/// <summary>Rows a bin of numbers and all others together, or rows a label of a category. A row is in one cell.</summary>
internal sealed class HistogramBlock : LayoutBlock
{
    private readonly SchemaColumn _column;
    private readonly int _index;
    private readonly double[] _edges;
    private readonly int _bins;

    public HistogramBlock(BlockPlace place)
        : base(place)
    {
        var measure = Measures[0];
        _index = place.Analysis.IndexOf(measure.Columns[0]);
        _column = place.Analysis.Describe(_index);
        _edges = measure is HistogramMeasure histogram ? [.. histogram.Edges] : [];
        _bins = _column.IsNumeric ? _edges.Length - 1 : _column.Categories.Count;
        var names = Enumerable.Range(0, _bins).Select(Bin);
        // A category has no value outside of its labels.
        if (_column.IsNumeric) names = names.Append("[outside]");
        Segments = Lay(("bins", 1, BlockBudget.Whole, names.Select(n => (n, 1L))));
    }

    internal override int KeyLength => 1;

    internal override bool TryEncode(IRecord record, Span<long> key)
    {
        if (!_column.IsNumeric)
        {
            key[0] = record.GetCategory(_index);
            return key[0] >= 0;
        }

        if (!record.TryGetNumber(_index, out var value) || double.IsNaN(value)) return false;
        var bin = Bins.Find(_edges, value);
        key[0] = bin < 0 || bin >= _bins ? _bins : bin;
        return true;
    }

    internal override void Add(Span<Int128> cells, ReadOnlySpan<long> key) => cells[(int)key[0]]++;

    internal override void Release(Scope scope, ICollection<ReleasedStatistic> into)
    {
        foreach (var measure in Measures.OfType<HistogramMeasure>())
        {
            for (var i = 0; i < Cells.Count; i++)
                into.Add(scope.Counted(scope.Bare(measure.Name, MeasureKind.Histogram, _column.Name, Cells[i].Name), i));
        }

        foreach (var measure in Measures.OfType<ColumnMeasure>()) TableReport.Shares(measure, scope, into);
    }

    internal override void Compare(IReadOnlyList<Scope> groups, ICollection<ReleasedStatistic> into)
    {
        foreach (var measure in Measures.OfType<ColumnMeasure>()) TableReport.Compare(measure, groups, into);
    }

    private string Bin(int i) => _column.IsNumeric ? Bins.Name(_edges, i) : $"[{_column.Categories[i]}]";
}
