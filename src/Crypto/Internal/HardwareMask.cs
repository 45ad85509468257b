using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;

namespace SecureAggregation.Crypto;

/// <summary>The mask stream by AES instructions, added straight into the lanes: the keystream never touches memory.</summary>
internal static class HardwareMask
{
    private const int Rounds = 10;

    // A round has a latency of about four cycles and starts once or twice a cycle: eight independent blocks keep it busy.
    private const int Interleaved = 8;

    public static void Accumulate(
        Span<byte> target, ReadOnlySpan<byte> key16, MaskSign sign, int laneBits, ulong firstBlock, MaskPath path)
    {
        if (path == MaskPath.X86)
            Accumulate<X86AesRounds>(target, key16, sign, laneBits, firstBlock);
        else
            Accumulate<ArmAesRounds>(target, key16, sign, laneBits, firstBlock);
    }

    /// <summary>Whether the example of FIPS 197 appendix C.1 comes out.</summary>
    public static bool GivesKnownAnswer(MaskPath path)
    {
        ReadOnlySpan<byte> key = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15];
        var plaintext = Vector128.Create(0x7766554433221100, 0xffeeddccbbaa9988).AsByte();
        var ciphertext = Vector128.Create(0x30047b6ad8e0c469, 0x5ac5b47080b7cdd8).AsByte();
        return ciphertext == (path == MaskPath.X86
            ? EncryptBlock<X86AesRounds>(key, plaintext)
            : EncryptBlock<ArmAesRounds>(key, plaintext));
    }

    /// <summary>One block of AES-128.</summary>
    public static Vector128<byte> EncryptBlock<TAes>(ReadOnlySpan<byte> key16, Vector128<byte> block)
        where TAes : struct, IAesRounds
    {
        Span<Vector128<byte>> keys = stackalloc Vector128<byte>[Rounds + 1];
        ExpandKey<TAes>(key16, keys);
        return EncryptOne<TAes>(block, keys);
    }

    private static void Accumulate<TAes>(Span<byte> target, ReadOnlySpan<byte> key16, MaskSign sign, int laneBits, ulong firstBlock)
        where TAes : struct, IAesRounds
    {
        Span<Vector128<byte>> keys = stackalloc Vector128<byte>[Rounds + 1];
        ExpandKey<TAes>(key16, keys);
        var blocks = MemoryMarshal.Cast<byte, Vector128<byte>>(target);
        switch (laneBits, sign)
        {
            case (16, MaskSign.Add): Run<TAes, ushort, Plus>(blocks, keys, firstBlock); break;
            case (32, MaskSign.Add): Run<TAes, uint, Plus>(blocks, keys, firstBlock); break;
            case (64, MaskSign.Add): Run<TAes, ulong, Plus>(blocks, keys, firstBlock); break;
            case (16, _): Run<TAes, ushort, Minus>(blocks, keys, firstBlock); break;
            case (32, _): Run<TAes, uint, Minus>(blocks, keys, firstBlock); break;
            default: Run<TAes, ulong, Minus>(blocks, keys, firstBlock); break;
        }

        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(keys));
    }

    // Without AggressiveOptimization the loop runs at a seventh of the speed until tiering has replaced it.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run<TAes, TLane, TSign>(Span<Vector128<byte>> target, ReadOnlySpan<Vector128<byte>> keys, ulong block)
        where TAes : struct, IAesRounds
        where TLane : unmanaged, IBinaryInteger<TLane>
        where TSign : struct, ISign
    {
        for (; target.Length >= Interleaved; target = target[Interleaved..], block += Interleaved)
        {
            var key = keys[0];
            var a = Counter(block) ^ key;
            var b = Counter(block + 1) ^ key;
            var c = Counter(block + 2) ^ key;
            var d = Counter(block + 3) ^ key;
            var e = Counter(block + 4) ^ key;
            var f = Counter(block + 5) ^ key;
            var g = Counter(block + 6) ^ key;
            var h = Counter(block + 7) ^ key;
            for (var round = 1; round < Rounds; round++)
            {
                key = keys[round];
                a = TAes.Round(a, key);
                b = TAes.Round(b, key);
                c = TAes.Round(c, key);
                d = TAes.Round(d, key);
                e = TAes.Round(e, key);
                f = TAes.Round(f, key);
                g = TAes.Round(g, key);
                h = TAes.Round(h, key);
            }

            key = keys[Rounds];
            target[7] = Apply<TLane, TSign>(target[7], TAes.LastRound(h, key));
            target[0] = Apply<TLane, TSign>(target[0], TAes.LastRound(a, key));
            target[1] = Apply<TLane, TSign>(target[1], TAes.LastRound(b, key));
            target[2] = Apply<TLane, TSign>(target[2], TAes.LastRound(c, key));
            target[3] = Apply<TLane, TSign>(target[3], TAes.LastRound(d, key));
            target[4] = Apply<TLane, TSign>(target[4], TAes.LastRound(e, key));
            target[5] = Apply<TLane, TSign>(target[5], TAes.LastRound(f, key));
            target[6] = Apply<TLane, TSign>(target[6], TAes.LastRound(g, key));
        }

        foreach (ref var lanes in target)
            lanes = Apply<TLane, TSign>(lanes, EncryptOne<TAes>(Counter(block++), keys));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> EncryptOne<TAes>(Vector128<byte> state, ReadOnlySpan<Vector128<byte>> keys)
        where TAes : struct, IAesRounds
    {
        state ^= keys[0];
        for (var round = 1; round < Rounds; round++) state = TAes.Round(state, keys[round]);
        return TAes.LastRound(state, keys[Rounds]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Counter(ulong block) =>
        Vector128.Create(0UL, BinaryPrimitives.ReverseEndianness(block)).AsByte();

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> Apply<TLane, TSign>(Vector128<byte> lanes, Vector128<byte> mask)
        where TLane : unmanaged, IBinaryInteger<TLane>
        where TSign : struct, ISign => TSign.Apply(lanes.As<byte, TLane>(), mask.As<byte, TLane>()).AsByte();

    /// <summary>Key expansion (FIPS 197 section 5.2), without a table that secrets would index.</summary>
    private static void ExpandKey<TAes>(ReadOnlySpan<byte> key16, Span<Vector128<byte>> keys)
        where TAes : struct, IAesRounds
    {
        var words = MemoryMarshal.Cast<Vector128<byte>, uint>(keys);
        MemoryMarshal.Cast<byte, uint>(key16).CopyTo(words);
        uint constant = 1;
        for (var i = 4; i < words.Length; i++)
        {
            var word = words[i - 1];
            if (i % 4 == 0)
            {
                // Words are little-endian here, so the specification's rotation to the left goes to the right.
                word = BitOperations.RotateRight(SubstituteWord<TAes>(word), 8) ^ constant;
                constant = (constant << 1) ^ ((constant >> 7) * 0x11b);
            }

            words[i] = words[i - 4] ^ word;
        }
    }

    /// <summary>The S-box on four bytes: a last round with four equal columns, which ShiftRows leaves as they are.</summary>
    private static uint SubstituteWord<TAes>(uint word)
        where TAes : struct, IAesRounds =>
        TAes.LastRound(Vector128.Create(word).AsByte(), Vector128<byte>.Zero).AsUInt32().ToScalar();

    private interface ISign
    {
        static abstract Vector128<T> Apply<T>(Vector128<T> lanes, Vector128<T> mask);
    }

    private readonly struct Plus : ISign
    {
        public static Vector128<T> Apply<T>(Vector128<T> lanes, Vector128<T> mask) => lanes + mask;
    }

    private readonly struct Minus : ISign
    {
        public static Vector128<T> Apply<T>(Vector128<T> lanes, Vector128<T> mask) => lanes - mask;
    }
}
