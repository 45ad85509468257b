using YamlDotNet.RepresentationModel;

namespace SecureAggregation.Statistics.Internal;

/// <summary>One column of a schema file.</summary>
internal static class ColumnReader
{
    /// <param name="name">Its key.</param>
    /// <param name="node">The mapping, or the single word of a column that answers nothing.</param>
    /// <param name="missing">What stands for "not known" in every column.</param>
    /// <param name="note">Told what the reader decided by a rule, for the operator to know.</param>
    public static SourceColumn Read(string name, YamlNode node, IReadOnlyList<string> missing, Action<string> note)
    {
        if (node is YamlScalarNode) return Unread(name, Yaml.Text(node, $"Column '{name}'"));
        var map = new YamlMap(node, $"column '{name}'");
        var header = map.Text("from") ?? name;
        if (map.Text("role") is { } role && role != "use")
        {
            map.End();
            return Unread(header, role);
        }

        var type = ReadType(map, name);
        var codes = ReadCodes(map, name, type);
        var column = new SchemaColumn(name, type)
        {
            Unit = map.Text("unit") ?? "",
            Description = map.Text("description") ?? "",
            Low = ReadBound(map, "low", type),
            High = ReadBound(map, "high", type),
            Resolution = map.Number("resolution"),
            TopCode = map.Number("top_code"),
            Categories = ReadCategories(map, name, codes),
        };
        column = WithTopCode(column, header, map, note);
        var source = new SourceColumn(header, ColumnRole.Use, column)
        {
            MissingCodes = [.. missing, .. ReadMissing(map)],
            Codes = codes,
            DateFormat = ReadFormat(map, name, type),
            NotIdentifying = map.Text("not_identifying"),
        };
        map.End();
        column.Validate();
        SchemaColumn.RequireText(source.NotIdentifying ?? "", $"not_identifying of column '{name}'", 1000);
        return source;

        // What stands for "not known" in every column is nobody's key either.
        SourceColumn Unread(string header, string role) =>
            Hidden(role, name) is var hidden && hidden == ColumnRole.PersonKey ? new(header, hidden, null) { MissingCodes = missing } : SourceColumn.Unread(header, hidden);
    }

    public static IReadOnlyList<string> ReadMissing(YamlMap map) => map.Find("missing") is { } node
        ? [.. Yaml.Items(node, "missing").Select(m => Yaml.Text(m, "A missing code"))]
        : [];

    private static ColumnType ReadType(YamlMap map, string name) => Yaml.Text(map.Need("type", "type: integer"), "type") switch
    {
        "integer" => ColumnType.Integer,
        "number" => ColumnType.Number,
        "category" => ColumnType.Category,
        "date" => ColumnType.Date,
        var text => throw new AnalysisException($"The type of column '{name}' is '{text}'; use integer, number, category or date.", map.LineOf("type")),
    };

    private static (string Code, string Label)[] ReadCodes(YamlMap map, string name, ColumnType type)
    {
        if (map.Find("codes") is not { } node) return [];
        return type == ColumnType.Category
            ? [.. new YamlMap(node, $"codes of column '{name}'").Entries.Select(e => (e.Key, Yaml.Text(e.Value, $"The code '{e.Key}'")))]
            : throw new AnalysisException(
                $"Column '{name}' has codes, but holds {(type == ColumnType.Date ? "dates" : "numbers")}; declare it a category, or remove them.", map.LineOf("codes"));
    }

    private static string[] ReadCategories(YamlMap map, string name, (string Code, string Label)[] codes)
    {
        string[] categories = map.Find("categories") is { } list
            ? [.. Yaml.Items(list, "categories").Select(c => Yaml.Text(c, "A category"))]
            : [.. codes.Select(c => c.Label).Distinct()];
        return codes.FirstOrDefault(c => !categories.Contains(c.Label)) is { Code: not null } stray
            ? throw new AnalysisException(
                $"Column '{name}' maps the code '{stray.Code}' to '{stray.Label}', which is none of its categories: {string.Join(", ", categories)}.", map.LineOf("codes"))
            : categories;
    }

    private static double? ReadBound(YamlMap map, string key, ColumnType type)
    {
        if (type != ColumnType.Date || map.Text(key) is not { } text) return map.Number(key);
        return DayNumber.TryParse(text, out var day) ? day : throw new AnalysisException(
            $"{key} is '{text}'; of a date it must be a date of the calendar, year first, e.g. {key}: 2020-01-31.", map.LineOf(key));
    }

    /// <summary>An age is top-coded whether or not the schema says so; a bound above what is left of the range is lowered, and told.</summary>
    private static SchemaColumn WithTopCode(SchemaColumn column, string header, YamlMap map, Action<string> note)
    {
        bool? declared = map.Find("age") is { } flag ? Yaml.Flag(flag, "age") : null;
        if (Yaml.At(map.LineOf("age"), () => AgeRule.TopCode(column, header, declared)) is not { } limit) return column;
        if (column.TopCode > limit)
        {
            throw new AnalysisException(
                string.Create(SchemaColumn.Culture, $"Column '{column.Name}' is an age with top_code {column.TopCode}; ages over {SchemaColumn.AgeTopCode} years point at a person and count as one, so it is at most {limit} here. Is it no age? Then say 'age: false'."),
                map.LineOf("top_code"));
        }

        if (column.TopCode is not null) return column;
        var most = limit + 1;
        note(string.Create(SchemaColumn.Culture, $"'{column.Name}' is an age: values above {limit} count as {most} (top_code: {limit}, HIPAA Safe Harbor)")
            + (column.High > most ? string.Create(SchemaColumn.Culture, $", so its high of {column.High} became {most}") : "")
            + ". If it is no age, say 'age: false'.");
        return column with { TopCode = limit, High = column.High > most ? most : column.High };
    }

    private static DateFormat ReadFormat(YamlMap map, string name, ColumnType type)
    {
        if (map.Text("format") is not { } pattern) return DateFormat.Iso;
        return type == ColumnType.Date
            ? Yaml.At(map.LineOf("format"), () => DateFormat.Parse(pattern, name))
            : throw new AnalysisException($"Column '{name}' has a format, which only dates have; declare 'type: date', or remove it.", map.LineOf("format"));
    }

    private static ColumnRole Hidden(string role, string name) => role switch
    {
        "drop" => ColumnRole.Drop,
        "person_key" => ColumnRole.PersonKey,
        _ => throw new AnalysisException($"Column '{name}' is '{role}'; write drop, person_key, or a mapping with its type."),
    };
}
