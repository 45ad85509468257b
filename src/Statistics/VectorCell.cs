using SecureAggregation.Privacy;
using SecureAggregation.Statistics.Internal;

namespace SecureAggregation.Statistics;

/// <summary>What a cell sums over the rows of its group.</summary>
public enum CellRole
{
    /// <summary>1 for each row that counts (with a column: in which it is present).</summary>
    Count = 1,

    /// <summary>z: the distance from the middle of the bounds in half steps.</summary>
    Sum = 2,

    /// <summary>z², divided by the block's square divisor.</summary>
    Square = 3,

    /// <summary>1 for each row in the bin.</summary>
    Bin = 4,

    /// <summary>1 for each row whose value lies outside of all bins.</summary>
    Outside = 5,
}

/// <summary>One whole number of the vector.</summary>
/// <param name="Index">Its place.</param>
/// <param name="Block">The block in <see cref="VectorLayout.Blocks"/>.</param>
/// <param name="Group">The group in <see cref="VectorLayout.Groups"/>.</param>
/// <param name="Cell">The cell of the block, the same in every group.</param>
public readonly record struct VectorCell(int Index, int Block, int Group, BlockCell Cell);

/// <summary>A cell of a block: what it sums and how it is noised.</summary>
/// <param name="Role">What it sums.</param>
/// <param name="Bin">Of a <see cref="CellRole.Bin"/>, which; 0 otherwise.</param>
/// <param name="MaxAbs">The greatest absolute value that one row adds.</param>
/// <param name="Sensitivity">How much one person moves it: <paramref name="MaxAbs"/> × rows per person.</param>
/// <param name="Noise">The noise that one party adds.</param>
public sealed record BlockCell(CellRole Role, int Bin, long MaxAbs, long Sensitivity, DiscreteLaplace Noise);

/// <summary>
/// Cells that belong together and are paid for once: the rows of a group; the moments (n, Σz, Σz²) of one column, shared by its count, sum,
/// mean, variance and standard deviation; the bins of one histogram.
/// </summary>
public sealed class LayoutBlock
{
    internal LayoutBlock(int offset, int column, IReadOnlyList<Measure> measures, IReadOnlyList<BlockCell> cells, Quantiser? quantiser, int weight)
    {
        Offset = offset;
        Column = column;
        Measures = measures;
        Cells = cells;
        Quantiser = quantiser;
        Weight = weight;
    }

    /// <summary>Where it begins within a group's cells.</summary>
    public int Offset { get; }

    /// <summary>The column in <see cref="Analysis.Columns"/>; −1 for the rows.</summary>
    public int Column { get; }

    /// <summary>The measures that are computed from it.</summary>
    public IReadOnlyList<Measure> Measures { get; }

    /// <summary>Its cells.</summary>
    public IReadOnlyList<BlockCell> Cells { get; }

    /// <summary>Its share of ε, of <see cref="VectorLayout.TotalWeight"/>: that of its heaviest measure.</summary>
    public int Weight { get; }

    /// <summary>How values become whole numbers; null where rows are only counted.</summary>
    internal Quantiser? Quantiser { get; }

    /// <summary>Whether it is a histogram.</summary>
    internal bool IsHistogram => Measures[0].Kind == MeasureKind.Histogram;
}
