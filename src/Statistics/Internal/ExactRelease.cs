namespace SecureAggregation.Statistics.Internal;

/// <summary>
/// Totals without noise: each number is itself, and small counts are kept from view, also those that two shown counts would give away by their
/// difference. Who reads the transcript sees the totals all the same.
/// </summary>
internal static class ExactRelease
{
    /// <summary>Numbers that rest on fewer rows are withheld (the usual rule of statistical offices and registries).</summary>
    public const int SmallestCount = 11;

    public static IReadOnlyList<ReleasedStatistic> Of(IReadOnlyList<ReleasedStatistic> statistics)
    {
        // From the least up: who is within reach of a shown count would tell how many rows lie between.
        var shown = new List<double>();
        foreach (var count in statistics.Where(IsCount).Select(s => s.Value!.Value).Distinct().Order())
        {
            if (shown.Count == 0 || count - shown[^1] >= SmallestCount) shown.Add(count);
        }

        return [.. statistics.Select(s => IsCount(s) && !shown.Contains(s.Value!.Value)
            ? s with { Value = null, Low = null, High = null, Withheld = $"fewer than {SmallestCount} rows lie between it and another count", Method = "" }
            : s.Value is null ? s : s with { Low = s.Value, High = s.Value, Method = Methods.NoNoise })];
    }

    private static bool IsCount(ReleasedStatistic statistic) =>
        statistic.Value is not null && (statistic.Kind == MeasureKind.Count || statistic.Quantity == "n");
}
