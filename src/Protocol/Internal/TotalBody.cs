using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Internal;

/// <summary>
/// Writes and reads the body of a total where it lies: of all messages only this one carries a vector. As strict as <see cref="Canonical"/>, but the vector, the last
/// field, is neither copied nor encoded again: it can differ from its encoding in nothing but the spelling of tag and length before it.
/// </summary>
internal static class TotalBody
{
    private const uint PackedTag = (Total.PackedFieldNumber << 3) | (uint)WireFormat.WireType.LengthDelimited;

    /// <summary>The body of a total whose other fields are given; the elements are packed into it at once.</summary>
    public static ByteString Encode(Total fields, RingVector sum)
    {
        (fields.Bits, fields.Length) = ((uint)sum.Bits, (uint)sum.Length);
        var (head, size) = (fields.CalculateSize(), (int)RingVector.PackedLength(sum.Bits, sum.Length));
        var first = head + CodedOutputStream.ComputeTagSize(Total.PackedFieldNumber) + CodedOutputStream.ComputeLengthSize(size);
        var body = GC.AllocateUninitializedArray<byte>(first + size);
        using (var output = new CodedOutputStream(body))
        {
            fields.WriteTo(output);
            output.WriteTag(PackedTag);
            output.WriteLength(size);
        }

        sum.PackTo(body.AsSpan(first));
        return UnsafeByteOperations.UnsafeWrap(body);
    }

    /// <exception cref="RefusalException">Too long, not decodable, or not canonical.</exception>
    public static Total Decode(ByteString body, int limit)
    {
        if (body.Length > limit) throw RoundRecord.Refuse(RefusalCode.BadMessage, $"A total of {body.Length} bytes is over its limit of {limit} bytes.");
        var (head, first) = Split(body);
        var total = RoundRecord.Decode(Total.Parser, head, limit);
        if (first < body.Length) total.Packed = UnsafeByteOperations.UnsafeWrap(body.Memory[first..]);
        return total;
    }

    /// <summary>The fields before the vector, and where its elements begin; all fields and the end if it cannot be told apart, for the strict decoder to judge.</summary>
    private static (ByteString Head, int First) Split(ByteString body)
    {
        using var input = body.CreateCodedInput();
        try
        {
            for (var head = 0; input.ReadTag() is var tag and not 0; head = (int)input.Position)
            {
                if (tag != PackedTag)
                {
                    input.SkipLastField();
                    continue;
                }

                var (length, first) = (input.ReadLength(), (int)input.Position);
                var shortest = CodedOutputStream.ComputeTagSize(Total.PackedFieldNumber) + CodedOutputStream.ComputeLengthSize(length);
                var canonical = length > 0 && first + (long)length == body.Length && first - head == shortest;
                return canonical ? (UnsafeByteOperations.UnsafeWrap(body.Memory[..head]), first) : (body, body.Length);
            }
        }
        catch (Exception e) when (Unreadable.Is(e))
        {
            // The strict decoder says so, in its words.
        }

        return (body, body.Length);
    }
}
