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
    private const int MostCategories = 50;
    private const int RowsToLookAt = 5000;

    private static readonly string[] s_missing = ["?", "-9", "NA", "N/A", "null", "NULL", "."];

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

        var yaml = new StringBuilder($"name: {Quote(dataset)}\ndescription: inferred, not confirmed by anybody\none_row_per_person: true\nmissing: [{string.Join(", ", s_missing.Select(Quote))}]\ncolumns:\n");
        foreach (var column in named) yaml.Append($"  {Quote(column)}: {Column(column, clinics, queries)}\n");
        foreach (var column in headers.SelectMany(h => h.Header).Distinct().Except(named)) yaml.Append($"  {Quote(column)}: drop\n");
        note($"no schema given (schema: in the query, --schema, or schema.yaml in the folder): assuming that one row is one person and that an empty field and {string.Join(" ", s_missing)} mean missing; only {string.Join(", ", named)} are read. A 0 counts as 0: a schema must say where it means missing.");
        return yaml.ToString();
    }

    private static string Column(string name, IReadOnlyList<DemoClinic> clinics, IReadOnlyList<AnalysisQuery> queries)
    {
        var values = clinics.SelectMany(c => Values(c.CsvPath, name)).Where(v => v.Length > 0 && !s_missing.Contains(v)).Distinct().ToList();
        var numbers = values.Select(v => double.TryParse(v, NumberStyles.Float, CultureInfo.InvariantCulture, out var n) ? n : (double?)null).ToList();
        if (numbers.TrueForAll(n => n is not null))
        {
            var bounds = queries.SelectMany(q => q.Measures).Select(m => m.Bounds.GetValueOrDefault(name)).FirstOrDefault(b => b is { Low: not null, High: not null });
            var type = numbers.TrueForAll(n => Math.Floor(n!.Value) == n.Value) ? "integer" : "number";
            return bounds is { Low: { } low, High: { } high } ? string.Create(CultureInfo.InvariantCulture, $"{{ type: {type}, low: {low}, high: {high} }}") : $"{{ type: {type} }}";
        }

        if (values.Count > MostCategories)
            throw new CliException(ExitCode.BadInput, $"the column '{name}' has over {MostCategories} different texts; write a schema that lists the ones that matter");
        return $"{{ type: category, categories: [{string.Join(", ", values.Order(StringComparer.Ordinal).Select(Quote))}] }}";
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

    private static string Quote(string text) => $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
}
