using System.Numerics;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace SecureAggregation.Crypto;

/// <summary>Key expansion of AES-128 (FIPS 197 section 5.2), without a table that secrets would index.</summary>
internal static class AesKeySchedule
{
    /// <summary>Rounds of AES-128; there is one round key more.</summary>
    public const int Rounds = 10;

    public static void Expand<TAes>(ReadOnlySpan<byte> key16, Span<Vector128<byte>> roundKeys)
        where TAes : struct, IAesRounds
    {
        var words = MemoryMarshal.Cast<Vector128<byte>, uint>(roundKeys);
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
}
