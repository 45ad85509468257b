using Google.Protobuf;
using Grpc.Core;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Aggregator.Parties;

/// <summary>
/// A frame on its way to an outpost. One that goes to many outposts is turned into bytes once, and all of them are sent the same array: a total of a
/// million cells to a thousand outposts takes the memory of one.
/// </summary>
internal sealed class OutgoingFrame(StationFrame frame, bool shared = false)
{
    private readonly Lazy<byte[]>? _bytes = shared ? new Lazy<byte[]>(frame.ToByteArray) : null;

    /// <summary>How such frames become bytes.</summary>
    public static Marshaller<OutgoingFrame> Marshaller { get; } = new((outgoing, context) => outgoing.WriteTo(context), _ => throw new NotSupportedException());

    private void WriteTo(SerializationContext context)
    {
        if (_bytes is not null)
        {
            context.Complete(_bytes.Value);
            return;
        }

        context.SetPayloadLength(frame.CalculateSize());
        frame.WriteTo(context.GetBufferWriter());
        context.Complete();
    }
}
