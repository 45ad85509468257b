using System.Buffers;
using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Internal;

/// <summary>Reads the records of a bundle one by one; strict about framing, so that no byte of the file is without meaning.</summary>
internal sealed class BundleReader(Stream stream)
{
    private const int LongestRecord = 192 * 1024 * 1024;
    private const int FirstRoom = 64 * 1024;
    private BundleRecord? _next;
    private bool _ended;

    /// <summary>Number of the record that was read last; the header is 0.</summary>
    public int Number { get; private set; } = -1;

    public void ReadMagic()
    {
        Span<byte> magic = stackalloc byte[BundleWriter.Magic.Length];
        if (stream.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false) != magic.Length || !PublicBytes.Equal(magic, BundleWriter.Magic))
        {
            throw new TranscriptException("The file does not begin as a bundle of this version does; export it again with 'secagg'.");
        }
    }

    /// <summary>The next record without taking it; null at the end.</summary>
    public BundleRecord? Peek()
    {
        if (_next is null && !_ended)
        {
            _next = Read();
            _ended = _next is null;
        }

        return _next;
    }

    /// <summary>Takes the next record; null at the end.</summary>
    public BundleRecord? Take()
    {
        var record = Peek();
        if (record is not null) Number++;
        _next = null;
        return record;
    }

    private BundleRecord? Read()
    {
        if (ReadLength() is not { } length) return null;
        if (length > LongestRecord || (stream.CanSeek && length > stream.Length - stream.Position))
        {
            throw Damaged($"says that it has {length} bytes: more than the file or the limit of {LongestRecord}.");
        }

        var bytes = ReadBytes(length);
        try
        {
            OneField.Require(new ReadOnlySequence<byte>(bytes));
            return Canonical.Decode(BundleRecord.Parser, bytes, LongestRecord);
        }
        catch (WireException e)
        {
            throw Damaged($"is damaged: {e.Message}");
        }
    }

    /// <summary>Of a pipe nobody knows how long it is: the room grows with what has come, not with what was said.</summary>
    private byte[] ReadBytes(int length)
    {
        var bytes = new byte[stream.CanSeek ? length : Math.Min(length, FirstRoom)];
        for (var have = 0; ; Array.Resize(ref bytes, (int)Math.Min(length, 2L * have)))
        {
            have += stream.ReadAtLeast(bytes.AsSpan(have), bytes.Length - have, throwOnEndOfStream: false);
            if (have < bytes.Length) throw Damaged("is cut off.");
            if (have == length) return bytes;
        }
    }

    /// <summary>A varint in its shortest form; null at the end of the file.</summary>
    private int? ReadLength()
    {
        long value = 0;
        for (var shift = 0; shift < 35; shift += 7)
        {
            var next = stream.ReadByte();
            if (next < 0) return shift == 0 ? null : throw Damaged("is cut off.");
            value |= (long)(next & 0x7f) << shift;
            if (next >= 0x80) continue;
            if (shift > 0 && next == 0) break;
            return value <= int.MaxValue ? (int)value : throw Damaged($"says that it has {value} bytes.");
        }

        throw Damaged("has a length that is not in its shortest form.");
    }

    private RecordException Damaged(string what) => new(Number + 1, $"Record {Number + 1} {what}");
}
