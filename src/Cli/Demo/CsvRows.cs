using System.Text;

namespace SecureAggregation.Cli.Demo;

/// <summary>
/// A plain reader of CSV (RFC 4180) for the pooled truth. It shares no line with the outposts' own reader on purpose: where the two
/// disagree on a file, the demo's check fails.
/// </summary>
internal static class CsvRows
{
    /// <summary>All rows, the header first.</summary>
    public static IEnumerable<string[]> Read(TextReader text)
    {
        var row = new List<string>();
        var field = new StringBuilder();
        var (quoted, any) = (false, false);
        int c;
        while ((c = text.Read()) >= 0)
        {
            any = true;
            if (quoted)
            {
                if (c != '"') field.Append((char)c);
                else if (text.Peek() == '"') field.Append((char)text.Read());
                else quoted = false;
            }
            else if (c == '"' && field.Length == 0)
            {
                quoted = true;
            }
            else if (c == ',')
            {
                Take(row, field);
            }
            else if (c == '\n')
            {
                Take(row, field);
                any = false;
                if (row is not [""]) yield return [.. row];
                row.Clear();
            }
            else if (c != '\r' || text.Peek() != '\n')
            {
                field.Append((char)c);
            }
        }

        if (!any) yield break;
        Take(row, field);
        yield return [.. row];
    }

    private static void Take(List<string> row, StringBuilder field)
    {
        row.Add(field.ToString());
        field.Clear();
    }
}
