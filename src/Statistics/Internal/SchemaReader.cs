namespace SecureAggregation.Statistics.Internal;

/// <summary>The YAML form of a schema file, see docs/queries.md.</summary>
internal static class SchemaReader
{
    public static SchemaFile Read(YamlMap map)
    {
        var name = Yaml.Text(map.Need("name", "name: heart"), "name");
        var description = map.Text("description") ?? "";
        var single = map.Find("one_row_per_person") is { } flag && Yaml.Flag(flag, "one_row_per_person");
        var owner = map.Text("owner") ?? "";
        var access = ReadAccess(map);
        var missing = ColumnReader.ReadMissing(map);
        var columns = new YamlMap(map.Need("columns", "columns: { age: { type: integer, low: 0, high: 100 } }"), "columns");
        map.End();

        var notes = new List<string>();
        var sources = columns.Entries.Select(e => Yaml.At(e.Line, () => ColumnReader.Read(e.Key, e.Value, missing, notes.Add))).ToArray();
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
            new DatasetSchema(name, description, rule, [.. sources.Where(s => s.Column is not null).Select(s => s.Column!)], owner, access),
            sources,
            notes));
    }

    private static DatasetAccess ReadAccess(YamlMap map) => map.Text("access") switch
    {
        null or "members" => DatasetAccess.Members,
        "open" => DatasetAccess.Open,
        "approval" => DatasetAccess.Approval,
        var text => throw new AnalysisException($"access is '{text}'; use open, members or approval.", map.LineOf("access")),
    };
}
