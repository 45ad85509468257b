using SecureAggregation.Statistics;

namespace SecureAggregation.Dashboard.Blazor.Model;

public enum PanelShape
{
    /// <summary>One number.</summary>
    Alone,

    /// <summary>The same number for several groups, on one axis.</summary>
    Groups,

    /// <summary>Bins of one distribution.</summary>
    Histogram,

    /// <summary>Everything that one measure says: a model, a test, a curve, a line of a "Table 1" with its groups.</summary>
    Table,
}

/// <summary>Released numbers that belong in one picture, with the sentence that the picture says.</summary>
public sealed record ResultPanel(string Title, PanelShape Shape, IReadOnlyList<ReleasedStatistic> Statistics, string Finding)
{
    private static readonly HashSet<MeasureKind> s_plain =
        [MeasureKind.Count, MeasureKind.Sum, MeasureKind.Mean, MeasureKind.Variance, MeasureKind.Sd, MeasureKind.Histogram];

    /// <summary>
    /// Numbers of one kind, column and unit share a picture; bins of each group have their own. What has several quantities is a table, one a measure.
    /// </summary>
    public static IReadOnlyList<ResultPanel> Of(IEnumerable<ReleasedStatistic> statistics) =>
    [
        .. statistics
            .GroupBy(s => IsPlain(s)
                ? (s.Kind, s.Column, s.Unit, Group: s.Bin.Length > 0 ? s.Group : "", Binned: s.Bin.Length > 0)
                : (s.Kind, Column: s.Measure, Unit: "", Group: "", Binned: false))
            .Select(group => IsPlain(group.First()) ? Make(group.Key.Binned, [.. group]) : Tabulate([.. group])),
    ];

    private static bool IsPlain(ReleasedStatistic s) => s.Quantity.Length == 0 && s_plain.Contains(s.Kind);

    private static ResultPanel Tabulate(IReadOnlyList<ReleasedStatistic> statistics)
    {
        var hidden = statistics.Where(s => s.Withheld.Length > 0).ToList();
        var reasons = string.Join("; ", hidden.Select(s => s.Withheld).Distinct(StringComparer.Ordinal).Take(4));
        var finding = Text.Plural(statistics.Count, "number") + (hidden.Count == 0 ? "." : $", of which {hidden.Count} {(hidden.Count == 1 ? "is" : "are")} not shown: {reasons}.");
        var title = StatisticWords.Measure(statistics[0]);
        return new ResultPanel(title, PanelShape.Table, statistics, finding);
    }

    private static ResultPanel Make(bool binned, IReadOnlyList<ReleasedStatistic> statistics)
    {
        var first = statistics[0];
        var shape = binned ? PanelShape.Histogram : statistics.Count == 1 ? PanelShape.Alone : PanelShape.Groups;
        var title = EstimateText.Title(first with { Measure = "", Bin = "", Group = shape == PanelShape.Groups ? "" : first.Group });
        if (shape == PanelShape.Groups) title += first.Unit.Length > 0 ? $" by group, {first.Unit}" : " by group";
        return new ResultPanel(title, shape, statistics, Sentence(shape, statistics));
    }

    private static string Sentence(PanelShape shape, IReadOnlyList<ReleasedStatistic> statistics)
    {
        var shown = statistics.Where(s => s.Withheld.Length == 0).ToArray();
        if (shown.Length == 0) return "Everything here is withheld: " + statistics[0].Withheld + ".";
        var withheld = statistics.Count - shown.Length;
        var tail = withheld == 0 ? "" : $" {Text.Plural(withheld, "cell is", "cells are")} withheld.";
        var groups = shape == PanelShape.Groups ? shown.Where(s => s.Group.Length > 0).ToArray() : shown;
        var top = (groups.Length > 0 ? groups : shown).MaxBy(s => s.Value)!;
        var text = EstimateText.Of(top);
        if (shape == PanelShape.Alone) return $"{EstimateText.Title(top)} is {text.Said}; privacy noise moves it by {text.HalfWidth} at most, {EstimateText.Percent(top.Confidence)} of the time.";
        if (shape == PanelShape.Histogram)
            return $"Fullest bin: {EstimateText.Bin(top)} with {text.Said}, of {Text.Plural(shown.Length, "bin")}.{tail}";
        var second = groups.Where(s => !ReferenceEquals(s, top)).MaxBy(s => s.Value);
        if (second is null) return $"Only {EstimateText.Group(top.Group)} is shown: {text.Said}.{tail}";
        var apart = top.Low > second.High ? "clear of the next by more than the noise" : "within the noise of the next";
        return $"Highest: {EstimateText.Group(top.Group)} with {text.Said}, {apart}.{tail}";
    }
}
