using System.Globalization;

namespace SecureAggregation.Statistics.Internal;

/// <summary>The rules of derived columns, and what each is to measures.</summary>
internal static class DerivedRules
{
    private const int MaxKeys = 1000;

    public static SchemaColumn Describe(DerivedColumn derived, Func<string, SchemaColumn> column)
    {
        ArgumentNullException.ThrowIfNull(column);
        SchemaColumn.RequireName(derived.Name, "The name of a derived column");
        var described = derived switch
        {
            BinsColumn d => Bins(d, Numbers(d, column(d.Column))),
            RatioColumn d => Ratio(d, column),
            AgeColumn d => Age(d, column),
            DaysColumn d => Days(d, column),
            RecodeColumn d => Recode(d, column(d.Column)),
            _ => throw new ArgumentException($"A derived column of type {derived.GetType().Name} has no meaning here.", nameof(derived)),
        };
        described.Validate();
        return described;
    }

    /// <summary>Labels of bins that the query leaves open: their edges.</summary>
    public static DerivedColumn Complete(DerivedColumn derived, Func<string, SchemaColumn> column)
    {
        if (derived is not BinsColumn { Labels.Count: 0 } bins) return derived;
        var dates = column(bins.Column).Type == ColumnType.Date;
        return bins with { Labels = [.. bins.Edges.Skip(1).Select((end, i) => $"[{Text(bins.Edges[i])},{Text(end)}{(i + 2 == bins.Edges.Count ? ']' : ')')}")] };

        string Text(double edge) => dates && edge is >= DayNumber.Least and <= DayNumber.Most ? DayNumber.Text(edge) : edge.ToString(CultureInfo.InvariantCulture);
    }

    private static SchemaColumn Bins(BinsColumn derived, SchemaColumn column)
    {
        var what = $"derive: '{derived.Name}'";
        var open = derived.Labels.Count == derived.Edges.Count + 1;
        EdgeRules.Check(what, derived.Edges, open ? 1 : 2);
        if (!open && derived.Labels.Count != derived.Edges.Count - 1)
        {
            throw new AnalysisException(
                $"{what} has {derived.Labels.Count} labels for {derived.Edges.Count} edges of '{column.Name}'; list {derived.Edges.Count - 1}, one a bin, "
                + $"or {derived.Edges.Count + 1}, with one for values below the edges first and one for values above them last.");
        }

        return new SchemaColumn(derived.Name, ColumnType.Category) { Categories = [.. derived.Labels] };
    }

    private static SchemaColumn Ratio(RatioColumn derived, Func<string, SchemaColumn> column)
    {
        foreach (var name in derived.Columns)
        {
            if (Numbers(derived, column(name)).Type == ColumnType.Date)
            {
                throw new AnalysisException($"derive: '{derived.Name}' divides '{name}', which holds dates; make days of it first.");
            }
        }

        return new SchemaColumn(derived.Name, ColumnType.Number) { Low = derived.Low, High = derived.High, Resolution = derived.Resolution, Unit = derived.Unit };
    }

    private static SchemaColumn Age(AgeColumn derived, Func<string, SchemaColumn> column)
    {
        CheckDates(derived, derived.From, derived.To, column);
        if (derived.Low < 0 || derived.High > AgeColumn.MaxAge)
        {
            throw new AnalysisException(
                $"derive: '{derived.Name}' counts ages from {derived.Low} to {derived.High}; they must lie between 0 and {AgeColumn.MaxAge}, since {AgeColumn.MaxAge} and more is one class.");
        }

        return new SchemaColumn(derived.Name, ColumnType.Integer) { Low = derived.Low, High = derived.High, Unit = "years" };
    }

    private static SchemaColumn Days(DaysColumn derived, Func<string, SchemaColumn> column)
    {
        CheckDates(derived, derived.From, derived.To, column);
        return new SchemaColumn(derived.Name, ColumnType.Integer) { Low = derived.Low, High = derived.High, Unit = "days" };
    }

    private static SchemaColumn Recode(RecodeColumn derived, SchemaColumn column)
    {
        var what = $"derive: '{derived.Name}'";
        if (derived.Map.Count == 0) throw new AnalysisException($"{what} maps nothing; list labels with what they stand for, e.g. map: {{ no: [0], yes: [1, 2] }}.");
        var keys = derived.Map.SelectMany(m => m.Keys).ToArray();
        if (keys.Length > MaxKeys) throw new AnalysisException($"{what} maps {keys.Length} values; at most {MaxKeys}.");
        if (derived.Map.FirstOrDefault(m => m.Keys.Count == 0) is { } bare) throw new AnalysisException($"{what}: '{bare.Label}' stands for nothing; list at least one value.");
        KeyRules.Check(what, column, keys);
        IEnumerable<string> labels = derived.Map.Select(m => m.Label);
        if (derived.Else is { } rest && !labels.Contains(rest)) labels = labels.Append(rest);
        return new SchemaColumn(derived.Name, ColumnType.Category) { Categories = [.. labels] };
    }

    private static SchemaColumn Numbers(DerivedColumn derived, SchemaColumn column) => column.IsNumeric
        ? column
        : throw new AnalysisException($"derive: '{derived.Name}' needs numbers, but '{column.Name}' is a category; recode it.");

    private static void CheckDates(DerivedColumn derived, string from, DateSource to, Func<string, SchemaColumn> column)
    {
        foreach (var name in derived.Columns)
        {
            if (column(name).Type != ColumnType.Date)
            {
                throw new AnalysisException($"derive: '{derived.Name}' is counted from '{from}' to {(to.Column is null ? "a date" : $"'{to.Column}'")}, but '{name}' holds no dates.");
            }
        }

        if (to.Column is null == to.Day is null) throw new AnalysisException($"derive: '{derived.Name}' needs a column or a date to count to, one of the two.");
        if (to.Day is { } day && !(day >= DayNumber.Least && day <= DayNumber.Most && Math.Floor(day) == day && !(day == 0 && double.IsNegative(day))))
        {
            throw new AnalysisException($"derive: '{derived.Name}' counts to a day that is none of the calendar.");
        }
    }
}
