using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;

namespace SecureAggregation.Crypto;

/// <summary>
/// Masks by AES instructions, added straight into the lanes: the keystream never touches memory.
/// <para>
/// Counter-mode caching (D. J. Bernstein and P. Schwabe, "New AES software speed records", INDOCRYPT 2008, section 4), here for
/// whole rounds: 256 consecutive counters differ in their last byte only. The first round spreads that byte over one column, whose
/// other inputs are bytes 0, 5 and 10 of the counter, all zero: a vector has fewer than 2^31 bytes, byte 10 counts 2^40 blocks. Each
/// byte of that column goes to another column in the second round, where nothing else varies with the last byte. MixColumns is
/// linear, so the state after two rounds is X[last byte] ^ Y[other bytes], and X depends on the key alone. X is made once a key and
/// stretch of the vector; then a block costs a load, an XOR and eight rounds instead of ten. X is indexed by the block's number, which
/// is public: the time depends on no secret.
/// </para>
/// </summary>
internal sealed class AesMaskKeys<TAes> : MaskKeys
    where TAes : struct, IAesRounds
{
    private const int Rounds = AesKeySchedule.Rounds;
    private const int CachedRounds = 2;
    private const int TableSize = 256;

    // 64 KiB of lanes, 4 KiB of table and the keys stay close to the core while all keys pass; the table's 512 rounds are 2 % of the work.
    private const int StretchBlocks = 4096;

    // A round has a latency of about four cycles and starts once or twice a cycle: eight independent blocks keep it busy.
    private const int Interleaved = 8;

    private readonly SecretRows<Vector128<byte>> _schedules = new(Rounds + 1);

    /// <summary>One block of AES-128.</summary>
    public static Vector128<byte> EncryptBlock(ReadOnlySpan<byte> key16, Vector128<byte> block)
    {
        Span<Vector128<byte>> keys = stackalloc Vector128<byte>[Rounds + 1];
        AesKeySchedule.Expand<TAes>(key16, keys);
        block ^= keys[0];
        for (var round = 1; round < Rounds; round++) block = TAes.Round(block, keys[round]);
        return TAes.LastRound(block, keys[Rounds]);
    }

    public ReadOnlySpan<Vector128<byte>> Schedule(int key) => _schedules[key];

    public override void Accumulate(Span<byte> target, int laneBits, ulong firstBlock)
    {
        var blocks = MemoryMarshal.Cast<byte, Vector128<byte>>(target);
        Span<Vector128<byte>> table = stackalloc Vector128<byte>[TableSize];
        while (!blocks.IsEmpty)
        {
            var stretch = blocks[..Math.Min(blocks.Length, StretchBlocks)];
            for (var i = 0; i < Count; i++)
            {
                switch (laneBits, Sign(i))
                {
                    case (16, MaskSign.Add): Accumulate<ushort, PlusMask>(stretch, _schedules[i], table, firstBlock); break;
                    case (32, MaskSign.Add): Accumulate<uint, PlusMask>(stretch, _schedules[i], table, firstBlock); break;
                    case (64, MaskSign.Add): Accumulate<ulong, PlusMask>(stretch, _schedules[i], table, firstBlock); break;
                    case (16, _): Accumulate<ushort, MinusMask>(stretch, _schedules[i], table, firstBlock); break;
                    case (32, _): Accumulate<uint, MinusMask>(stretch, _schedules[i], table, firstBlock); break;
                    default: Accumulate<ulong, MinusMask>(stretch, _schedules[i], table, firstBlock); break;
                }
            }

            blocks = blocks[stretch.Length..];
            firstBlock += (ulong)stretch.Length;
        }

        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(table));
    }

    public override void Dispose() => _schedules.Dispose();

    protected override void Expand(ReadOnlySpan<byte> key16) => AesKeySchedule.Expand<TAes>(key16, _schedules.Add());

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Accumulate<TLane, TSign>(
        Span<Vector128<byte>> stretch, ReadOnlySpan<Vector128<byte>> keys, Span<Vector128<byte>> table, ulong firstBlock)
        where TLane : unmanaged, IBinaryInteger<TLane>
        where TSign : struct, ILaneSign
    {
        // A stretch of fewer than 256 blocks that does not cross a boundary needs a part of the table only.
        var low = (int)(firstBlock % TableSize);
        var high = firstBlock - (ulong)low;
        var origin = AfterCachedRounds(KeystreamBlock.Counter(high), keys);
        if (low + stretch.Length <= TableSize)
            FillTable(table.Slice(low, stretch.Length), keys, firstBlock);
        else
            FillTable(table, keys, high);

        for (; !stretch.IsEmpty; low = 0, high += TableSize)
        {
            var count = Math.Min(stretch.Length, TableSize - low);
            var offset = AfterCachedRounds(KeystreamBlock.Counter(high), keys) ^ origin;
            Run<TLane, TSign>(stretch[..count], table.Slice(low, count), offset, keys);
            stretch = stretch[count..];
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void FillTable(Span<Vector128<byte>> table, ReadOnlySpan<Vector128<byte>> keys, ulong block)
    {
        var (whitening, first, second) = (keys[0], keys[1], keys[2]);
        var counter = KeystreamBlock.Counter(block);
        foreach (ref var entry in table)
        {
            entry = TAes.Round(TAes.Round(counter ^ whitening, first), second);
            counter = (counter.AsUInt64() + Vector128.Create(0, 1UL << 56)).AsByte();
        }
    }

    // Without AggressiveOptimization the loop runs at a seventh of the speed until tiering has replaced it.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Run<TLane, TSign>(
        Span<Vector128<byte>> target, ReadOnlySpan<Vector128<byte>> table, Vector128<byte> offset, ReadOnlySpan<Vector128<byte>> keys)
        where TLane : unmanaged, IBinaryInteger<TLane>
        where TSign : struct, ILaneSign
    {
        // References instead of indices: no check of bounds in the loop.
        ref var lanes = ref MemoryMarshal.GetReference(target);
        ref var cached = ref MemoryMarshal.GetReference(table);
        ref var key = ref MemoryMarshal.GetReference(keys);
        var left = target.Length;
        for (; left >= Interleaved; left -= Interleaved)
        {
            var a = cached ^ offset;
            var b = Unsafe.Add(ref cached, 1) ^ offset;
            var c = Unsafe.Add(ref cached, 2) ^ offset;
            var d = Unsafe.Add(ref cached, 3) ^ offset;
            var e = Unsafe.Add(ref cached, 4) ^ offset;
            var f = Unsafe.Add(ref cached, 5) ^ offset;
            var g = Unsafe.Add(ref cached, 6) ^ offset;
            var h = Unsafe.Add(ref cached, 7) ^ offset;
            Round(Unsafe.Add(ref key, 3), ref a, ref b, ref c, ref d, ref e, ref f, ref g, ref h);
            Round(Unsafe.Add(ref key, 4), ref a, ref b, ref c, ref d, ref e, ref f, ref g, ref h);
            Round(Unsafe.Add(ref key, 5), ref a, ref b, ref c, ref d, ref e, ref f, ref g, ref h);
            Round(Unsafe.Add(ref key, 6), ref a, ref b, ref c, ref d, ref e, ref f, ref g, ref h);
            Round(Unsafe.Add(ref key, 7), ref a, ref b, ref c, ref d, ref e, ref f, ref g, ref h);
            Round(Unsafe.Add(ref key, 8), ref a, ref b, ref c, ref d, ref e, ref f, ref g, ref h);
            Round(Unsafe.Add(ref key, 9), ref a, ref b, ref c, ref d, ref e, ref f, ref g, ref h);
            var last = Unsafe.Add(ref key, Rounds);
            Apply<TLane, TSign>(ref lanes, TAes.LastRound(a, last));
            Apply<TLane, TSign>(ref Unsafe.Add(ref lanes, 1), TAes.LastRound(b, last));
            Apply<TLane, TSign>(ref Unsafe.Add(ref lanes, 2), TAes.LastRound(c, last));
            Apply<TLane, TSign>(ref Unsafe.Add(ref lanes, 3), TAes.LastRound(d, last));
            Apply<TLane, TSign>(ref Unsafe.Add(ref lanes, 4), TAes.LastRound(e, last));
            Apply<TLane, TSign>(ref Unsafe.Add(ref lanes, 5), TAes.LastRound(f, last));
            Apply<TLane, TSign>(ref Unsafe.Add(ref lanes, 6), TAes.LastRound(g, last));
            Apply<TLane, TSign>(ref Unsafe.Add(ref lanes, 7), TAes.LastRound(h, last));
            lanes = ref Unsafe.Add(ref lanes, Interleaved);
            cached = ref Unsafe.Add(ref cached, Interleaved);
        }

        for (; left > 0; left--)
        {
            var state = cached ^ offset;
            for (var round = CachedRounds + 1; round < Rounds; round++) state = TAes.Round(state, Unsafe.Add(ref key, round));
            Apply<TLane, TSign>(ref lanes, TAes.LastRound(state, Unsafe.Add(ref key, Rounds)));
            lanes = ref Unsafe.Add(ref lanes, 1);
            cached = ref Unsafe.Add(ref cached, 1);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Round(
        Vector128<byte> key, ref Vector128<byte> a, ref Vector128<byte> b, ref Vector128<byte> c, ref Vector128<byte> d,
        ref Vector128<byte> e, ref Vector128<byte> f, ref Vector128<byte> g, ref Vector128<byte> h)
    {
        a = TAes.Round(a, key);
        b = TAes.Round(b, key);
        c = TAes.Round(c, key);
        d = TAes.Round(d, key);
        e = TAes.Round(e, key);
        f = TAes.Round(f, key);
        g = TAes.Round(g, key);
        h = TAes.Round(h, key);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<byte> AfterCachedRounds(Vector128<byte> counter, ReadOnlySpan<Vector128<byte>> keys) =>
        TAes.Round(TAes.Round(counter ^ keys[0], keys[1]), keys[2]);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Apply<TLane, TSign>(ref Vector128<byte> lanes, Vector128<byte> mask)
        where TLane : unmanaged, IBinaryInteger<TLane>
        where TSign : struct, ILaneSign => lanes = TSign.Apply(lanes.As<byte, TLane>(), mask.As<byte, TLane>()).AsByte();
}
