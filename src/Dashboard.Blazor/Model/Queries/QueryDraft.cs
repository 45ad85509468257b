using System.Globalization;
using System.Text;
using SecureAggregation.Statistics;

namespace SecureAggregation.Dashboard.Blazor.Model.Queries;

/// <summary>One measure as it is being filled in.</summary>
public sealed class MeasureDraft(MeasureShape shape)
{
    public MeasureShape Shape { get; } = shape;

    /// <summary>The columns of each place, in the order of <see cref="MeasureShape.Places"/>.</summary>
    public IReadOnlyList<List<string>> Columns { get; } = [.. shape.Places.Select(_ => new List<string>())];

    /// <summary>How many equal bins; null for the column's own.</summary>
    public int? Bins { get; set; }

    /// <summary>Rounds that a regression over several may take.</summary>
    public int Iterations { get; set; } = 8;

    /// <summary>Its part of ε beside the others', 1 to 1000.</summary>
    public int Weight { get; set; } = 1;

    /// <summary>Null, or what is still missing.</summary>
    public string? Missing
    {
        get
        {
            for (var i = 0; i < Columns.Count; i++)
            {
                var place = Shape.Places[i];
                if (place.Many && Columns[i].Count > 0 && Columns.Take(i).SelectMany(c => c).FirstOrDefault(Columns[i].Contains) is { } twice) return $"{Shape.Name}: {twice} stands in two places";
                if (Columns[i].Count == 0) return $"{Shape.Name}: choose a column for “{place.Label}”";
                if (place.Many && Shape.Places.Count == 1 && Columns[i].Count < 2) return $"{Shape.Name}: choose two columns or more";
            }

            return null;
        }
    }

    internal IEnumerable<string> Lines(DatasetSchema schema)
    {
        var word = Shape.Word;
        if (Shape.Places.Count == 0) yield return Weight == 1 ? word : word + ":";
        else if (Shape.Places.Count == 1) yield return $"{word}: {(Shape.Places[0].Many ? List(Columns[0]) : YamlText.Quote(Columns[0][0]))}";
        else yield return $"{word}: {{ {string.Join(", ", Shape.Places.Select((place, i) => $"{Key(place)}: {(place.Many ? List(Columns[i]) : YamlText.Quote(Columns[i][0]))}"))}{(Shape.TakesRounds ? $", iterations: {Iterations}" : "")} }}";
        if (Bins is { } bins && Shape.HasBins && schema.Columns.FirstOrDefault(c => c.Name == Columns[0].FirstOrDefault()) is { IsNumeric: true }) yield return $"bins: {bins}";
        if (Weight != 1) yield return $"weight: {Weight}";
    }

#pragma warning disable CA1308 // words of the query's form are in lower case
    private static string Key(ColumnPlace place) => place.Label.ToLowerInvariant();
#pragma warning restore CA1308

    private static string List(IEnumerable<string> names) => $"[{string.Join(", ", names.Select(YamlText.Quote))}]";
}

/// <summary>One condition on rows as it is being filled in; all of them must hold.</summary>
public sealed class ConditionDraft
{
    public string Column { get; set; } = "";

    /// <summary>A word of the query's form: ge, lt, eq, in, …</summary>
    public string Word { get; set; } = "ge";

    /// <summary>A number or date; for categories the chosen labels.</summary>
    public string Value { get; set; } = "";

    public List<string> Labels { get; } = [];

    internal string? Missing => Column.Length == 0 ? "A condition has no column" : Word == "in" ? (Labels.Count == 0 ? $"The condition on {Column} has no label" : null) : Value.Length == 0 ? $"The condition on {Column} has no value" : null;

    internal string Text(DatasetSchema schema)
    {
        var category = schema.Columns.FirstOrDefault(c => c.Name == Column)?.Type == ColumnType.Category;
        return category
            ? $"{{ column: {YamlText.Quote(Column)}, in: [{string.Join(", ", Labels.Select(YamlText.Quote))}] }}"
            : $"{{ column: {YamlText.Quote(Column)}, {Word}: {(double.TryParse(Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number) ? number.ToString("R", CultureInfo.InvariantCulture) : YamlText.Quote(Value))} }}";
    }
}

/// <summary>A question as it is being built. The text that it gives is what is planned, asked and kept: the form is only a way to write it.</summary>
public sealed class QueryDraft(DatasetSchema schema)
{
    public DatasetSchema Schema { get; } = schema;

    public string Title { get; set; } = "";

    public string Study { get; set; } = "";

    public double Epsilon { get; set; } = 1;

    public NoiseMode Noise { get; set; } = NoiseMode.Distributed;

    public List<MeasureDraft> Measures { get; } = [new MeasureDraft(MeasureShape.Of("count"))];

    public List<string> Groups { get; } = [];

    public List<ConditionDraft> Conditions { get; } = [];

    /// <summary>Null, or the first thing that is still missing.</summary>
    public string? Missing =>
        Measures.Count == 0 ? "Choose what to compute"
        : Measures.Select(m => m.Missing).FirstOrDefault(m => m is not null)
        ?? Conditions.Select(c => c.Missing).FirstOrDefault(m => m is not null)
        ?? (Measures.FirstOrDefault(m => m.Shape.TakesRounds) is { } fit && (Measures.Count > 1 || Groups.Count > 0) ? $"{fit.Shape.Name}: it is asked alone, without groups; remove the rest" : null)
        ?? (Groups.Count == 0 && Measures.FirstOrDefault(m => m.Shape.NeedsGroups) is { } alone ? $"{alone.Shape.Name}: choose groups to compare" : null);

    /// <summary>The question in the form of docs/queries.md; only when nothing is <see cref="Missing"/>.</summary>
    public string ToYaml()
    {
        var text = new StringBuilder();
        Line($"name: {YamlText.Quote(Title.Length > 0 ? Title : Named())}");
        Line($"dataset: {YamlText.Quote(Schema.Name)}");
        Line($"epsilon: {Math.Round(Epsilon, 6).ToString("0.######", CultureInfo.InvariantCulture)}");
        if (Noise == NoiseMode.Distributed) Line("noise: distributed");
        if (Study.Length > 0) Line($"study: {YamlText.Quote(Study)}");
        Line("measures:");
        foreach (var measure in Measures)
        {
            var first = true;
            foreach (var line in measure.Lines(Schema))
            {
                Line((first ? "  - " : "    ") + line);
                first = false;
            }
        }

        if (Groups.Count > 0) Line("group_by:");
        foreach (var group in Groups) Line($"  {YamlText.Quote(group)}:");
        if (Conditions.Count == 1) Line($"where: {Conditions[0].Text(Schema)}");
        if (Conditions.Count > 1) Line($"where:\n  and:\n{string.Join('\n', Conditions.Select(c => "    - " + c.Text(Schema)))}");
        return text.ToString();

        void Line(string line) => text.Append(line).Append('\n');
    }

    /// <summary>The title where nobody wrote one.</summary>
    internal string Named()
    {
        var what = string.Join(", ", Measures.Take(3).Select(m => m.Columns.SelectMany(c => c).FirstOrDefault() is { } column ? $"{m.Shape.Name} of {column}" : m.Shape.Name));
        return Groups.Count > 0 ? $"{what} by {string.Join(", ", Groups)}" : what;
    }
}
