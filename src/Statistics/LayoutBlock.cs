using SecureAggregation.Privacy;
using SecureAggregation.Statistics.Internal;

namespace SecureAggregation.Statistics;

/// <summary>One whole number of the vector.</summary>
/// <param name="Index">Its place.</param>
/// <param name="Block">The block in <see cref="VectorLayout.Blocks"/>.</param>
/// <param name="Group">The group in <see cref="VectorLayout.Groups"/>.</param>
/// <param name="Cell">The cell of the block, the same in every group.</param>
public readonly record struct VectorCell(int Index, int Block, int Group, BlockCell Cell);

/// <summary>A cell of a block: what it sums and how it is noised.</summary>
/// <param name="Name">What it sums, for people: "n", "sum", "[30,40)".</param>
/// <param name="MaxAbs">The greatest absolute value that one row adds.</param>
/// <param name="Sensitivity">How much one person moves it: <paramref name="MaxAbs"/> × counted rows of a person.</param>
/// <param name="Noise">The noise that one party adds, where the layout has any.</param>
public sealed record BlockCell(string Name, long MaxAbs, long Sensitivity, INoise Noise);

/// <summary>
/// Cells of a block that share a part of its ε and are bounded together: of one row, at most <see cref="Together"/> of them are not 0, so noise
/// of the scale <c>Sensitivity · Together / ε</c> in each cell hides any row: Σ |change| / scale ≤ ε.
/// </summary>
public sealed record Segment
{
    internal Segment(string name, int start, IReadOnlyList<BlockCell> cells, int together, int share) =>
        (Name, Start, Cells, Together, Share) = (name, start, cells, together, share);

    /// <summary>What it holds, for people: "n", "sums", "bins".</summary>
    public string Name { get; }

    /// <summary>Where it begins within the block.</summary>
    public int Start { get; }

    /// <summary>Its cells.</summary>
    public IReadOnlyList<BlockCell> Cells { get; }

    /// <summary>How many of the cells one row can change.</summary>
    public int Together { get; }

    /// <summary>Its part of the block's ε, in thousandths.</summary>
    public int Share { get; }
}

/// <summary>
/// Cells that belong together and are paid for once: the rows of a group, the moments of one column, the bins of a histogram, the cross products of
/// several columns. A kind of block is a class in Internal/Blocks: which cells, what a row adds to them, what their totals say.
/// </summary>
public abstract class LayoutBlock
{
    private protected LayoutBlock(BlockPlace place)
    {
        Offset = place.Offset;
        Measures = place.Measures;
        Budget = place.Budget;
    }

    /// <summary>Where it begins within a group's cells.</summary>
    public int Offset { get; }

    /// <summary>The measures that are computed from it.</summary>
    public IReadOnlyList<Measure> Measures { get; }

    /// <summary>Its segments, one after the other.</summary>
    public IReadOnlyList<Segment> Segments { get; private protected init; } = [];

    /// <summary>All cells of all segments.</summary>
    public IReadOnlyList<BlockCell> Cells => field ??= [.. Segments.SelectMany(s => s.Cells)];

    /// <summary>Its share of ε, of <see cref="VectorLayout.TotalWeight"/>: that of its heaviest measure.</summary>
    public int Weight => Budget.Weight;

    /// <summary>The part of the query's ε that it spends, in millionths, rounded up.</summary>
    public long EpsilonMicro => Budget.EpsilonMicro;

    /// <summary>How many numbers of a row it needs: see <see cref="TryEncode"/>.</summary>
    internal abstract int KeyLength { get; }

    /// <summary>
    /// Whether rows of a person are counted once a key rather than once a group: then <c>key[0]</c> says which (occurrence of declared keys).
    /// </summary>
    internal virtual bool CountsKeys => false;

    private protected BlockBudget Budget { get; }

    /// <summary>What this block needs to remember of a row until it is known that the row counts; false if it does not count here.</summary>
    /// <param name="record">The row.</param>
    /// <param name="key">Of <see cref="KeyLength"/>; written if the row counts.</param>
    internal abstract bool TryEncode(IRecord record, Span<long> key);

    /// <summary>Adds a row to the block's cells of its group.</summary>
    /// <param name="cells">This block's cells, in the order of <see cref="Cells"/>.</param>
    /// <param name="key">What <see cref="TryEncode"/> wrote.</param>
    internal abstract void Add(Span<Int128> cells, ReadOnlySpan<long> key);

    /// <summary>The statistics of one group, or of all groups added up.</summary>
    internal abstract void Release(Scope scope, ICollection<ReleasedStatistic> into);

    /// <summary>What compares the groups with each other; nothing for most kinds.</summary>
    /// <param name="groups">The scopes of all groups, at least two.</param>
    /// <param name="into">Where the statistics go; their group is empty.</param>
    internal virtual void Compare(IReadOnlyList<Scope> groups, ICollection<ReleasedStatistic> into)
    {
    }

    /// <summary>Lays segments one after the other.</summary>
    /// <param name="segments">Each with its name, how many cells a row changes together, its share of ε in thousandths, and its cells.</param>
    private protected IReadOnlyList<Segment> Lay(params ReadOnlySpan<(string Name, int Together, int Share, IEnumerable<(string Name, long MaxAbs)> Cells)> segments)
    {
        var laid = new List<Segment>();
        var start = 0;
        foreach (var (name, together, share, cells) in segments)
        {
            var made = cells.Select(c => Budget.Cell(c.Name, c.MaxAbs, together, share)).ToArray();
            laid.Add(new Segment(name, start, made, together, share));
            start += made.Length;
        }

        return laid;
    }
}
