using System.Globalization;
using System.IO.Compression;

namespace SecureAggregation.Party.Data;

/// <summary>
/// Bytes as they are, or unpacked where they begin as gzip does (RFC 1952), whatever the file is called. What unpacks to far more than any table does
/// is refused: a pass over it would keep the outpost busy for days.
/// </summary>
internal sealed class Gunzip : ReadOnlyStream
{
    /// <summary>How many times its packed size a file may unpack to; tables reach 5 to 50, zeros a thousand.</summary>
    public const int MostRatio = 200;

    /// <summary>What may unpack beyond that: at the beginning the ratio says nothing yet.</summary>
    private const long FreeBytes = 64 * 1024 * 1024;

    /// <summary>
    /// Unless a process says so in its configuration (System.IO.Compression.UseStrictValidation, see the project file), the framework takes a file that is
    /// cut off for a shorter one, and rows would be lost without a word.
    /// </summary>
    private static readonly bool s_isStrict =
        AppContext.TryGetSwitch("System.IO.Compression.UseStrictValidation", out var strict) && strict;

    private const byte Magic1 = 0x1F;
    private const byte Magic2 = 0x8B;

    private readonly Packed _packed;
    private readonly Stream _unpacked;
    private readonly string _name;
    private long _bytes;

    private Gunzip(Packed packed, string name) => (_packed, _unpacked, _name) = (packed, new GZipStream(packed, CompressionMode.Decompress), name);

    /// <summary>The stream itself if it is not packed; the caller owns what it gets.</summary>
    public static Stream Open(Stream stream, string name)
    {
        var head = new byte[2];
        var count = stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
        var whole = new Packed(head.AsMemory(0, count), stream);
        if (count < 2 || head[0] != Magic1 || head[1] != Magic2) return whole;
        return s_isStrict ? new Gunzip(whole, name) : throw new InvalidOperationException(
            "This process does not have System.IO.Compression.UseStrictValidation in its configuration and cannot unpack.");
    }

    public override int Read(Span<byte> buffer)
    {
        int read;
        try
        {
            read = _unpacked.Read(buffer);
        }
        catch (InvalidDataException)
        {
            throw new DataSourceException(string.Create(
                CultureInfo.InvariantCulture,
                $"'{_name}' begins as gzip does and cannot be unpacked after {_bytes} bytes; it is damaged or cut off. Check it: gzip -t '{_name}'"));
        }

        _bytes += read;
        // Within one call of the framework's own buffer, so that memory stays small whatever comes out.
        if (_bytes > FreeBytes + (MostRatio * _packed.Count))
        {
            throw new DataSourceException($"'{_name}' unpacks to more than {MostRatio} times its size; no table does, so it is refused as a gzip " +
                "bomb. If it really is data, unpack it: gunzip");
        }

        return read;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) _unpacked.Dispose();
        base.Dispose(disposing);
    }

    /// <summary>The bytes that were looked at, then the rest; counts them.</summary>
    private sealed class Packed(ReadOnlyMemory<byte> head, Stream rest) : ReadOnlyStream
    {
        private ReadOnlyMemory<byte> _head = head;

        public long Count { get; private set; }

        public override int Read(Span<byte> buffer)
        {
            int read;
            if (_head.IsEmpty) read = rest.Read(buffer);
            else
            {
                read = Math.Min(buffer.Length, _head.Length);
                _head.Span[..read].CopyTo(buffer);
                _head = _head[read..];
            }

            Count += read;
            return read;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing) rest.Dispose();
            base.Dispose(disposing);
        }
    }
}
