using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using System.Security.Cryptography;
using X86Aes = System.Runtime.Intrinsics.X86.Aes;

namespace SecureAggregation.Crypto;

/// <summary>
/// Masks 64 blocks at a time by <see cref="SlicedAes"/>, for processors with 512-bit registers: .NET 10 offers the AES instruction
/// for 128 bits only. The first two rounds, where all but one byte or column are the same for 256 blocks (see
/// <see cref="AesMaskKeys{TAes}"/>), are computed for that byte and column only.
/// </summary>
internal sealed class SlicedMaskKeys : MaskKeys
{
    private const int CounterBlocks = 256;

    // 32 KiB of lanes stay in the first cache while all keys pass.
    private const int StretchVectors = 32 * SlicedAes.Vectors;

    private readonly AesMaskKeys<X86AesRounds> _blocks = new();
    private readonly SecretRows<Vector512<uint>> _roundKeys = new(AesKeySchedule.Rounds - SlicedAes.SharedRounds);

    public static bool IsSupported => SlicedAes.IsSupported && X86Aes.IsSupported;

    public override void Add(ReadOnlySpan<byte> key16, MaskSign sign)
    {
        _blocks.Add(key16, sign);
        base.Add(key16, sign);
    }

    public override void Accumulate(Span<byte> target, int laneBits, ulong firstBlock)
    {
        // What comes before the first whole group and after the last one goes block by block.
        var blocks = (ulong)(target.Length / KeystreamBlock.Size);
        var head = Math.Min(blocks, (SlicedAes.Blocks - (firstBlock % SlicedAes.Blocks)) % SlicedAes.Blocks);
        var tail = (blocks - head) % SlicedAes.Blocks;
        var (begin, end) = ((int)head * KeystreamBlock.Size, target.Length - ((int)tail * KeystreamBlock.Size));
        _blocks.Accumulate(target[..begin], laneBits, firstBlock);
        _blocks.Accumulate(target[end..], laneBits, firstBlock + blocks - tail);

        var groups = MemoryMarshal.Cast<byte, Vector512<byte>>(target[begin..end]);
        Span<Vector512<uint>> shared = stackalloc Vector512<uint>[2];
        for (var block = firstBlock + head; !groups.IsEmpty;)
        {
            var stretch = groups[..Math.Min(groups.Length, StretchVectors)];
            for (var i = 0; i < Count; i++)
            {
                switch (laneBits, Sign(i))
                {
                    case (16, MaskSign.Add): Accumulate<ushort, PlusMask>(stretch, i, shared, block); break;
                    case (32, MaskSign.Add): Accumulate<uint, PlusMask>(stretch, i, shared, block); break;
                    case (64, MaskSign.Add): Accumulate<ulong, PlusMask>(stretch, i, shared, block); break;
                    case (16, _): Accumulate<ushort, MinusMask>(stretch, i, shared, block); break;
                    case (32, _): Accumulate<uint, MinusMask>(stretch, i, shared, block); break;
                    default: Accumulate<ulong, MinusMask>(stretch, i, shared, block); break;
                }
            }

            groups = groups[stretch.Length..];
            block += (ulong)(stretch.Length * SlicedAes.BlocksPerVector);
        }

        CryptographicOperations.ZeroMemory(MemoryMarshal.AsBytes(shared));
    }

    public override void Dispose()
    {
        _blocks.Dispose();
        _roundKeys.Dispose();
    }

    protected override void Expand(ReadOnlySpan<byte> key16)
    {
        var schedule = _blocks.Schedule(Count);
        var roundKeys = _roundKeys.Add();
        for (var i = 0; i < roundKeys.Length; i++)
            roundKeys[i] = SlicedAes.Spread(schedule[SlicedAes.SharedRounds + 1 + i] ^ Vector128.Create(SlicedAes.SubstitutionConstant));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private void Accumulate<TLane, TSign>(Span<Vector512<byte>> stretch, int key, Span<Vector512<uint>> shared, ulong block)
        where TLane : unmanaged, IBinaryInteger<TLane>
        where TSign : struct, ILaneSign
    {
        var schedule = _blocks.Schedule(key);
        var roundKeys = MemoryMarshal.Cast<Vector512<uint>, uint>(_roundKeys[key]);
        while (!stretch.IsEmpty)
        {
            var low = block % CounterBlocks;
            var vectors = Math.Min((int)(CounterBlocks - low) / SlicedAes.BlocksPerVector, stretch.Length);

            // With a zero into SubBytes for what differs, AES' own rounds give what these blocks have in common.
            var state = KeystreamBlock.Counter(block - low) ^ schedule[0];
            var first = X86AesRounds.Round(state.WithElement(15, (byte)0), schedule[1]);
            shared[0] = SlicedAes.Spread(first);
            shared[1] = SlicedAes.Spread(X86AesRounds.Round(first.AsUInt32().WithElement(0, 0U).AsByte(), schedule[2]));
            SlicedAes.Run<TLane, TSign>(stretch[..vectors], (byte)low, state[15], MemoryMarshal.Cast<Vector512<uint>, uint>(shared), roundKeys);
            stretch = stretch[vectors..];
            block += (ulong)(vectors * SlicedAes.BlocksPerVector);
        }
    }
}
