using System.Globalization;

namespace SecureAggregation.Statistics.Internal;

/// <summary>The rules of filters.</summary>
internal static class FilterRules
{
    private const int MaxMembers = 1000;

    public static void Check(Analysis analysis)
    {
        if (analysis.Where is not { } where) return;
        var nodes = 0;
        CheckOne(analysis, where, 1, ref nodes);
    }

    private static void CheckOne(Analysis analysis, Filter filter, int depth, ref int nodes)
    {
        if (depth > Filter.MaxDepth) throw new AnalysisException($"where is nested deeper than {Filter.MaxDepth}; flatten it.");
        if (++nodes > Filter.MaxNodes)
        {
            throw new AnalysisException($"where has more than {Filter.MaxNodes} conditions; use 'in' or 'between'.");
        }

        switch (filter)
        {
            case CompareFilter f:
                var compared = analysis.Describe(f.Column);
                if (!Enum.IsDefined(f.Operator)) throw new AnalysisException("where has an unknown comparison.");
                CheckValue(compared, f.Value);
                if (!compared.IsNumeric && f.Operator is not (ComparisonOperator.Eq or ComparisonOperator.Ne))
                {
                    throw new AnalysisException($"where: '{compared.Name}' is a category and has no order; use eq, ne or in.");
                }

                break;
            case InFilter f:
                var listed = analysis.Describe(f.Column);
                if (f.Values.Count is 0 or > MaxMembers)
                {
                    throw new AnalysisException($"where: 'in' for '{listed.Name}' lists {f.Values.Count} values; list 1 to {MaxMembers}.");
                }

                foreach (var value in f.Values) CheckValue(listed, value);
                break;
            case BetweenFilter f:
                var ranged = analysis.Describe(f.Column);
                if (!ranged.IsNumeric) throw new AnalysisException($"where: '{ranged.Name}' is a category and has no order; use in.");
                CheckValue(ranged, new FilterValue(f.Low, null));
                CheckValue(ranged, new FilterValue(f.High, null));
                if (f.Low > f.High)
                {
                    throw new AnalysisException($"where: between {f.Low} and {f.High} for '{ranged.Name}' is empty; are they reversed?");
                }

                break;
            case IsNullFilter f:
                analysis.Describe(f.Column);
                break;
            case NotFilter f:
                CheckOne(analysis, f.Item, depth + 1, ref nodes);
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
        foreach (var item in items) CheckOne(analysis, item, depth + 1, ref nodes);
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
}
