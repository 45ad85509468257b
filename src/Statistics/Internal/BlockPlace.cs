using SecureAggregation.Privacy;

namespace SecureAggregation.Statistics.Internal;

/// <summary>What a block is made from.</summary>
/// <param name="Analysis">The whole analysis.</param>
/// <param name="Measures">The measures that are computed from the block.</param>
/// <param name="Offset">Where it begins within a group's cells.</param>
/// <param name="CellCap">The greatest value that one row may add to a cell, a power of two.</param>
/// <param name="FineCap">The same for cells to which rows add real numbers.</param>
/// <param name="Budget">What it may spend.</param>
internal sealed record BlockPlace(Analysis Analysis, IReadOnlyList<Measure> Measures, int Offset, long CellCap, long FineCap, BlockBudget Budget);

/// <summary>A block's part of the query's ε, and what one person can do.</summary>
/// <param name="Epsilon">Of the whole query.</param>
/// <param name="Weight">The block's share of it is Weight/TotalWeight.</param>
/// <param name="TotalWeight">Of all blocks.</param>
/// <param name="RowsOfPerson">Rows of one person that count, over all groups.</param>
/// <param name="Shares">So many parties' noise is a whole draw; 1 where each adds one.</param>
internal sealed record BlockBudget(MicroEpsilon Epsilon, int Weight, int TotalWeight, int RowsOfPerson, int Shares)
{
    public const int Whole = 1000;

    public long EpsilonMicro => ((Epsilon.Micro * Weight) + TotalWeight - 1) / TotalWeight;

    /// <summary>A cell with the noise that hides one person in it and in those that change together with it.</summary>
    public BlockCell Cell(string name, long maxAbs, int together, int share)
    {
        var sensitivity = checked(maxAbs * RowsOfPerson);
        var (weight, total) = (checked((uint)(Weight * share)), checked((uint)(TotalWeight * Whole)));
        // Said here, as a rule of queries: the scale itself would refuse with an error that nobody who is asked takes for a refusal.
        if ((UInt128)(ulong)checked(sensitivity * together) * (ulong)MicroEpsilon.PerUnit * total / ((UInt128)(ulong)Epsilon.Micro * weight) >= NoiseScale.Most)
        {
            throw new AnalysisException(
                $"'{name}' needs noise beyond what can be drawn: epsilon {Epsilon}, of which it gets {weight}/{total}, is too little for {RowsOfPerson} rows of a person. Raise epsilon, or lower rows_per_person, groups_per_person or the other weights.");
        }

        var scale = NoiseScale.For(checked(sensitivity * together), Epsilon, weight, total);
        return new BlockCell(name, maxAbs, sensitivity, Shares > 1 ? new NoiseShare(scale, Shares) : new DiscreteLaplace(scale));
    }
}
