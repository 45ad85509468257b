using System.Globalization;
using SecureAggregation.Statistics;
using Spectre.Console;

namespace SecureAggregation.Cli;

/// <summary>Released numbers as a table: value, interval, and beside them the truth where it is known because the data was made.</summary>
internal static class StatisticTable
{
    public static Table Of(IReadOnlyList<ReleasedStatistic> statistics, Func<ReleasedStatistic, double?>? truth = null)
    {
        var confidence = statistics.Select(s => s.Confidence).FirstOrDefault(c => c > 0, 0.95);
        var table = new Table().Border(TableBorder.Simple)
            .AddColumn("statistic")
            .AddColumn(new TableColumn("total").RightAligned())
            .AddColumn(new TableColumn($"{confidence * 100:0.##} % interval").RightAligned());
        if (truth is not null) table.AddColumn(new TableColumn("pooled truth").RightAligned());
        foreach (var statistic in statistics)
        {
            var cells = statistic is { Value: { } value, Low: { } low, High: { } high }
                ? new List<string> { Markup.Escape(statistic.Name), Markup.Escape($"{Number(value)} {statistic.Unit}".TrimEnd()), $"{Number(low)} … {Number(high)}" }
                : [Markup.Escape(statistic.Name), "withheld", Markup.Escape(statistic.Withheld)];
            if (truth is not null) cells.Add(truth(statistic) is { } known ? Number(known) : "");
            table.AddRow([.. cells]);
        }

        return table;
    }

    private static string Number(double value) => value.ToString(Math.Abs(value) >= 1000 ? "#,0" : Math.Abs(value) >= 100 ? "0.#" : "0.##", CultureInfo.InvariantCulture);
}
