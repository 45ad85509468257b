using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace SecureAggregation.Crypto;

/// <summary>The twin of the vector paths without vectors, and what does the last few elements after them.</summary>
internal static class PortablePacking
{
    // Reading an element takes its first byte and the eight after it; writing one, eight.
    private const int Reach = 9;

    // Room for the elements that are left when the next group would reach beyond the data, and for the reach of their last.
    private const int TailSize = 63 + Reach + Reach + 15;

    public static void Pack<T>(ReadOnlySpan<T> lanes, int bits, Span<byte> packed)
        where T : unmanaged, IBinaryInteger<T>
    {
        var done = WholeGroups(lanes.Length, bits, packed.Length);
        PackInto(lanes[..done], bits, packed);
        Span<byte> tail = stackalloc byte[TailSize];
        tail.Clear();
        PackInto(lanes[done..], bits, tail);
        packed = packed[BitPacking.Bytes(bits, done)..];
        tail[..packed.Length].CopyTo(packed);
    }

    public static void Add<T>(Span<T> lanes, int bits, ReadOnlySpan<byte> packed)
        where T : unmanaged, IBinaryInteger<T>
    {
        var done = WholeGroups(lanes.Length, bits, packed.Length);
        AddFrom(lanes[..done], bits, packed);
        Span<byte> tail = stackalloc byte[TailSize];
        tail.Clear();
        packed[BitPacking.Bytes(bits, done)..].CopyTo(tail);
        AddFrom(lanes[done..], bits, tail);
    }

    private static int WholeGroups(int elements, int bits, int packed) =>
        Math.Min(elements / BitPacking.Group, Math.Max(0, packed - Reach) / bits) * BitPacking.Group;

    /// <summary>Each element is written with the bits of the one before that share its first byte, and with zeros after it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void PackInto<T>(ReadOnlySpan<T> lanes, int bits, Span<byte> packed)
        where T : unmanaged, IBinaryInteger<T>
    {
        if (lanes.IsEmpty) return;
        var mask = ulong.MaxValue >> (64 - bits);
        ref var target = ref MemoryMarshal.GetReference(packed);
        var before = 0UL;
        nuint bit = 0;
        foreach (var lane in lanes)
        {
            var shift = (int)(bit & 7);
            var value = ulong.CreateTruncating(lane) & mask;
            Unsafe.WriteUnaligned(ref Unsafe.AddByteOffset(ref target, bit >> 3), (value << shift) | (before >> unchecked(bits - shift)));
            before = value;
            bit = unchecked(bit + (uint)bits);
        }

        // The last element's bits beyond its word, written as if one more element of zero followed.
        Unsafe.WriteUnaligned(ref Unsafe.AddByteOffset(ref target, bit >> 3), before >> (bits - (int)(bit & 7)));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void AddFrom<T>(Span<T> lanes, int bits, ReadOnlySpan<byte> packed)
        where T : unmanaged, IBinaryInteger<T>
    {
        var mask = ulong.MaxValue >> (64 - bits);
        ref var source = ref MemoryMarshal.GetReference(packed);
        nuint bit = 0;
        foreach (ref var lane in lanes)
        {
            var shift = (int)(bit & 7);
            ref var first = ref Unsafe.AddByteOffset(ref source, bit >> 3);
            var following = Unsafe.ReadUnaligned<ulong>(ref Unsafe.AddByteOffset(ref first, 1));
            var value = (((uint)first >> shift) | (following << unchecked(8 - shift))) & mask;
            lane = unchecked(lane + T.CreateTruncating(value));
            bit = unchecked(bit + (uint)bits);
        }
    }
}
