using System.Globalization;
using CsvHelper;
using CsvHelper.Configuration;

namespace SecureAggregation.Party.Data;

/// <summary>
/// A CSV file read row by row: a header, then rows with as many fields. Memory does not grow with the number of rows, and a
/// field that nobody asks for is never made into a string.
/// </summary>
internal sealed class CsvTable : IDisposable
{
    /// <summary>Longest field, in characters: what a quote that is never closed would otherwise swallow is the rest of the file.</summary>
    public const int MaxField = 64 * 1024;

    /// <summary>Most columns.</summary>
    public const int MaxColumns = 4096;

    private const int BufferSize = 64 * 1024;

    private readonly CsvParser _parser;
    private readonly Stream _stream;
    private readonly string _name;

    private CsvTable(Stream stream, string name, char delimiter)
    {
        _stream = stream;
        _parser = Parser(stream, name, delimiter);
        _name = name;
    }

    /// <summary>Column names, trimmed; not empty, all different.</summary>
    public IReadOnlyList<string> Header { get; private set; } = [];

    /// <summary>Line of the file on which the current row begins, from 1.</summary>
    public long Line { get; private set; }

    /// <summary>How much of the file has been read, in hundredths.</summary>
    public int Percent => _stream.Length == 0 ? 100 : (int)(_stream.Position * 100 / _stream.Length);

    /// <summary>The character between fields.</summary>
    public char Delimiter => _parser.Delimiter[0];

    /// <summary>
    /// Opens a file and reads its header. The delimiter is the comma unless the header has none and a semicolon or a tab instead.
    /// </summary>
    /// <exception cref="DataSourceException">No such file, not readable, empty, not UTF-8, or an unusable header.</exception>
    public static CsvTable Open(string path, char? delimiter = null) => Open(() => OpenFile(path), path, delimiter);

    /// <inheritdoc cref="Open(string, char?)"/>
    /// <param name="open">Opens the stream; called again if another delimiter has to be tried.</param>
    /// <param name="name">What messages call the data.</param>
    /// <param name="delimiter">The delimiter, if known.</param>
    public static CsvTable Open(Func<Stream> open, string name, char? delimiter = null)
    {
        foreach (var candidate in delimiter is { } given ? [given] : (ReadOnlySpan<char>)[',', ';', '\t'])
        {
            var table = new CsvTable(open(), name, candidate);
            try
            {
                table.ReadHeader();
                if (delimiter is not null || candidate == '\t' || table._parser.Count > 1 || table.Header[0].IndexOfAny([';', '\t']) < 0)
                    return table;
                table.Dispose();
            }
            catch
            {
                table.Dispose();
                throw;
            }
        }

        throw new System.Diagnostics.UnreachableException();
    }

    /// <summary>Goes to the next row; false at the end.</summary>
    /// <exception cref="DataSourceException">The row has too few or too many fields, a quote stands where none may, or the bytes are not
    /// UTF-8.</exception>
    public bool Read()
    {
        if (!Advance()) return false;
        return _parser.Count == Header.Count ? true : throw new DataSourceException(
            $"'{_name}', line {Line}: {_parser.Count} field{(_parser.Count == 1 ? "" : "s")} where the header has {Header.Count}. " +
            "Every row must have as many fields as the header; a field that contains the delimiter or a line break must be quoted.");
    }

    /// <summary>A field of the current row, without blanks around it.</summary>
    public ReadOnlySpan<char> Field(int column) => _parser[column].AsSpan().Trim();

    public void Dispose() => _parser.Dispose();

    private static FileStream OpenFile(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, BufferSize, FileOptions.SequentialScan);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new DataSourceException($"'{path}' does not exist; check the dataset's Csv in the configuration.");
        }
        catch (UnauthorizedAccessException)
        {
            throw new DataSourceException(
                Directory.Exists(path) ? $"'{path}' is a folder; the dataset's Csv must name a file." : $"'{path}' may not be read by " +
                    "this user; check its mode and owner.");
        }
        catch (IOException)
        {
            throw new DataSourceException($"'{path}' cannot be opened: it is in use, or the disk or share is not there.");
        }
    }

    private static CsvParser Parser(Stream stream, string name, char delimiter) => new(
        new StrictUtf8Reader(stream, name),
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

    private void ReadHeader()
    {
        if (!Advance()) throw new DataSourceException($"'{_name}' is empty; the first line must be a header with the column names.");
        if (_parser.Count > MaxColumns)
            throw new DataSourceException($"'{_name}' has {_parser.Count} columns; at most {MaxColumns} are read.");
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

        Header = names;
    }

    private bool Advance()
    {
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
                    $"'{_name}', line {Line}: a field of more than {MaxField} characters; most likely a quote is opened and never closed.");
            }
        }
        while (_parser.Count == 1 && _parser[0].Length == 0);
        return true;
    }
}
