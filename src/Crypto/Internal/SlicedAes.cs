using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Bytes = System.Runtime.Intrinsics.Vector512<byte>;

namespace SecureAggregation.Crypto;

/// <summary>
/// AES in counter mode on 64 blocks in sixteen 512-bit registers, of which the j-th holds byte j of every block. ShiftRows is then a
/// matter of names and MixColumns one of XORs; SubBytes is one instruction of GFNI, the affine transform of the inverse, and with
/// another matrix it is SubBytes times two. All instructions take constant time, and no address depends on a secret.
/// </summary>
internal static class SlicedAes
{
    /// <summary>Blocks of a group, and the vectors that hold it.</summary>
    public const int Blocks = 64;

    public const int Vectors = 16;

    public const int BlocksPerVector = Blocks / Vectors;

    /// <summary>Rounds whose keys are within what the caller computes for blocks that differ in the counter's last byte only.</summary>
    public const int SharedRounds = 2;

    /// <summary>SubBytes here leaves its constant out. MixColumns maps four of it to itself, so that the round keys can take it.</summary>
    public const byte SubstitutionConstant = 0x63;

    // SubBytes' matrix (FIPS 197 section 5.1.1) as the instruction takes it, and its product with two.
    private const ulong Once = 0xf1e3c78f1f3e7cf8;
    private const ulong Twice = 0xf809e33f771f3e7c;

    // Byte 16 q + t of each register belongs to block 4 t + q, so that the transposed quarters are four blocks in a row.
    private static Bytes BlockOfByte => Vector512.Create(
        (byte)0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48, 52, 56, 60,
        1, 5, 9, 13, 17, 21, 25, 29, 33, 37, 41, 45, 49, 53, 57, 61,
        2, 6, 10, 14, 18, 22, 26, 30, 34, 38, 42, 46, 50, 54, 58, 62,
        3, 7, 11, 15, 19, 23, 27, 31, 35, 39, 43, 47, 51, 55, 59, 63);

    public static bool IsSupported => Gfni.V512.IsSupported && Avx512BW.IsSupported;

    /// <summary>Each byte four times, which the loop's instructions broadcast as they read it.</summary>
    public static Vector512<uint> Spread(Vector128<byte> bytes) => Avx512F.ConvertToVector512UInt32(bytes) * 0x01010101U;

    /// <summary>Adds or subtracts the keystream of whole groups that share all of the counter but its last byte.</summary>
    /// <param name="target">The lanes.</param>
    /// <param name="low">The last byte of the first block's counter.</param>
    /// <param name="lowKey">The last byte of the first round key.</param>
    /// <param name="shared">
    /// The state after the first round with zero out of SubBytes for the counter's last byte; and, from that, the state after the second
    /// with zero for the first column. Spread, as the round keys are.
    /// </param>
    /// <param name="roundKeys">Keys of the rounds from the third on, with the constant of SubBytes.</param>
    // Without AggressiveOptimization the loop is many times slower until tiering has replaced it.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Run<TLane, TSign>(
        Span<Bytes> target, byte low, byte lowKey, ReadOnlySpan<uint> shared, ReadOnlySpan<uint> roundKeys)
        where TLane : unmanaged, IBinaryInteger<TLane>
        where TSign : struct, ILaneSign
    {
        var once = Vector512.Create(Once).AsByte();
        var twice = Vector512.Create(Twice).AsByte();
        var lowKeys = Vector512.Create(lowKey);
        var counters = BlockOfByte + Vector512.Create(low);
        ref var lanes = ref MemoryMarshal.GetReference(target);
        ref var first = ref MemoryMarshal.GetReference(shared);
        ref var second = ref Unsafe.Add(ref first, 16);
        ref var keys = ref MemoryMarshal.GetReference(roundKeys);
        for (var groups = target.Length / Vectors; groups > 0; groups--)
        {
            // Round 1: byte 15 comes to row 3 of column 0. Round 2: rows 0 to 3 of column 0 come to columns 0, 3, 2 and 1.
            var state = counters ^ lowKeys;
            var (s, d) = (Substitute(state, once), Substitute(state, twice));
            var b0 = s ^ Key(ref first, 0);
            var b1 = s ^ Key(ref first, 1);
            var b2 = Xor(s, d, Key(ref first, 2));
            var b3 = d ^ Key(ref first, 3);
            (s, d) = (Substitute(b0, once), Substitute(b0, twice));
            var a0 = d ^ Key(ref second, 0);
            var a1 = s ^ Key(ref second, 1);
            var a2 = s ^ Key(ref second, 2);
            var a3 = Xor(s, d, Key(ref second, 3));
            (s, d) = (Substitute(b3, once), Substitute(b3, twice));
            var a4 = s ^ Key(ref second, 4);
            var a5 = s ^ Key(ref second, 5);
            var a6 = Xor(s, d, Key(ref second, 6));
            var a7 = d ^ Key(ref second, 7);
            (s, d) = (Substitute(b2, once), Substitute(b2, twice));
            var a8 = s ^ Key(ref second, 8);
            var a9 = Xor(s, d, Key(ref second, 9));
            var a10 = d ^ Key(ref second, 10);
            var a11 = s ^ Key(ref second, 11);
            (s, d) = (Substitute(b1, once), Substitute(b1, twice));
            var a12 = Xor(s, d, Key(ref second, 12));
            var a13 = d ^ Key(ref second, 13);
            var a14 = s ^ Key(ref second, 14);
            var a15 = s ^ Key(ref second, 15);

            ref var key = ref keys;
            for (var round = SharedRounds + 1; round < AesKeySchedule.Rounds; round++, key = ref Unsafe.Add(ref key, 16))
            {
                (a1, a5, a9, a13) = (a5, a9, a13, a1);
                (a2, a6, a10, a14) = (a10, a14, a2, a6);
                (a3, a7, a11, a15) = (a15, a3, a7, a11);
                Column(ref a0, ref a1, ref a2, ref a3, once, twice, ref key);
                Column(ref a4, ref a5, ref a6, ref a7, once, twice, ref Unsafe.Add(ref key, 4));
                Column(ref a8, ref a9, ref a10, ref a11, once, twice, ref Unsafe.Add(ref key, 8));
                Column(ref a12, ref a13, ref a14, ref a15, once, twice, ref Unsafe.Add(ref key, 12));
            }

            // The last round, and per half of a block the transposition up to eight bytes in a row.
            (a1, a5, a9, a13) = (a5, a9, a13, a1);
            (a2, a6, a10, a14) = (a10, a14, a2, a6);
            (a3, a7, a11, a15) = (a15, a3, a7, a11);
            Last(ref a0, ref a1, ref a2, ref a3, once, ref key);
            Last(ref a4, ref a5, ref a6, ref a7, once, ref Unsafe.Add(ref key, 4));
            Gather(ref a0, ref a1, ref a2, ref a3, ref a4, ref a5, ref a6, ref a7);
            Last(ref a8, ref a9, ref a10, ref a11, once, ref Unsafe.Add(ref key, 8));
            Last(ref a12, ref a13, ref a14, ref a15, once, ref Unsafe.Add(ref key, 12));
            Gather(ref a8, ref a9, ref a10, ref a11, ref a12, ref a13, ref a14, ref a15);
            Apply<TLane, TSign>(ref lanes, a0, a8);
            Apply<TLane, TSign>(ref Unsafe.Add(ref lanes, 2), a1, a9);
            Apply<TLane, TSign>(ref Unsafe.Add(ref lanes, 4), a2, a10);
            Apply<TLane, TSign>(ref Unsafe.Add(ref lanes, 6), a3, a11);
            Apply<TLane, TSign>(ref Unsafe.Add(ref lanes, 8), a4, a12);
            Apply<TLane, TSign>(ref Unsafe.Add(ref lanes, 10), a5, a13);
            Apply<TLane, TSign>(ref Unsafe.Add(ref lanes, 12), a6, a14);
            Apply<TLane, TSign>(ref Unsafe.Add(ref lanes, 14), a7, a15);
            lanes = ref Unsafe.Add(ref lanes, Vectors);
            counters += Vector512.Create((byte)Blocks);
        }
    }

    /// <summary>SubBytes, MixColumns and AddRoundKey of a column.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Column(ref Bytes a, ref Bytes b, ref Bytes c, ref Bytes d, Bytes once, Bytes twice, ref uint key)
    {
        var (a1, b1, c1, d1) = (Substitute(a, once), Substitute(b, once), Substitute(c, once), Substitute(d, once));
        var (a2, b2, c2, d2) = (Substitute(a, twice), Substitute(b, twice), Substitute(c, twice), Substitute(d, twice));
        var (ab, cd) = (a1 ^ b1, c1 ^ d1);
        a = Xor(Xor(a2, b2, b1), cd, Key(ref key, 0));
        b = Xor(Xor(b2, c2, a1), cd, Key(ref key, 1));
        c = Xor(Xor(c2, d2, d1), ab, Key(ref key, 2));
        d = Xor(Xor(d2, a2, c1), ab, Key(ref key, 3));
    }

    /// <summary>SubBytes and AddRoundKey of a column.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Last(ref Bytes a, ref Bytes b, ref Bytes c, ref Bytes d, Bytes once, ref uint key)
    {
        a = Substitute(a, once) ^ Key(ref key, 0);
        b = Substitute(b, once) ^ Key(ref key, 1);
        c = Substitute(c, once) ^ Key(ref key, 2);
        d = Substitute(d, once) ^ Key(ref key, 3);
    }

    /// <summary>Eight registers of single bytes become eight of which the t-th holds all eight bytes at places 2 t and 2 t + 1 of each quarter.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Gather(
        ref Bytes a, ref Bytes b, ref Bytes c, ref Bytes d, ref Bytes e, ref Bytes f, ref Bytes g, ref Bytes h)
    {
        var ((ab0, ab1), (cd0, cd1)) = (Interleave8(a, b), Interleave8(c, d));
        var ((ef0, ef1), (gh0, gh1)) = (Interleave8(e, f), Interleave8(g, h));
        var ((abcd0, abcd1), (abcd2, abcd3)) = (Interleave16(ab0, cd0), Interleave16(ab1, cd1));
        var ((efgh0, efgh1), (efgh2, efgh3)) = (Interleave16(ef0, gh0), Interleave16(ef1, gh1));
        (a, b) = Interleave32(abcd0, efgh0);
        (c, d) = Interleave32(abcd1, efgh1);
        (e, f) = Interleave32(abcd2, efgh2);
        (g, h) = Interleave32(abcd3, efgh3);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Apply<TLane, TSign>(ref Bytes lanes, Bytes firstHalves, Bytes secondHalves)
        where TLane : unmanaged, IBinaryInteger<TLane>
        where TSign : struct, ILaneSign
    {
        var (low, high) = Interleave64(firstHalves, secondHalves);
        lanes = TSign.Apply(lanes.As<byte, TLane>(), low.As<byte, TLane>()).AsByte();
        ref var next = ref Unsafe.Add(ref lanes, 1);
        next = TSign.Apply(next.As<byte, TLane>(), high.As<byte, TLane>()).AsByte();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Bytes Substitute(Bytes state, Bytes matrix) => Gfni.V512.GaloisFieldAffineTransformInverse(state, matrix, 0);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Bytes Xor(Bytes a, Bytes b, Bytes c) => Avx512F.TernaryLogic(a, b, c, 0x96);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Bytes Key(ref uint keys, int index) => Vector512.Create(Unsafe.Add(ref keys, index)).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Bytes Low, Bytes High) Interleave8(Bytes a, Bytes b) => (Avx512BW.UnpackLow(a, b), Avx512BW.UnpackHigh(a, b));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Bytes Low, Bytes High) Interleave16(Bytes a, Bytes b) =>
        (Avx512BW.UnpackLow(a.AsUInt16(), b.AsUInt16()).AsByte(), Avx512BW.UnpackHigh(a.AsUInt16(), b.AsUInt16()).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Bytes Low, Bytes High) Interleave32(Bytes a, Bytes b) =>
        (Avx512F.UnpackLow(a.AsUInt32(), b.AsUInt32()).AsByte(), Avx512F.UnpackHigh(a.AsUInt32(), b.AsUInt32()).AsByte());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static (Bytes Low, Bytes High) Interleave64(Bytes a, Bytes b) =>
        (Avx512F.UnpackLow(a.AsUInt64(), b.AsUInt64()).AsByte(), Avx512F.UnpackHigh(a.AsUInt64(), b.AsUInt64()).AsByte());
}
