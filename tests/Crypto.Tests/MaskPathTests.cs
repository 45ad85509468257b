using SecureAggregation.Testing;

namespace SecureAggregation.Crypto.Tests;

/// <summary>Every path that runs on this machine, and the AES algorithm over software rounds, against the platform's AES.</summary>
public sealed class MaskPathTests
{
    private static readonly MaskPath s_software = new("software", "FIPS 197 byte by byte", true, () => new AesMaskKeys<SoftwareAesRounds>());

    private static readonly MaskPath s_wrong = new("wrong", "", true, () => new WrongInTheLastByte());

    private static readonly MaskPath s_missing = new("missing", "", false, () => throw new PlatformNotSupportedException());

    private static readonly int[] s_lanes = [16, 32, 64];

    public static TheoryData<string> Paths { get; } = [.. MaskPath.All.Where(path => path.IsSupported).Append(s_software).Select(path => path.Name)];

    [Theory]
    [MemberData(nameof(Paths))]
    public void Known_answer_comes_out(string path) => Assert.True(Path(path).GivesKnownAnswer());

    [Fact]
    public void Wrong_keystream_does_not_pass_for_the_known_answer() =>
        Assert.False(s_wrong.GivesKnownAnswer());

    [Fact]
    public void Path_of_this_process_is_one_that_the_processor_has_or_that_was_asked_for()
    {
        var asked = Environment.GetEnvironmentVariable(MaskPath.Variable);
        Assert.True(MaskPath.Best.IsSupported);
        if (MaskPath.All.Any(path => path.IsSupported && path.Name == asked)) Assert.Equal(asked, MaskPath.Best.Name);
        else Assert.Equal(MaskPath.All.Any(path => path.IsSupported && path != MaskPath.Portable), MaskPath.Best != MaskPath.Portable);
    }

    [Fact]
    public void Path_that_is_missing_or_gives_a_wrong_answer_is_not_chosen()
    {
        Assert.Same(MaskPath.Portable, MaskPath.Choose([s_wrong, s_missing, MaskPath.Portable], null));
        Assert.Same(s_software, MaskPath.Choose([s_wrong, s_software, MaskPath.Portable], null));
    }

    [Fact]
    public void Faster_one_of_two_paths_is_chosen()
    {
        foreach (var path in MaskPath.All.Where(path => path.IsSupported && path != MaskPath.Portable).Take(1))
        {
            Assert.Same(path, MaskPath.Choose([s_software, path], null));
            Assert.Same(path, MaskPath.Choose([path, s_software], ""));
        }
    }

    [Fact]
    public void Path_that_is_asked_for_is_taken_where_it_works()
    {
        Assert.Same(MaskPath.Portable, MaskPath.Choose(MaskPath.All, "portable"));
        Assert.Same(s_software, MaskPath.Choose([s_software, MaskPath.Portable], "software"));
        foreach (var asked in new[] { "quick", "missing", "wrong" })
            Assert.Same(MaskPath.Portable, MaskPath.Choose([s_missing, s_wrong, MaskPath.Portable], asked));
    }

    // openssl enc -aes-128-ctr -K 000102030405060708090a0b0c0d0e0f -iv <block number, 16 bytes> -in <(head -c 32 /dev/zero) | xxd -p
    [Theory]
    [MemberData(nameof(OpenSslBlocks))]
    public void Keystream_is_that_of_OpenSsl(string path, long block, string expected)
    {
        var actual = Keystream(Path(path), [.. Enumerable.Range(0, 16).Select(i => (byte)i)], (ulong)block, 2, 32);
        Assert.Equal(expected, PublicBytes.Hex(actual));
    }

    public static TheoryData<string, long, string> OpenSslBlocks()
    {
        var blocks = new (long Block, string Keystream)[]
        {
            (0, "c6a13b37878f5b826f4f8162a1c8d8797346139595c0b41e497bbde365f42d0a"),
            (1, "7346139595c0b41e497bbde365f42d0a49d68753999ba68ce3897a686081b09d"),
            (63, "1e4cd210a3e60535f2c464ae721b353590f73e52826af02aeebaa98fea844cd5"),
            (255, "39bbd9edf829063d5e7e702ebea40a381337d5314ce3de09efb09d44a44830f5"),
            (256, "1337d5314ce3de09efb09d44a44830f5173f9bb248922e0f0b1ef4a1bf3efa72"),
            (65535, "6a36aad978af5e3163cc18e891fd8ed45920ea9d81b874b81a7260643279c8ff"),
            (65536, "5920ea9d81b874b81a7260643279c8ff57741f457212fdcd67a5c14f32e930c6"),
            (16777215, "dc9daa681845de6fe148a449345cd4d77a8698035183ce9045748c9af28558fa"),
            (16777216, "7a8698035183ce9045748c9af28558fa4038184298394f92d607dcd91305e351"),
            (4294967295, "57941ff3415881a0b2a7917ac5fa33b8426c768faa410b72ab103951259ba14a"),
            (1099511640121, "e15c3419e7186a2db992b757673c512f5ea82907ea6d1173f601ce0080f433bd"),
        };
        var data = new TheoryData<string, long, string>();
        foreach (var path in MaskPath.All.Where(path => path.IsSupported).Append(s_software))
        {
            foreach (var (block, keystream) in blocks) data.Add(path.Name, block, keystream);
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void Paths_agree_on_every_length_around_their_units(string path)
    {
        var random = new SeededRandom(2);
        int[] lengths = [.. Enumerable.Range(0, 140), 255, 256, 257, 319, 320, 321, 511, 513, 640, 1023, 1025];
        foreach (var lane in s_lanes)
        {
            foreach (var blocks in lengths)
                AssertAgree(Path(path), random, lane, blocks, (ulong)random.Next(1000), keys: 1);
        }
    }

    // Boundaries of the counter's bytes, each crossed from every kind of beginning; more than one stretch of the cache. Cached rounds hold
    // up to 2^40 blocks; a vector has fewer than 2^27.
    [Theory]
    [MemberData(nameof(Paths))]
    public void Paths_agree_across_boundaries_of_the_counter(string path)
    {
        var random = new SeededRandom(3);
        foreach (var boundary in new ulong[] { 256, 65_536, 1 << 24, 3UL << 24, 1UL << 32, 1UL << 39 })
        {
            foreach (var before in new ulong[] { 0, 1, 7, 8, 63, 64, 65, 200 })
                AssertAgree(Path(path), random, s_lanes[random.Next(3)], 300 + random.Next(300), boundary - before, keys: 1 + random.Next(3));
        }

        if (path != s_software.Name) AssertAgree(Path(path), random, 32, 10_000, (1UL << 24) - 4321, keys: 5);
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void Paths_agree_on_many_keys_of_both_signs(string path)
    {
        var random = new SeededRandom(4);
        foreach (var lane in s_lanes) AssertAgree(Path(path), random, lane, 77, 250, keys: path == s_software.Name ? 20 : 300);
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void Bytes_around_the_target_stay(string path)
    {
        var around = new byte[(3 * 16) + (700 * 16)];
        using var keys = Path(path).NewKeys();
        keys.Add(new byte[16], MaskSign.Subtract);
        keys.Accumulate(around.AsSpan(16, 700 * 16), 16, 40);
        Assert.Equal(-1, around.AsSpan(0, 16).IndexOfAnyExcept((byte)0));
        Assert.Equal(-1, around.AsSpan(701 * 16).IndexOfAnyExcept((byte)0));
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public void Nothing_is_allocated_for_a_block(string path)
    {
        using var keys = Path(path).NewKeys();
        keys.Add(new byte[16], MaskSign.Add);
        var target = new byte[path == s_software.Name ? 0 : 1 << 20];
        keys.Accumulate(target, 64, 0);
        var one = Allocated(target.AsSpan(0, target.Length / 2));
        var two = Allocated(target);
        Assert.True(two - one <= target.Length / 16, $"{two - one} bytes more for twice the blocks");
        if (path.Contains('-', StringComparison.Ordinal)) Assert.Equal(0, two);

        long Allocated(Span<byte> stretch)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            keys.Accumulate(stretch, 64, 0);
            return GC.GetAllocatedBytesForCurrentThread() - before;
        }
    }

    private static void AssertAgree(MaskPath path, SeededRandom random, int laneBits, int blocks, ulong firstBlock, int keys)
    {
        var expected = random.Bytes(blocks * 16);
        var actual = expected.ToArray();
        using var tested = path.NewKeys();
        using var portable = MaskPath.Portable.NewKeys();
        for (var i = 0; i < keys; i++)
        {
            var (key, sign) = (random.Bytes(16), random.Next(2) == 0 ? MaskSign.Add : MaskSign.Subtract);
            tested.Add(key, sign);
            portable.Add(key, sign);
        }

        tested.Accumulate(actual, laneBits, firstBlock);
        portable.Accumulate(expected, laneBits, firstBlock);
        Assert.True(PublicBytes.Equal(expected, actual), $"{path}: {laneBits} bits, {blocks} blocks from {firstBlock}, {keys} keys");
    }

    /// <summary>Some bytes of a keystream that begins so many blocks earlier, so that they lie within the fast part of a path.</summary>
    private static byte[] Keystream(MaskPath path, byte[] key, ulong block, ulong lead, int bytes)
    {
        var first = block - Math.Min(block, lead);
        var stream = new byte[((int)(block - first) * 16) + 4096];
        using var keys = path.NewKeys();
        keys.Add(key, MaskSign.Add);
        keys.Accumulate(stream, 64, first);
        return stream[((int)(block - first) * 16)..][..bytes];
    }

    private static MaskPath Path(string name) => MaskPath.All.Append(s_software).Single(path => path.Name == name);

    private sealed class WrongInTheLastByte : MaskKeys
    {
        private readonly MaskKeys _right = MaskPath.Portable.NewKeys();

        public override void Accumulate(Span<byte> target, int laneBits, ulong firstBlock)
        {
            _right.Accumulate(target, laneBits, firstBlock);
            target[^1] ^= 1;
        }

        public override void Dispose() => _right.Dispose();

        protected override void Expand(ReadOnlySpan<byte> key16) => _right.Add(key16, MaskSign.Add);
    }
}
