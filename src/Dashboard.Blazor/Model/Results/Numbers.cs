using SecureAggregation.Statistics;

namespace SecureAggregation.Dashboard.Blazor.Model.Results;

/// <summary>Which number of a question is meant, in every round that asks it.</summary>
internal static class Numbers
{
    /// <summary>"mean(age){sex=male}", or "linear(chol ~ age)[age] se" for what is said of a number.</summary>
    public static string Key(this ReleasedStatistic statistic) => statistic.Quantity.Length == 0 ? statistic.Name : $"{statistic.Name} {statistic.Quantity}";

    public static bool IsShown(this ReleasedStatistic statistic) => statistic is { Withheld: "", Value: not null, Low: not null, High: not null };

    /// <summary>The number that stands for a round in a list: the first that is shown.</summary>
    public static ReleasedStatistic? Lead(this IReadOnlyList<ReleasedStatistic> statistics) => statistics.FirstOrDefault(IsShown) ?? (statistics.Count > 0 ? statistics[0] : null);

    public static ReleasedStatistic? Find(this IReadOnlyList<ReleasedStatistic> statistics, string? key) => key is null ? null : statistics.FirstOrDefault(s => s.Key() == key);

    /// <summary>P-values and degrees of freedom say how sure a test is; a difference of two of them says nothing.</summary>
    public static bool IsSubtracted(this ReleasedStatistic statistic) => statistic.Quantity.Split(' ')[^1] is not ("p" or "df" or "df_between" or "df_within");
}
