using System.Globalization;
using SecureAggregation.Crypto;

namespace SecureAggregation.Aggregator.Store;

/// <summary>
/// One file a party and round: <c>&lt;round&gt;/&lt;party&gt;.vector</c>. A file bears that name only when it is whole,
/// checked and on disk; until then it ends in <c>.part</c>.
/// </summary>
internal sealed class FileBlobStore : IBlobStore
{
    private const string Whole = ".vector";
    private const string Partial = ".part";

    private readonly string _root;
    private readonly BlobFlusher _flusher = new();

    /// <param name="root">The folder.</param>
    /// <param name="readOnly">Only to read, also while a station writes: nothing is made or cut.</param>
    public FileBlobStore(string root, bool readOnly = false)
    {
        _root = root;
        if (readOnly) return;
        Directory.CreateDirectory(root);
        var parts = Directory.GetFiles(root, "*" + Partial, SearchOption.AllDirectories);
        foreach (var part in parts) File.Delete(part);
        Cut = parts.Length;
    }

    public int Cut { get; }

    public IBlobWriter Create(byte[] roundId, uint party)
    {
        var folder = Folder(roundId);
        if (!Directory.Exists(folder))
        {
            Directory.CreateDirectory(folder);
            DiskSync.FlushFolder(_root);
        }

        return new FileBlobWriter(_flusher, Path(roundId, party, Partial), Path(roundId, party, Whole));
    }

    public Stream Open(byte[] roundId, uint party) =>
        new FileStream(Path(roundId, party, Whole), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 1 << 16, FileOptions.SequentialScan);

    public IReadOnlyList<byte[]> Rounds() => !Directory.Exists(_root) ? [] : [.. Directory.EnumerateDirectories(_root).Select(RoundOf).OfType<byte[]>()];

    public IReadOnlyList<uint> Parties(byte[] roundId) => !Directory.Exists(Folder(roundId)) ? [] :
        [.. Directory.EnumerateFiles(Folder(roundId), "*" + Whole).Select(PartyOf).OfType<uint>().Order()];

    public long Bytes(byte[] roundId) => !Directory.Exists(Folder(roundId)) ? 0 : new DirectoryInfo(Folder(roundId)).EnumerateFiles("*" + Whole).Sum(file => file.Length);

    public void KeepOnly(byte[] roundId, IReadOnlySet<uint> parties)
    {
        if (!Directory.Exists(Folder(roundId))) return;
        foreach (var file in Directory.EnumerateFiles(Folder(roundId)))
        {
            if (!file.EndsWith(Whole, StringComparison.Ordinal) || PartyOf(file) is not { } party || !parties.Contains(party)) File.Delete(file);
        }

        DiskSync.FlushFolder(Folder(roundId));
    }

    public void Delete(byte[] roundId)
    {
        if (Directory.Exists(Folder(roundId))) Directory.Delete(Folder(roundId), recursive: true);
    }

    public void Dispose() => _flusher.Dispose();

    /// <summary>Null for a file that is not the station's: somebody may have put one there.</summary>
    private static uint? PartyOf(string file) =>
        uint.TryParse(System.IO.Path.GetFileNameWithoutExtension(file), NumberStyles.None, CultureInfo.InvariantCulture, out var party) ? party : null;

    private static byte[]? RoundOf(string folder)
    {
        var name = System.IO.Path.GetFileName(folder);
        return name.Length == 32 && name.All(char.IsAsciiHexDigitLower) ? Convert.FromHexString(name) : null;
    }

    private string Folder(byte[] roundId) => System.IO.Path.Combine(_root, PublicBytes.Hex(roundId));

    private string Path(byte[] roundId, uint party, string suffix) =>
        System.IO.Path.Combine(Folder(roundId), party.ToString(CultureInfo.InvariantCulture) + suffix);
}

/// <summary>One vector on its way to its file.</summary>
internal sealed class FileBlobWriter(BlobFlusher flusher, string partial, string whole) : IBlobWriter
{
    private const int Stretch = 1 << 20;

    private readonly FileStream _file = new(partial, FileMode.Create, FileAccess.ReadWrite, FileShare.None, 1 << 14);
    private long _started;

    public string Folder => Path.GetDirectoryName(whole)!;

    public void Append(ReadOnlySpan<byte> data)
    {
        _file.Write(data);
        if (_file.Position - _started < Stretch) return;
        DiskSync.Start(_file.SafeFileHandle, _started, _file.Position - _started);
        _started = _file.Position;
    }

    public Stream Written()
    {
        _file.Position = 0;
        return _file;
    }

    /// <summary>Flushes the bytes, then gives the file its name, then flushes the name.</summary>
    public Task Commit() => flusher.Flush(this);

    public void FlushAndName()
    {
        try
        {
            _file.Flush(flushToDisk: true);
            _file.Dispose();
            File.Move(partial, whole, overwrite: true);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _file.Dispose();
        File.Delete(partial);
    }
}
