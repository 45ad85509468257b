using ArmAes = System.Runtime.Intrinsics.Arm.Aes;
using X86Aes = System.Runtime.Intrinsics.X86.Aes;

namespace SecureAggregation.Crypto;

/// <summary>One mask added to a block of a vector, by the path that was chosen at start-up.</summary>
internal static class MaskStream
{
    public static string PathName => Name(BestPath);

    public static MaskPath BestPath { get; } = Choose();

    public static void Accumulate(
        RingVector accumulator, ReadOnlySpan<byte> key16, MaskSign sign, int firstElement, int count, MaskPath path)
    {
        ArgumentNullException.ThrowIfNull(accumulator);
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
