using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace SecureAggregation.Crypto;

/// <summary>Block numbers of the mask stream. A vector has fewer than 2^31 bytes, so the upper half of a counter stays zero.</summary>
internal static class KeystreamBlock
{
    public const int Size = 16;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector128<byte> Counter(ulong block) => Vector128.Create(0UL, BinaryPrimitives.ReverseEndianness(block)).AsByte();

    /// <summary>Writes consecutive counter blocks, 16 bytes big-endian each.</summary>
    public static void WriteCounters(Span<byte> blocks, ulong first)
    {
        blocks.Clear();
        for (var at = 0; at < blocks.Length; at += Size)
            BinaryPrimitives.WriteUInt64BigEndian(blocks[(at + sizeof(ulong))..], first++);
    }
}
