using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace SecureAggregation.Crypto;

/// <summary>Packing by vectors of 512 bits: one, two or four groups of eight elements, which are at most 63 bytes, by one table.</summary>
internal static class VectorPacking512
{
    // A vector is read or written as 64 bytes, and read from the byte after its first too.
    private const int Reach = 65;

    private static readonly Table?[] s_tables = new Table?[RingVector.MaxBits];

    public static bool IsSupported => Vector512.IsHardwareAccelerated && Avx512Vbmi.IsSupported && LaneShifts.IsSupported512;

    /// <summary>Packs whole vectors; returns how many elements.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int Pack<T>(ReadOnlySpan<T> lanes, int bits, Span<byte> packed)
        where T : unmanaged, IBinaryInteger<T>
    {
        var table = For<T>(bits);
        var (lowest, lowestMask, left) = (table.Lowest, table.LowestMask, table.PackLeft.As<byte, T>());
        var (others, othersMask, right) = (table.Others, table.OthersMask, table.PackRight.As<byte, T>());
        var mask = Vector512.Create(T.AllBitsSet >>> (BitPacking.LaneBits<T>() - bits));
        var vectors = Vectors<T>(lanes.Length, bits, packed.Length);
        ref var source = ref MemoryMarshal.GetReference(lanes);
        ref var target = ref MemoryMarshal.GetReference(packed);
        for (var i = 0; i < vectors; i++)
        {
            var values = Vector512.LoadUnsafe(ref source) & mask;
            var bytes = (Avx512Vbmi.PermuteVar64x8(LaneShifts.Left(values, left).AsByte(), lowest) & lowestMask)
                | (Avx512Vbmi.PermuteVar64x8(LaneShifts.Right(values, right).AsByte(), others) & othersMask);
            bytes.StoreUnsafe(ref target);
            source = ref Unsafe.Add(ref source, Vector512<T>.Count);
            target = ref Unsafe.Add(ref target, bits * Vector512<T>.Count / 8);
        }

        return vectors * Vector512<T>.Count;
    }

    /// <summary>Adds whole vectors to the lanes; returns how many elements.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int Add<T>(Span<T> lanes, int bits, ReadOnlySpan<byte> packed)
        where T : unmanaged, IBinaryInteger<T>
    {
        var table = For<T>(bits);
        var (first, right) = (table.First, table.UnpackRight.As<byte, T>());
        var (following, left) = (table.Following, table.UnpackLeft.As<byte, T>());
        var mask = Vector512.Create(T.AllBitsSet >>> (BitPacking.LaneBits<T>() - bits));
        var vectors = Vectors<T>(lanes.Length, bits, packed.Length);
        ref var source = ref MemoryMarshal.GetReference(packed);
        ref var target = ref MemoryMarshal.GetReference(lanes);
        for (var i = 0; i < vectors; i++)
        {
            var low = LaneShifts.Right(Avx512Vbmi.PermuteVar64x8(Vector512.LoadUnsafe(ref source), first).As<byte, T>(), right);
            var high = LaneShifts.Left(Avx512Vbmi.PermuteVar64x8(Vector512.LoadUnsafe(ref source, 1), following).As<byte, T>(), left);
            (Vector512.LoadUnsafe(ref target) + ((low | high) & mask)).StoreUnsafe(ref target);
            source = ref Unsafe.Add(ref source, bits * Vector512<T>.Count / 8);
            target = ref Unsafe.Add(ref target, Vector512<T>.Count);
        }

        return vectors * Vector512<T>.Count;
    }

    private static int Vectors<T>(int elements, int bits, int packed)
        where T : unmanaged =>
        Math.Min(elements / Vector512<T>.Count, Math.Max(0, packed - Reach) / (bits * Vector512<T>.Count / 8));

    private static Table For<T>(int bits)
        where T : unmanaged, IBinaryInteger<T> => s_tables[bits] ??= Make<T>(bits);

    private static Table Make<T>(int bits)
        where T : unmanaged, IBinaryInteger<T>
    {
        var plan = new PackingPlan(bits, BitPacking.LaneBits<T>(), 512, 0);
        return new(
            Vector512.Create(plan.First),
            Vector512.Create(plan.Following),
            Counts<T>(plan.FirstRight),
            Counts<T>(plan.Rest),
            Vector512.Create(plan.Lowest),
            Vector512.Create(plan.Others),
            Used(plan.Lowest),
            Used(plan.Others),
            Counts<T>(plan.LowestLeft),
            Counts<T>(plan.Rest));
    }

    private static Vector512<byte> Counts<T>(IEnumerable<int> counts)
        where T : unmanaged, IBinaryInteger<T> => Vector512.Create([.. counts.Select(T.CreateChecked)]).AsByte();

    /// <summary>This permutation has no index for a zero byte.</summary>
    private static Vector512<byte> Used(byte[] shuffle) => ~Vector512.Equals(Vector512.Create(shuffle), Vector512.Create(PackingPlan.None));

    /// <summary>What <see cref="PackingPlan"/> says, in registers' form.</summary>
    private sealed record Table(
        Vector512<byte> First,
        Vector512<byte> Following,
        Vector512<byte> UnpackRight,
        Vector512<byte> UnpackLeft,
        Vector512<byte> Lowest,
        Vector512<byte> Others,
        Vector512<byte> LowestMask,
        Vector512<byte> OthersMask,
        Vector512<byte> PackLeft,
        Vector512<byte> PackRight);
}
