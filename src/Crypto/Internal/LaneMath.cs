using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace SecureAggregation.Crypto;

/// <summary>
/// Arithmetic of lanes modulo 2^lane, as many at a time as the machine has room for; time depends on lengths only. Compiled to its best at once:
/// one call over a long vector would be over before the second tier.
/// </summary>
internal static class LaneMath
{
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Add<T>(Span<T> target, ReadOnlySpan<T> addend)
        where T : unmanaged, IBinaryInteger<T>
    {
        // Where a vector of 512 bits is more than the processor has, the compiler makes two of 256.
        var wide = MemoryMarshal.Cast<T, Vector512<T>>(target);
        var other = MemoryMarshal.Cast<T, Vector512<T>>(addend);
        for (var i = 0; i < wide.Length; i++) wide[i] += other[i];
        for (var i = wide.Length * Vector512<T>.Count; i < target.Length; i++) target[i] = unchecked(target[i] + addend[i]);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Subtract<T>(Span<T> target, ReadOnlySpan<T> subtrahend)
        where T : unmanaged, IBinaryInteger<T>
    {
        var wide = MemoryMarshal.Cast<T, Vector512<T>>(target);
        var other = MemoryMarshal.Cast<T, Vector512<T>>(subtrahend);
        for (var i = 0; i < wide.Length; i++) wide[i] -= other[i];
        for (var i = wide.Length * Vector512<T>.Count; i < target.Length; i++) target[i] = unchecked(target[i] - subtrahend[i]);
    }

    /// <summary>Whether the lanes are equal in the bits of the mask.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static bool Equal<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b, T mask)
        where T : unmanaged, IBinaryInteger<T>
    {
        var wide = MemoryMarshal.Cast<T, Vector512<T>>(a);
        var other = MemoryMarshal.Cast<T, Vector512<T>>(b);
        var difference = Vector512<T>.Zero;
        for (var i = 0; i < wide.Length; i++) difference |= wide[i] ^ other[i];
        var rest = T.Zero;
        for (var i = wide.Length * Vector512<T>.Count; i < a.Length; i++) rest |= a[i] ^ b[i];
        return ((difference | Vector512.Create(rest)) & Vector512.Create(mask)) == Vector512<T>.Zero;
    }
}
