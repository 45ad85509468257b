using System.Globalization;

namespace SecureAggregation.Statistics.Internal;

/// <summary>The rules of an <see cref="Analysis"/>, checked whenever one is made, from a query or from bytes.</summary>
internal static class AnalysisRules
{
    private const int MaxGroupColumns = 3;
    private const int MaxMembers = 1000;

    public static void Check(Analysis analysis)
    {
        foreach (var column in analysis.Columns) column.Validate();
        if (analysis.Columns.Select(c => c.Name).Distinct().Count() != analysis.Columns.Count)
        {
            throw new AnalysisException("A column is listed twice; each stands once.");
        }

        CheckRows(analysis);
        MeasureRules.Check(analysis);
        CheckGroups(analysis);
        if (analysis.Where is { } where)
        {
            var nodes = 0;
            CheckFilter(analysis, where, 1, ref nodes);
        }

        var used = analysis.Measures.SelectMany(m => m.Columns)
            .Concat(analysis.GroupBy.Select(g => g.Column))
            .Concat(analysis.Where?.ColumnNames ?? [])
            .ToHashSet();
        if (analysis.Columns.FirstOrDefault(c => !used.Contains(c.Name)) is { } idle)
        {
            throw new AnalysisException(
                $"Column '{idle.Name}' is carried but never used; an analysis holds the columns that it touches and no other.");
        }
    }

    private static void CheckRows(Analysis analysis)
    {
        if (!Enum.IsDefined(analysis.RowRule)) throw new AnalysisException("An analysis must say how rows belong to persons.");
        if (analysis.RowsPerPerson is < 1 or > Analysis.MaxRowsPerPerson)
        {
            throw new AnalysisException($"rows_per_person is {analysis.RowsPerPerson}; it must be 1 to {Analysis.MaxRowsPerPerson}.");
        }

        if (analysis.RowRule == RowRule.OneRowPerPerson && analysis.RowsPerPerson != 1)
        {
            throw new AnalysisException(
                $"rows_per_person is {analysis.RowsPerPerson}, but the dataset declares one row = one person; leave it out.");
        }

        if (analysis.GroupsPerPerson is < 1 or > Analysis.MaxGroupsPerPerson)
        {
            throw new AnalysisException($"groups_per_person is {analysis.GroupsPerPerson}; it must be 1 to {Analysis.MaxGroupsPerPerson}.");
        }

        if (analysis.RowRule == RowRule.OneRowPerPerson && analysis.GroupsPerPerson != 1)
        {
            throw new AnalysisException(
                $"groups_per_person is {analysis.GroupsPerPerson}, but the dataset declares one row = one person, and a row is in one group; leave it out.");
        }

        if (analysis.RowsPerParty is < 1 or > Analysis.MaxRowsPerParty)
        {
            throw new AnalysisException($"rows_per_party is {analysis.RowsPerParty}; it must be 1 to {Analysis.MaxRowsPerParty}.");
        }
    }

    private static void CheckGroups(Analysis analysis)
    {
        if (analysis.GroupBy.Count > MaxGroupColumns)
        {
            throw new AnalysisException($"group_by has {analysis.GroupBy.Count} columns; at most {MaxGroupColumns}.");
        }

        long groups = 1;
        foreach (var group in analysis.GroupBy)
        {
            var column = Column(analysis, group.Column);
            if (analysis.GroupBy.Count(g => g.Column == group.Column) > 1)
            {
                throw new AnalysisException($"group_by names '{group.Column}' twice; once is enough.");
            }

            if (column.Type == ColumnType.Date)
            {
                throw new AnalysisException($"group_by: '{column.Name}' holds dates, and a date is nearly a person; group by bins of it.");
            }

            if (column.Type == ColumnType.Number)
            {
                throw new AnalysisException($"group_by: '{column.Name}' holds fractional numbers; group by a category or a whole number.");
            }

            if (group.Keys.Count == 0)
            {
                throw new AnalysisException(
                    $"group_by: '{column.Name}' has no keys; list them, e.g. [a, b]. Keys that came from the data would "
                    + "tell who is in it.");
            }

            if (group.Keys.GroupBy(k => k).FirstOrDefault(g => g.Count() > 1) is { } twice)
            {
                throw new AnalysisException($"group_by: '{column.Name}' lists '{twice.Key}' twice; once is enough.");
            }

            foreach (var key in group.Keys) CheckKey(column, key);
            groups *= group.Keys.Count;
            if (groups > Analysis.MaxGroups) throw new AnalysisException($"group_by makes {groups} groups; at most {Analysis.MaxGroups}.");
        }
    }

    private static void CheckKey(SchemaColumn column, string key)
    {
        if (column.Type == ColumnType.Integer)
        {
            if (!long.TryParse(key, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
                || number.ToString(CultureInfo.InvariantCulture) != key
                || Math.Abs((double)number) > 9007199254740992)
            {
                throw new AnalysisException($"group_by: '{key}' is no whole number, but '{column.Name}' holds whole numbers.");
            }
        }
        else if (column.IndexOf(key) < 0)
        {
            throw new AnalysisException(
                $"group_by: '{column.Name}' has no category '{key}'{Nearest.Suggestion(key, column.Categories)} Only "
                + "declared categories can be groups, so that no group tells who is in the data: "
                + $"{string.Join(", ", column.Categories)}.");
        }
    }

    private static void CheckFilter(Analysis analysis, Filter filter, int depth, ref int nodes)
    {
        if (depth > Filter.MaxDepth) throw new AnalysisException($"where is nested deeper than {Filter.MaxDepth}; flatten it.");
        if (++nodes > Filter.MaxNodes)
        {
            throw new AnalysisException($"where has more than {Filter.MaxNodes} conditions; use 'in' or 'between'.");
        }

        switch (filter)
        {
            case CompareFilter f:
                var compared = Column(analysis, f.Column);
                if (!Enum.IsDefined(f.Operator)) throw new AnalysisException("where has an unknown comparison.");
                CheckValue(compared, f.Value);
                if (!compared.IsNumeric && f.Operator is not (ComparisonOperator.Eq or ComparisonOperator.Ne))
                {
                    throw new AnalysisException($"where: '{compared.Name}' is a category and has no order; use eq, ne or in.");
                }

                break;
            case InFilter f:
                var listed = Column(analysis, f.Column);
                if (f.Values.Count is 0 or > MaxMembers)
                {
                    throw new AnalysisException($"where: 'in' for '{listed.Name}' lists {f.Values.Count} values; list 1 to {MaxMembers}.");
                }

                foreach (var value in f.Values) CheckValue(listed, value);
                break;
            case BetweenFilter f:
                var ranged = Column(analysis, f.Column);
                if (!ranged.IsNumeric) throw new AnalysisException($"where: '{ranged.Name}' is a category and has no order; use in.");
                CheckValue(ranged, new FilterValue(f.Low, null));
                CheckValue(ranged, new FilterValue(f.High, null));
                if (f.Low > f.High)
                {
                    throw new AnalysisException($"where: between {f.Low} and {f.High} for '{ranged.Name}' is empty; are they reversed?");
                }

                break;
            case IsNullFilter f:
                Column(analysis, f.Column);
                break;
            case NotFilter f:
                CheckFilter(analysis, f.Item, depth + 1, ref nodes);
                break;
            case AndFilter f:
                CheckList(analysis, f.Items, "and", depth, ref nodes);
                break;
            case OrFilter f:
                CheckList(analysis, f.Items, "or", depth, ref nodes);
                break;
        }
    }

    private static void CheckList(Analysis analysis, IReadOnlyList<Filter> items, string word, int depth, ref int nodes)
    {
        if (items.Count == 0) throw new AnalysisException($"where: '{word}' lists no condition; list at least one.");
        foreach (var item in items) CheckFilter(analysis, item, depth + 1, ref nodes);
    }

    private static void CheckValue(SchemaColumn column, FilterValue value)
    {
        if (column.IsNumeric)
        {
            if (value.Label is not null || value.Number is not { } number)
            {
                throw new AnalysisException($"where: '{column.Name}' holds numbers, but is compared with '{value.Label}'; use a number.");
            }

            if (!double.IsFinite(number) || (number == 0 && double.IsNegative(number)))
            {
                throw new AnalysisException($"where: '{column.Name}' is compared with {number}; use an ordinary number.");
            }
        }
        else if (value.Number is not null || value.Label is not { } label || column.IndexOf(label) < 0)
        {
            var text = value.Label ?? value.Number?.ToString(CultureInfo.InvariantCulture) ?? "";
            throw new AnalysisException(
                $"where: '{column.Name}' has no category '{text}'{Nearest.Suggestion(text, column.Categories)} Its "
                + $"categories: {string.Join(", ", column.Categories)}.");
        }
    }

    public static SchemaColumn Column(Analysis analysis, string name)
    {
        var index = analysis.IndexOf(name);
        return index >= 0
            ? analysis.Columns[index]
            : throw new AnalysisException(
                $"Column '{name}' is used but not described{Nearest.Suggestion(name, analysis.Columns.Select(c => c.Name))}");
    }
}
