using System.Buffers;
using Google.Protobuf;
using Grpc.Core;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Aggregator.Parties;

/// <summary>
/// A frame on its way to an outpost. What a broadcast says to all of them is turned into bytes once, and all are sent the same array: a total of a million
/// cells to a thousand outposts takes the memory of one. What goes with it to one alone comes behind.
/// </summary>
internal sealed class OutgoingFrame
{
    private readonly StationFrame? _frame;
    private readonly byte[] _common = [];
    private readonly byte[] _own = [];

    /// <summary>A frame for one outpost.</summary>
    public OutgoingFrame(StationFrame frame) => _frame = frame;

    /// <summary>A broadcast.</summary>
    /// <param name="common"><see cref="Common"/> of it.</param>
    /// <param name="deliveries">What goes with it to this outpost.</param>
    public OutgoingFrame(byte[] common, IEnumerable<Delivery> deliveries)
    {
        _common = common;
        // As bytes at once: as objects they would take several times the memory while they wait.
        _own = new Broadcast { Deliveries = { deliveries } }.ToByteArray();
    }

    /// <summary>How such frames become bytes.</summary>
    public static Marshaller<OutgoingFrame> Marshaller { get; } = new((outgoing, context) => outgoing.WriteTo(context), _ => throw new NotSupportedException());

    /// <summary>What is the same in a broadcast for all outposts: the fields before the deliveries.</summary>
    public static byte[] Common(Broadcast broadcast) => new Broadcast { RoundId = broadcast.RoundId, Envelope = broadcast.Envelope }.ToByteArray();

    private void WriteTo(SerializationContext context)
    {
        if (_frame is not null)
        {
            context.SetPayloadLength(_frame.CalculateSize());
            _frame.WriteTo(context.GetBufferWriter());
        }
        else
        {
            var writer = context.GetBufferWriter();
            writer.Write(Head(_common.Length + _own.Length));
            Put(writer, _common);
            Put(writer, _own);
        }

        context.Complete();
    }

    /// <summary>Tag and length of the field that holds the broadcast.</summary>
    private static ReadOnlySpan<byte> Head(int length)
    {
        var head = new byte[10];
        using var output = new CodedOutputStream(head);
        output.WriteTag(StationFrame.BroadcastFieldNumber, WireFormat.WireType.LengthDelimited);
        output.WriteLength(length);
        return head.AsSpan(0, head.Length - output.SpaceLeft);
    }

    private static void Put(IBufferWriter<byte> writer, byte[] bytes)
    {
        if (writer is IBorrowingWriter borrowing) borrowing.Borrow(bytes);
        else writer.Write(bytes);
    }
}
