using SecureAggregation.Statistics.Internal;

namespace SecureAggregation.Statistics;

/// <summary>
/// Made-up rows from a schema alone, so that people can write queries without asking anybody's data: types, bounds, labels, codes, what stands for
/// "missing", dates, and persons with one to five rows each. Nothing of any data is in them, so no number that they give means anything. The same
/// schema, seed and row give the same fields.
/// </summary>
public sealed class DummyRows
{
    /// <summary>The most rows.</summary>
    public const long MaxRows = 100_000_000;

    private static readonly int[] s_rowsOfPerson = [1, 1, 1, 1, 2, 2, 3, 5];

    private readonly SchemaFile _schema;
    private readonly DummyColumn?[] _columns;
    private readonly Draws _persons;

    /// <summary>Rows that the schema reads.</summary>
    /// <param name="schema">How they are written.</param>
    /// <param name="rows">How many, 1 to 100,000,000.</param>
    /// <param name="seed">Which of all possible ones.</param>
    /// <exception cref="ArgumentOutOfRangeException">The number of rows.</exception>
    public DummyRows(SchemaFile schema, long rows, ulong seed)
    {
        ArgumentNullException.ThrowIfNull(schema);
        if (rows is < 1 or > MaxRows) throw new ArgumentOutOfRangeException(nameof(rows), rows, $"The number of rows must be 1 to {MaxRows}.");
        (_schema, Count) = (schema, rows);
        var sources = schema.Sources.Where(s => s.Role != ColumnRole.Drop).ToArray();
        Header = [.. sources.Select(s => s.Header)];
        _columns = [.. sources.Select(s => s.Role == ColumnRole.Use ? new DummyColumn(s, seed) : null)];
        _persons = new Draws(seed, "/persons");
    }

    /// <summary>How many rows.</summary>
    public long Count { get; }

    /// <summary>The headers: every column that is read; dropped ones are left out.</summary>
    public IReadOnlyList<string> Header { get; }

    /// <summary>The fields of every row, in the order of <see cref="Header"/>; one list for all rows.</summary>
    public IEnumerable<IReadOnlyList<string>> Rows()
    {
        var fields = new string[_columns.Length];
        var (person, left) = (0L, 0);
        for (var row = 0L; row < Count; row++)
        {
            if (left-- == 0) left = s_rowsOfPerson[_persons.Below(person++, s_rowsOfPerson.Length)] - 1;
            for (var i = 0; i < fields.Length; i++) fields[i] = _columns[i]?.Field(row) ?? $"DUMMY-{person:0000000}";
            yield return fields;
        }
    }

    /// <summary>The rows as an analysis sees them, read through the schema; one record for all rows.</summary>
    /// <exception cref="AnalysisException">The schema lacks a column of the analysis.</exception>
    public IEnumerable<IRecord> Records(Analysis analysis)
    {
        ArgumentNullException.ThrowIfNull(analysis);
        var record = new DummyRecord(_schema, Header, analysis);
        foreach (var fields in Rows())
        {
            record.Set(fields);
            yield return record;
        }
    }

    /// <summary>The rows as CSV (RFC 4180, comma, header).</summary>
    public void WriteCsv(TextWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        WriteLine(writer, Header);
        foreach (var fields in Rows()) WriteLine(writer, fields);
    }

    private static void WriteLine(TextWriter writer, IReadOnlyList<string> fields)
    {
        for (var i = 0; i < fields.Count; i++)
        {
            if (i > 0) writer.Write(',');
            var field = fields[i];
            // An empty line is no row: a single empty field is written as a quoted one.
            var quoted = field.AsSpan().IndexOfAny(",\"\r\n") >= 0 || (field.Length == 0 && fields.Count == 1);
            writer.Write(quoted ? $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : field);
        }

        writer.Write('\n');
    }
}
