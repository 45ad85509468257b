using Google.Protobuf;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Party.Link;

/// <summary>A masked vector in the frames that carry it, packed one at a time.</summary>
internal static class VectorFrames
{
    public static IEnumerable<PartyFrame> Of(ByteString roundId, MaskedVector vector)
    {
        for (long offset = 0; offset < vector.Length; offset += vector.ChunkLength)
        {
            var part = new byte[Math.Min(vector.ChunkLength, vector.Length - offset)];
            vector.Read(offset, part);
            yield return new PartyFrame
            {
                Chunk = new VectorChunk { RoundId = roundId, Offset = (ulong)offset, Data = UnsafeByteOperations.UnsafeWrap(part) },
            };
        }
    }
}
