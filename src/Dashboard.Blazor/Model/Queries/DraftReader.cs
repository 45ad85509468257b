using System.Globalization;
using SecureAggregation.Statistics;

namespace SecureAggregation.Dashboard.Blazor.Model.Queries;

/// <summary>From the text of a question back to the form, where the form can hold it.</summary>
internal static class DraftReader
{
    public const string TooMuch = "The form has no field for part of this text, such as bounds, keys, derived columns or conditions joined by “or”";

    private static readonly double[] s_box = [0.01, 0.25, 0.5, 0.75, 0.99];

    /// <summary>The form that holds a text, or why there is none.</summary>
    public static (QueryDraft? Draft, string Why) Read(string yaml, IEnumerable<DatasetSchema> offered)
    {
        try
        {
            var query = AnalysisQuery.Parse(yaml);
            if (offered.FirstOrDefault(s => s.Name == query.Dataset) is not { } schema) return (null, $"Nobody who is online offers the dataset “{query.Dataset}”");
            return Of(query, schema) is { } draft ? (draft, "") : (null, TooMuch);
        }
        catch (AnalysisException e)
        {
            return (null, e.Message.TrimEnd('.'));
        }
    }

    /// <summary>Null if the form cannot hold the question: what it writes must ask the very same.</summary>
    public static QueryDraft? Of(AnalysisQuery query, DatasetSchema schema)
    {
        try
        {
            if (Fill(query, schema) is not { Missing: null } draft) return null;
            var again = AnalysisQuery.Parse(draft.ToYaml());
            var same = again with { Measures = query.Measures, GroupBy = query.GroupBy, Where = query.Where, Derived = query.Derived } == query;
            return same && again.Resolve(schema).Encode().AsSpan().SequenceEqual(query.Resolve(schema).Encode()) ? draft : null;
        }
        catch (AnalysisException)
        {
            return null;
        }
    }

    private static QueryDraft? Fill(AnalysisQuery query, DatasetSchema schema)
    {
        var draft = new QueryDraft(schema) { Study = query.Study, Epsilon = query.Epsilon.Micro / 1e6, Noise = query.Noise };
        draft.Measures.Clear();
        foreach (var measure in query.Measures)
        {
            if (Of(measure) is not { } filled) return null;
            draft.Measures.Add(filled);
        }

        draft.Groups.AddRange(query.GroupBy.Select(g => g.Column));
        foreach (var filter in query.Where is AndFilter and ? and.Items : query.Where is { } one ? [one] : [])
        {
            if (Of(filter) is not { } condition) return null;
            draft.Conditions.Add(condition);
        }

        // A title that the form would give by itself keeps following what is asked.
        if (query.Name != draft.Named()) draft.Title = query.Name;
        return draft;
    }

    private static MeasureDraft? Of(QueryMeasure asked)
    {
        MeasureDraft? filled = asked.Measure switch
        {
            ColumnMeasure { Of: MeasureKind.Count, Column: "" } => Make("count"),
            ColumnMeasure { Of: not MeasureKind.Count } m => Make(m.Of.Word(), [m.Column]),
            HistogramMeasure m => Make("histogram", [m.Column]),
            QuantileMeasure m when m.At.SequenceEqual(s_box) => Make("box", [m.Column]),
            ContingencyMeasure m => Make("contingency", [m.Rows.Column], [m.Across.Column]),
            CrossMeasure m => Make(m.Of.Word(), m.Variables),
            LinearMeasure m => Make("linear", [m.Outcome], m.Predictors),
            ModelMeasure m => Make(m.Of.Word(), [m.Outcome], m.Predictors),
            SurvivalMeasure m => Make("survival", [m.Time], [m.Event]),
            IncidenceMeasure m => Make("incidence", [m.Time], [m.Event]),
            RocMeasure m => Make("roc", [m.Score], [m.Outcome]),
            TopMeasure m => Make("top", [m.Column]),
            _ => null,
        };
        if (filled is null) return null;
        (filled.Weight, filled.Bins) = (asked.Measure.Weight, asked.Bins);
        if (asked.Measure is ModelMeasure model) filled.Iterations = model.Iterations;
        return filled;
    }

    private static MeasureDraft Make(string word, params IReadOnlyList<string>[] columns)
    {
        var draft = new MeasureDraft(MeasureShape.Of(word));
        for (var i = 0; i < columns.Length; i++) draft.Columns[i].AddRange(columns[i]);
        return draft;
    }

    private static ConditionDraft? Of(Filter filter)
    {
        switch (filter)
        {
            case CompareFilter f:
#pragma warning disable CA1308 // words of the query's form are in lower case
                return new ConditionDraft { Column = f.Column, Word = f.Operator.ToString().ToLowerInvariant(), Value = f.Value.Number?.ToString("R", CultureInfo.InvariantCulture) ?? f.Value.Label ?? "" };
#pragma warning restore CA1308
            case InFilter f when f.Values.All(v => v.Label is not null):
                var condition = new ConditionDraft { Column = f.Column, Word = "in" };
                condition.Labels.AddRange(f.Values.Select(v => v.Label!));
                return condition;
            default:
                return null;
        }
    }
}
