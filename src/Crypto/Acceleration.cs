using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using ArmAes = System.Runtime.Intrinsics.Arm.Aes;

namespace SecureAggregation.Crypto;

/// <summary>What this process computes with on this processor, in a few words for people; results never depend on it.</summary>
public static class Acceleration
{
    /// <summary>Mask streams, e.g. "x86-aes (AES instructions, counter-cached: 8 rounds a block)".</summary>
    public static string Mask => $"{MaskPath.Best.Name} ({MaskPath.Best.Description})";

    /// <summary>Sums of ring vectors, e.g. "256-bit".</summary>
    public static string RingAddition =>
        Vector512.IsHardwareAccelerated ? "512-bit" : Vector256.IsHardwareAccelerated ? "256-bit" : Vector128.IsHardwareAccelerated ? "128-bit" : "portable";

    /// <summary>Packing of elements that do not fill their lane, e.g. "512-bit".</summary>
    public static string Packing => BitPacking.BestPath switch
    {
        PackingPath.Vector512 => "512-bit",
        PackingPath.Vector128 => "128-bit",
        _ => "portable",
    };

    /// <summary>Products in GF(2^128): "PCLMULQDQ", "PMULL" or "portable".</summary>
    public static string CarryLessMultiply => Pclmulqdq.IsSupported ? "PCLMULQDQ" : ArmAes.IsSupported ? "PMULL" : "portable";
}
