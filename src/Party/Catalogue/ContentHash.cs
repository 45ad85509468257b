using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using SecureAggregation.Statistics;

namespace SecureAggregation.Party.Catalogue;

/// <summary>
/// The identity of a dataset's content: SHA-256 over every field that the schema reads, row by row, and over how the schema reads them. Two files
/// that answer every query alike have one hash: neither compression, delimiters, the order of columns nor columns that nobody reads make a
/// difference. Rows must come in the same order each time; sources promise that where they are asked to.
/// </summary>
internal sealed class ContentHash : IDisposable
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private readonly byte[] _buffer = new byte[64 * 1024];
    private int _used;
    private long _rows;

    public ContentHash(SchemaFile schema)
    {
        foreach (var source in schema.Sources.Where(s => s.Role != ColumnRole.Drop))
        {
            var column = source.Column;
            AddAll([source.Header, $"{source.Role}", column?.Name ?? "", $"{column?.Type}", column?.Unit ?? "", source.Format]);
            AddAll([string.Create(CultureInfo.InvariantCulture, $"{column?.TopCode}")]);
            AddAll(column?.Categories ?? []);
            AddAll(source.MissingCodes);
            AddAll([.. source.Codes.SelectMany(c => (string[])[c.Code, c.Label])]);
        }
    }

    /// <summary>The next field of a row, in the order of the schema's sources that are read.</summary>
    public void AddField(ReadOnlySpan<char> field)
    {
        AddLength(field.Length);
        var bytes = MemoryMarshal.AsBytes(field);
        while (!bytes.IsEmpty)
        {
            if (_used == _buffer.Length) Flush();
            var part = Math.Min(bytes.Length, _buffer.Length - _used);
            bytes[..part].CopyTo(_buffer.AsSpan(_used));
            _used += part;
            bytes = bytes[part..];
        }
    }

    public void EndRow() => _rows++;

    public DataContent Finish()
    {
        Flush();
        return new DataContent(_hash.GetHashAndReset(), _rows);
    }

    public void Dispose()
    {
        CryptographicOperations.ZeroMemory(_buffer);
        _hash.Dispose();
    }

    private void AddAll(IReadOnlyCollection<string> texts)
    {
        AddLength(texts.Count);
        foreach (var text in texts) AddField(text);
    }

    private void AddLength(int length)
    {
        if (_buffer.Length - _used < sizeof(int)) Flush();
        BinaryPrimitives.WriteInt32LittleEndian(_buffer.AsSpan(_used), length);
        _used += sizeof(int);
    }

    private void Flush()
    {
        _hash.AppendData(_buffer, 0, _used);
        _used = 0;
    }
}
