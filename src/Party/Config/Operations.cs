using SecureAggregation.Statistics;

namespace SecureAggregation.Party.Config;

/// <summary>Operations by the names that a policy file uses, which are those of queries.</summary>
internal static class Operations
{
    public static IReadOnlyList<string> Names { get; } = [.. MeasureKinds.All.Select(Name)];

    /// <summary>Those that may be asked without noise: numbers over all rows, no tables.</summary>
    public static IReadOnlyList<string> Exact { get; } =
    [
        .. ((MeasureKind[])[
            MeasureKind.Count, MeasureKind.Sum, MeasureKind.Mean, MeasureKind.Variance, MeasureKind.Sd, MeasureKind.Covariance, MeasureKind.Correlation, MeasureKind.Linear,
        ]).Select(Name),
    ];

    public static string Name(MeasureKind kind) => kind.Word();
}
