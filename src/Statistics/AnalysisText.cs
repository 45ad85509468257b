using System.Globalization;
using System.Text;
using SecureAggregation.Privacy;
using SecureAggregation.Statistics.Internal.Reading;

namespace SecureAggregation.Statistics;

/// <summary>
/// A question as people write it, from what was signed: to look at, to change, and to ask again. Read and resolved against the same schema it gives the same analysis. Of
/// a regression over several rounds the text is that of its first round.
/// </summary>
public static class AnalysisText
{
    /// <summary>The question in YAML, in the form of docs/queries.md.</summary>
    /// <param name="analysis">What is computed.</param>
    /// <param name="name">Its title.</param>
    /// <param name="dataset">Of which dataset.</param>
    /// <param name="epsilon">What it costs.</param>
    /// <param name="noise">Who adds the noise.</param>
    /// <param name="study">The study that it belongs to; may be empty.</param>
    /// <param name="minSurvivors">How many parties must remain; 0 for the roster's.</param>
    public static string Write(Analysis analysis, string name, string dataset, MicroEpsilon epsilon, NoiseMode noise, string study = "", int minSurvivors = 0)
    {
        ArgumentNullException.ThrowIfNull(analysis);
        var text = new StringBuilder();
        Line($"name: {Quote(name)}");
        Line($"dataset: {Quote(dataset)}");
        Line($"epsilon: {epsilon}");
        if (noise != NoiseMode.Local) Line($"noise: {(noise == NoiseMode.Distributed ? "distributed" : "none")}");
        if (study.Length > 0) Line($"study: {Quote(study)}");
        if (minSurvivors > 0) Line($"min_survivors: {minSurvivors}");
        if (analysis.Derived.Count > 0) Line("derive:");
        foreach (var derived in analysis.Derived) Line($"  {Quote(derived.Name)}: {Derive(derived, analysis)}");
        Line("measures:");
        foreach (var measure in analysis.Measures)
        {
            var lines = Measured(measure, analysis).ToList();
            if (measure.Weight != 1) lines.Add($"weight: {measure.Weight}");
            for (var i = 0; i < lines.Count; i++) Line((i == 0 ? "  - " : "    ") + lines[i]);
        }

        if (analysis.GroupBy.Count > 0) Line("group_by:");
        foreach (var group in analysis.GroupBy) Line($"  {Quote(group.Column)}: {List(group.Keys.Select(Quote))}");
        if (analysis.Where is { } where) Line($"where: {Condition(where, analysis)}");
        if (analysis.RowsPerPerson != 1) Line($"rows_per_person: {analysis.RowsPerPerson}");
        if (analysis.GroupsPerPerson != 1) Line($"groups_per_person: {analysis.GroupsPerPerson}");
        if (analysis.RowsPerParty != Analysis.DefaultRowsPerParty) Line($"rows_per_party: {analysis.RowsPerParty}");
        return text.ToString();

        void Line(string line) => text.Append(line).Append('\n');
    }

    private static IEnumerable<string> Measured(Measure measure, Analysis analysis)
    {
        var word = measure.Kind.Word();
        switch (measure)
        {
            case ColumnMeasure { Column: "" }:
                // A word alone has no room for a weight.
                return [measure.Weight == 1 ? word : word + ":"];
            case ColumnMeasure m:
                return [$"{word}: {Quote(m.Column)}", .. m.Of is MeasureKind.Count or MeasureKind.Distinct ? [] : OneBound(m.Column, analysis)];
            case HistogramMeasure m:
                return [$"{word}: {Quote(m.Column)}", .. Edges(m.Column, m.Edges, analysis, mayBeLeftOut: false)];
            case QuantileMeasure m:
                return [$"{word}: {Quote(m.Column)}", $"at: {List(m.At.Select(Number))}", .. Edges(m.Column, m.Edges, analysis, mayBeLeftOut: true)];
            case ContingencyMeasure m:
                return
                [
                    $"{word}: {{ rows: {Quote(m.Rows.Column)}, columns: {Quote(m.Across.Column)} }}",
                    $"keys: {{ {Quote(m.Rows.Column)}: {List(m.Rows.Keys.Select(Quote))}, {Quote(m.Across.Column)}: {List(m.Across.Keys.Select(Quote))} }}",
                ];
            case CrossMeasure m:
                return [$"{word}: {List(m.Variables.Select(Quote))}", .. Bounds(m.Columns, analysis)];
            case LinearMeasure m:
                return [$"{word}: {{ outcome: {Quote(m.Outcome)}, predictors: {List(m.Predictors.Select(Quote))} }}", .. Bounds(m.Columns, analysis)];
            case ModelMeasure m:
                var own = m.Of == MeasureKind.Poisson ? $", weight_bound: {m.WeightBound / 4}, residual_bound: {m.ResidualBound}" : "";
                return
                [
                    $"{word}: {{ outcome: {Quote(m.Outcome)}, predictors: {List(m.Predictors.Select(Quote))}, iterations: {m.Iterations}, deviance_bound: {m.DevianceBound}{own} }}",
                    .. Bounds(m.Columns, analysis),
                ];
            case SurvivalMeasure m:
                return [$"{word}: {{ time: {Quote(m.Time)}, event: {Quote(m.Event)} }}", .. Edges(m.Time, m.Edges, analysis, mayBeLeftOut: true)];
            case IncidenceMeasure m:
                return [$"{word}: {{ time: {Quote(m.Time)}, event: {Quote(m.Event)} }}", $"per: {Number(m.Per)}", .. Bounds(m.Columns, analysis)];
            case RocMeasure m:
                return [$"{word}: {{ score: {Quote(m.Score)}, outcome: {Quote(m.Outcome)} }}", .. Edges(m.Score, m.Edges, analysis, mayBeLeftOut: true)];
            case TopMeasure m:
                return [$"{word}: {Quote(m.Column)}", $"k: {m.Count}"];
            default:
                throw new ArgumentException($"A measure of type {measure.GetType().Name} has no text.", nameof(measure));
        }
    }

    private static string Derive(DerivedColumn derived, Analysis analysis) => derived switch
    {
        BinsColumn d => $"{{ bins: {Quote(d.Column)}, edges: {List(d.Edges.Select(e => Number(e, analysis.Describe(d.Column))))}, labels: {List(d.Labels.Select(Quote))} }}",
        RatioColumn d => $"{{ ratio: {{ numerator: {Quote(d.Numerator)}, denominator: {Quote(d.Denominator)} }}, low: {Number(d.Low)}, high: {Number(d.High)}"
            + (d.Resolution is { } step ? $", resolution: {Number(step)}" : "") + (d.Unit.Length > 0 ? $", unit: {Quote(d.Unit)}" : "") + " }",
        AgeColumn d => $"{{ age: {{ from: {Quote(d.From)}, to: {Source(d.To)} }}, low: {d.Low}, high: {d.High} }}",
        DaysColumn d => $"{{ days: {{ from: {Quote(d.From)}, to: {Source(d.To)} }}, low: {d.Low}, high: {d.High} }}",
        RecodeColumn d => $"{{ recode: {Quote(d.Column)}, map: {{ {string.Join(", ", d.Map.Select(m => $"{Quote(m.Label)}: {List(m.Keys.Select(Quote))}"))} }}{(d.Else is { } rest ? $", else: {Quote(rest)}" : "")} }}",
        _ => throw new ArgumentException($"A derived column of type {derived.GetType().Name} has no text.", nameof(derived)),
    };

    private static string Condition(Filter filter, Analysis analysis)
    {
        return filter switch
        {
            AndFilter f => $"{{ and: {List(f.Items.Select(i => Condition(i, analysis)))} }}",
            OrFilter f => $"{{ or: {List(f.Items.Select(i => Condition(i, analysis)))} }}",
            NotFilter f => $"{{ not: {Condition(f.Item, analysis)} }}",
            CompareFilter f => $"{{ column: {Quote(f.Column)}, {Word(f.Operator)}: {Value(f.Value, f.Column)} }}",
            InFilter f => $"{{ column: {Quote(f.Column)}, in: {List(f.Values.Select(v => Value(v, f.Column)))} }}",
            BetweenFilter f => $"{{ column: {Quote(f.Column)}, between: [{Number(f.Low)}, {Number(f.High)}] }}",
            IsNullFilter f => $"{{ column: {Quote(f.Column)}, is_null: true }}",
            _ => throw new ArgumentException($"A filter of type {filter.GetType().Name} has no text.", nameof(filter)),
        };

        // A day is written as its date where the column holds dates.
        string Value(FilterValue value, string column) => value.Label is { } label ? Quote(label) : Number(value.Number!.Value, analysis.Describe(column));
    }

    private static string Word(ComparisonOperator comparison) => comparison switch
    {
        ComparisonOperator.Eq => "eq",
        ComparisonOperator.Ne => "ne",
        ComparisonOperator.Lt => "lt",
        ComparisonOperator.Le => "le",
        ComparisonOperator.Gt => "gt",
        ComparisonOperator.Ge => "ge",
        _ => throw new ArgumentOutOfRangeException(nameof(comparison), comparison, "Not a comparison."),
    };

    /// <summary>Bins as briefly as they can be said: not at all where they are the column's own, as a number where they are equal, else by their edges.</summary>
    private static IEnumerable<string> Edges(string column, IReadOnlyList<double> edges, Analysis analysis, bool mayBeLeftOut)
    {
        if (edges.Count == 0) return [];
        var described = analysis.Describe(column);
        if (described is { Low: not null, High: not null })
        {
            if (mayBeLeftOut && Same(EdgeReader.Default("bins", described, null), edges)) return [];
            if (Same(EdgeReader.Default("bins", described, edges.Count - 1), edges)) return [$"bins: {edges.Count - 1}"];
        }

        return [$"edges: {List(edges.Select(e => Number(e, described)))}"];
    }

    private static bool Same(IReadOnlyList<double> some, IReadOnlyList<double> others) => some.Count == others.Count && Enumerable.Range(0, some.Count).All(i => some[i] == others[i]);

    private static IEnumerable<string> OneBound(string column, Analysis analysis) =>
        Bounded(column, analysis) is { } c ? [$"low: {Number(c.Low!.Value, c)}", $"high: {Number(c.High!.Value, c)}"] : [];

    private static IEnumerable<string> Bounds(IEnumerable<string> columns, Analysis analysis)
    {
        var bounded = columns.Distinct().Select(c => Bounded(c, analysis)).OfType<SchemaColumn>().ToArray();
        return bounded.Length == 0 ? [] : [$"bounds: {{ {string.Join(", ", bounded.Select(c => $"{Quote(c.Name)}: [{Number(c.Low!.Value, c)}, {Number(c.High!.Value, c)}]"))} }}"];
    }

    /// <summary>A column whose bounds stand in the measure: those of a derived one stand in its definition.</summary>
    private static SchemaColumn? Bounded(string column, Analysis analysis) =>
        analysis.Derived.All(d => d.Name != column) && analysis.Describe(column) is { IsNumeric: true, Low: not null, High: not null } described ? described : null;

    private static string Source(DateSource source) => source.Column is { } column ? Quote(column) : DayNumber.Text(source.Day!.Value);

    private static string List(IEnumerable<string> items) => $"[{string.Join(", ", items)}]";

    private static string Quote(string text) => YamlText.Quote(text);

    private static string Number(double value, SchemaColumn column) => column.Type == ColumnType.Date && value == Math.Floor(value) ? DayNumber.Text(value) : Number(value);

    private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);
}
