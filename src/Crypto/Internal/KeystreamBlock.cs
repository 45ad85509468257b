using System.Buffers.Binary;

namespace SecureAggregation.Crypto;

/// <summary>Block numbers of the mask stream. A vector has fewer than 2^31 bytes, so the upper half of a counter stays zero.</summary>
internal static class KeystreamBlock
{
    public const int Size = 16;

    /// <summary>Writes consecutive counter blocks, 16 bytes big-endian each.</summary>
    public static void WriteCounters(Span<byte> blocks, ulong first)
    {
        blocks.Clear();
        for (var at = 0; at < blocks.Length; at += Size)
            BinaryPrimitives.WriteUInt64BigEndian(blocks[(at + sizeof(ulong))..], first++);
    }
}
