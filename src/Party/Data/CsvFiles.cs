using System.IO.Enumeration;

namespace SecureAggregation.Party.Data;

/// <summary>
/// CSV files on a disk: one, or the parts in a folder, one after the other by name. Which parts there are is settled when a pass begins: one that
/// appears later belongs to the next pass.
/// </summary>
/// <param name="path">A file, a folder, or a folder with a pattern for names in it, as "/data/2024-*.csv".</param>
/// <param name="form">How all of them are written.</param>
internal sealed class CsvFiles(string path, CsvForm form) : IDataSource
{
    private static readonly string[] s_patterns = ["*.csv", "*.csv.gz"];

    public string Name => path;

    public IReadOnlyList<string> ReadHeader(CancellationToken cancellationToken)
    {
        var parts = Parts();
        using var table = new PartsTable(parts, form, cancellationToken);
        // Each part's header is read and held against the first's.
        while (table.NextPart()) cancellationToken.ThrowIfCancellationRequested();
        return table.Header;
    }

    public string Stamp() => FileStamp.Of(Parts());

    public ITable Open(Selection selection, CancellationToken cancellationToken)
    {
        var parts = Parts();
        return parts.Count == 1 ? CsvTable.Open(parts[0], form) : new PartsTable(parts, form, cancellationToken);
    }

    private List<string> Parts()
    {
        var (folder, patterns) = Directory.Exists(path) ? (path, s_patterns) : (Path.GetDirectoryName(path) ?? "", [Path.GetFileName(path)]);
        if (patterns[0].IndexOfAny(['*', '?']) < 0 || File.Exists(path)) return [path];
        List<string> parts;
        try
        {
            parts = [.. Directory.EnumerateFiles(folder).Where(f => Matches(Path.GetFileName(f), patterns)).Order(StringComparer.Ordinal)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataSourceException($"Folder '{folder}' cannot be listed; check the dataset's Csv in the configuration, and the folder's " +
                "mode and owner.");
        }

        return parts.Count > 0 ? parts : throw new DataSourceException(
            $"Folder '{folder}' has no file {string.Join(" or ", patterns)}; check the dataset's Csv in the configuration.");
    }

    private static bool Matches(string file, string[] patterns) =>
        file[0] != '.' && patterns.Any(p => FileSystemName.MatchesSimpleExpression(p, file, ignoreCase: false));

    /// <summary>The parts as one table.</summary>
    private sealed class PartsTable : ITable
    {
        private readonly IReadOnlyList<string> _parts;
        private readonly CsvForm _form;
        private readonly CancellationToken _cancellationToken;
        private CsvTable _part;
        private int _index;

        public PartsTable(IReadOnlyList<string> parts, CsvForm form, CancellationToken cancellationToken)
        {
            (_parts, _form, _cancellationToken) = (parts, form, cancellationToken);
            _part = CsvTable.Open(parts[0], form);
            Header = _part.Header;
        }

        public IReadOnlyList<string> Header { get; }

        public string Place => _part.Place;

        public int? Percent => ((100 * _index) + _part.Percent) / _parts.Count;

        public bool Read()
        {
            while (!_part.Read())
            {
                _cancellationToken.ThrowIfCancellationRequested();
                if (!NextPart()) return false;
            }

            return true;
        }

        public ReadOnlySpan<char> Field(int column) => _part.Field(column);

        public bool NextPart()
        {
            if (_index + 1 == _parts.Count) return false;
            _part.Dispose();
            _part = CsvTable.Open(_parts[++_index], _form);
            return _part.Header.SequenceEqual(Header, StringComparer.Ordinal) ? true : throw new DataSourceException(
                $"'{_parts[_index]}' has another header than '{_parts[0]}'; all parts of a folder need the same columns in the same order.");
        }

        public void Dispose() => _part.Dispose();
    }
}
