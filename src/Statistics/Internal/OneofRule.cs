using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace SecureAggregation.Statistics.Internal;

/// <summary>
/// No message of an encoding holds two members of one oneof. Protobuf's parser takes that, and merges each into a copy of the one before, so that time and
/// memory grow with the square of the length; no encoder writes it.
/// </summary>
internal static class OneofRule
{
    // As the parser's own.
    private const int MaxDepth = 100;

    /// <exception cref="AnalysisException">A oneof is there twice.</exception>
    /// <exception cref="InvalidProtocolBufferException">The bytes are not fields to their end; so may other exceptions say that the parser throws.</exception>
    public static void Require(MessageDescriptor type, ReadOnlySpan<byte> bytes, string what)
    {
        using var input = new CodedInputStream(bytes.ToArray());
        Walk(type, input, bytes.Length, MaxDepth, what);
    }

    private static void Walk(MessageDescriptor type, CodedInputStream input, long end, int depth, string what)
    {
        OneofDescriptor? taken = null;
        while (input.Position < end && input.ReadTag() is var tag and not 0)
        {
            var field = type.FindFieldByNumber(WireFormat.GetTagFieldNumber(tag));
            if (field?.ContainingOneof is { IsSynthetic: false } oneof)
            {
                // No message of an analysis has two oneofs.
                if (oneof == taken) throw new AnalysisException($"The encoded {what} gives {type.Name} two values of '{oneof.Name}'; it takes one.");
                taken = oneof;
            }

            if (field?.FieldType != FieldType.Message || WireFormat.GetTagWireType(tag) != WireFormat.WireType.LengthDelimited)
            {
                input.SkipLastField();
                continue;
            }

            var last = input.ReadLength() + input.Position;
            // What is deeper, or longer than what it is in, the parser refuses.
            if (depth == 0 || last > end) return;
            Walk(field.MessageType, input, last, depth - 1, what);
            if (input.Position != last) return;
        }
    }
}
