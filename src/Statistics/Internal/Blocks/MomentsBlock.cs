using SecureAggregation.Privacy;

namespace SecureAggregation.Statistics.Internal.Blocks;

/// <summary>
/// The moments of a number column, shared by its count, sum, mean, variance and standard deviation: n, Σz and the sum of the centred squares
/// 2·(z²/D) − max, as far as the measures need them. The centring halves what one person moves the squares by; n gives it back after the sum.
/// </summary>
internal sealed class MomentsBlock : LayoutBlock
{
    private readonly int _index;
    private readonly SchemaColumn _column;

    public MomentsBlock(BlockPlace place)
        : base(place)
    {
        _index = place.Analysis.IndexOf(Measures[0].Columns[0]);
        _column = place.Analysis.Describe(_index);
        var depth = Measures.Max(m => Depth(m.Kind));
        if (depth > 1) Quantiser = new Quantiser(_column, place.CellCap);
        var n = new (string, long)[] { ("n", 1) };
        var sum = new (string, long)[] { ("sum", Quantiser?.Steps ?? 0) };
        // What each moment's noise does to the mean, or to the variance, at a mean half-way from the middle to a bound and a standard deviation of a
        // third of the range's half; a centred square is worth half a square.
        IReadOnlyList<int> shares = depth switch
        {
            1 => [BlockBudget.Whole],
            2 => EpsilonShares.Thousandths(new(1, 0.5m, 1), new(1, 1, 1)),
            _ => EpsilonShares.Thousandths(new(1, 0.64m, 1), new(1, 1, 1), new(1, 0.5m, 1)),
        };
        Segments = depth switch
        {
            1 => Lay(("n", 1, shares[0], n)),
            2 => Lay(("n", 1, shares[0], n), ("sum", 1, shares[1], sum)),
            _ => Lay(("n", 1, shares[0], n), ("sum", 1, shares[1], sum), ("squares", 1, shares[2], [("squares", Quantiser!.MaxSquare)])),
        };
    }

    /// <summary>How values become whole numbers; null where rows are only counted.</summary>
    public Quantiser? Quantiser { get; }

    /// <summary>The unit of the values.</summary>
    public string Unit => _column.Unit;

    internal override int KeyLength => 1;

    internal override bool TryEncode(IRecord record, Span<long> key)
    {
        key[0] = 0;
        if (!_column.IsNumeric) return record.GetCategory(_index) >= 0;
        if (!record.TryGetNumber(_index, out var value) || double.IsNaN(value)) return false;
        if (Quantiser is not null) key[0] = Quantiser.Z(value);
        return true;
    }

    internal override void Add(Span<Int128> cells, ReadOnlySpan<long> key)
    {
        cells[0]++;
        if (cells.Length > 1) cells[1] += key[0];
        if (cells.Length > 2) cells[2] += (2 * Quantiser!.Square(key[0])) - Quantiser.MaxSquare;
    }

    internal override void Release(Scope scope, ICollection<ReleasedStatistic> into)
    {
        // The number of rows behind a mean is a noised cell that was paid for already, so it is always shown.
        into.Add(scope.Counted(scope.Bare(new ColumnMeasure(MeasureKind.Count, _column.Name).Name, MeasureKind.Count, _column.Name), 0));
        var moments = new MomentIntervals(this, scope, scope.Alpha);
        foreach (var (kind, statistic) in Measures.SelectMany(Asked))
        {
            var bare = statistic with { BoundLow = Quantiser!.Low, BoundHigh = Quantiser.High };
            if (scope.TooFew(scope[0]))
            {
                into.Add(scope.Withhold(bare));
                continue;
            }

            var (estimate, method) = kind switch
            {
                MeasureKind.Sum => (moments.Sum(), Methods.Exact),
                MeasureKind.Mean => (moments.Mean(), Methods.Fieller),
                MeasureKind.Variance => (moments.Variance(), Methods.Profile),
                _ => (moments.Sd(), Methods.Profile),
            };
            into.Add(bare with { Value = estimate.Value, Low = estimate.Low, High = estimate.High, Method = method });
        }

        (MeasureKind, ReleasedStatistic)[] Asked(Measure measure) => measure.Kind switch
        {
            MeasureKind.Count => [],
            MeasureKind.Compare => [(MeasureKind.Mean, Bare(measure, "mean", Unit)), (MeasureKind.Sd, Bare(measure, "sd", Unit))],
            MeasureKind.Variance => [(measure.Kind, Bare(measure, "", Unit.Length > 0 ? $"({Unit})²" : ""))],
            _ => [(measure.Kind, Bare(measure, "", Unit))],
        };

        ReleasedStatistic Bare(Measure measure, string quantity, string unit) => scope.Bare(measure.Name, measure.Kind, _column.Name, "", quantity, unit);
    }

    internal override void Compare(IReadOnlyList<Scope> groups, ICollection<ReleasedStatistic> into)
    {
        foreach (var measure in Measures.OfType<ColumnMeasure>().Where(m => m.Of == MeasureKind.Compare)) MeansReport.Compare(measure, this, groups, into);
    }

    /// <summary>How many moments a measure needs.</summary>
    private static int Depth(MeasureKind kind) => kind switch
    {
        MeasureKind.Count => 1,
        MeasureKind.Sum or MeasureKind.Mean => 2,
        _ => 3,
    };
}
