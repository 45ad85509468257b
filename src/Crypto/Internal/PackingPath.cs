namespace SecureAggregation.Crypto;

/// <summary>How elements of fewer bits than their lane are packed and unpacked. All paths give the same bytes.</summary>
internal enum PackingPath
{
    /// <summary>One element at a time, in 64-bit words.</summary>
    Portable,

    /// <summary>Vectors of 128 bits: AVX2, or Arm's AdvSimd.</summary>
    Vector128,

    /// <summary>Vectors of 512 bits with a byte permutation across all of them: AVX-512 VBMI.</summary>
    Vector512,
}
