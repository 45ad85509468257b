using System.Numerics;

namespace SecureAggregation.Crypto;

/// <summary>Addition and subtraction of lanes modulo 2^lane, as many at a time as the machine has room for.</summary>
internal static class LaneMath
{
    public static void Add<T>(Span<T> target, ReadOnlySpan<T> addend)
        where T : unmanaged, IBinaryInteger<T>
    {
        var i = 0;
        for (; i <= target.Length - Vector<T>.Count; i += Vector<T>.Count)
            (new Vector<T>(target[i..]) + new Vector<T>(addend[i..])).CopyTo(target[i..]);
        for (; i < target.Length; i++)
            target[i] = unchecked(target[i] + addend[i]);
    }

    public static void Subtract<T>(Span<T> target, ReadOnlySpan<T> subtrahend)
        where T : unmanaged, IBinaryInteger<T>
    {
        var i = 0;
        for (; i <= target.Length - Vector<T>.Count; i += Vector<T>.Count)
            (new Vector<T>(target[i..]) - new Vector<T>(subtrahend[i..])).CopyTo(target[i..]);
        for (; i < target.Length; i++)
            target[i] = unchecked(target[i] - subtrahend[i]);
    }
}
