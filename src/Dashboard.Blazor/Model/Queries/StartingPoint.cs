using SecureAggregation.Statistics;

namespace SecureAggregation.Dashboard.Blazor.Model.Queries;

/// <summary>A question to begin with, made from what a dataset offers, so that nobody has to know the form first.</summary>
internal sealed record StartingPoint(string Name, string Gives, Func<QueryDraft> Begin)
{
    private const int MostMeasures = 8;
    private const int MostGroups = 6;

    public static IReadOnlyList<StartingPoint> Of(DatasetSchema schema)
    {
        var numbers = schema.Columns.Where(c => c.IsNumeric && c.Type != ColumnType.Date && c.Low is not null).Take(MostMeasures).ToArray();
        // The fewest labels first: each group has its part of the rows, and the noise of a whole.
        var group = schema.Columns.Where(c => c.Type == ColumnType.Category && c.Categories.Count is >= 2 and <= MostGroups).MinBy(c => c.Categories.Count);
        var others = schema.Columns.Where(c => c != group && (numbers.Contains(c) || c.Type == ColumnType.Category)).Take(MostMeasures).ToArray();
        var points = new List<StartingPoint> { new("How many rows", "one count over all outposts", () => Draft(schema)) };
        if (numbers.Length > 0) points.Add(new(
            group is null ? "Mean of each number" : $"Mean of each number by {group.Name}", $"{numbers.Length} means, with how many rows each rests on",
            () => Draft(schema, group, numbers.Select(c => ("mean", c)))));
        if (group is not null && others.Length > 0) points.Add(new(
            "Table 1", $"{others.Length} columns compared between the groups of {group.Name}, with tests", () => Draft(schema, group, others.Select(c => ("compare", c)))));
        if (numbers.Length > 0) points.Add(new(
            $"Distribution of {numbers[0].Name}", "a histogram of ten bins", () => Draft(schema, null, [("histogram", numbers[0])])));
        return points;
    }

    private static QueryDraft Draft(DatasetSchema schema, SchemaColumn? group = null, IEnumerable<(string Word, SchemaColumn Column)>? measures = null)
    {
        var draft = new QueryDraft(schema);
        if (group is not null) draft.Groups.Add(group.Name);
        if (measures is null) return draft;
        draft.Measures.Clear();
        foreach (var (word, column) in measures)
        {
            var measure = new MeasureDraft(MeasureShape.Of(word)) { Bins = word == "histogram" ? 10 : null };
            measure.Columns[0].Add(column.Name);
            draft.Measures.Add(measure);
        }

        return draft;
    }
}
