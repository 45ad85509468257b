using SecureAggregation.Statistics;

namespace SecureAggregation.Dashboard.Blazor.Model.Plots;

/// <summary>A table whose cells are shaded by their numbers: a contingency table by the share of its row, a correlation matrix by strength.</summary>
/// <param name="Title">Names the plot.</param>
/// <param name="Rows">Names of the rows.</param>
/// <param name="Columns">Names of the columns.</param>
/// <param name="Cells">A cell a pair; null where nothing is shown.</param>
/// <param name="Shade">−1 to 1 for each cell; below 0 in the other colour.</param>
/// <param name="Finding">The sentence that the plot says.</param>
public sealed record HeatGrid(string Title, IReadOnlyList<string> Rows, IReadOnlyList<string> Columns, ReleasedStatistic?[,] Cells, double[,] Shade, string Finding)
{
    private const int MostCells = 400;

    public static HeatGrid? Contingency(ResultPanel panel)
    {
        var counts = panel.Statistics.Where(s => s is { Kind: MeasureKind.Contingency, Quantity: "", Group: "" } && Pair(s.Bin) is not null).ToArray();
        var (rows, columns) = Names(counts, s => Pair(s.Bin)!.Value);
        if (rows.Length < 2 || columns.Length < 2 || rows.Length * columns.Length > MostCells) return null;
        var percent = panel.Statistics.Where(s => s is { Kind: MeasureKind.Contingency, Quantity: "row percent", Group: "", Withheld: "" }).GroupBy(s => s.Bin).ToDictionary(g => g.Key, g => g.First().Value ?? 0);
        var (cells, shade) = Fill(counts, rows, columns, s => Math.Clamp(percent.GetValueOrDefault(s.Bin) / 100, 0, 1), bothWays: false);
        var p = panel.Statistics.FirstOrDefault(s => s is { Quantity: "p", Withheld: "" });
        var chi = panel.Statistics.FirstOrDefault(s => s is { Quantity: "chi2", Withheld: "" });
        var finding = chi is null || p is null ? "Shaded by the share of the row." : $"χ² = {EstimateText.Of(chi).Said}, p = {EstimateText.Of(p).Said}. Shaded by the share of the row.";
        return new HeatGrid(panel.Title, rows, columns, cells, shade, finding);
    }

    public static HeatGrid? Correlation(ResultPanel panel)
    {
        var pairs = panel.Statistics.Where(s => s is { Kind: MeasureKind.Correlation, Quantity: "", Group: "" } && Pair(s.Bin) is not null).ToArray();
        var names = pairs.SelectMany(s => (string[])[Pair(s.Bin)!.Value.Row, Pair(s.Bin)!.Value.Column]).Distinct(StringComparer.Ordinal).ToArray();
        if (names.Length < 2 || names.Length * names.Length > MostCells) return null;
        var (cells, shade) = Fill(pairs, names, names, s => Math.Clamp(s.Value ?? 0, -1, 1), bothWays: true);
        var strongest = pairs.Where(s => s.Withheld.Length == 0 && Pair(s.Bin) is var (a, b) && a != b).MaxBy(s => Math.Abs(s.Value ?? 0));
        var finding = strongest is null ? "No correlation is determined." : $"Strongest: {EstimateText.Bin(strongest)} with {EstimateText.Of(strongest).Said}.";
        return new HeatGrid(panel.Title, names, names, cells, shade, finding);
    }

    private static (string[] Rows, string[] Columns) Names(ReleasedStatistic[] all, Func<ReleasedStatistic, (string Row, string Column)> pair) =>
        ([.. all.Select(s => pair(s).Row).Distinct(StringComparer.Ordinal)], [.. all.Select(s => pair(s).Column).Distinct(StringComparer.Ordinal)]);

    private static (ReleasedStatistic?[,] Cells, double[,] Shade) Fill(ReleasedStatistic[] all, string[] rows, string[] columns, Func<ReleasedStatistic, double> shadeOf, bool bothWays)
    {
        var (cells, shade) = (new ReleasedStatistic?[rows.Length, columns.Length], new double[rows.Length, columns.Length]);
        foreach (var s in all)
        {
            var (row, column) = Pair(s.Bin)!.Value;
            Put(Array.IndexOf(rows, row), Array.IndexOf(columns, column), s);
            if (bothWays) Put(Array.IndexOf(rows, column), Array.IndexOf(columns, row), s);
        }

        return (cells, shade);

        void Put(int r, int c, ReleasedStatistic s) => (cells[r, c], shade[r, c]) = (s, s.Withheld.Length == 0 ? shadeOf(s) : 0);
    }

    /// <summary>Both names of "[male,yes]"; null if there are not two.</summary>
    private static (string Row, string Column)? Pair(string bin)
    {
        var parts = bin.Length > 2 ? bin[1..^1].Split(',') : [];
        return parts.Length == 2 ? (parts[0], parts[1]) : null;
    }
}
