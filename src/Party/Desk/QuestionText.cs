using System.Globalization;
using SecureAggregation.Statistics;

namespace SecureAggregation.Party.Desk;

/// <summary>A question in words, for the person who must decide on it. Everything in it was signed.</summary>
internal static class QuestionText
{
    public static IEnumerable<(string Key, string Value)> Of(Analysis analysis)
    {
        yield return ("measures", string.Join("; ", analysis.Measures.Select(m => m.Name + Details(m))));
        yield return ("columns", string.Join(", ", analysis.Columns.Select(Column)));
        // A filter or group on a derived column says nothing without its definition, and whoever asks has chosen its name and labels.
        if (analysis.Derived.Count > 0) yield return ("derived", string.Join("; ", analysis.Derived.Select(d => $"{d.Name} = {Definition(d)}")));
        if (analysis.GroupBy.Count > 0) yield return ("groups", string.Join("; ", analysis.GroupBy.Select(g => $"{g.Column}: {string.Join(", ", g.Keys)}")));
        yield return ("rows", analysis.Where is { } where ? $"only those with {Of(where)}" : "all");
        yield return ("per person", string.Create(CultureInfo.InvariantCulture, $"at most {analysis.RowsPerPerson} rows a group, {analysis.GroupsPerPerson} groups"));
        yield return ("per outpost", string.Create(CultureInfo.InvariantCulture, $"sums are cut to what {analysis.RowsPerParty} rows can reach"));
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
        : c.Categories.Count > 0 ? $"{c.Name} ({Labels(c.Categories)}; others count as missing)"
        : c.Name;

    private static string Details(Measure measure) => measure switch
    {
        HistogramMeasure { Edges.Count: > 0 } m => $" in bins {Numbers(m.Edges)}",
        QuantileMeasure m => $" {Numbers(m.At)} in bins {Numbers(m.Edges)}",
        SurvivalMeasure m => $" in bins {Numbers(m.Edges)}",
        RocMeasure m => $" in bins {Numbers(m.Edges)}",
        ContingencyMeasure m => $" of {Labels(m.Rows.Keys)} by {Labels(m.Across.Keys)}",
        ModelMeasure m => $" at {Numbers(m.Coefficients)}",
        _ => "",
    };

    private static string Definition(DerivedColumn derived) => derived switch
    {
        BinsColumn d => $"{d.Column} cut at {Numbers(d.Edges)} into {Labels(d.Labels)}",
        RatioColumn d => string.Create(CultureInfo.InvariantCulture, $"{d.Numerator} by {d.Denominator}, {d.Low} to {d.High}"),
        AgeColumn d => string.Create(CultureInfo.InvariantCulture, $"years from {d.From} to {To(d.To)}, {d.Low} to {d.High}"),
        DaysColumn d => string.Create(CultureInfo.InvariantCulture, $"days from {d.From} to {To(d.To)}, {d.Low} to {d.High}"),
        RecodeColumn d => $"{d.Column} with {string.Join(", ", d.Map.Select(m => $"{Labels([m.Label])} for {Labels(m.Keys)}"))}{(d.Else is null ? "" : $", {Labels([d.Else])} for others")}",
        _ => throw new ArgumentException($"A derived column of type {derived.GetType().Name} has no words.", nameof(derived)),
    };

    private static string To(DateSource to) => to.Column ?? DayNumber.Text(to.Day ?? 0);

    private static string Numbers(IEnumerable<double> numbers) => string.Join(", ", numbers.Select(n => n.ToString(CultureInfo.InvariantCulture)));

    private static string Labels(IEnumerable<string> labels) => string.Join(", ", labels.Select(l => $"'{l}'"));

    private static string Value(FilterValue value) => value.Label is { } label ? $"'{label}'" : (value.Number ?? 0).ToString(CultureInfo.InvariantCulture);

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
