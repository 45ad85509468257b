using SecureAggregation.Statistics.Internal.Estimators;

namespace SecureAggregation.Statistics.Internal.Blocks;

/// <summary>
/// Rows with and without the outcome in each bin of a score. The cells are disjoint; scores beyond the edges count in the first and last bin, and the
/// threshold of a bin is its lower edge.
/// </summary>
internal sealed class RocBlock : LayoutBlock
{
    private readonly RocMeasure _measure;
    private readonly int _score;
    private readonly Outcome _outcome;
    private readonly double[] _edges;

    public RocBlock(BlockPlace place)
        : base(place)
    {
        // One measure a block: another of the same columns has the same name, which the rules refuse.
        _measure = (RocMeasure)Measures[0];
        _score = place.Analysis.IndexOf(_measure.Score);
        _outcome = new Outcome(place.Analysis, _measure.Outcome);
        _edges = [.. _measure.Edges];
        var bins = Enumerable.Range(0, Count).Select(i => Bins.Name(_edges, i)).ToArray();
        Segments = Lay(("scores", 1, BlockBudget.Whole, [.. bins.Select(b => ($"{b} {_outcome.Event}", 1L)), .. bins.Select(b => ($"{b} others", 1L))]));
    }

    internal override int KeyLength => 1;

    private int Count => _edges.Length - 1;

    internal override bool TryEncode(IRecord record, Span<long> key)
    {
        if (!record.TryGetNumber(_score, out var score) || double.IsNaN(score) || !_outcome.TryRead(record, out var happened)) return false;
        key[0] = Math.Clamp(Bins.Find(_edges, score), 0, Count - 1) + (happened == 1 ? 0 : Count);
        return true;
    }

    internal override void Add(Span<Int128> cells, ReadOnlySpan<long> key) => cells[(int)key[0]]++;

    internal override void Release(Scope scope, ICollection<ReleasedStatistic> into)
    {
        ReleasedStatistic[] bare =
        [
            Bare("", "auc"), Bare("", "se"), Bare("", "events"), Bare("", "others"),
            .. _edges.SkipLast(1).SelectMany(e => (ReleasedStatistic[])[Bare($"[≥{Bins.Text(e)}]", "tpr"), Bare($"[≥{Bins.Text(e)}]", "fpr")]),
        ];
        var margins = new Margins(
        [
            (_outcome.Event, Enumerable.Range(0, Count).Select(i => (scope, i)).ToArray()),
            ("the others", Enumerable.Range(Count, Count).Select(i => (scope, i)).ToArray()),
        ]);
        if (margins.AreFew)
        {
            foreach (var statistic in bare) into.Add(scope.Withhold(statistic));
            return;
        }

        var found = new List<ReleasedStatistic>();
        Drawn.Write([scope], bare, cells => Values(cells[0]), found, margins.Near);
        // The error turns round at an area of a half, so draws around the released area do not say how far it may be from the true one.
        found[1] = Error(found[0], found[1], found[2], found[3]);
        foreach (var statistic in found) into.Add(statistic);

        ReleasedStatistic Bare(string bin, string quantity) => scope.Bare(_measure.Name, MeasureKind.Roc, _measure.Score, bin, quantity);

        double[] Values(double[] cells) => RocCurve.Of(cells.AsSpan(0, Count), cells.AsSpan(Count), scope.Options.Has(Repairs.Monotone)).TryGet(out var curve)
            ? [curve.Auc, curve.StandardError, curve.Events, curve.Others, .. curve.Points.SkipLast(1).SelectMany(p => (double[])[p.Sensitivity, p.FalsePositiveRate])]
            : Drawn.None(bare.Length);
    }

    /// <summary>The standard error with what it can be for the area and the rows in their intervals.</summary>
    private static ReleasedStatistic Error(ReleasedStatistic area, ReleasedStatistic error, ReleasedStatistic events, ReleasedStatistic others)
    {
        if (error.Value is null || area is not { Low: { } low, High: { } high } || events is not { Low: { } fewest, High: { } most } || others is not { Low: { } least, High: { } all })
            return error;
        double[] areas = [low, high, Math.Clamp(0.5, low, high)];
        return error with
        {
            Low = Math.Min(error.Value.Value, areas.Min(a => RocCurve.ErrorOf(a, most, all))),
            High = Math.Max(error.Value.Value, areas.Max(a => RocCurve.ErrorOf(a, Math.Max(1, fewest), Math.Max(1, least)))),
            Method = "box of the area's and the rows' intervals",
        };
    }
}
