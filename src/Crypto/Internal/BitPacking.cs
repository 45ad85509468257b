using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace SecureAggregation.Crypto;

/// <summary>
/// Exactly <c>bits</c> bits an element, least significant first: bit j of element i is bit (i·bits + j) mod 8 of byte
/// (i·bits + j) / 8. Elements sit in lanes of type T whose bits from <c>bits</c> on are ignored. Nothing branches on an
/// element, nor for one: eight elements are <c>bits</c> whole bytes, so places and shifts repeat with every group of eight, and
/// whole groups go through the widest vectors that the processor has.
/// </summary>
/// <remarks>
/// All paths cut at the same place. An element that begins at bit s of a byte has its first 8 − s bits in that byte and the others,
/// byte-aligned, in the bytes after it: unpacked it is (byte &gt;&gt; s) | (following bytes &lt;&lt; (8 − s)), and packed its bytes are
/// the lowest one of (element &lt;&lt; s) and then those of (element &gt;&gt; (8 − s)). Two shifts that never cross a lane serve every size.
/// </remarks>
internal static class BitPacking
{
    /// <summary>Elements that begin and end on a whole byte.</summary>
    public const int Group = 8;

    public static PackingPath BestPath { get; } =
        VectorPacking512.IsSupported ? PackingPath.Vector512 : VectorPacking128.IsSupported ? PackingPath.Vector128 : PackingPath.Portable;

    public static long PackedLength(int bits, int count) => (((long)bits * count) + 7) / 8;

    /// <summary>Whether the bits after the last element, at most 7, are zero.</summary>
    public static bool PaddingIsZero(int bits, int count, ReadOnlySpan<byte> packed)
    {
        var used = (int)((long)bits * count % 8);
        return used == 0 || packed[^1] >> used == 0;
    }

    public static void Pack<T>(ReadOnlySpan<T> lanes, int bits, Span<byte> packed)
        where T : unmanaged, IBinaryInteger<T> => Pack(lanes, bits, packed, BestPath);

    /// <summary>Adds the packed elements to the lanes, modulo the lane.</summary>
    public static void AddPacked<T>(Span<T> lanes, int bits, ReadOnlySpan<byte> packed)
        where T : unmanaged, IBinaryInteger<T> => AddPacked(lanes, bits, packed, BestPath);

    public static void Pack<T>(ReadOnlySpan<T> lanes, int bits, Span<byte> packed, PackingPath path)
        where T : unmanaged, IBinaryInteger<T>
    {
        if (bits == LaneBits<T>())
        {
            MemoryMarshal.AsBytes(lanes).CopyTo(packed);
            return;
        }

        var done = path switch
        {
            PackingPath.Vector512 => VectorPacking512.Pack(lanes, bits, packed),
            PackingPath.Vector128 => VectorPacking128.Pack(lanes, bits, packed),
            _ => 0,
        };
        PortablePacking.Pack(lanes[done..], bits, packed[Bytes(bits, done)..]);
    }

    public static void AddPacked<T>(Span<T> lanes, int bits, ReadOnlySpan<byte> packed, PackingPath path)
        where T : unmanaged, IBinaryInteger<T>
    {
        if (bits == LaneBits<T>())
        {
            LaneMath.Add(lanes, MemoryMarshal.Cast<byte, T>(packed));
            return;
        }

        var done = path switch
        {
            PackingPath.Vector512 => VectorPacking512.Add(lanes, bits, packed),
            PackingPath.Vector128 => VectorPacking128.Add(lanes, bits, packed),
            _ => 0,
        };
        PortablePacking.Add(lanes[done..], bits, packed[Bytes(bits, done)..]);
    }

    /// <summary>Bytes of a number of elements that is a multiple of eight; fits, because the packed data does.</summary>
    public static int Bytes(int bits, int elements) => elements / Group * bits;

    public static int LaneBits<T>()
        where T : unmanaged => Unsafe.SizeOf<T>() * 8;
}
