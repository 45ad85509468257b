using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace SecureAggregation.Crypto;

/// <summary>
/// Exactly <c>bits</c> bits an element, least significant first: bit j of element i is bit (i·bits + j) mod 8 of byte
/// (i·bits + j) / 8. Elements sit in lanes of type T whose bits from <c>bits</c> on are ignored. Both directions move
/// 64 bits at a time, and neither branches on an element.
/// </summary>
internal static class BitPacking
{
    private const int WordBits = 64;

    public static long PackedLength(int bits, int count) => (((long)bits * count) + 7) / 8;

    /// <summary>Whether the bits after the last element, at most 7, are zero.</summary>
    public static bool PaddingIsZero(int bits, int count, ReadOnlySpan<byte> packed)
    {
        var used = (int)((long)bits * count % 8);
        return used == 0 || packed[^1] >> used == 0;
    }

    public static void Pack<T>(ReadOnlySpan<T> lanes, int bits, Span<byte> packed)
        where T : unmanaged, IBinaryInteger<T>
    {
        if (bits == LaneBits<T>())
        {
            MemoryMarshal.AsBytes(lanes).CopyTo(packed);
            return;
        }

        var mask = ulong.MaxValue >> (WordBits - bits);
        var word = 0UL;
        var held = 0;
        foreach (var lane in lanes)
        {
            var value = ulong.CreateTruncating(lane) & mask;
            word |= value << held;
            held += bits;
            if (held < WordBits) continue;
            BinaryPrimitives.WriteUInt64LittleEndian(packed, word);
            packed = packed[sizeof(ulong)..];
            held -= WordBits;
            // Two shifts, because one by 64 would be one by 0.
            word = value >> 1 >> (bits - held - 1);
        }

        for (; held > 0; held -= 8, word >>= 8)
        {
            packed[0] = (byte)(word & 0xff);
            packed = packed[1..];
        }
    }

    /// <summary>Adds the packed elements to the lanes, modulo the lane.</summary>
    public static void AddPacked<T>(Span<T> lanes, int bits, ReadOnlySpan<byte> packed)
        where T : unmanaged, IBinaryInteger<T>
    {
        if (bits == LaneBits<T>())
        {
            LaneMath.Add(lanes, MemoryMarshal.Cast<byte, T>(packed));
            return;
        }

        var mask = ulong.MaxValue >> (WordBits - bits);
        var word = 0UL;
        var held = 0;
        foreach (ref var lane in lanes)
        {
            ulong value;
            if (held >= bits)
            {
                value = word;
                word >>= bits;
                held -= bits;
            }
            else
            {
                var next = NextWord(ref packed);
                value = word | (next << held);
                word = next >> 1 >> (bits - held - 1);
                held += WordBits - bits;
            }

            lane = unchecked(lane + T.CreateTruncating(value & mask));
        }
    }

    private static ulong NextWord(ref ReadOnlySpan<byte> packed)
    {
        if (packed.Length >= sizeof(ulong))
        {
            var word = BinaryPrimitives.ReadUInt64LittleEndian(packed);
            packed = packed[sizeof(ulong)..];
            return word;
        }

        Span<byte> last = stackalloc byte[sizeof(ulong)];
        last.Clear();
        packed.CopyTo(last);
        packed = [];
        return BinaryPrimitives.ReadUInt64LittleEndian(last);
    }

    private static int LaneBits<T>()
        where T : unmanaged => Marshal.SizeOf<T>() * 8;
}
