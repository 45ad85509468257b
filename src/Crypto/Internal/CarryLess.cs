using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using ArmAes = System.Runtime.Intrinsics.Arm.Aes;

namespace SecureAggregation.Crypto;

/// <summary>Products of polynomials over GF(2) of 64 coefficients, 127 coefficients each; constant-time.</summary>
internal interface ICarryLess
{
    /// <summary>Low half of a times low half of b.</summary>
    static abstract Vector128<ulong> LowLow(Vector128<ulong> a, Vector128<ulong> b);

    /// <summary>High half of a times low half of b.</summary>
    static abstract Vector128<ulong> HighLow(Vector128<ulong> a, Vector128<ulong> b);

    /// <summary>High half of a times high half of b.</summary>
    static abstract Vector128<ulong> HighHigh(Vector128<ulong> a, Vector128<ulong> b);
}

/// <summary>The processor's instruction (PCLMULQDQ, PMULL) where it has one; the compiler resolves the choice.</summary>
internal readonly struct CarryLess : ICarryLess
{
    public static Vector128<ulong> LowLow(Vector128<ulong> a, Vector128<ulong> b) =>
        Pclmulqdq.IsSupported ? Pclmulqdq.CarrylessMultiply(a, b, 0x00)
        : ArmAes.IsSupported ? ArmAes.PolynomialMultiplyWideningLower(a.GetLower(), b.GetLower())
        : PortableCarryLess.LowLow(a, b);

    public static Vector128<ulong> HighLow(Vector128<ulong> a, Vector128<ulong> b) =>
        Pclmulqdq.IsSupported ? Pclmulqdq.CarrylessMultiply(a, b, 0x01)
        : ArmAes.IsSupported ? ArmAes.PolynomialMultiplyWideningLower(a.GetUpper(), b.GetLower())
        : PortableCarryLess.HighLow(a, b);

    public static Vector128<ulong> HighHigh(Vector128<ulong> a, Vector128<ulong> b) =>
        Pclmulqdq.IsSupported ? Pclmulqdq.CarrylessMultiply(a, b, 0x11)
        : ArmAes.IsSupported ? ArmAes.PolynomialMultiplyWideningUpper(a, b)
        : PortableCarryLess.HighHigh(a, b);
}

/// <summary>
/// By integer multiplication of operands of which three bits in four are cleared: a sum of up to 15 bits then stays within the four places up
/// to the next one. The same steps for every input, and no table.
/// </summary>
internal readonly struct PortableCarryLess : ICarryLess
{
    private const ulong EveryFourth = 0x1111111111111111;

    public static Vector128<ulong> LowLow(Vector128<ulong> a, Vector128<ulong> b) => Multiply(a[0], b[0]);

    public static Vector128<ulong> HighLow(Vector128<ulong> a, Vector128<ulong> b) => Multiply(a[1], b[0]);

    public static Vector128<ulong> HighHigh(Vector128<ulong> a, Vector128<ulong> b) => Multiply(a[1], b[1]);

    /// <summary>The upper half is the lower half of the product of the operands read backwards, less the one bit that both halves would share.</summary>
    private static Vector128<ulong> Multiply(ulong a, ulong b) => Vector128.Create(Low(a, b), Reverse(Low(Reverse(a), Reverse(b))) >> 1);

    /// <summary>Coefficients 0 to 63. The sixteenth summand of a place is the first to carry, and only at the last places: out of the word.</summary>
    private static ulong Low(ulong a, ulong b)
    {
        var result = 0UL;
        for (var place = 0; place < 4; place++)
        {
            var sum = 0UL;
            for (var i = 0; i < 4; i++)
                sum ^= unchecked((a & (EveryFourth << i)) * (b & (EveryFourth << ((place - i) & 3))));
            result |= sum & (EveryFourth << place);
        }

        return result;
    }

    private static ulong Reverse(ulong value)
    {
        value = System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(value);
        value = ((value >> 4) & 0x0f0f0f0f0f0f0f0f) | ((value & 0x0f0f0f0f0f0f0f0f) << 4);
        value = ((value >> 2) & 0x3333333333333333) | ((value & 0x3333333333333333) << 2);
        return ((value >> 1) & 0x5555555555555555) | ((value & 0x5555555555555555) << 1);
    }
}
