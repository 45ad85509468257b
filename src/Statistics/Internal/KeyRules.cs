using System.Globalization;

namespace SecureAggregation.Statistics.Internal;

/// <summary>The rules of declared keys: labels of a category, or whole numbers in their shortest form.</summary>
internal static class KeyRules
{
    private const double MaxWhole = 9007199254740992;

    /// <param name="what">Where they stand: "group_by".</param>
    /// <param name="column">Whose keys they are.</param>
    /// <param name="keys">At least one, each once.</param>
    /// <exception cref="AnalysisException">A rule is broken.</exception>
    public static void Check(string what, SchemaColumn column, IReadOnlyList<string> keys)
    {
        if (column.Type == ColumnType.Date)
        {
            throw new AnalysisException($"{what}: '{column.Name}' holds dates, and a date is nearly a person; derive bins of it, and take those.");
        }

        if (column.Type == ColumnType.Number)
        {
            throw new AnalysisException($"{what}: '{column.Name}' holds fractional numbers; take a category or a whole number, or derive bins of it.");
        }

        if (keys.Count == 0)
        {
            throw new AnalysisException(
                $"{what}: '{column.Name}' has no keys; list them, e.g. [a, b]. Keys that came from the data would "
                + "tell who is in it.");
        }

        if (keys.GroupBy(k => k).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            throw new AnalysisException($"{what}: '{column.Name}' lists '{twice.Key}' twice; once is enough.");
        }

        foreach (var key in keys) CheckOne(what, column, key);
    }

    private static void CheckOne(string what, SchemaColumn column, string key)
    {
        if (column.Type == ColumnType.Integer)
        {
            if (!long.TryParse(key, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
                || number.ToString(CultureInfo.InvariantCulture) != key
                || Math.Abs((double)number) > MaxWhole)
            {
                throw new AnalysisException($"{what}: '{key}' is no whole number, but '{column.Name}' holds whole numbers.");
            }
        }
        else if (column.IndexOf(key) < 0)
        {
            throw new AnalysisException(
                $"{what}: '{column.Name}' has no category '{key}'{Nearest.Suggestion(key, column.Categories)} Only "
                + "declared categories can be keys, so that none tells who is in the data: "
                + $"{string.Join(", ", column.Categories)}.");
        }
    }
}
