using SecureAggregation.Statistics.Internal.Estimators;

namespace SecureAggregation.Statistics.Internal.Blocks;

/// <summary>
/// Which declared labels of a category occur, and how often: a person counts once for each, and for so many labels as rows of a person count.
/// </summary>
internal sealed class KeysBlock : LayoutBlock
{
    private readonly int _index;
    private readonly SchemaColumn _column;

    public KeysBlock(BlockPlace place)
        : base(place)
    {
        _index = place.Analysis.IndexOf(Measures[0].Columns[0]);
        _column = place.Analysis.Describe(_index);
        Segments = Lay(("keys", 1, BlockBudget.Whole, _column.Categories.Select(c => ($"[{c}]", 1L))));
    }

    internal override int KeyLength => 1;

    internal override bool CountsKeys => true;

    internal override bool TryEncode(IRecord record, Span<long> key)
    {
        key[0] = record.GetCategory(_index);
        return key[0] >= 0;
    }

    internal override void Add(Span<Int128> cells, ReadOnlySpan<long> key) => cells[(int)key[0]]++;

    internal override void Release(Scope scope, ICollection<ReleasedStatistic> into)
    {
        double[] counts = [.. Enumerable.Range(0, Cells.Count).Select(i => scope[i])];
        // All labels at once: a place, or a number of labels, is wrong if any of them is.
        var together = scope.HalfWidth(0, scope.Alpha / counts.Length);
        foreach (var measure in Measures)
        {
            if (measure is TopMeasure top) Top(top, scope, counts, together, into);
            else Distinct(measure, scope, counts, together, into);
        }
    }

    private void Distinct(Measure measure, Scope scope, double[] counts, double together, ICollection<ReleasedStatistic> into)
    {
        var bare = scope.Bare(measure.Name, MeasureKind.Distinct, _column.Name);
        into.Add(scope.TooFew(counts.Sum()) ? scope.Withhold(bare) : bare with
        {
            Value = Keys.Distinct(counts, scope.HalfWidth(0, scope.Alpha)),
            Low = Keys.Distinct(counts, together),
            // A label that nobody has cannot be told from one that somebody has where the noise may have hidden one row.
            High = counts.Count(c => c + together >= 1),
            Method = "labels whose count is above its noise; from those that are for all labels at once to those that cannot be excluded",
        });
    }

    /// <summary>Each of the most frequent with its count, and the places that it may have: above whoever is surely fewer, below whoever is surely more.</summary>
    private void Top(TopMeasure measure, Scope scope, double[] counts, double together, ICollection<ReleasedStatistic> into)
    {
        var place = 0;
        foreach (var i in Keys.Top(counts, measure.Count))
        {
            place++;
            into.Add(scope.Counted(scope.Bare(measure.Name, MeasureKind.Top, _column.Name, Cells[i].Name), i));
            var rank = scope.Bare(measure.Name, MeasureKind.Top, _column.Name, Cells[i].Name, "place");
            into.Add(scope.TooFew(counts[i]) ? scope.Withhold(rank) : rank with
            {
                Value = place,
                Low = 1 + counts.Count(c => c - together > counts[i] + together),
                High = counts.Count(c => c + together >= counts[i] - together),
                Method = "noise of all labels at once",
            });
        }
    }
}
