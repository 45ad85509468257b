using System.Numerics;
using SecureAggregation.Privacy;
using SecureAggregation.Statistics.Internal;

namespace SecureAggregation.Statistics;

/// <summary>
/// From an analysis to the vector of whole numbers that is summed: which cells there are, how much one person moves each, how much noise
/// hides that, and how many bits an element needs so that no total can overflow. Derived from the signed query alone, in whole-number
/// arithmetic and
/// IEEE basic operations, so every side gets the same.
/// </summary>
public sealed class VectorLayout
{
    /// <summary>The most cells.</summary>
    public const int MaxLength = 1 << 20;

    /// <summary>The most parties.</summary>
    public const int MaxParties = 10_000;

    // A row adds at most 2^30 to a cell: rounding is then a billionth of the range.
    private const int MaxCellBits = 30;
    private const int MinCellBits = 16;

    // What is a real number in each row, the parts of a model, is cut finer: its rounding then shows in no digit that people read.
    private const int MaxFineBits = 36;

    // The noise of all cells together stays below its bound but for 2^-100.
    private const int OverflowBits = 100;

    // What sums alone tell; tables and histograms would show small cells to whoever reads the transcript.
    private static readonly MeasureKind[] s_exact =
    [
        MeasureKind.Count, MeasureKind.Sum, MeasureKind.Mean, MeasureKind.Variance, MeasureKind.Sd, MeasureKind.Covariance, MeasureKind.Correlation, MeasureKind.Linear,
    ];

    private VectorLayout(Analysis analysis, MicroEpsilon epsilon, NoiseMode noise, int parties, int honest)
    {
        HonestParties = honest;
        Analysis = analysis;
        Epsilon = epsilon;
        Noise = noise;
        InvitedParties = parties;
        Groups = ListGroups(analysis.GroupBy);
        (Blocks, TotalWeight) = new BlockBuilder(analysis, epsilon, CellCap(analysis, parties, MaxCellBits), CellCap(analysis, parties, MaxFineBits), Groups.Count, Math.Max(1, honest)).Build();
        CellsPerGroup = Blocks.Sum(b => b.Cells.Count);
        var length = (long)CellsPerGroup * Groups.Count;
        if (length > MaxLength)
        {
            throw new AnalysisException(
                $"The query makes {length} cells ({CellsPerGroup} a group, {Groups.Count} groups); at most {MaxLength}. "
                + "Ask for fewer bins or groups.");
        }

        Length = (int)length;
        Bits = CountBits();
    }

    /// <summary>What is asked.</summary>
    public Analysis Analysis { get; }

    /// <summary>The ε of the whole query.</summary>
    public MicroEpsilon Epsilon { get; }

    /// <summary>Who adds the noise.</summary>
    public NoiseMode Noise { get; }

    /// <summary>h: so many parties' noise makes a whole draw, where they share it; else 0.</summary>
    public int HonestParties { get; }

    /// <summary>How many parties may send a vector.</summary>
    public int InvitedParties { get; }

    /// <summary>The number of cells.</summary>
    public int Length { get; }

    /// <summary>Bits an element, 8 to 64: totals are centred modulo 2^Bits.</summary>
    public int Bits { get; }

    /// <summary>The keys of each group, in the order of <see cref="Analysis.GroupBy"/>; one group without keys where nothing is
    /// grouped.</summary>
    public IReadOnlyList<IReadOnlyList<string>> Groups { get; }

    /// <summary>The blocks of every group.</summary>
    public IReadOnlyList<LayoutBlock> Blocks { get; }

    /// <summary>The cells of one group.</summary>
    public int CellsPerGroup { get; }

    /// <summary>The sum of the blocks' weights.</summary>
    public int TotalWeight { get; }

    /// <summary>All cells in the order of the vector: group by group, block by block.</summary>
    public IEnumerable<VectorCell> Cells =>
        from @group in Enumerable.Range(0, Groups.Count)
        from block in Enumerable.Range(0, Blocks.Count)
        from cell in Enumerable.Range(0, Blocks[block].Cells.Count)
        select new VectorCell(IndexOf(@group, Blocks[block], cell), block, @group, Blocks[block].Cells[cell]);

    /// <summary>The layout of a query.</summary>
    /// <param name="analysis">What is asked.</param>
    /// <param name="epsilon">The ε of the whole query.</param>
    /// <param name="noise">Who adds the noise.</param>
    /// <param name="invitedParties">How many parties may send a vector, 1 to 10,000.</param>
    /// <param name="honestParties">h: how many honest parties every total that can be opened holds at least. Read where the noise is
    /// <see cref="NoiseMode.Distributed"/>: it is split into so many shares.</param>
    /// <exception cref="AnalysisException">The mode does not fit the query, or the vector would be too long or its elements too wide.</exception>
    public static VectorLayout Create(Analysis analysis, MicroEpsilon epsilon, NoiseMode noise, int invitedParties, int honestParties = 0)
    {
        ArgumentNullException.ThrowIfNull(analysis);
        if (!Enum.IsDefined(noise)) throw new AnalysisException($"noise is {noise}; it must be local, distributed or none.");
        if (!epsilon.IsSet) throw new AnalysisException("epsilon is 0; it must be greater than 0, e.g. 0.5.");
        if (invitedParties is < 1 or > MaxParties)
        {
            throw new AnalysisException($"{invitedParties} parties are invited; it must be 1 to {MaxParties}.");
        }

        if (noise == NoiseMode.None) RequireSums(analysis);
        if (noise != NoiseMode.Distributed) return new VectorLayout(analysis, epsilon, noise, invitedParties, 0);
        return honestParties >= 1 && honestParties <= invitedParties
            ? new VectorLayout(analysis, epsilon, noise, invitedParties, honestParties)
            : throw new AnalysisException(
                $"noise is distributed, and of {invitedParties} parties every total is sure to hold the noise of {honestParties} honest ones; "
                + "at least one must be. Raise min_survivors above the roster's colluders, or use 'noise: local'.");
    }

    /// <summary>How many whole draws the noise of so many parties amounts to, times cells where cells are added up: as many for local noise, by h
    /// where the parties share it, none where there is none.</summary>
    public double Draws(long parties) => Noise switch
    {
        NoiseMode.Local => parties,
        NoiseMode.Distributed => (double)parties / HonestParties,
        _ => 0,
    };

    /// <summary>The place of a block's cell in the vector.</summary>
    public int IndexOf(int group, LayoutBlock block, int cell)
    {
        ArgumentNullException.ThrowIfNull(block);
        return (group * CellsPerGroup) + block.Offset + cell;
    }

    /// <summary>A ring element as a signed number: elements from 2^(Bits−1) on are negative.</summary>
    /// <param name="element">Below 2^<see cref="Bits"/>.</param>
    public Int128 Centre(ulong element)
    {
        var modulus = Int128.One << Bits;
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((Int128)element, modulus, nameof(element));
        return element >= 1UL << (Bits - 1) ? (Int128)element - modulus : element;
    }

    /// <summary>The totals of a round as signed numbers.</summary>
    /// <exception cref="AnalysisException">There are more or fewer than <see cref="Length"/> elements.</exception>
    public Int128[] Centre(ReadOnlySpan<ulong> elements)
    {
        if (elements.Length != Length)
        {
            throw new AnalysisException($"The vector has {elements.Length} elements; this query's has {Length}.");
        }

        var totals = new Int128[elements.Length];
        for (var i = 0; i < totals.Length; i++) totals[i] = Centre(elements[i]);
        return totals;
    }

    private static void RequireSums(Analysis analysis)
    {
        if (analysis.GroupBy.Count > 0) throw new AnalysisException("noise is none, which takes no group_by: small groups would be seen as they are. Use 'noise: local' or distributed.");
        if (analysis.Measures.FirstOrDefault(m => !s_exact.Contains(m.Kind)) is { } other)
        {
            throw new AnalysisException(
                $"noise is none, which takes {string.Join(", ", s_exact.Select(k => k.Word()))} only; {other.Name} would show small cells as they are. Use 'noise: local' or distributed.");
        }

        // The cross products of two categories' labels are their table, and a count of a derived column is one of its cells.
        if (analysis.Measures.OfType<LinearMeasure>().FirstOrDefault(m => m.Predictors.Any(p => !analysis.Describe(p).IsNumeric)) is { } model)
        {
            throw new AnalysisException(
                $"noise is none, which takes no categories as predictors; {model.Name} would show tables of them as they are. Use numbers, or 'noise: local' or distributed.");
        }

        if (analysis.Derived.Count > 0)
        {
            throw new AnalysisException(
                $"noise is none, which takes no derived columns; counts of '{analysis.Derived[0].Name}' and others like it would be a table without noise. Use 'noise: local' or distributed.");
        }
    }

    /// <summary>The greatest power of two, of at most so many bits, that totals of all parties' rows can carry with a bit to spare for
    /// noise.</summary>
    private static long CellCap(Analysis analysis, int parties, int most)
    {
        for (var bits = most; bits >= MinCellBits; bits--)
        {
            if ((BigInteger)parties * analysis.RowsPerParty << bits <= BigInteger.One << 62) return 1L << bits;
        }

        throw new AnalysisException(
            $"{parties} parties of up to {analysis.RowsPerParty} rows need more than 64 bits an element; give a lower rows_per_party.");
    }

    private static IReadOnlyList<IReadOnlyList<string>> ListGroups(IReadOnlyList<GroupBy> groupBy)
    {
        IEnumerable<IReadOnlyList<string>> groups = [[]];
        foreach (var group in groupBy) groups = groups.SelectMany(g => group.Keys.Select(k => (IReadOnlyList<string>)[.. g, k]));
        return [.. groups];
    }

    private int CountBits()
    {
        var tail = OverflowBits + BitOperations.Log2((uint)Length) + 1;
        var most = Blocks.SelectMany(b => b.Cells)
            .DistinctBy(c => (c.MaxAbs, c.Noise.Scale))
            .Max(c => ((BigInteger)InvitedParties * Analysis.RowsPerParty * c.MaxAbs) + (Noise == NoiseMode.None ? 0 : NoiseSum.Bound(c.Noise.Scale, Draws(InvitedParties), tail)));
        var bits = (int)most.GetBitLength() + 1;
        return bits <= 64
            ? Math.Max(bits, 8)
            : throw new AnalysisException(
                $"The query needs {bits} bits an element; at most 64. Give a lower rows_per_party (now "
                + $"{Analysis.RowsPerParty}), a coarser resolution or a higher epsilon.");
    }
}
