using System.Buffers;
using Grpc.Core;

namespace Grpc.Wire;

/// <summary>One payload, where it lies in the transport's buffers.</summary>
internal sealed class IncomingMessage(ReadOnlySequence<byte> payload) : DeserializationContext
{
    public override int PayloadLength => checked((int)payload.Length);

    public override byte[] PayloadAsNewBuffer() => payload.ToArray();

    public override ReadOnlySequence<byte> PayloadAsReadOnlySequence() => payload;
}
