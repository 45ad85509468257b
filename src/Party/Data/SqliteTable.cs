using System.Globalization;
using System.Text.Unicode;
using Microsoft.Data.Sqlite;
using SQLitePCL;

namespace SecureAggregation.Party.Data;

/// <summary>Rows of a SQLite query as text: numbers as .NET writes them, which is exact; without an object a row.</summary>
internal sealed class SqliteTable(
    SqliteConnection connection, SqliteCommand command, SqliteDataReader reader, IReadOnlyList<string> header, SqliteSource source) : ITable
{
    private const string NotText = "\uFFFD";

    private char[] _text = new char[256];
    private long _row;

    public IReadOnlyList<string> Header => header;

    public string Place => string.Create(CultureInfo.InvariantCulture, $"'{source.Name}', row {_row}");

    public int? Percent => null;

    public bool Read()
    {
        _row++;
        return source.Guarded(reader.Read);
    }

    public ReadOnlySpan<char> Field(int column)
    {
        var statement = reader.Handle!;
        var written = 0;
        switch (raw.sqlite3_column_type(statement, column))
        {
            case raw.SQLITE_NULL: return [];
            case raw.SQLITE_INTEGER:
                raw.sqlite3_column_int64(statement, column).TryFormat(_text, out written, default, CultureInfo.InvariantCulture);
                break;
            case raw.SQLITE_FLOAT:
                raw.sqlite3_column_double(statement, column).TryFormat(_text, out written, "R", CultureInfo.InvariantCulture);
                break;
            case raw.SQLITE_TEXT:
                // The first call makes UTF-8 of whatever encoding the file has, the second gives the bytes themselves.
                raw.sqlite3_column_text(statement, column);
                var bytes = raw.sqlite3_column_blob(statement, column);
                if (bytes.Length > CsvTable.MaxField)
                    throw new DataSourceException($"{Place}: a text of more than {CsvTable.MaxField} bytes in a column that the schema reads.");
                if (bytes.Length > _text.Length) _text = new char[bytes.Length];
                Utf8.ToUtf16(bytes, _text, out _, out written);
                break;
            // A BLOB is neither a number nor a label.
            default: return NotText;
        }

        return _text.AsSpan(0, written).Trim();
    }

    public void Dispose()
    {
        Array.Clear(_text);
        reader.Dispose();
        command.Dispose();
        connection.Dispose();
    }
}
