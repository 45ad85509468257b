namespace SecureAggregation.Crypto;

/// <summary>How a mask's keystream is computed.</summary>
internal enum MaskPath
{
    /// <summary>The platform's AES library.</summary>
    Portable,

    /// <summary>AES-NI.</summary>
    X86,

    /// <summary>The ARMv8 cryptography extension.</summary>
    Arm,
}
