using System.Globalization;
using SecureAggregation.Statistics;

namespace SecureAggregation.Cli.Demo;

/// <summary>A row of somebody's file as a query sees it; what is missing is not there.</summary>
internal sealed record PooledRow(string Person, IReadOnlyDictionary<string, double> Numbers, IReadOnlyDictionary<string, string> Labels);

/// <summary>
/// What the pooled rows of a folder give without noise, computed plainly in floating point over all rows at once. It reads codes and missing
/// values through the same schema file as the outposts and shares nothing else with the code that encodes rows and decodes totals.
/// Only somebody who has all files can do this; it is what the consortium does without.
/// </summary>
internal static class PooledTruth
{
    /// <summary>The rows of one file.</summary>
    /// <exception cref="CliException">The file is not what the schema says; the message names it, the line and the rule.</exception>
    public static List<PooledRow> Read(string path, SchemaFile schema, Analysis analysis)
    {
        using var rows = CsvRows.Read(new StreamReader(path)).GetEnumerator();
        if (!rows.MoveNext()) throw new CliException(ExitCode.BadInput, $"{path} is empty; it needs a header and rows");
        var header = rows.Current;
        int At(string name)
        {
            var at = Array.FindIndex(header, h => h.Trim().Trim('\uFEFF') == name);
            return at >= 0 ? at : throw new CliException(ExitCode.BadInput, $"{path} has no column '{name}', which the schema declares; its columns: {string.Join(", ", header)}");
        }

        var columns = analysis.Columns.Select(c => (c.Name, c.IsNumeric, Source: schema.Source(c.Name))).Select(c => (c.Name, c.IsNumeric, c.Source, At: At(c.Source.Header))).ToList();
        var person = schema.PersonKey is { } key ? At(key.Header) : -1;
        var read = new List<PooledRow>();
        for (var line = 2; rows.MoveNext(); line++)
        {
            var fields = rows.Current;
            if (fields.Length != header.Length) throw new CliException(ExitCode.BadInput, $"{path}, row {line}: {fields.Length} fields, but the header has {header.Length}");
            var numbers = new Dictionary<string, double>();
            var labels = new Dictionary<string, string>();
            foreach (var (name, numeric, source, at) in columns)
            {
                if (numeric && source.ReadNumber(fields[at], out var value) == FieldState.Value) numbers[name] = value;
                if (!numeric && source.ReadCategory(fields[at], out var index) == FieldState.Value) labels[name] = source.Column!.Categories[index];
            }

            read.Add(new PooledRow(person >= 0 ? fields[person].Trim() : "", numbers, labels));
        }

        return read;
    }

    /// <summary>
    /// The truth of a released number. Where a person has more rows than may count, it is computed with the first and with the last of them;
    /// NaN if they differ, because then it depends on which rows each outpost's secret chose; NaN too where the query derives columns.
    /// </summary>
    public static double Of(IReadOnlyList<IReadOnlyList<PooledRow>> parties, Analysis analysis, ReleasedStatistic statistic)
    {
        // Only the outposts' own code makes columns from others; repeating it here would check nothing.
        if (analysis.Derived.Count > 0) return double.NaN;
        // "sex=F,smoker=yes"; empty for no grouping, and for all groups together.
        var keys = statistic.Group.Length == 0 ? null : Keys(analysis, statistic.Group);
        double Count(Func<IEnumerable<PooledRow>, IEnumerable<PooledRow>> order)
        {
            // A person is bounded in each party by itself: parties do not know that they share one.
            var rows = parties.SelectMany(rows => Bound(order(rows).Where(r => IsAsked(r, analysis, keys) && Has(r, statistic.Column)), analysis)).ToList();
            return Value(rows, analysis, statistic);
        }

        var first = Count(rows => rows);
        if (analysis.RowRule == RowRule.OneRowPerPerson) return first;
        // The same rows in another order give the same sum but for rounding.
        return Math.Abs(first - Count(rows => rows.Reverse())) <= 1e-9 * Math.Max(1, Math.Abs(first)) ? first : double.NaN;
    }

    private static IEnumerable<PooledRow> Bound(IEnumerable<PooledRow> rows, Analysis analysis) =>
        analysis.RowRule == RowRule.OneRowPerPerson ? rows : rows.GroupBy(r => r.Person).SelectMany(person => person.Take(analysis.RowsPerPerson));

    private static double Value(List<PooledRow> rows, Analysis analysis, ReleasedStatistic statistic)
    {
        if (statistic.Kind == MeasureKind.Count) return rows.Count;
        if (statistic.Quantity.Length > 0 || statistic.Kind > MeasureKind.Histogram) return double.NaN;
        var column = analysis.Columns[analysis.IndexOf(statistic.Column)];
        if (statistic.Kind == MeasureKind.Histogram) return rows.Count(r => IsIn(r, column, statistic, analysis));
        var values = rows.Select(r => Math.Clamp(r.Numbers[column.Name], column.Low!.Value, column.High!.Value)).ToList();
        var sum = values.Sum();
        var variance = values.Sum(v => Math.Pow(v - (sum / values.Count), 2)) / (values.Count - 1);
        return statistic.Kind switch
        {
            MeasureKind.Sum => sum,
            MeasureKind.Mean => sum / values.Count,
            MeasureKind.Variance => variance,
            MeasureKind.Sd => Math.Sqrt(variance),
            _ => double.NaN,
        };
    }

    private static bool Has(PooledRow row, string column) => column.Length == 0 || row.Numbers.ContainsKey(column) || row.Labels.ContainsKey(column);

    private static bool IsIn(PooledRow row, SchemaColumn column, ReleasedStatistic statistic, Analysis analysis)
    {
        if (!column.IsNumeric) return $"[{row.Labels[column.Name]}]" == statistic.Bin;
        var edges = analysis.Measures.OfType<HistogramMeasure>().First(m => m.Column == column.Name).Edges;
        var value = row.Numbers[column.Name];
        return statistic.Bin == "[outside]" ? value < edges[0] || value > edges[^1] : Bins.Holds(statistic.Bin, value, edges[^1]);
    }

    private static bool IsAsked(PooledRow row, Analysis analysis, Dictionary<string, string>? keys) =>
        analysis.GroupBy.All(group => group.Keys.Any(key => (keys is null || keys[group.Column] == key) && IsKey(row, group.Column, key)))
        && (analysis.Where is null || Holds(analysis.Where, row));

    private static bool IsKey(PooledRow row, string column, string key) => row.Numbers.TryGetValue(column, out var number)
        ? number == double.Parse(key, CultureInfo.InvariantCulture)
        : row.Labels.TryGetValue(column, out var label) && label == key;

    private static Dictionary<string, string> Keys(Analysis analysis, string text) =>
        analysis.GroupBy.ToDictionary(g => g.Column, g => g.Keys.First(key => $",{text},".Contains($",{g.Column}={key},", StringComparison.Ordinal)));

    /// <summary>A missing value makes every comparison false, "not equal" too.</summary>
    private static bool Holds(Filter filter, PooledRow row) => filter switch
    {
        AndFilter f => f.Items.All(i => Holds(i, row)),
        OrFilter f => f.Items.Any(i => Holds(i, row)),
        NotFilter f => !Holds(f.Item, row),
        IsNullFilter f => !Has(row, f.Column),
        BetweenFilter f => row.Numbers.TryGetValue(f.Column, out var value) && value >= f.Low && value <= f.High,
        InFilter f => f.Values.Any(v => Is(row, f.Column, v)),
        CompareFilter { Value.Number: { } limit } f => row.Numbers.TryGetValue(f.Column, out var value) && Compare(f.Operator, value, limit),
        CompareFilter f => Has(row, f.Column) && Is(row, f.Column, f.Value) == (f.Operator == ComparisonOperator.Eq),
        _ => throw new ArgumentOutOfRangeException(nameof(filter), filter.GetType().Name, "An unknown kind of filter."),
    };

    private static bool Is(PooledRow row, string column, FilterValue value) => value.Number is { } wanted
        ? row.Numbers.TryGetValue(column, out var number) && number == wanted
        : row.Labels.TryGetValue(column, out var label) && label == value.Label;

    private static bool Compare(ComparisonOperator comparison, double value, double limit) => comparison switch
    {
        ComparisonOperator.Eq => value == limit,
        ComparisonOperator.Ne => value != limit,
        ComparisonOperator.Lt => value < limit,
        ComparisonOperator.Le => value <= limit,
        ComparisonOperator.Gt => value > limit,
        _ => value >= limit,
    };
}
