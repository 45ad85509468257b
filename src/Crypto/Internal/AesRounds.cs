using System.Runtime.Intrinsics;
using ArmAes = System.Runtime.Intrinsics.Arm.Aes;
using X86Aes = System.Runtime.Intrinsics.X86.Aes;

namespace SecureAggregation.Crypto;

/// <summary>The rounds of AES (FIPS 197 section 5.1) as one processor family computes them; constant-time in hardware.</summary>
internal interface IAesRounds
{
    /// <summary>SubBytes, ShiftRows, MixColumns, AddRoundKey.</summary>
    static abstract Vector128<byte> Round(Vector128<byte> state, Vector128<byte> roundKey);

    /// <summary>SubBytes, ShiftRows, AddRoundKey.</summary>
    static abstract Vector128<byte> LastRound(Vector128<byte> state, Vector128<byte> roundKey);
}

internal readonly struct X86AesRounds : IAesRounds
{
    public static Vector128<byte> Round(Vector128<byte> state, Vector128<byte> roundKey) => X86Aes.Encrypt(state, roundKey);

    public static Vector128<byte> LastRound(Vector128<byte> state, Vector128<byte> roundKey) => X86Aes.EncryptLast(state, roundKey);
}

/// <summary>ARM's instruction adds the round key first; adding zero there and the key afterwards gives the textbook's round.</summary>
internal readonly struct ArmAesRounds : IAesRounds
{
    public static Vector128<byte> Round(Vector128<byte> state, Vector128<byte> roundKey) =>
        ArmAes.MixColumns(ArmAes.Encrypt(state, Vector128<byte>.Zero)) ^ roundKey;

    public static Vector128<byte> LastRound(Vector128<byte> state, Vector128<byte> roundKey) =>
        ArmAes.Encrypt(state, Vector128<byte>.Zero) ^ roundKey;
}
