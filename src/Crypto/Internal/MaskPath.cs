using System.Diagnostics;
using System.Security.Cryptography;
using ArmAes = System.Runtime.Intrinsics.Arm.Aes;
using X86Aes = System.Runtime.Intrinsics.X86.Aes;

namespace SecureAggregation.Crypto;

/// <summary>One way to compute mask streams; all give the same bytes.</summary>
internal sealed class MaskPath(string name, string description, bool isSupported, Func<MaskKeys> newKeys)
{
    /// <summary>The environment variable that names the path to take, e.g. "portable".</summary>
    public const string Variable = "SECAGG_MASK_PATH";

    /// <summary>The platform's AES library, on any machine.</summary>
    public static MaskPath Portable { get; } = new("portable", "the platform's AES library", true, () => new PortableMaskKeys());

    public static IReadOnlyList<MaskPath> All { get; } =
    [
        new("x86-gfni", "AES in 512-bit slices of 64 blocks, counter-cached", SlicedMaskKeys.IsSupported, () => new SlicedMaskKeys()),
        new("x86-aes", "AES instructions, counter-cached: 8 rounds a block", X86Aes.IsSupported, () => new AesMaskKeys<X86AesRounds>()),
        new("arm-aes", "AES instructions, counter-cached: 8 rounds a block", ArmAes.IsSupported, () => new AesMaskKeys<ArmAesRounds>()),
        Portable,
    ];

    /// <summary>The path of this process.</summary>
    public static MaskPath Best { get; } = Choose(All, Environment.GetEnvironmentVariable(Variable));

    public string Name => name;

    public string Description => description;

    public bool IsSupported => isSupported;

    public MaskKeys NewKeys() => newKeys();

    /// <summary>
    /// Of the paths that this processor has and that give the right answer - a mask that another party cannot undo would spoil a round -
    /// the one asked for or else the fastest. Which one that is differs by processor, so they are timed; the portable one only if there is
    /// no other. Results never depend on the path, so a name that is not among them does not stop a round.
    /// </summary>
    public static MaskPath Choose(IEnumerable<MaskPath> paths, string? asked)
    {
        var usable = paths.Where(path => path.IsSupported && (path == Portable || path.GivesKnownAnswer())).ToArray();
        if (usable.FirstOrDefault(path => path.Name == asked) is { } chosen) return chosen;
        var fast = usable.Where(path => path != Portable).ToArray();
        return fast.Length switch { 0 => Portable, 1 => fast[0], _ => fast.MinBy(path => path.Time())! };
    }

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

    /// <summary>The shortest of some trials of about ten microseconds, so that one that was interrupted does not count.</summary>
    private TimeSpan Time()
    {
        const int Trials = 20;
        var target = new byte[32 << 10];
        using var keys = NewKeys();
        for (var i = 0; i < 4; i++) keys.Add(new byte[MaskBatch.KeySize], MaskSign.Add);
        var best = TimeSpan.MaxValue;
        for (var i = 0; i < Trials; i++)
        {
            var began = Stopwatch.GetTimestamp();
            keys.Accumulate(target, 64, 0);
            var took = Stopwatch.GetElapsedTime(began);
            if (took < best) best = took;
        }

        return best;
    }
}
