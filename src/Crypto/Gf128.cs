using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace SecureAggregation.Crypto;

/// <summary>
/// An element of GF(2^128) = GF(2)[x]/(x^128 + x^7 + x^2 + x + 1) in plain little-endian bit order: bit j of byte i is the
/// coefficient of x^(8i + j). (GHASH uses the same polynomial with reflected bits.) Every operation is constant-time.
/// </summary>
/// <param name="Bits">Coefficients of x^0 to x^63, then of x^64 to x^127.</param>
internal readonly record struct Gf128(Vector128<ulong> Bits)
{
    public const int Size = 16;

    public static readonly Gf128 One = new(1, 0);

    // x^128 is this in the field.
    private const ulong Fold = 0x87;

    public Gf128(ulong low, ulong high)
        : this(Vector128.Create(low, high))
    {
    }

    public static Gf128 Read(ReadOnlySpan<byte> bytes) => new(Vector128.Create(bytes[..Size]).AsUInt64());

    /// <summary>Elements one after the other, as <see cref="Read"/> reads each.</summary>
    public static ReadOnlySpan<Gf128> ReadAll(ReadOnlySpan<byte> bytes) => MemoryMarshal.Cast<byte, Gf128>(bytes);

    public void Write(Span<byte> bytes) => Bits.AsByte().CopyTo(bytes);

    /// <summary>Addition, and subtraction too.</summary>
    public static Gf128 operator +(Gf128 a, Gf128 b) => new(a.Bits ^ b.Bits);

    public static Gf128 operator *(Gf128 a, Gf128 b) => Multiply<CarryLess>(a, b);

    /// <summary>Never the value: it may be a secret.</summary>
    public override string ToString() => nameof(Gf128);

    /// <summary>The product with an element of degree below 64: two partial products instead of four, and a shorter reduction.</summary>
    public Gf128 MultiplySmall(Gf128 small) => MultiplySmall<CarryLess>(small);

    /// <summary>a^(2^128 − 2) by a fixed chain: the inverse, or 0 for 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public Gf128 Invert()
    {
        // The exponent is 127 ones and a zero: the product of a^(2^1) to a^(2^127).
        var square = this;
        var result = One;
        for (var i = 1; i < 128; i++)
        {
            square *= square;
            result *= square;
        }

        return result;
    }

    /// <summary>Σ a_i·b_(i·stride), reduced once.</summary>
    public static Gf128 Dot(ReadOnlySpan<Gf128> a, ReadOnlySpan<Gf128> b, int stride) => Dot<CarryLess>(a, b, stride);

    public static Gf128 Multiply<T>(Gf128 a, Gf128 b)
        where T : struct, ICarryLess
    {
        var (low, middle, high) = (Vector128<ulong>.Zero, Vector128<ulong>.Zero, Vector128<ulong>.Zero);
        AddProduct<T>(a.Bits, b.Bits, ref low, ref middle, ref high);
        return Reduce<T>(low, middle, high);
    }

    public Gf128 MultiplySmall<T>(Gf128 small)
        where T : struct, ICarryLess =>
        new(AddAtX64<T>(T.LowLow(Bits, small.Bits), T.HighLow(Bits, small.Bits)));

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static Gf128 Dot<T>(ReadOnlySpan<Gf128> a, ReadOnlySpan<Gf128> b, int stride)
        where T : struct, ICarryLess
    {
        var (low, middle, high) = (Vector128<ulong>.Zero, Vector128<ulong>.Zero, Vector128<ulong>.Zero);
        for (var i = 0; i < a.Length; i++) AddProduct<T>(a[i].Bits, b[i * stride].Bits, ref low, ref middle, ref high);
        return Reduce<T>(low, middle, high);
    }

    private static void AddProduct<T>(
        Vector128<ulong> a, Vector128<ulong> b, ref Vector128<ulong> low, ref Vector128<ulong> middle, ref Vector128<ulong> high)
        where T : struct, ICarryLess
    {
        low ^= T.LowLow(a, b);
        middle ^= T.HighLow(a, b) ^ T.HighLow(b, a);
        high ^= T.HighHigh(a, b);
    }

    /// <summary>low + middle·x^64 + high·x^128.</summary>
    private static Gf128 Reduce<T>(Vector128<ulong> low, Vector128<ulong> middle, Vector128<ulong> high)
        where T : struct, ICarryLess
    {
        low ^= Up(middle);
        high ^= Vector128.Shuffle(middle, Vector128.Create(1UL, 2));
        var fold = Vector128.CreateScalar(Fold);
        return new(AddAtX64<T>(low ^ T.LowLow(high, fold), T.HighLow(high, fold)));
    }

    /// <summary>low + high·x^64, for a high part of degree below 120.</summary>
    private static Vector128<ulong> AddAtX64<T>(Vector128<ulong> low, Vector128<ulong> high)
        where T : struct, ICarryLess =>
        low ^ Up(high) ^ T.HighLow(high, Vector128.CreateScalar(Fold));

    /// <summary>Times x^64, without what goes beyond x^127.</summary>
    private static Vector128<ulong> Up(Vector128<ulong> value) => Vector128.Shuffle(value, Vector128.Create(2UL, 0));
}
