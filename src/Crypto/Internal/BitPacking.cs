using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.InteropServices;

namespace SecureAggregation.Crypto;

/// <summary>
/// Exactly <c>bits</c> bits an element, least significant first: bit j of element i is bit (i·bits + j) mod 8 of byte
/// (i·bits + j) / 8. Elements sit in lanes of type T whose bits from <c>bits</c> on are ignored. Nothing
/// branches on an element.
/// </summary>
internal static class BitPacking
{
    private const int WordBits = 64;

    // An element may begin at any bit of a byte, so a window of 64 bits holds one of up to 57 bits for certain.
    private const int WindowBits = WordBits - 7;

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
        var done = bits <= WindowBits ? AddThroughWindows(lanes, bits, mask, packed) : 0;
        AddWordByWord(lanes[done..], bits, mask, packed[(int)((long)done * bits / 8)..]);
    }

    /// <summary>
    /// Reads each element out of the 64 bits that begin at its first byte, as long as those lie within the data; no step waits
    /// for the one before. Returns how many elements are done, a multiple of 8.
    /// </summary>
    private static int AddThroughWindows<T>(Span<T> lanes, int bits, ulong mask, ReadOnlySpan<byte> packed)
        where T : unmanaged, IBinaryInteger<T>
    {
        // Eight elements are `bits` bytes, and the last window of a group ends less than eight bytes after them.
        var groups = Math.Max(0, Math.Min(lanes.Length / 8, (packed.Length - sizeof(ulong)) / bits));
        for (var group = 0; group < groups; group++)
        {
            var source = packed.Slice(group * bits, bits + sizeof(ulong));
            var target = lanes.Slice(group * 8, 8);
            for (int i = 0, bit = 0; i < target.Length; i++, bit += bits)
            {
                var value = BinaryPrimitives.ReadUInt64LittleEndian(source[(bit >> 3)..]) >> (bit & 7) & mask;
                target[i] = unchecked(target[i] + T.CreateTruncating(value));
            }
        }

        return groups * 8;
    }

    private static void AddWordByWord<T>(Span<T> lanes, int bits, ulong mask, ReadOnlySpan<byte> packed)
        where T : unmanaged, IBinaryInteger<T>
    {
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
