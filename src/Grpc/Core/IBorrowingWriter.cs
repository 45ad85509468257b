using System.Buffers;

namespace Grpc.Core;

/// <summary>
/// What <see cref="SerializationContext.GetBufferWriter"/> gives, besides: bytes that many messages have in common need not be copied into each of them. Not in
/// gRPC for .NET; whoever finds another writer copies.
/// </summary>
public interface IBorrowingWriter : IBufferWriter<byte>
{
    /// <summary>Continues the message with these bytes, which nobody may change until it is sent. Only more of the same may follow.</summary>
    void Borrow(ReadOnlyMemory<byte> bytes);
}
