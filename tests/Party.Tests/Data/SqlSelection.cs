using System.Text.Json;
using SecureAggregation.Party.Data;
using SecureAggregation.Statistics;

namespace SecureAggregation.Party.Tests.Data;

internal static class SqlSelection
{
    /// <summary>Columns by name, whatever is in them.</summary>
    public static Selection Columns(params string[] names)
    {
        var columns = names.Select((n, i) => $"  c{i}: {{ type: category, categories: [ x ], from: {JsonSerializer.Serialize(n)} }}");
        var schema = SchemaFile.Parse($"name: t\none_row_per_person: true\ncolumns:\n  zz: {{ type: integer }}\n{string.Join('\n', columns)}\n");
        return new([.. schema.Sources.Where(s => s.Header != "zz")], null, false);
    }
}
