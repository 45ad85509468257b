using System.Globalization;
using SecureAggregation.Crypto;

namespace SecureAggregation.Aggregator.Store;

/// <summary>
/// Masked vectors, one file a party and round: <c>&lt;round&gt;/&lt;party&gt;.vector</c>. A file bears that name only when it is whole,
/// checked and on disk; until then it ends in <c>.part</c>.
/// </summary>
internal sealed class BlobStore : IDisposable
{
    private const string Whole = ".vector";
    private const string Partial = ".part";

    private readonly string _root;
    private readonly BlobFlusher _flusher = new();

    public BlobStore(string root)
    {
        _root = root;
        Directory.CreateDirectory(root);
        // What a crash cut short was never counted; its party sends it again.
        foreach (var part in Directory.EnumerateFiles(root, "*" + Partial, SearchOption.AllDirectories)) File.Delete(part);
    }

    public BlobWriter Create(byte[] roundId, uint party)
    {
        var folder = Folder(roundId);
        if (!Directory.Exists(folder))
        {
            Directory.CreateDirectory(folder);
            DiskSync.FlushFolder(_root);
        }

        return new BlobWriter(_flusher, Path(roundId, party, Partial), Path(roundId, party, Whole));
    }

    public FileStream Open(byte[] roundId, uint party) =>
        new(Path(roundId, party, Whole), FileMode.Open, FileAccess.Read, FileShare.Read | FileShare.Delete, 1 << 16, FileOptions.SequentialScan);

    /// <summary>The parties whose whole vector is here.</summary>
    public IReadOnlyList<uint> Parties(byte[] roundId) => !Directory.Exists(Folder(roundId)) ? [] :
        [.. Directory.EnumerateFiles(Folder(roundId), "*" + Whole).Select(PartyOf).OfType<uint>().Order()];

    /// <summary>Deletes the vectors of all parties but these, and what is partly written.</summary>
    public void KeepOnly(byte[] roundId, IReadOnlySet<uint> parties)
    {
        if (!Directory.Exists(Folder(roundId))) return;
        foreach (var file in Directory.EnumerateFiles(Folder(roundId)))
        {
            if (!file.EndsWith(Whole, StringComparison.Ordinal) || PartyOf(file) is not { } party || !parties.Contains(party)) File.Delete(file);
        }

        DiskSync.FlushFolder(Folder(roundId));
    }

    /// <summary>Deletes all vectors of a round.</summary>
    public void Delete(byte[] roundId)
    {
        if (Directory.Exists(Folder(roundId))) Directory.Delete(Folder(roundId), recursive: true);
    }

    /// <summary>Returns when everything that is being committed is on disk.</summary>
    public void Dispose() => _flusher.Dispose();

    /// <summary>Null for a file that is not the station's: somebody may have put one there.</summary>
    private static uint? PartyOf(string file) =>
        uint.TryParse(System.IO.Path.GetFileNameWithoutExtension(file), NumberStyles.None, CultureInfo.InvariantCulture, out var party) ? party : null;

    private string Folder(byte[] roundId) => System.IO.Path.Combine(_root, PublicBytes.Hex(roundId));

    private string Path(byte[] roundId, uint party, string suffix) =>
        System.IO.Path.Combine(Folder(roundId), party.ToString(CultureInfo.InvariantCulture) + suffix);
}

/// <summary>One vector on its way to disk. Disposed before <see cref="Commit"/>, it leaves nothing.</summary>
internal sealed class BlobWriter(BlobFlusher flusher, string partial, string whole) : IDisposable
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

    /// <summary>What was appended, from the beginning; nothing can be appended afterwards.</summary>
    public Stream Written()
    {
        _file.Position = 0;
        return _file;
    }

    /// <summary>Flushes the bytes, then gives the file its name, then flushes the name. From this call on the writer is no longer the caller's.</summary>
    /// <exception cref="IOException">It cannot be written; nothing is left of it.</exception>
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
