namespace SecureAggregation.Statistics;

/// <summary>
/// One number for people. The interval covers the privacy noise only, not the chance of which persons are in the data.
/// </summary>
public sealed record ReleasedStatistic
{
    /// <summary>Stable: "count", "mean(age)", "mean(age){sex=male}", "histogram(age)[30,40)",
    /// "histogram(age)[outside]{sex=male}".</summary>
    public required string Name { get; init; }

    /// <summary>The measure of the query that it belongs to, by <see cref="Statistics.Measure.Name"/>.</summary>
    public string Measure { get; init; } = "";

    /// <summary>What it is.</summary>
    public required MeasureKind Kind { get; init; }

    /// <summary>The column; empty for a count of rows.</summary>
    public required string Column { get; init; }

    /// <summary>"sex=male,cp=typical" for a group; empty for no grouping, and for the sum of all groups.</summary>
    public required string Group { get; init; }

    /// <summary>"[30,40)", "[outside]" or "[label]" of a histogram; empty otherwise.</summary>
    public string Bin { get; init; } = "";

    /// <summary>What it says of <see cref="Name"/>: empty for the value itself, else e.g. "se", "t", "p", "or".</summary>
    public string Quantity { get; init; } = "";

    /// <summary>The unit; empty for counts and ratios.</summary>
    public string Unit { get; init; } = "";

    /// <summary>The estimate; null if withheld. Sums are the noised total itself; so are counts, but see <see cref="Repairs.Zero"/>.</summary>
    public double? Value { get; init; }

    /// <summary>The lower end of the interval; null if withheld.</summary>
    public double? Low { get; init; }

    /// <summary>The upper end of the interval; null if withheld.</summary>
    public double? High { get; init; }

    /// <summary>The probability with which the interval covers the total without noise, e.g. 0.95.</summary>
    public required double Confidence { get; init; }

    /// <summary>The part of the query's ε that its block of cells spent, in millionths, rounded up.</summary>
    public required long EpsilonMicro { get; init; }

    /// <summary>Who added the noise.</summary>
    public required NoiseMode Noise { get; init; }

    /// <summary>The lower bound that values were clamped to; null for counts.</summary>
    public double? BoundLow { get; init; }

    /// <summary>The upper bound that values were clamped to; null for counts.</summary>
    public double? BoundHigh { get; init; }

    /// <summary>How many parties are in the total.</summary>
    public required int Contributors { get; init; }

    /// <summary>Why the number is not shown; empty if it is.</summary>
    public string Withheld { get; init; } = "";

    /// <summary>How the interval was computed.</summary>
    public string Method { get; init; } = "";

    /// <summary>Whether it is a number of rows.</summary>
    public bool IsRows => Quantity.Length == 0
        ? Kind is MeasureKind.Count or MeasureKind.Histogram or MeasureKind.Compare or MeasureKind.Contingency or MeasureKind.Top
        : Quantity is "n" or "events" or "others" or "at_risk";

    /// <summary>A number of rows and its interval cut off at 0; everything else as it is.</summary>
    internal ReleasedStatistic ClipAtZero() => IsRows && Value is not null
        ? this with { Value = Math.Max(0, Value.Value), Low = Math.Max(0, Low ?? 0), High = Math.Max(0, High ?? 0) }
        : this;
}

/// <summary>How totals are turned into numbers for people. Costs no ε: it sees noised totals only.</summary>
/// <param name="Confidence">Of the intervals, between 0.5 and 0.999999.</param>
/// <param name="MinimumCohort">Numbers that rest on fewer (noised) rows are withheld; 0 shows everything. Without noise it is 11 at least.</param>
/// <param name="Repairs">What is done to numbers that noise has made impossible.</param>
public sealed record ReleaseOptions(double Confidence = 0.95, int MinimumCohort = 10, Repairs Repairs = Repairs.All)
{
    internal bool Has(Repairs repair) => (Repairs & repair) != Repairs.None;
}
