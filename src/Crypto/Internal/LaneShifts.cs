using System.Numerics;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace SecureAggregation.Crypto;

/// <summary>
/// Shifts of each lane by an amount of its own. A table of amounts is made once by <see cref="LeftAmount"/> and <see cref="RightAmount"/>,
/// in the form that the processor takes. The type of lane is resolved by the compiler.
/// </summary>
internal static class LaneShifts
{
    public static bool IsSupported128 => Avx2.IsSupported || AdvSimd.Arm64.IsSupported;

    public static bool IsSupported512 => Avx512BW.IsSupported;

    // AVX2 has no shift of 16-bit lanes by different amounts: there a power of two multiplies, and the high half of its product is a shift to the right.
    private static bool Multiplies<T>() => typeof(T) == typeof(ushort) && Avx2.IsSupported;

    /// <summary>What <see cref="Left{T}(Vector128{T}, Vector128{T})"/> takes for a count from 0 to 15.</summary>
    public static T LeftAmount<T>(int count)
        where T : unmanaged, IBinaryInteger<T> => Multiplies<T>() ? T.One << count : T.CreateChecked(count);

    /// <summary>What <see cref="Right{T}(Vector128{T}, Vector128{T})"/> takes for a count from 1 to the lane less 1.</summary>
    public static T RightAmount<T>(int count)
        where T : unmanaged, IBinaryInteger<T> =>
        Multiplies<T>() ? T.One << (16 - count) : Avx2.IsSupported ? T.CreateChecked(count) : T.CreateTruncating(-count);

    public static Vector128<T> Left<T>(Vector128<T> lanes, Vector128<T> amounts)
        where T : unmanaged, IBinaryInteger<T>
    {
        if (Multiplies<T>()) return lanes * amounts;
        if (!Avx2.IsSupported) return ArmShift(lanes, amounts);
        return typeof(T) == typeof(uint)
            ? Avx2.ShiftLeftLogicalVariable(lanes.AsUInt32(), amounts.AsUInt32()).As<uint, T>()
            : Avx2.ShiftLeftLogicalVariable(lanes.AsUInt64(), amounts.AsUInt64()).As<ulong, T>();
    }

    public static Vector128<T> Right<T>(Vector128<T> lanes, Vector128<T> amounts)
        where T : unmanaged, IBinaryInteger<T>
    {
        if (Multiplies<T>()) return Sse2.MultiplyHigh(lanes.AsUInt16(), amounts.AsUInt16()).As<ushort, T>();
        if (!Avx2.IsSupported) return ArmShift(lanes, amounts);
        return typeof(T) == typeof(uint)
            ? Avx2.ShiftRightLogicalVariable(lanes.AsUInt32(), amounts.AsUInt32()).As<uint, T>()
            : Avx2.ShiftRightLogicalVariable(lanes.AsUInt64(), amounts.AsUInt64()).As<ulong, T>();
    }

    /// <summary>With counts, never with powers of two.</summary>
    public static Vector512<T> Left<T>(Vector512<T> lanes, Vector512<T> counts)
        where T : unmanaged, IBinaryInteger<T> =>
        typeof(T) == typeof(ushort) ? Avx512BW.ShiftLeftLogicalVariable(lanes.AsUInt16(), counts.AsUInt16()).As<ushort, T>()
        : typeof(T) == typeof(uint) ? Avx512F.ShiftLeftLogicalVariable(lanes.AsUInt32(), counts.AsUInt32()).As<uint, T>()
        : Avx512F.ShiftLeftLogicalVariable(lanes.AsUInt64(), counts.AsUInt64()).As<ulong, T>();

    /// <summary>With counts, never with powers of two.</summary>
    public static Vector512<T> Right<T>(Vector512<T> lanes, Vector512<T> counts)
        where T : unmanaged, IBinaryInteger<T> =>
        typeof(T) == typeof(ushort) ? Avx512BW.ShiftRightLogicalVariable(lanes.AsUInt16(), counts.AsUInt16()).As<ushort, T>()
        : typeof(T) == typeof(uint) ? Avx512F.ShiftRightLogicalVariable(lanes.AsUInt32(), counts.AsUInt32()).As<uint, T>()
        : Avx512F.ShiftRightLogicalVariable(lanes.AsUInt64(), counts.AsUInt64()).As<ulong, T>();

    /// <summary>One instruction for both directions: a negative amount shifts to the right.</summary>
    private static Vector128<T> ArmShift<T>(Vector128<T> lanes, Vector128<T> amounts)
        where T : unmanaged =>
        typeof(T) == typeof(ushort) ? AdvSimd.ShiftLogical(lanes.AsUInt16(), amounts.AsInt16()).As<ushort, T>()
        : typeof(T) == typeof(uint) ? AdvSimd.ShiftLogical(lanes.AsUInt32(), amounts.AsInt32()).As<uint, T>()
        : AdvSimd.ShiftLogical(lanes.AsUInt64(), amounts.AsInt64()).As<ulong, T>();
}
