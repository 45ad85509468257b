using System.Runtime.Intrinsics;

namespace SecureAggregation.Crypto.Tests;

/// <summary>
/// The rounds of AES as FIPS 197 section 5.1 writes them, byte by byte: what is built on <see cref="IAesRounds"/> is tested on any
/// machine, whatever instructions it has.
/// </summary>
internal readonly struct SoftwareAesRounds : IAesRounds
{
    private static readonly byte[] s_box = [.. Enumerable.Range(0, 256).Select(i => Substitute((byte)i))];

    public static Vector128<byte> Round(Vector128<byte> state, Vector128<byte> roundKey)
    {
        var shifted = SubstituteAndShift(state);
        var mixed = new byte[16];
        for (var i = 0; i < 16; i++)
        {
            var (column, row) = (i / 4 * 4, i % 4);
            byte At(int down) => shifted[column + ((row + down) % 4)];
            mixed[i] = (byte)(Times(2, At(0)) ^ Times(3, At(1)) ^ At(2) ^ At(3));
        }

        return Vector128.Create(mixed) ^ roundKey;
    }

    public static Vector128<byte> LastRound(Vector128<byte> state, Vector128<byte> roundKey) =>
        Vector128.Create(SubstituteAndShift(state)) ^ roundKey;

    private static byte[] SubstituteAndShift(Vector128<byte> state)
    {
        var result = new byte[16];
        for (var i = 0; i < 16; i++) result[i] = s_box[state[(i + (i % 4 * 4)) % 16]];
        return result;
    }

    private static byte Substitute(byte value)
    {
        var inverse = Enumerable.Range(0, 256).FirstOrDefault(i => Times(value, (byte)i) == 1);
        var result = 0x63;
        for (var turn = 0; turn < 5; turn++) result ^= (inverse << turn) | (inverse >> (8 - turn));
        return (byte)(result & 0xff);
    }

    /// <summary>The product in GF(2^8) modulo x^8 + x^4 + x^3 + x + 1.</summary>
    private static byte Times(byte a, byte b)
    {
        var product = 0;
        for (var (left, factor) = ((int)a, (int)b); factor != 0; factor >>= 1)
        {
            if ((factor & 1) != 0) product ^= left;
            left = (left << 1) ^ ((left >> 7) * 0x11b);
        }

        return (byte)product;
    }
}
