using Google.Protobuf;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Party.Link;

/// <summary>A masked vector in the frames that carry it.</summary>
internal static class VectorFrames
{
    public static IEnumerable<PartyFrame> Of(ByteString roundId, ReadOnlyMemory<byte> vector)
    {
        for (var offset = 0; offset < vector.Length; offset += Limits.Chunk)
        {
            var part = vector.Slice(offset, Math.Min(Limits.Chunk, vector.Length - offset));
            yield return new PartyFrame
            {
                Chunk = new VectorChunk { RoundId = roundId, Offset = (ulong)offset, Data = UnsafeByteOperations.UnsafeWrap(part) },
            };
        }
    }
}
