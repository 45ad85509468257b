using System.Globalization;
using SecureAggregation.Statistics;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace SecureAggregation.Cli;

/// <summary>Released numbers as a table: value, interval, and beside them the truth where it is known because the data was made.</summary>
internal static class StatisticTable
{
    // A curve of more points than this is shown by some of them.
    private const int MostPoints = 24;
    private const int PointsShown = 12;

    // So many numbers in a row that are not shown for one reason are one line.
    private const int FewestTogether = 3;
    private const string Undetermined = "not determined: ";

    public static IRenderable Of(IReadOnlyList<ReleasedStatistic> statistics, Func<ReleasedStatistic, double?>? truth = null)
    {
        var confidence = statistics.Select(s => s.Confidence).FirstOrDefault(c => c > 0, 0.95);
        var table = new Table().Border(TableBorder.Simple)
            .AddColumn("statistic")
            .AddColumn(new TableColumn("total").RightAligned())
            .AddColumn(new TableColumn($"{confidence * 100:0.##} % interval").RightAligned());
        if (truth is not null) table.AddColumn(new TableColumn("pooled truth").RightAligned());
        var shown = Thinned(statistics);
        for (var i = 0; i < shown.Count; i++)
        {
            var statistic = shown[i];
            var same = Same(shown, i);
            var cells = Cells(statistic);
            if (same >= FewestTogether)
            {
                cells[0] = Markup.Escape($"{statistic.Measure}{(statistic.Group.Length > 0 ? $"{{{statistic.Group}}}" : "")}: {same.ToString(CultureInfo.InvariantCulture)} numbers");
                i += same - 1;
            }

            if (truth is not null) cells.Add(truth(statistic) is { } known ? Figures.Alone(known) : "");
            table.AddRow([.. cells]);
        }

        return shown.Count == statistics.Count
            ? table
            : new Rows(table, new Text(string.Create(CultureInfo.InvariantCulture, $"{shown.Count} of {statistics.Count} numbers: of each curve some points; --json has all.")));
    }

    private static List<string> Cells(ReleasedStatistic statistic)
    {
        var name = Markup.Escape(statistic.Name);
        if (statistic.Value is null)
        {
            return statistic.Withheld.StartsWith(Undetermined, StringComparison.Ordinal)
                ? [name, "not determined", Markup.Escape(statistic.Withheld[Undetermined.Length..])]
                : [name, "withheld", Markup.Escape(statistic.Withheld)];
        }

        var (value, low, high) = Figures.Of(statistic);
        return [name, Markup.Escape($"{value} {statistic.Unit}".TrimEnd()), statistic.Noise == NoiseMode.None ? "exact" : $"{low} … {high}"];
    }

    /// <summary>How many numbers from here on belong to one model, test or curve, and are not shown for the same reason. Bins and counts are listed each.</summary>
    private static int Same(List<ReleasedStatistic> all, int from)
    {
        var first = all[from];
        if (first.Withheld.Length == 0 || first.Kind is MeasureKind.Count or MeasureKind.Histogram) return 1;
        return all.Skip(from).TakeWhile(s => (s.Withheld, s.Measure, s.Group) == (first.Withheld, first.Measure, first.Group)).Count();
    }

    /// <summary>Of the points of a long curve a dozen, with what matters to a reader: the value, and how many were at risk.</summary>
    private static List<ReleasedStatistic> Thinned(IReadOnlyList<ReleasedStatistic> statistics)
    {
        var kept = new HashSet<ReleasedStatistic>(ReferenceEqualityComparer.Instance);
        foreach (var curve in statistics.Where(IsOfCurve).GroupBy(s => (s.Measure, s.Group)))
        {
            var bins = curve.Select(s => s.Bin).Distinct(StringComparer.Ordinal).ToList();
            var many = bins.Count > MostPoints;
            var some = Enumerable.Range(1, PointsShown).Select(i => bins[many ? (i * bins.Count / PointsShown) - 1 : 0]).ToHashSet(StringComparer.Ordinal);
            kept.UnionWith(curve.Where(s => !many || (some.Contains(s.Bin) && s.Quantity is not ("se" or "hazard"))));
        }

        return [.. statistics.Where(s => !IsOfCurve(s) || kept.Contains(s))];
    }

    private static bool IsOfCurve(ReleasedStatistic s) =>
        s.Bin.Length > 0 && (s.Kind == MeasureKind.Roc || (s.Kind == MeasureKind.Survival && s.Quantity is not ("observed" or "expected")));
}
