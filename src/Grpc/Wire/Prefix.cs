using System.Buffers;
using System.Buffers.Binary;
using Grpc.Core;

namespace Grpc.Wire;

/// <summary>The five bytes before every message: a flag (compressed or not) and the length, big endian.</summary>
internal static class Prefix
{
    public const int Size = 5;

    /// <summary>The payload's length, checked against the limit before anybody makes room for it.</summary>
    /// <exception cref="RpcException">ResourceExhausted: too long. Internal: compressed, or no gRPC at all.</exception>
    public static int ReadLength(ReadOnlySequence<byte> input, int? limit)
    {
        Span<byte> prefix = stackalloc byte[Size];
        input.Slice(0, Size).CopyTo(prefix);
        if (prefix[0] == 1)
            throw Failure.Of(StatusCode.Internal, "A message is flagged as compressed, but grpc-encoding names no compression.");
        if (prefix[0] != 0)
            throw Failure.Of(StatusCode.Internal, $"A message begins with flag byte {prefix[0]}; 0 and 1 are the only ones.");
        var length = BinaryPrimitives.ReadUInt32BigEndian(prefix[1..]);
        var most = (uint)(limit ?? Array.MaxLength);
        if (length > most)
        {
            throw Failure.Of(
                StatusCode.ResourceExhausted,
                $"The message received has {length} bytes; MaxReceiveMessageSize is {most}. Send it in parts or raise the limit.");
        }

        return (int)length;
    }
}
