using SecureAggregation.Privacy;

namespace SecureAggregation.Statistics.Internal;

/// <summary>The totals of one block in one group, or of all groups added up, with what is known of their noise.</summary>
/// <param name="layout">The layout.</param>
/// <param name="block">The block.</param>
/// <param name="group">"sex=male", or empty for no grouping and for all groups together.</param>
/// <param name="totals">The block's cells.</param>
/// <param name="contributors">How many parties are in the totals.</param>
/// <param name="groups">How many groups' cells were added up: each brought its own noise.</param>
/// <param name="options">Confidence and minimum cohort.</param>
internal sealed class Scope(
    VectorLayout layout, LayoutBlock block, string group, IReadOnlyList<Int128> totals, int contributors, int groups, ReleaseOptions options)
{
    private readonly Dictionary<NoiseScale, NoiseSum> _single = [];

    public VectorLayout Layout => layout;

    public LayoutBlock Block => block;

    public string Group => group;

    public int Contributors => contributors;

    public ReleaseOptions Options => options;

    /// <summary>1 − confidence.</summary>
    public double Alpha { get; } = 1 - options.Confidence;

    /// <summary>How many whole draws of a cell's noise are in its total: parties × groups, by h where they share the noise, 0 where there is
    /// none.</summary>
    public double Draws { get; } = layout.Draws((long)contributors * groups);

    /// <summary>The total of a cell, noise included.</summary>
    public double this[int cell] => (double)totals[cell];

    /// <summary>A cell's noise as a part of a linear combination.</summary>
    public NoiseTerm Term(int cell, double coefficient = 1) => new(coefficient, block.Cells[cell].Noise.Whole, Draws);

    /// <summary>The half width of the interval of one cell.</summary>
    public double HalfWidth(int cell, double alpha)
    {
        if (Draws == 0) return 0;
        var noise = block.Cells[cell].Noise;
        if (!_single.TryGetValue(noise.Scale, out var sum)) _single[noise.Scale] = sum = new NoiseSum(noise.Whole, Draws);
        return sum.HalfWidth(alpha);
    }

    /// <summary>The standard deviation of the noise in one cell.</summary>
    public double Deviation(int cell) => Math.Sqrt(block.Cells[cell].Noise.Whole.Variance * Draws);

    /// <summary>A noised count can be below 0, so "no minimum" is a case of its own.</summary>
    public bool TooFew(double rows) => options.MinimumCohort > 0 && rows < options.MinimumCohort;

    public ReleasedStatistic Withhold(ReleasedStatistic bare) => bare with { Withheld = $"fewer than {options.MinimumCohort} rows" };

    /// <summary>The totals do not tell: said instead of a number that would be false.</summary>
    /// <param name="bare">The statistic without value.</param>
    /// <param name="why">E.g. "the person-time is within its noise of 0".</param>
    public static ReleasedStatistic Undetermined(ReleasedStatistic bare, string why) => bare with { Withheld = $"not determined: {why}" };

    /// <summary>A statistic without its value yet.</summary>
    /// <param name="measure">What it is called in the query: <see cref="Measure.Name"/>.</param>
    /// <param name="kind">The kind.</param>
    /// <param name="column">The column, empty for rows; of several the first.</param>
    /// <param name="bin">"[30,40)", a label, a term of a model; empty for the whole.</param>
    /// <param name="quantity">"se", "p", …; empty for the value itself.</param>
    /// <param name="unit">The unit; empty for counts and ratios.</param>
    public ReleasedStatistic Bare(string measure, MeasureKind kind, string column, string bin = "", string quantity = "", string unit = "") => new()
    {
        Name = group.Length == 0 ? Named(measure, bin, quantity) : $"{Named(measure, bin, quantity)}{{{group}}}",
        Measure = measure,
        Kind = kind,
        Column = column,
        Group = group,
        Bin = bin,
        Quantity = quantity,
        Unit = unit,
        Confidence = options.Confidence,
        EpsilonMicro = block.EpsilonMicro,
        Noise = layout.Noise,
        Contributors = contributors,
    };

    /// <summary>A statistic that compares the groups, without its value yet: it belongs to none of them.</summary>
    public ReleasedStatistic Between(string measure, MeasureKind kind, string column, string bin = "", string quantity = "", string unit = "") =>
        Bare(measure, kind, column, bin, quantity, unit) with { Name = Named(measure, bin, quantity), Group = "" };

    /// <summary>A count of rows that is one cell: itself, with the exact interval, or withheld if it is of too few.</summary>
    public ReleasedStatistic Counted(ReleasedStatistic bare, int cell)
    {
        var value = this[cell];
        if (TooFew(value)) return Withhold(bare);
        var half = HalfWidth(cell, Alpha);
        return bare with { Value = value, Low = value - half, High = value + half, Method = Methods.Exact };
    }

    private static string Named(string measure, string bin, string quantity) => measure + bin + (quantity.Length == 0 ? "" : " " + quantity);
}
