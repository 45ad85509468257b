using System.Globalization;
using CsvHelper;
using CsvHelper.Configuration;

namespace SecureAggregation.Party.Data;

/// <summary>
/// CSV read row by row: a header, then rows with as many fields. Memory does not grow with the number of rows, and a
/// field that nobody asks for is never made into a string.
/// </summary>
internal sealed class CsvTable : ITable
{
    /// <summary>Longest field, in characters: what a quote that is never closed would otherwise swallow is the rest of the file.</summary>
    public const int MaxField = 64 * 1024;

    private const int BufferSize = 64 * 1024;

    private readonly CsvParser _parser;
    private readonly string _name;
    private readonly Func<int?> _percent;
    private readonly bool _counted;
    private long _row;

    private CsvTable(StrictText text, string name, CsvForm form, Func<int?> percent, IReadOnlyList<string>? header)
    {
        (_name, _percent) = (name, percent);
        _parser = Parser(text, name, form.Delimiter ?? CsvForm.FindDelimiter(text.Ahead()));
        _counted = header is not null;
        Header = header ?? ReadHeader();
    }

    /// <summary>Column names, trimmed; not empty, all different.</summary>
    public IReadOnlyList<string> Header { get; }

    /// <summary>Line of the file on which the current row begins, from 1.</summary>
    public long Line { get; private set; }

    public string Place => _counted ? $"'{_name}', row {_row}" : $"'{_name}', line {Line}";

    public int? Percent => _percent();

    /// <summary>The character between fields.</summary>
    public char Delimiter => _parser.Delimiter[0];

    /// <summary>Opens a file, packed or not, and reads its header.</summary>
    /// <exception cref="DataSourceException">No such file, not readable, empty, not in its encoding, or an unusable header.</exception>
    public static CsvTable Open(string path, CsvForm? form = null)
    {
        var file = OpenFile(path);
        return Open(file, path, form ?? CsvForm.Default, () => file.Length == 0 ? 100 : (int)(file.Position * 100 / file.Length));
    }

    /// <summary>Reads a stream, packed or not, which the table owns, and its header.</summary>
    /// <param name="stream">The bytes.</param>
    /// <param name="name">What messages call the data.</param>
    /// <param name="form">How it is written.</param>
    /// <param name="percent">How much has been read; called while the table is open.</param>
    public static CsvTable Open(Stream stream, string name, CsvForm form, Func<int?>? percent = null)
    {
        try
        {
            return new CsvTable(new StrictText(Gunzip.Open(stream, name), name, form.Encoding), name, form, percent ?? (() => null), null);
        }
        catch
        {
            stream.Dispose();
            throw;
        }
    }

    /// <summary>Reads comma-separated rows in UTF-8 without a header line; messages count rows, not lines. Nothing is read yet.</summary>
    /// <param name="stream">The bytes, which the table owns.</param>
    /// <param name="name">What messages call the data.</param>
    /// <param name="header">The column names.</param>
    public static CsvTable OpenRows(Stream stream, string name, IReadOnlyList<string> header) =>
        new(new StrictText(stream, name, TextEncoding.Utf8), name, new CsvForm(',', TextEncoding.Utf8), () => null, header);

    /// <exception cref="DataSourceException">The row has too few or too many fields, a quote stands where none may, or a byte is no
    /// character.</exception>
    public bool Read()
    {
        if (!Advance()) return false;
        return _parser.Count == Header.Count ? true : throw new DataSourceException(
            $"{Place}: {_parser.Count} field{(_parser.Count == 1 ? "" : "s")} where the header has {Header.Count}. " +
            "Every row must have as many fields as the header; a field that contains the delimiter or a line break must be quoted.");
    }

    public ReadOnlySpan<char> Field(int column) => _parser[column].AsSpan().Trim();

    public void Dispose() => _parser.Dispose();

    private static FileStream OpenFile(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new DataSourceException($"'{path}' does not exist; check the dataset's Csv in the configuration.");
        }
        catch (UnauthorizedAccessException)
        {
            throw new DataSourceException(
                Directory.Exists(path) ? $"'{path}' is a folder; name a file." : $"'{path}' may not be read by this user; check its mode and owner.");
        }
        catch (IOException)
        {
            throw new DataSourceException($"'{path}' cannot be opened: it is in use, or the disk or share is not there.");
        }
    }

    private static CsvParser Parser(StrictText text, string name, char delimiter) => new(
        text,
        new CsvConfiguration(CultureInfo.InvariantCulture)
        {
            Delimiter = delimiter.ToString(),
            Mode = CsvMode.RFC4180,
            BufferSize = BufferSize,
            ProcessFieldBufferSize = 1024,
            MaxFieldSize = MaxField,
            // Blank lines are skipped here, so that lines can be counted.
            IgnoreBlankLines = false,
            CacheFields = false,
            ExceptionMessagesContainRawData = false,
            BadDataFound = args => throw new DataSourceException(
                $"'{name}', line {args.Context.Parser?.RawRow}: a quote stands where none may; quote the whole field, double the quotes " +
                    "inside it, and close it."),
        });

    private string[] ReadHeader()
    {
        if (!Advance()) throw new DataSourceException($"'{_name}' is empty; the first line must be a header with the column names.");
        if (_parser.Count > Headers.MaxColumns)
            throw new DataSourceException($"'{_name}' has {_parser.Count} columns; at most {Headers.MaxColumns} are read.");
        var names = new string[_parser.Count];
        var seen = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < names.Length; i++)
        {
            names[i] = Field(i).ToString();
            // Positions, not names: in a file without a header these are a patient's cells.
            if (names[i].Length == 0)
                throw new DataSourceException($"'{_name}', line {Line}: column {i + 1} has no name; every column of the header needs one.");
            if (!seen.TryAdd(names[i], i))
            {
                throw new DataSourceException(
                    $"'{_name}', line {Line}: columns {seen[names[i]] + 1} and {i + 1} have the same name; names must differ (is the " +
                        "header line missing?).");
            }
        }

        return names;
    }

    private bool Advance()
    {
        _row++;
        do
        {
            Line = _parser.RawRow + 1;
            try
            {
                if (!_parser.Read()) return false;
            }
            catch (MaxFieldSizeException)
            {
                throw new DataSourceException(
                    $"{Place}: a field of more than {MaxField} characters; most likely a quote is opened and never closed.");
            }
        }
        while (_parser.Count == 1 && !_counted && _parser[0].Length == 0);
        return true;
    }
}
