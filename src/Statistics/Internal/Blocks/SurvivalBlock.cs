namespace SecureAggregation.Statistics.Internal.Blocks;

/// <summary>
/// Time to an event: rows a time bin that ended with the event, rows a bin that were last seen in it, and rows that were still followed after the last
/// bin. The cells are disjoint, so a row changes one of them by 1. Rows from before the first edge, or without time or outcome, do not count.
/// </summary>
internal sealed class SurvivalBlock : LayoutBlock
{
    private readonly int _time;
    private readonly Outcome _outcome;
    private readonly double[] _edges;

    public SurvivalBlock(BlockPlace place)
        : base(place)
    {
        // One measure a block: another with the same columns has the same name, which the rules refuse.
        var measure = (SurvivalMeasure)Measures[0];
        _time = place.Analysis.IndexOf(measure.Time);
        _outcome = new Outcome(place.Analysis, measure.Event);
        _edges = [.. measure.Edges];
        Column = place.Analysis.Describe(_time);
        var bins = Enumerable.Range(0, Bins).Select(i => Blocks.Bins.Name(_edges, i)).ToArray();
        Segments = Lay((
            "events and censored", 1, BlockBudget.Whole,
            [.. bins.Select(b => ($"{b} {_outcome.Event}", 1L)), .. bins.Select(b => ($"{b} censored", 1L)), ("later", 1L)]));
    }

    /// <summary>The column of times.</summary>
    public SchemaColumn Column { get; }

    /// <summary>How many time bins.</summary>
    public int Bins => _edges.Length - 1;

    /// <summary>The edges of the time bins.</summary>
    public IReadOnlyList<double> Edges => _edges;

    internal override int KeyLength => 1;

    internal override bool TryEncode(IRecord record, Span<long> key)
    {
        if (!record.TryGetNumber(_time, out var time) || double.IsNaN(time) || time < _edges[0]) return false;
        if (!_outcome.TryRead(record, out var happened)) return false;
        var bin = Blocks.Bins.Find(_edges, time);
        key[0] = bin >= Bins ? 2 * Bins : bin + (happened == 1 ? 0 : Bins);
        return true;
    }

    internal override void Add(Span<Int128> cells, ReadOnlySpan<long> key) => cells[(int)key[0]]++;

    internal override void Release(Scope scope, ICollection<ReleasedStatistic> into) => SurvivalReport.Write(this, scope, into);

    internal override void Compare(IReadOnlyList<Scope> groups, ICollection<ReleasedStatistic> into) => SurvivalReport.Compare(this, groups, into);
}
