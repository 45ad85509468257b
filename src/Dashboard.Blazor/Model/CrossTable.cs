using SecureAggregation.Statistics;

namespace SecureAggregation.Dashboard.Blazor.Model;

/// <summary>A row of a <see cref="CrossTable"/>; a cell is null where there is no such number.</summary>
internal sealed record CrossRow(string Label, IReadOnlyList<ReleasedStatistic?> Cells);

/// <summary>
/// The numbers of one measure as a table that people read across: without groups a row a term, label or time and a column a quantity; with groups a
/// row a number and a column a group, as in a "Table 1". What stands alone, such as a test, follows in <see cref="Rest"/>.
/// </summary>
internal sealed record CrossTable(IReadOnlyList<string> Columns, IReadOnlyList<CrossRow> Rows, IReadOnlyList<ReleasedStatistic> Rest, int Points, int PointsShown)
{
    // Of a curve with more points than this some are shown; all of them are in the round's table.
    private const int MostPoints = 12;

    public static CrossTable Of(IReadOnlyList<ReleasedStatistic> statistics)
    {
        var bins = statistics.Where(IsPoint).Select(s => s.Bin).Distinct(StringComparer.Ordinal).ToArray();
        var shown = bins.Length <= MostPoints ? bins : [.. Enumerable.Range(1, MostPoints).Select(i => bins[(i * bins.Length / MostPoints) - 1])];
        var points = shown.ToHashSet(StringComparer.Ordinal);
        var kept = statistics.Where(s => !IsPoint(s) || points.Contains(s.Bin)).ToArray();
        var groups = kept.Select(s => s.Group).Where(g => g.Length > 0).Distinct(StringComparer.Ordinal).ToArray();
        return (groups.Length > 0 ? ByGroup(kept, groups) : ByQuantity(kept)) with { Points = bins.Length, PointsShown = shown.Length };
    }

    private static CrossTable ByQuantity(ReleasedStatistic[] all)
    {
        var binned = all.Where(s => s.Bin.Length > 0).ToArray();
        var quantities = binned.Select(StatisticWords.Quantity).Distinct(StringComparer.Ordinal).ToArray();
        var rows = binned.GroupBy(s => s.Bin, StringComparer.Ordinal).Select(bin => new CrossRow(
            EstimateText.Bin(bin.First()), [.. quantities.Select(q => bin.FirstOrDefault(s => StatisticWords.Quantity(s) == q))]));
        return new CrossTable([.. quantities.Select(Text.Capital)], [.. rows], [.. all.Where(s => s.Bin.Length == 0)], 0, 0);
    }

    private static CrossTable ByGroup(ReleasedStatistic[] all, string[] groups)
    {
        var columns = groups.Prepend("").ToArray();
        var rows = all.Where(s => s is not { Kind: MeasureKind.Survival, Bin.Length: > 0, Quantity: "se" or "hazard" })
            .GroupBy(s => (s.Bin, s.Quantity)).Where(r => r.Any(s => s.Group.Length > 0)).ToArray();
        var inRows = rows.SelectMany(r => r).ToHashSet(ReferenceEqualityComparer.Instance);
        return new CrossTable(
            [.. columns.Select(g => g.Length == 0 ? "All" : EstimateText.Group(g))],
            [.. rows.Select(r => new CrossRow(Label(r.First()), [.. columns.Select(g => r.FirstOrDefault(s => s.Group == g))]))],
            [.. all.Where(s => !inRows.Contains(s) && s is not { Kind: MeasureKind.Survival, Quantity: "se" or "hazard" })],
            0,
            0);
    }

    private static string Label(ReleasedStatistic s) =>
        s.Bin.Length == 0 ? Text.Capital(StatisticWords.Quantity(s)) : s.Quantity.Length == 0 && s.Kind is not MeasureKind.Survival ? EstimateText.Bin(s) : $"{EstimateText.Bin(s)}, {StatisticWords.Quantity(s)}";

    private static bool IsPoint(ReleasedStatistic s) => s.Bin.Length > 0 && (s.Kind == MeasureKind.Roc || (s.Kind == MeasureKind.Survival && s.Quantity is not ("observed" or "expected")));
}
