namespace SecureAggregation.Statistics.Internal.Blocks;

/// <summary>Rows in each pair of declared keys of two columns. The cells are disjoint; rows with another value in either column do not count.</summary>
internal sealed class ContingencyBlock : LayoutBlock
{
    private readonly GroupIndex _pairs;

    public ContingencyBlock(BlockPlace place)
        : base(place)
    {
        Table = (ContingencyMeasure)Measures[0];
        _pairs = new GroupIndex(place.Analysis, [Table.Rows, Table.Across]);
        Segments = Lay(("pairs", 1, BlockBudget.Whole, from row in Table.Rows.Keys from across in Table.Across.Keys select ($"[{row},{across}]", 1L)));
    }

    /// <summary>What is asked. Another measure of the same columns has the same name, which the rules refuse.</summary>
    public ContingencyMeasure Table { get; }

    internal override int KeyLength => 1;

    internal override bool TryEncode(IRecord record, Span<long> key)
    {
        key[0] = _pairs.Of(record);
        return key[0] >= 0;
    }

    internal override void Add(Span<Int128> cells, ReadOnlySpan<long> key) => cells[(int)key[0]]++;

    internal override void Release(Scope scope, ICollection<ReleasedStatistic> into) => TableReport.Write(this, scope, into);
}
