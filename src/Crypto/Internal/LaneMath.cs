using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace SecureAggregation.Crypto;

/// <summary>Arithmetic of lanes modulo 2^lane, as many at a time as the machine has room for; time depends on lengths only.</summary>
internal static class LaneMath
{
    public static void Add<T>(Span<T> target, ReadOnlySpan<T> addend)
        where T : unmanaged, IBinaryInteger<T>
    {
        var done = 0;
        if (Vector512.IsHardwareAccelerated)
        {
            var wide = MemoryMarshal.Cast<T, Vector512<T>>(target);
            var other = MemoryMarshal.Cast<T, Vector512<T>>(addend);
            for (var i = 0; i < wide.Length; i++) wide[i] += other[i];
            done = wide.Length * Vector512<T>.Count;
        }
        else
        {
            var wide = MemoryMarshal.Cast<T, Vector<T>>(target);
            var other = MemoryMarshal.Cast<T, Vector<T>>(addend);
            for (var i = 0; i < wide.Length; i++) wide[i] += other[i];
            done = wide.Length * Vector<T>.Count;
        }

        for (var i = done; i < target.Length; i++) target[i] = unchecked(target[i] + addend[i]);
    }

    public static void Subtract<T>(Span<T> target, ReadOnlySpan<T> subtrahend)
        where T : unmanaged, IBinaryInteger<T>
    {
        var wide = MemoryMarshal.Cast<T, Vector<T>>(target);
        var other = MemoryMarshal.Cast<T, Vector<T>>(subtrahend);
        for (var i = 0; i < wide.Length; i++) wide[i] -= other[i];
        for (var i = wide.Length * Vector<T>.Count; i < target.Length; i++) target[i] = unchecked(target[i] - subtrahend[i]);
    }

    /// <summary>Whether the lanes are equal in the bits of the mask.</summary>
    public static bool Equal<T>(ReadOnlySpan<T> a, ReadOnlySpan<T> b, T mask)
        where T : unmanaged, IBinaryInteger<T>
    {
        var wide = MemoryMarshal.Cast<T, Vector<T>>(a);
        var other = MemoryMarshal.Cast<T, Vector<T>>(b);
        var difference = Vector<T>.Zero;
        for (var i = 0; i < wide.Length; i++) difference |= wide[i] ^ other[i];
        var rest = T.Zero;
        for (var i = wide.Length * Vector<T>.Count; i < a.Length; i++) rest |= a[i] ^ b[i];
        return ((difference | new Vector<T>(rest)) & new Vector<T>(mask)) == Vector<T>.Zero;
    }
}
