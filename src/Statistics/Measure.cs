namespace SecureAggregation.Statistics;

/// <summary>What is computed.</summary>
public enum MeasureKind
{
    /// <summary>Rows; with a column, rows in which it is present.</summary>
    Count = 1,

    /// <summary>Sum of a column.</summary>
    Sum = 2,

    /// <summary>Mean of a column.</summary>
    Mean = 3,

    /// <summary>Sample variance (n − 1) of a column.</summary>
    Variance = 4,

    /// <summary>Sample standard deviation of a column.</summary>
    Sd = 5,

    /// <summary>Rows a bin of a number column, or a label of a category.</summary>
    Histogram = 6,
}

/// <summary>One statistic that a query asks for.</summary>
/// <param name="Kind">What is computed.</param>
/// <param name="Column">Of which column; empty only for a count of rows.</param>
/// <param name="Edges">Histogram of numbers: ascending edges, n + 1 for n bins; a bin holds its lower edge, the last one both. Empty otherwise.</param>
/// <param name="Weight">Share of ε, 1 to 1000.</param>
public sealed record Measure(MeasureKind Kind, string Column, IReadOnlyList<double> Edges, int Weight = 1)
{
    /// <summary>The most bins of a histogram.</summary>
    public const int MaxBins = 1000;

    /// <summary>The greatest weight.</summary>
    public const int MaxWeight = 1000;

    /// <summary>A measure without edges.</summary>
    public Measure(MeasureKind kind, string column = "", int weight = 1)
        : this(kind, column, [], weight)
    {
    }

    /// <summary>E.g. "count", "mean(age)".</summary>
    public string Name => Column.Length == 0 ? KindName(Kind) : $"{KindName(Kind)}({Column})";

    internal static string KindName(MeasureKind kind) => kind switch
    {
        MeasureKind.Count => "count",
        MeasureKind.Sum => "sum",
        MeasureKind.Mean => "mean",
        MeasureKind.Variance => "variance",
        MeasureKind.Sd => "sd",
        MeasureKind.Histogram => "histogram",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "An unknown kind of measure."),
    };
}

/// <summary>One column to group by, with its declared keys: labels of a category, or whole numbers as text.</summary>
/// <param name="Column">The column.</param>
/// <param name="Keys">Which values get a group, in display order; rows with any other value are in no group.</param>
public sealed record GroupBy(string Column, IReadOnlyList<string> Keys);
