using System.Security.Cryptography;
using ArmAes = System.Runtime.Intrinsics.Arm.Aes;
using X86Aes = System.Runtime.Intrinsics.X86.Aes;

namespace SecureAggregation.Crypto;

/// <summary>One way to compute mask streams; all give the same bytes.</summary>
internal sealed class MaskPath(string name, bool isSupported, Func<MaskKeys> newKeys)
{
    /// <summary>The platform's AES library, on any machine.</summary>
    public static MaskPath Portable { get; } = new("portable", true, () => new PortableMaskKeys());

    /// <summary>All paths, the one to prefer first.</summary>
    public static IReadOnlyList<MaskPath> All { get; } =
    [
        new("x86-aes", X86Aes.IsSupported, () => new AesMaskKeys<X86AesRounds>()),
        new("arm-aes", ArmAes.IsSupported, () => new AesMaskKeys<ArmAesRounds>()),
        Portable,
    ];

    /// <summary>The first path that this processor has and that gives the right answer: a mask that another party cannot undo would spoil a round.</summary>
    public static MaskPath Best { get; } = All.First(path => path.IsSupported && (path == Portable || path.GivesKnownAnswer()));

    public string Name => name;

    public bool IsSupported => isSupported;

    public MaskKeys NewKeys() => newKeys();

    /// <summary>Whether the keystream's blocks 60 to 858 come out, which is what a path has of beginnings, boundaries and ends.</summary>
    public bool GivesKnownAnswer()
    {
        // openssl enc -aes-128-ctr -K 000102030405060708090a0b0c0d0e0f -iv 0000000000000000000000000000003c -in <(head -c 12784 /dev/zero) | sha256sum
        const string Expected = "a8fd5a449f4185219a0d06ec29f761e6cf663f8f3925ed6643f2155348c42169";
        const int FirstBlock = 60;
        var stream = new byte[799 * KeystreamBlock.Size];
        using var keys = NewKeys();
        keys.Add([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15], MaskSign.Add);
        keys.Accumulate(stream, 64, FirstBlock);
        return PublicBytes.Hex(SHA256.HashData(stream)) == Expected;
    }

    public override string ToString() => name;
}
