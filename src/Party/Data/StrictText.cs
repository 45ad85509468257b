using System.Buffers;
using System.Text.Unicode;

namespace SecureAggregation.Party.Data;

/// <summary>
/// Text that is refused at the first byte that the declared encoding has no character for. A decoder that replaces such bytes would merge
/// distinct categories into one without a word; Latin-1 files are the usual case. Memory is two fixed buffers.
/// </summary>
internal sealed class StrictText(Stream stream, string name, TextEncoding encoding) : TextReader
{
    private const int BufferSize = 64 * 1024;
    private const byte LineFeed = (byte)'\n';

    private readonly byte[] _bytes = new byte[BufferSize];
    private readonly char[] _chars = new char[BufferSize];
    private int _byteCount;
    private int _charAt;
    private int _charCount;
    private long _line = 1;
    private long _offset;
    private bool _started;
    private bool _ended;

    /// <summary>What comes next, without going on; empty at the end.</summary>
    public ReadOnlySpan<char> Ahead() => _charAt < _charCount || Fill() ? _chars.AsSpan(_charAt, _charCount - _charAt) : [];

    public override int Peek() => _charAt < _charCount || Fill() ? _chars[_charAt] : -1;

    public override int Read() => _charAt < _charCount || Fill() ? _chars[_charAt++] : -1;

    public override int Read(char[] buffer, int index, int count) => Read(buffer.AsSpan(index, count));

    public override int Read(Span<char> buffer)
    {
        if (buffer.IsEmpty || (_charAt == _charCount && !Fill())) return 0;
        var take = Math.Min(buffer.Length, _charCount - _charAt);
        _chars.AsSpan(_charAt, take).CopyTo(buffer);
        _charAt += take;
        return take;
    }

    public override Task<int> ReadAsync(char[] buffer, int index, int count) => Task.FromResult(Read(buffer.AsSpan(index, count)));

    public override ValueTask<int> ReadAsync(Memory<char> buffer, CancellationToken cancellationToken = default) =>
        ValueTask.FromResult(Read(buffer.Span));

    protected override void Dispose(bool disposing)
    {
        // Patients' data does not stay behind in the heap.
        Array.Clear(_bytes);
        Array.Clear(_chars);
        if (disposing) stream.Dispose();
        base.Dispose(disposing);
    }

    private bool Fill()
    {
        _charAt = _charCount = 0;
        while (_charCount == 0 && !(_ended && _byteCount == 0))
        {
            ReadMore();
            if (!_started) Start();
            if (encoding.Table is { } table) Widen(table);
            else Decode();
        }

        return _charCount > 0;
    }

    private void Decode()
    {
        var status = Utf8.ToUtf16(
            _bytes.AsSpan(0, _byteCount), _chars, out var read, out _charCount, replaceInvalidSequences: false, isFinalBlock: _ended);
        Advance(read);
        if (status != OperationStatus.InvalidData && !(_ended && status == OperationStatus.NeedMoreData)) return;
        throw new DataSourceException($"{Where()}: not UTF-8. Say in the dataset's configuration what it is, \"Encoding\": " +
            $"\"windows-1252\" or \"latin1\", or convert the data: iconv -f LATIN1 -t UTF-8 '{name}' > new.csv");
    }

    private void Widen(char[] table)
    {
        var (count, stop) = (_byteCount, false);
        for (var i = 0; i < count && !stop; i++)
        {
            _chars[i] = table[_bytes[i]];
            if (_chars[i] != TextEncoding.None) continue;
            (count, stop) = (i, true);
        }

        Advance(count);
        _charCount = count;
        if (!stop) return;
        throw new DataSourceException($"{Where()}: byte {_bytes[0]:X2} is no character in the declared encoding, {encoding.Name}. Correct " +
            $"\"Encoding\" in the dataset's configuration ({TextEncoding.Names}), or the data.");
    }

    private void ReadMore()
    {
        while (!_ended && _byteCount < _bytes.Length)
        {
            int read;
            try
            {
                read = stream.Read(_bytes, _byteCount, _bytes.Length - _byteCount);
            }
            catch (IOException)
            {
                throw new DataSourceException($"'{name}': the data could not be read on after byte {_offset + _byteCount}; check the " +
                    "disk or share.");
            }

            _ended = read == 0;
            _byteCount += read;
        }
    }

    private void Start()
    {
        _started = true;
        var head = _bytes.AsSpan(0, _byteCount);
        if (head.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]) || head.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]))
        {
            throw new DataSourceException(
                $"'{name}' is UTF-16; the outpost reads {TextEncoding.Names}. Convert it: iconv -f UTF-16 -t UTF-8 '{name}' > new.csv");
        }

        if (!head.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF])) return;
        if (encoding.Table is not null)
            throw new DataSourceException($"'{name}' begins with the byte-order mark of UTF-8 and is declared to be {encoding.Name}; take " +
                "\"Encoding\" out of the dataset's configuration.");
        Advance(3);
    }

    /// <summary>Forgets the first bytes of the buffer and keeps count of where the text is.</summary>
    private void Advance(int count)
    {
        var consumed = _bytes.AsSpan(0, count);
        if (consumed.IndexOf((byte)0) is >= 0 and var at)
        {
            throw new DataSourceException(
                $"'{name}', line {_line + consumed[..at].Count(LineFeed)}: a NUL byte; this is not a text file in {encoding.Name.ToUpperInvariant()}. " +
                    "Export it again as CSV, UTF-8.");
        }

        _line += consumed.Count(LineFeed);
        _offset += count;
        _bytes.AsSpan(count, _byteCount - count).CopyTo(_bytes);
        _byteCount -= count;
    }

    private string Where() => $"'{name}', line {_line}, byte {_offset + 1}";
}
