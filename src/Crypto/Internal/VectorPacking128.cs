using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace SecureAggregation.Crypto;

/// <summary>
/// Packing by vectors of 128 bits. A group of eight elements is one, two or four vectors of lanes; each has its own place in the packed group,
/// which is where its first element begins, and its own table.
/// </summary>
internal static class VectorPacking128
{
    // A piece is read or written as 16 bytes from its place, and read from the byte after that too.
    private const int Reach = 17;

    private static readonly Piece[]?[] s_tables = new Piece[]?[RingVector.MaxBits];

    public static bool IsSupported => LaneShifts.IsSupported128;

    /// <summary>Packs whole groups; returns how many elements.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int Pack<T>(ReadOnlySpan<T> lanes, int bits, Span<byte> packed)
        where T : unmanaged, IBinaryInteger<T>
    {
        var table = Table<T>(bits);
        var groups = Groups(lanes.Length, bits, packed.Length);
        var mask = Vector128.Create(T.AllBitsSet >>> (BitPacking.LaneBits<T>() - bits));
        ref var source = ref MemoryMarshal.GetReference(lanes);
        ref var target = ref MemoryMarshal.GetReference(packed);
        for (var group = 0; group < groups; group++)
        {
            var before = Vector128<byte>.Zero;
            foreach (ref readonly var piece in table.AsSpan())
            {
                var values = Vector128.LoadUnsafe(ref source) & mask;
                var lowest = LaneShifts.Left(values, piece.PackLeft.As<byte, T>()).AsByte();
                var others = LaneShifts.Right(values, piece.PackRight.As<byte, T>()).AsByte();
                var bytes = Vector128.ShuffleNative(lowest, piece.Lowest) | Vector128.ShuffleNative(others, piece.Others)
                    | Vector128.ShuffleNative(before, piece.Before);
                bytes.StoreUnsafe(ref target, piece.Place);
                before = others;
                source = ref Unsafe.Add(ref source, Vector128<T>.Count);
            }

            target = ref Unsafe.Add(ref target, bits);
        }

        return groups * BitPacking.Group;
    }

    /// <summary>Adds whole groups to the lanes; returns how many elements.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static int Add<T>(Span<T> lanes, int bits, ReadOnlySpan<byte> packed)
        where T : unmanaged, IBinaryInteger<T>
    {
        var table = Table<T>(bits);
        var groups = Groups(lanes.Length, bits, packed.Length);
        var mask = Vector128.Create(T.AllBitsSet >>> (BitPacking.LaneBits<T>() - bits));
        ref var source = ref MemoryMarshal.GetReference(packed);
        ref var target = ref MemoryMarshal.GetReference(lanes);
        for (var group = 0; group < groups; group++)
        {
            foreach (ref readonly var piece in table.AsSpan())
            {
                var first = Vector128.ShuffleNative(Vector128.LoadUnsafe(ref source, piece.Place), piece.First).As<byte, T>();
                var following = Vector128.ShuffleNative(Vector128.LoadUnsafe(ref source, piece.Place + 1), piece.Following).As<byte, T>();
                var values = (LaneShifts.Right(first, piece.UnpackRight.As<byte, T>()) | LaneShifts.Left(following, piece.UnpackLeft.As<byte, T>())) & mask;
                (Vector128.LoadUnsafe(ref target) + values).StoreUnsafe(ref target);
                target = ref Unsafe.Add(ref target, Vector128<T>.Count);
            }

            source = ref Unsafe.Add(ref source, bits);
        }

        return groups * BitPacking.Group;
    }

    private static int Groups(int elements, int bits, int packed) =>
        Math.Min(elements / BitPacking.Group, Math.Max(0, packed - Reach) / bits);

    private static Piece[] Table<T>(int bits)
        where T : unmanaged, IBinaryInteger<T> => s_tables[bits] ??= MakeTable<T>(bits);

    // Apart from its use: what the lambda captures would be allocated with every call.
    private static Piece[] MakeTable<T>(int bits)
        where T : unmanaged, IBinaryInteger<T> =>
        [.. Enumerable.Range(0, BitPacking.Group / Vector128<T>.Count).Select(index => MakePiece<T>(bits, index))];

    private static Piece MakePiece<T>(int bits, int index)
        where T : unmanaged, IBinaryInteger<T>
    {
        var plan = new PackingPlan(bits, BitPacking.LaneBits<T>(), 128, index);
        return new(
            (nuint)plan.Place,
            Vector128.Create(plan.First),
            Vector128.Create(plan.Following),
            Amounts(plan.FirstRight, LaneShifts.RightAmount<T>),
            Amounts(plan.Rest, LaneShifts.LeftAmount<T>),
            Vector128.Create(plan.Lowest),
            Vector128.Create(plan.Others),
            Vector128.Create(plan.Before),
            Amounts(plan.LowestLeft, LaneShifts.LeftAmount<T>),
            Amounts(plan.Rest, LaneShifts.RightAmount<T>));
    }

    private static Vector128<byte> Amounts<T>(IEnumerable<int> counts, Func<int, T> amount) =>
        Vector128.Create([.. counts.Select(amount)]).AsByte();

    /// <summary>What <see cref="PackingPlan"/> says of one vector of a group, in registers' form.</summary>
    private readonly record struct Piece(
        nuint Place,
        Vector128<byte> First,
        Vector128<byte> Following,
        Vector128<byte> UnpackRight,
        Vector128<byte> UnpackLeft,
        Vector128<byte> Lowest,
        Vector128<byte> Others,
        Vector128<byte> Before,
        Vector128<byte> PackLeft,
        Vector128<byte> PackRight);
}
