namespace SecureAggregation.Statistics.Internal.Blocks;

/// <summary>The rows of a group.</summary>
internal sealed class RowsBlock : LayoutBlock
{
    public RowsBlock(BlockPlace place)
        : base(place) => Segments = Lay(("n", 1, BlockBudget.Whole, [("n", 1L)]));

    internal override int KeyLength => 0;

    internal override bool TryEncode(IRecord record, Span<long> key) => true;

    internal override void Add(Span<Int128> cells, ReadOnlySpan<long> key) => cells[0]++;

    internal override void Release(Scope scope, ICollection<ReleasedStatistic> into) =>
        into.Add(scope.Counted(scope.Bare(Measures[0].Name, MeasureKind.Count, ""), 0));
}
