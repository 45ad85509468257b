using System.Buffers;
using System.Collections.Concurrent;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Grpc.Wire;

/// <summary>
/// Messages with a oneof of messages. Protobuf's parser merges each further member into a copy of all that came before, so that time and memory grow with the
/// square of the length, and a megabyte of repeats takes hours. No encoder writes two.
/// </summary>
internal static class Choices
{
    private const int LongestVarint = 10;

    private static readonly ConcurrentDictionary<MessageDescriptor, HashSet<int>> s_members = new();

    /// <summary>What is known of a type of messages; null if it is none of protobuf's.</summary>
    public static MessageDescriptor? TypeOf<T>() => typeof(IMessage).IsAssignableFrom(typeof(T)) ? ((IMessage)Activator.CreateInstance<T>()!).Descriptor : null;

    /// <summary>Whether the outermost fields of a payload hold more than one message of a oneof. Goes from field to field without looking into them.</summary>
    public static bool AreRepeated(MessageDescriptor type, ReadOnlySequence<byte> payload)
    {
        var members = s_members.GetOrAdd(type, t => [.. t.Oneofs.Where(o => !o.IsSynthetic).SelectMany(o => o.Fields).Where(f => f.FieldType == FieldType.Message).Select(f => f.FieldNumber)]);
        if (members.Count == 0) return false;
        var reader = new SequenceReader<byte>(payload);
        var found = 0;
        while (TryReadVarint(ref reader, out var tag))
        {
            if (members.Contains((int)(tag >> 3 & int.MaxValue)) && ++found > 1) return true;
            // What is cut off or of no known kind is the parser's to refuse.
            if (!TrySkip(ref reader, (WireFormat.WireType)(tag & 7))) return false;
        }

        return false;
    }

    private static bool TrySkip(ref SequenceReader<byte> reader, WireFormat.WireType type)
    {
        var length = type switch { WireFormat.WireType.Fixed64 => 8UL, WireFormat.WireType.Fixed32 => 4UL, _ => 0UL };
        var read = type switch
        {
            WireFormat.WireType.Varint => TryReadVarint(ref reader, out _),
            WireFormat.WireType.LengthDelimited => TryReadVarint(ref reader, out length),
            _ => length > 0,
        };
        if (!read || length > (ulong)reader.Remaining) return false;
        reader.Advance((long)length);
        return true;
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
