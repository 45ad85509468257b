using System.Buffers;
using Google.Protobuf;

namespace SecureAggregation.Protocol;

/// <summary>
/// Frames and records are a oneof and nothing else, so their encoding is one field. A field that occurs again is merged by protobuf's parser into a copy of
/// all that came before: time and memory grow with the square of the length, and a megabyte of repeats takes hours. It is held against this before it is parsed.
/// </summary>
public static class OneField
{
    private const int LongestVarint = 10;

    /// <summary>Checks the outermost fields of an encoding.</summary>
    /// <param name="bytes">The encoding of a message whose fields are all in one oneof of messages.</param>
    /// <exception cref="WireException">It is neither empty nor one field with a length that reaches to the end.</exception>
    public static void Require(ReadOnlySequence<byte> bytes)
    {
        var reader = new SequenceReader<byte>(bytes);
        if (reader.End) return;
        var whole = TryReadVarint(ref reader, out var tag) && (tag & 7) == (ulong)WireFormat.WireType.LengthDelimited
            && TryReadVarint(ref reader, out var length) && length == (ulong)reader.Remaining;
        if (!whole) throw new WireException("A frame or record is exactly one field with a length that reaches to its end.");
    }

    private static bool TryReadVarint(ref SequenceReader<byte> reader, out ulong value)
    {
        value = 0;
        for (var i = 0; i < LongestVarint && reader.TryRead(out var next); i++)
        {
            value |= (ulong)(next & 0x7F) << (7 * i);
            if (next < 0x80) return true;
        }

        return false;
    }
}
