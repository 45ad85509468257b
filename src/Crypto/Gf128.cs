using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using ArmAes = System.Runtime.Intrinsics.Arm.Aes;

namespace SecureAggregation.Crypto;

/// <summary>
/// An element of GF(2^128) = GF(2)[x]/(x^128 + x^7 + x^2 + x + 1) in plain little-endian bit order: bit j of byte i is the
/// coefficient of x^(8i + j). (GHASH uses the same polynomial with reflected bits.) Every operation is constant-time.
/// </summary>
/// <param name="Low">Coefficients of x^0 to x^63.</param>
/// <param name="High">Coefficients of x^64 to x^127.</param>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct Gf128(ulong Low, ulong High)
{
    public const int Size = 16;

    public static readonly Gf128 One = new(1, 0);

    public static Gf128 Read(ReadOnlySpan<byte> bytes) =>
        new(BinaryPrimitives.ReadUInt64LittleEndian(bytes), BinaryPrimitives.ReadUInt64LittleEndian(bytes[sizeof(ulong)..]));

    public void Write(Span<byte> bytes)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, Low);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[sizeof(ulong)..], High);
    }

    /// <summary>Addition, and subtraction too.</summary>
    public static Gf128 operator +(Gf128 a, Gf128 b) => new(a.Low ^ b.Low, a.High ^ b.High);

    public static Gf128 operator *(Gf128 a, Gf128 b) => Multiply<Fast>(a, b);

    /// <summary>Never the value: it may be a secret.</summary>
    public override string ToString() => nameof(Gf128);

    /// <summary>a^(2^128 − 2) by a fixed chain: the inverse, or 0 for 0.</summary>
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

    /// <summary>The product with the portable carry-less multiplication, whatever the processor offers.</summary>
    internal static Gf128 MultiplyPortable(Gf128 a, Gf128 b) => Multiply<Portable>(a, b);

    private static Gf128 Multiply<T>(Gf128 a, Gf128 b)
        where T : struct, ICarryLess
    {
        var (r0, r1) = T.Multiply(a.Low, b.Low);
        var (r2, r3) = T.Multiply(a.High, b.High);
        var (m0, m1) = T.Multiply(a.Low, b.High);
        var (n0, n1) = T.Multiply(a.High, b.Low);
        return Reduce(r0, r1 ^ m0 ^ n0, r2 ^ m1 ^ n1, r3);
    }

    /// <summary>Replaces x^128 by x^7 + x^2 + x + 1 in a polynomial of 256 coefficients.</summary>
    private static Gf128 Reduce(ulong r0, ulong r1, ulong r2, ulong r3)
    {
        // What the shifts push beyond x^255 is of degree 6 at most and is folded once more.
        var over = (r3 >> 63) ^ (r3 >> 62) ^ (r3 >> 57);
        r0 ^= r2 ^ (r2 << 1) ^ (r2 << 2) ^ (r2 << 7);
        r1 ^= r3 ^ ((r3 << 1) | (r2 >> 63)) ^ ((r3 << 2) | (r2 >> 62)) ^ ((r3 << 7) | (r2 >> 57));
        return new(r0 ^ over ^ (over << 1) ^ (over << 2) ^ (over << 7), r1);
    }

    /// <summary>64 by 64 bits without carries, giving 128.</summary>
    private interface ICarryLess
    {
        static abstract (ulong Low, ulong High) Multiply(ulong a, ulong b);
    }

    private readonly struct Fast : ICarryLess
    {
        public static (ulong Low, ulong High) Multiply(ulong a, ulong b)
        {
            Vector128<ulong> product;
            if (Pclmulqdq.IsSupported)
                product = Pclmulqdq.CarrylessMultiply(Vector128.CreateScalar(a), Vector128.CreateScalar(b), 0);
            else if (ArmAes.IsSupported)
                product = ArmAes.PolynomialMultiplyWideningLower(Vector64.Create(a), Vector64.Create(b));
            else
                return Portable.Multiply(a, b);
            return (product[0], product[1]);
        }
    }

    /// <summary>Shift and add under masks: the same steps for every input, and no table.</summary>
    private readonly struct Portable : ICarryLess
    {
        public static (ulong Low, ulong High) Multiply(ulong a, ulong b)
        {
            var low = a & unchecked(0UL - (b & 1));
            var high = 0UL;
            for (var i = 1; i < 64; i++)
            {
                var chosen = unchecked(0UL - ((b >> i) & 1));
                low ^= (a << i) & chosen;
                high ^= (a >> (64 - i)) & chosen;
            }

            return (low, high);
        }
    }
}
