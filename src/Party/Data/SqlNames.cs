namespace SecureAggregation.Party.Data;

/// <summary>Names in SQL. They come from the operator's configuration and schema; values never become SQL text.</summary>
internal static class SqlNames
{
    /// <summary>A name, quoted, so that it is a name and nothing else.</summary>
    public static string Quote(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    /// <summary>A table, or a table in a schema ("clinic.visits").</summary>
    public static string QuoteTable(string table) => string.Join('.', table.Split('.', 2).Select(Quote));
}
