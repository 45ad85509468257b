using System.Globalization;
using System.Text;
using SecureAggregation.Statistics;

namespace SecureAggregation.Cli.Demo;

/// <summary>
/// A schema for a folder that has none, as narrow as can be: only columns that the queries name are used, all others are dropped unread; bounds come from the
/// queries or there are none. It says what it assumed. An outpost never does this by itself: there a person completes and accepts a schema.
/// </summary>
internal static class SchemaInference
{
    private const int RowsToLookAt = 5000;

    public static string Infer(IReadOnlyList<DemoClinic> clinics, IReadOnlyList<AnalysisQuery> queries, Action<string> note)
    {
        var dataset = queries[0].Dataset;
        if (queries.FirstOrDefault(q => q.Dataset != dataset) is { } other)
            throw new CliException(ExitCode.BadInput, $"the queries ask datasets '{dataset}' and '{other.Dataset}', but a folder is one dataset; run them one by one");
        var headers = clinics.Select(c => (c.Name, Header: Header(c.CsvPath))).ToList();
        var named = queries.SelectMany(q => q.DatasetColumns).Distinct().ToList();
        foreach (var column in named)
        {
            if (headers.FirstOrDefault(h => !h.Header.Contains(column)) is { Name: not null } without)
                throw new CliException(ExitCode.BadInput, $"{without.Name}.csv has no column '{column}', which a query names; its columns: {string.Join(", ", without.Header)}");
            if (IdentifierNames.Flags(column) is { } identifier)
                throw new CliException(ExitCode.BadInput, $"a query names the column '{column}', which by its name identifies persons ({identifier}); write a schema that says what it is");
        }

        var sketches = named.ToDictionary(c => c, c => Sketch(c, clinics), StringComparer.Ordinal);
        var missing = sketches.Values.SelectMany(s => s.MissingCodes).Distinct().Order(StringComparer.Ordinal).ToList();
        var yaml = new StringBuilder($"name: {YamlText.Quote(dataset)}\ndescription: inferred, not confirmed by anybody\none_row_per_person: true\nmissing: [{string.Join(", ", missing.Select(m => $"\"{m}\""))}]\ncolumns:\n");
        foreach (var column in named) yaml.Append($"  {YamlText.Quote(column)}: {Column(column, sketches[column], queries)}\n");
        foreach (var column in headers.SelectMany(h => h.Header).Distinct().Except(named)) yaml.Append($"  {YamlText.Quote(column)}: drop\n");
        note($"no schema given (schema: in the query, --schema, or schema.yaml in the folder): assuming that one row is one person and that {string.Join(", ", (string[])["an empty field", .. missing])} mean missing; only {string.Join(", ", named)} are read. A 0 counts as 0: a schema must say where it means missing.");
        return yaml.ToString();
    }

    private static string Column(string name, ColumnSketch sketch, IReadOnlyList<AnalysisQuery> queries)
    {
        if (sketch.DateForm is { } form) return $"{{ type: date, format: {YamlText.Quote(form)} }}";
        if (!sketch.HasText)
        {
            var bounds = queries.SelectMany(q => q.Measures).Select(m => m.Bounds.GetValueOrDefault(name)).FirstOrDefault(b => b is { Low: not null, High: not null });
            var type = sketch.HasFractions ? "number" : "integer";
            return bounds is { Low: { } low, High: { } high } ? string.Create(CultureInfo.InvariantCulture, $"{{ type: {type}, low: {low}, high: {high} }}") : $"{{ type: {type} }}";
        }

        return sketch.Labels.Count > 0
            ? $"{{ type: category, categories: [{string.Join(", ", sketch.Labels.Keys.Order(StringComparer.Ordinal).Select(YamlText.Quote))}] }}"
            : throw new CliException(ExitCode.BadInput, $"the column '{name}' has over {ColumnSketch.MostLabels} different texts; write a schema that lists the ones that matter");
    }

    private static ColumnSketch Sketch(string column, IReadOnlyList<DemoClinic> clinics)
    {
        var sketch = new ColumnSketch();
        foreach (var value in clinics.SelectMany(c => Values(c.CsvPath, column))) sketch.See(value);
        return sketch;
    }

    private static string[] Header(string path)
    {
        using var reader = new StreamReader(path);
        return CsvRows.Read(reader).FirstOrDefault()?.Select(h => h.Trim().Trim('\uFEFF')).ToArray()
            ?? throw new CliException(ExitCode.BadInput, $"{path} is empty; it needs a header and rows");
    }

    private static IEnumerable<string> Values(string path, string column)
    {
        using var reader = new StreamReader(path);
        using var rows = CsvRows.Read(reader).GetEnumerator();
        if (!rows.MoveNext()) yield break;
        var at = Array.FindIndex(rows.Current, h => h.Trim().Trim('\uFEFF') == column);
        for (var i = 0; i < RowsToLookAt && rows.MoveNext(); i++)
        {
            if (at < rows.Current.Length) yield return rows.Current[at].Trim();
        }
    }
}
