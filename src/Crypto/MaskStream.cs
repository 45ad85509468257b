using ArmAes = System.Runtime.Intrinsics.Arm.Aes;
using X86Aes = System.Runtime.Intrinsics.X86.Aes;

namespace SecureAggregation.Crypto;

/// <summary>
/// Masks: the AES-128-CTR keystream (NIST SP 800-38A section 6.5) of a 16-byte key, added to or subtracted from a ring
/// vector. The counter block is a 128-bit big-endian integer that starts at 0. That start is right only because a key makes
/// one mask and is never used again; with a second use the same mask would come out, and two masked vectors would give away
/// their difference. Element i takes the keystream's lane i (16, 32 or 64 bits, little-endian), of which b bits count.
/// </summary>
public static class MaskStream
{
    /// <summary>Bytes of a mask key.</summary>
    public const int KeySize = 16;

    /// <summary>The implementation chosen at start-up: "x86-aes", "arm-aes" or "portable". All give the same bytes.</summary>
    public static string PathName => Name(BestPath);

    internal static MaskPath BestPath { get; } = Choose();

    /// <summary>Masks a whole vector.</summary>
    /// <exception cref="ArgumentException">The key is not 16 bytes.</exception>
    public static void Accumulate(RingVector accumulator, ReadOnlySpan<byte> key16, MaskSign sign)
    {
        ArgumentNullException.ThrowIfNull(accumulator);
        Accumulate(accumulator, key16, sign, 0, accumulator.Length);
    }

    /// <summary>Masks one block of a vector; disjoint blocks may be masked at the same time.</summary>
    /// <inheritdoc cref="RingVector.AddMask" path="/param"/>
    /// <param name="accumulator">The vector to mask.</param>
    /// <exception cref="ArgumentException">The key is not 16 bytes, or the block is not aligned or not within the vector.</exception>
    public static void Accumulate(RingVector accumulator, ReadOnlySpan<byte> key16, MaskSign sign, int firstElement, int count) =>
        Accumulate(accumulator, key16, sign, firstElement, count, BestPath);

    internal static void Accumulate(
        RingVector accumulator, ReadOnlySpan<byte> key16, MaskSign sign, int firstElement, int count, MaskPath path)
    {
        ArgumentNullException.ThrowIfNull(accumulator);
        Require.Length(key16, KeySize, nameof(key16));
        if (sign is not (MaskSign.Add or MaskSign.Subtract))
            throw new ArgumentOutOfRangeException(nameof(sign), sign, "A mask is added or subtracted.");
        accumulator.RequireBlock(firstElement, count);

        // An aligned block starts on a cipher block, and storage reaches to the end of the last one.
        var laneBytes = accumulator.LaneBits / 8;
        var start = firstElement * laneBytes;
        var bytes = ((count * laneBytes) + KeystreamBlock.Size - 1) / KeystreamBlock.Size * KeystreamBlock.Size;
        var target = accumulator.Storage.Slice(start, bytes);
        var firstBlock = (ulong)(start / KeystreamBlock.Size);
        if (path == MaskPath.Portable)
            PortableMask.Accumulate(target, key16, sign, accumulator.LaneBits, firstBlock);
        else
            HardwareMask.Accumulate(target, key16, sign, accumulator.LaneBits, firstBlock, path);
    }

    /// <summary>The processor's path, if it gives the right answer here; a mask that another party cannot undo would spoil a round.</summary>
    private static MaskPath Choose()
    {
        var hardware = X86Aes.IsSupported ? MaskPath.X86 : ArmAes.IsSupported ? MaskPath.Arm : MaskPath.Portable;
        return hardware != MaskPath.Portable && HardwareMask.GivesKnownAnswer(hardware) ? hardware : MaskPath.Portable;
    }

    private static string Name(MaskPath path) => path switch
    {
        MaskPath.X86 => "x86-aes",
        MaskPath.Arm => "arm-aes",
        _ => "portable",
    };
}
