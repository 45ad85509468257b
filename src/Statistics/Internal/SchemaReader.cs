using YamlDotNet.RepresentationModel;

namespace SecureAggregation.Statistics.Internal;

/// <summary>The YAML form of a schema file, see docs/queries.md.</summary>
internal static class SchemaReader
{
    public static SchemaFile Read(YamlMap map)
    {
        var name = Yaml.Text(map.Need("name", "name: heart"), "name");
        var description = map.Text("description") ?? "";
        var single = map.Find("one_row_per_person") is { } flag && Yaml.Flag(flag, "one_row_per_person");
        var missing = ReadMissing(map);
        var columns = new YamlMap(map.Need("columns", "columns: { age: { type: integer, low: 0, high: 100 } }"), "columns");
        map.End();

        var sources = columns.Entries.Select(e => Yaml.At(e.Line, () => ReadColumn(e.Key, e.Value, missing))).ToArray();
        if (sources.GroupBy(s => s.Header).FirstOrDefault(g => g.Count() > 1) is { } twice)
        {
            throw new AnalysisException($"Two columns read the header '{twice.Key}'; each header feeds one column.", columns.Line);
        }

        var keys = sources.Where(s => s.Role == ColumnRole.PersonKey).ToArray();
        if (keys.Length > 1) throw new AnalysisException($"The schema has {keys.Length} person keys; there can be one.", columns.Line);
        if (keys.Length == 1 && single)
        {
            throw new AnalysisException(
                $"The schema says one_row_per_person and has the person key '{keys[0].Header}'; keep one of the two.", map.LineOf("one_row_per_person"));
        }

        if (keys.Length == 0 && !single)
        {
            throw new AnalysisException(
                "The schema does not say whose a row is. Give one column the role person_key, or declare 'one_row_per_person: true', which everybody will see.",
                map.Line);
        }

        var rule = single ? RowRule.OneRowPerPerson : RowRule.PersonKey;
        return Yaml.At(map.Line, () => new SchemaFile(
            new DatasetSchema(name, description, rule, [.. sources.Where(s => s.Column is not null).Select(s => s.Column!)]), sources));
    }

    private static SourceColumn ReadColumn(string name, YamlNode node, IReadOnlyList<string> missing)
    {
        if (node is YamlScalarNode) return new SourceColumn(name, Hidden(Yaml.Text(node, $"Column '{name}'"), name), null, [], []);
        var map = new YamlMap(node, $"column '{name}'");
        var header = map.Text("from") ?? name;
        if (map.Text("role") is { } role && role != "use")
        {
            map.End();
            return new SourceColumn(header, Hidden(role, name), null, [], []);
        }

        var type = Yaml.Text(map.Need("type", "type: integer"), "type") switch
        {
            "integer" => ColumnType.Integer,
            "number" => ColumnType.Number,
            "category" => ColumnType.Category,
            "date" => ColumnType.Date,
            var text => throw new AnalysisException($"The type of column '{name}' is '{text}'; use integer, number, category or date.", map.LineOf("type")),
        };
        var codes = map.Find("codes") is { } codeNode
            ? new YamlMap(codeNode, $"codes of column '{name}'").Entries.Select(e => (Code: e.Key, Label: Yaml.Text(e.Value, $"The code '{e.Key}'"))).ToArray()
            : [];
        if (codes.Length > 0 && type != ColumnType.Category)
        {
            throw new AnalysisException(
                $"Column '{name}' has codes, but holds numbers; declare it a category, or remove them.", map.LineOf("codes"));
        }

        var categories = map.Find("categories") is { } list
            ? Yaml.Items(list, "categories").Select(c => Yaml.Text(c, "A category")).ToArray()
            : [.. codes.Select(c => c.Label).Distinct()];
        if (codes.FirstOrDefault(c => !categories.Contains(c.Label)) is { Code: not null } stray)
        {
            throw new AnalysisException(
                $"Column '{name}' maps the code '{stray.Code}' to '{stray.Label}', which is none of its categories: {string.Join(", ", categories)}.", map.LineOf("codes"));
        }

        var column = new SchemaColumn(name, type)
        {
            Unit = map.Text("unit") ?? "",
            Description = map.Text("description") ?? "",
            Low = ReadBound(map, "low", type),
            High = ReadBound(map, "high", type),
            Resolution = map.Number("resolution"),
            Categories = categories,
        };
        var own = ReadMissing(map);
        var format = ReadFormat(map, name, type);
        map.End();
        column.Validate();
        return new SourceColumn(header, ColumnRole.Use, column, [.. missing, .. own], codes, format);
    }

    private static double? ReadBound(YamlMap map, string key, ColumnType type)
    {
        if (type != ColumnType.Date || map.Text(key) is not { } text) return map.Number(key);
        return DayNumber.TryParse(text, out var day) ? day : throw new AnalysisException(
            $"{key} is '{text}'; of a date it must be a date of the calendar, year first, e.g. {key}: 2020-01-31.", map.LineOf(key));
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

    private static IReadOnlyList<string> ReadMissing(YamlMap map) => map.Find("missing") is { } node
        ? [.. Yaml.Items(node, "missing").Select(m => Yaml.Text(m, "A missing code"))]
        : [];
}
