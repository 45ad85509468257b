using SecureAggregation.Party.Data;
using SecureAggregation.Statistics;

namespace SecureAggregation.Party.Catalogue;

/// <summary>
/// Stops an outpost whose data has a column that may identify persons and that nobody has decided about: by its name, or by what the first
/// rows hold. What it prints are headers, classes and lines to add, never a field. Columns that are dropped, or tell persons apart, are not looked at.
/// </summary>
internal static class IdentifierCheck
{
    /// <summary>How many rows are looked at.</summary>
    public const int SampleRows = 5000;

    /// <summary>By the headers alone.</summary>
    /// <exception cref="DataSourceException">A column must be mapped, or declared not to identify anybody.</exception>
    public static void RequireNames(string source, IReadOnlyList<string> header, SchemaFile schema)
    {
        var mapped = ByHeader(schema);
        Require(source, mapped, Found(Open(header, mapped).Select(h => (h, ByName(h, mapped.GetValueOrDefault(h))))));
    }

    /// <summary>By the values of the first rows.</summary>
    /// <exception cref="DataSourceException">A column must be mapped, or declared not to identify anybody.</exception>
    public static void RequireValues(IDataSource source, SchemaFile schema)
    {
        var mapped = ByHeader(schema);
        Require(source.Name, mapped, ByValue(source, Open(source.ReadHeader(CancellationToken.None), mapped), mapped));
    }

    private static Dictionary<string, SourceColumn> ByHeader(SchemaFile schema) => schema.Sources.ToDictionary(s => s.Header, StringComparer.Ordinal);

    /// <summary>Headers that nobody has decided about.</summary>
    private static List<string> Open(IReadOnlyList<string> header, Dictionary<string, SourceColumn> mapped) =>
        [.. header.Where(h => !mapped.TryGetValue(h, out var m) || (m.Role == ColumnRole.Use && m.NotIdentifying is null))];

    private static void Require(string source, Dictionary<string, SourceColumn> mapped, List<(string Header, IdentifierFinding Finding)> findings)
    {
        if (findings.Count == 0) return;
        var lines = findings.Select(f => $"  {YamlText.Quote(f.Header)}: drop          # {Why(f.Finding)}; or " + (mapped.ContainsKey(f.Header)
            ? "keep it and add to it 'not_identifying: <why>'"
            : "person_key, if it tells whose row it is"));
        var dates = findings.Exists(f => f.Finding.Class == IdentifierNames.DateClass);
        throw new DataSourceException(
            $"'{source}': {findings.Count} column{(findings.Count == 1 ? "" : "s")} may identify a person and must be mapped before this outpost " +
            $"starts. Put under 'columns:' of the schema:{Environment.NewLine}{string.Join(Environment.NewLine, lines)}" +
            (dates ? $"{Environment.NewLine}A column of dates may answer queries if it is declared as such: 'type: date', with bounds." : ""));
    }

    /// <summary>What a name tells, unless the schema already answers it: dates are what a date column is for.</summary>
    private static IdentifierFinding? ByName(string header, SourceColumn? mapped) =>
        IdentifierNames.Flags(header) is { } name && !(name == IdentifierNames.DateClass && mapped?.Column?.Type == ColumnType.Date)
            ? new IdentifierFinding(name, "")
            : null;

    private static List<(string Header, IdentifierFinding Finding)> ByValue(
        IDataSource source, List<string> headers, Dictionary<string, SourceColumn> mapped)
    {
        if (headers.Count == 0) return [];
        var selection = new Selection([.. headers.Select(h => mapped.GetValueOrDefault(h) ?? SourceColumn.Unread(h, ColumnRole.Drop))], null, false);
        using var table = source.Open(selection, CancellationToken.None);
        var columns = headers.Select(h => Headers.Find(table.Header, source.Name, h)).ToArray();
        var scans = headers.Select(_ => new IdentifierScan()).ToArray();
        for (var row = 0; row < SampleRows && table.Read(); row++)
        {
            for (var i = 0; i < scans.Length; i++) scans[i].See(table.Field(columns[i]));
        }

        return Found(headers.Zip(scans, (h, s) => (h, s.Finding(mapped.GetValueOrDefault(h)?.Column?.Type))));
    }

    private static List<(string Header, IdentifierFinding Finding)> Found(IEnumerable<(string Header, IdentifierFinding? Finding)> columns) =>
        [.. columns.Where(c => c.Finding is not null).Select(c => (c.Header, c.Finding!))];

    private static string Why(IdentifierFinding finding) => finding.Reason.Length > 0 ? $"{finding.Class}: {finding.Reason}" : finding.Class;
}
