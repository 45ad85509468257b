using SecureAggregation.Statistics;

namespace SecureAggregation.Dashboard.Blazor.Model.Plots;

/// <summary>A box and its whiskers; the whiskers end at outer quantiles, never at somebody's own value.</summary>
public sealed record BoxRow(string Label, ReleasedStatistic Low, ReleasedStatistic Q1, ReleasedStatistic Median, ReleasedStatistic Q3, ReleasedStatistic High)
{
    /// <summary>Ascending; each has an interval of its own.</summary>
    public IReadOnlyList<ReleasedStatistic> All => [Low, Q1, Median, Q3, High];
}

/// <summary>Quantiles of one column, a box a group.</summary>
/// <param name="Title">Names the plot.</param>
/// <param name="Rows">The boxes.</param>
/// <param name="XName">Column and unit.</param>
/// <param name="Whiskers">Where the whiskers end, such as "5 % quantile, 95 % quantile".</param>
/// <param name="Finding">The sentence that the plot says.</param>
public sealed record Boxes(string Title, IReadOnlyList<BoxRow> Rows, string XName, string Whiskers, string Finding)
{
    // Of more the table has the numbers.
    private const int MostSaid = 4;

    /// <summary>Null unless a quarter, a half and three quarters are released for some group.</summary>
    public static Boxes? Of(ResultPanel panel)
    {
        var rows = panel.Statistics.Where(s => s.Withheld.Length == 0 && EstimateText.Level(s) is not null).GroupBy(s => s.Group).Select(Row).OfType<BoxRow>().ToArray();
        if (rows.Length == 0) return null;
        var first = rows[0];
        var finding = string.Join("; ", rows.Take(MostSaid).Select(r => $"{(rows.Length > 1 ? r.Label + ": " : "")}median {Said(r.Median)}, half of all between {Said(r.Q1)} and {Said(r.Q3)}"));
        var rest = rows.Length > MostSaid ? $" {Text.Plural(rows.Length - MostSaid, "further group is", "further groups are")} in the table." : "";
        return new Boxes(
            panel.Title, rows, first.Median.Unit.Length > 0 ? $"{first.Median.Column}, {first.Median.Unit}" : first.Median.Column, $"{EstimateText.Bin(first.Low)} and {EstimateText.Bin(first.High)}", Text.Capital(finding) + "." + rest);
    }

    private static BoxRow? Row(IGrouping<string, ReleasedStatistic> group)
    {
        var at = group.OrderBy(EstimateText.Level).ToArray();
        ReleasedStatistic? Find(double level) => Array.Find(at, s => EstimateText.Level(s) == level);
        return Find(0.25) is { } q1 && Find(0.5) is { } median && Find(0.75) is { } q3 ? new BoxRow(EstimateText.Group(median.Group), at[0], q1, median, q3, at[^1]) : null;
    }

    private static string Said(ReleasedStatistic statistic) => EstimateText.Of(statistic).Said;
}
