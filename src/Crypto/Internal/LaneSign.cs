using System.Runtime.Intrinsics;

namespace SecureAggregation.Crypto;

/// <summary>What happens with a mask's lanes, known when the loop is compiled.</summary>
internal interface ILaneSign
{
    static abstract Vector128<T> Apply<T>(Vector128<T> lanes, Vector128<T> mask);

    static abstract Vector512<T> Apply<T>(Vector512<T> lanes, Vector512<T> mask);
}

internal readonly struct PlusMask : ILaneSign
{
    public static Vector128<T> Apply<T>(Vector128<T> lanes, Vector128<T> mask) => lanes + mask;

    public static Vector512<T> Apply<T>(Vector512<T> lanes, Vector512<T> mask) => lanes + mask;
}

internal readonly struct MinusMask : ILaneSign
{
    public static Vector128<T> Apply<T>(Vector128<T> lanes, Vector128<T> mask) => lanes - mask;

    public static Vector512<T> Apply<T>(Vector512<T> lanes, Vector512<T> mask) => lanes - mask;
}
