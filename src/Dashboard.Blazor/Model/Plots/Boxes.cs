using SecureAggregation.Statistics;

namespace SecureAggregation.Dashboard.Blazor.Model.Plots;

/// <summary>A box and its whiskers; the whiskers end at outer quantiles, never at somebody's own value.</summary>
public sealed record BoxRow(string Label, double Low, double Q1, double Median, double Q3, double High, ReleasedStatistic MedianView);

/// <summary>Quantiles of one column, a box a group.</summary>
public sealed record Boxes(string Title, IReadOnlyList<BoxRow> Rows, string XName, string Finding)
{
    /// <summary>Null unless a quarter, a half and three quarters are released for some group.</summary>
    public static Boxes? Of(ResultPanel panel)
    {
        var rows = panel.Statistics.Where(s => s is { Kind: MeasureKind.Quantiles, Withheld: "", Bin.Length: > 3 } && s.Bin.StartsWith("[q", StringComparison.Ordinal)).GroupBy(s => s.Group).Select(Row).OfType<BoxRow>().ToArray();
        if (rows.Length == 0) return null;
        var first = rows[0].MedianView;
        var finding = string.Join(", ", rows.Select(r => $"{(rows.Length > 1 ? r.Label + ": " : "")}median {Median(EstimateText.Of(r.MedianView))}, half of all between {Number(r.Q1)} and {Number(r.Q3)}"));
        return new Boxes(panel.Title, rows, first.Unit.Length > 0 ? $"{first.Column}, {first.Unit}" : first.Column, Text.Capital(finding) + ".");
    }

    private static BoxRow? Row(IGrouping<string, ReleasedStatistic> group)
    {
        var at = group.Select(s => (Level: double.TryParse(s.Bin.AsSpan(2, s.Bin.Length - 3), System.Globalization.CultureInfo.InvariantCulture, out var level) ? level : double.NaN, s)).Where(p => !double.IsNaN(p.Level)).OrderBy(p => p.Level).ToArray();
        ReleasedStatistic? Find(double level) => Array.Find(at, p => Math.Abs(p.Level - level) < 1e-9).s;
        return Find(0.25) is { } q1 && Find(0.5) is { } median && Find(0.75) is { } q3
            ? new BoxRow(EstimateText.Group(median.Group), at[0].s.Value ?? 0, q1.Value ?? 0, median.Value ?? 0, q3.Value ?? 0, at[^1].s.Value ?? 0, median)
            : null;
    }

    private static string Median(EstimateText text) => $"{text.Value}{(text.Unit.Length > 0 ? " " + text.Unit : "")} ({text.Low} to {text.High})";

    private static string Number(double value) => value.ToString("0.##", System.Globalization.CultureInfo.InvariantCulture).Replace('-', '−');
}
