using System.Globalization;
using SecureAggregation.Statistics;

namespace SecureAggregation.Party.Desk;

/// <summary>A question in words, for the person who must decide on it. Everything in it was signed.</summary>
internal static class QuestionText
{
    public static IEnumerable<(string Key, string Value)> Of(Analysis analysis)
    {
        yield return ("measures", string.Join("; ", analysis.Measures.Select(m => m.Name)));
        yield return ("columns", string.Join(", ", analysis.Columns.Select(Column)));
        if (analysis.GroupBy.Count > 0) yield return ("groups", string.Join("; ", analysis.GroupBy.Select(g => $"{g.Column}: {string.Join(", ", g.Keys)}")));
        yield return ("rows", analysis.Where is { } where ? $"only those with {Of(where)}" : "all");
        yield return ("per person", string.Create(CultureInfo.InvariantCulture, $"at most {analysis.RowsPerPerson} rows a group, {analysis.GroupsPerPerson} groups"));
    }

    public static string Of(Filter filter) => filter switch
    {
        CompareFilter f => $"{f.Column} {Sign(f.Operator)} {Value(f.Value)}",
        InFilter f => $"{f.Column} one of {string.Join(", ", f.Values.Select(Value))}",
        BetweenFilter f => string.Create(CultureInfo.InvariantCulture, $"{f.Column} from {f.Low} to {f.High}"),
        IsNullFilter f => $"{f.Column} missing",
        NotFilter f => $"not ({Of(f.Item)})",
        AndFilter f => $"({string.Join(" and ", f.Items.Select(Of))})",
        OrFilter f => $"({string.Join(" or ", f.Items.Select(Of))})",
        _ => throw new ArgumentException($"A filter of type {filter.GetType().Name} has no words.", nameof(filter)),
    };

    private static string Column(SchemaColumn c) => c.Low is { } low && c.High is { } high
        ? string.Create(CultureInfo.InvariantCulture, $"{c.Name} ({low} to {high}{(c.Unit.Length > 0 ? " " + c.Unit : "")})")
        : c.Name;

    private static string Value(FilterValue value) => value.Label ?? (value.Number ?? 0).ToString(CultureInfo.InvariantCulture);

    private static string Sign(ComparisonOperator comparison) => comparison switch
    {
        ComparisonOperator.Eq => "=",
        ComparisonOperator.Ne => "≠",
        ComparisonOperator.Lt => "<",
        ComparisonOperator.Le => "≤",
        ComparisonOperator.Gt => ">",
        _ => "≥",
    };
}
