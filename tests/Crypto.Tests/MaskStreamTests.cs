using System.Runtime.Intrinsics;
using Org.BouncyCastle.Crypto.Engines;
using Org.BouncyCastle.Crypto.Modes;
using Org.BouncyCastle.Crypto.Parameters;
using SecureAggregation.Testing;
using ArmAes = System.Runtime.Intrinsics.Arm.Aes;
using X86Aes = System.Runtime.Intrinsics.X86.Aes;

namespace SecureAggregation.Crypto.Tests;

public sealed class MaskStreamTests
{
    // NIST SP 800-38A, F.5.1 CTR-AES128.Encrypt: key, counter blocks ("input block") and keystream ("output block").
    private const string Sp80038aKey = "2b7e151628aed2a6abf7158809cf4f3c";

    public static TheoryData<string, string> Sp80038aBlocks { get; } = new()
    {
        { "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff", "ec8cdf7398607cb0f2d21675ea9ea1e4" },
        { "f0f1f2f3f4f5f6f7f8f9fafbfcfdff00", "362b7c3c6773516318a077d7fc5073ae" },
        { "f0f1f2f3f4f5f6f7f8f9fafbfcfdff01", "6a2cc3787889374fbeb4c81b17ba6c44" },
        { "f0f1f2f3f4f5f6f7f8f9fafbfcfdff02", "e89c399ff0f198c6d40a31db156cabfe" },
    };

    [Theory]
    [MemberData(nameof(Sp80038aBlocks))]
    public void Block_function_of_the_hardware_path_gives_the_keystream_of_Sp80038a_F51(string counter, string keystream)
    {
        var block = Vector128.Create(Convert.FromHexString(counter));
        var key = Convert.FromHexString(Sp80038aKey);
        Assert.Equal(keystream, Hex(AesMaskKeys<SoftwareAesRounds>.EncryptBlock(key, block)));
        if (X86Aes.IsSupported) Assert.Equal(keystream, Hex(AesMaskKeys<X86AesRounds>.EncryptBlock(key, block)));
        if (ArmAes.IsSupported) Assert.Equal(keystream, Hex(AesMaskKeys<ArmAesRounds>.EncryptBlock(key, block)));
    }

    [Fact]
    public void Mask_is_the_Ctr_keystream_of_BouncyCastle_for_every_ring_and_sign()
    {
        var random = new SeededRandom(1);
        for (var bits = RingVector.MinBits; bits <= RingVector.MaxBits; bits++)
        {
            foreach (var sign in Enum.GetValues<MaskSign>())
            {
                var key = random.Bytes(MaskBatch.KeySize);
                using var vector = new RingVector(bits, 1 + random.Next(300));
                vector.FillRandom(random);
                using var before = vector.Clone();
                vector.AddMask(key, sign);

                var laneBytes = vector.LaneBits / 8;
                var keystream = BouncyCastleKeystream(key, vector.Length * laneBytes);
                var mask = ulong.MaxValue >> (64 - bits);
                for (var i = 0; i < vector.Length; i++)
                {
                    var lane = 0UL;
                    for (var b = laneBytes - 1; b >= 0; b--) lane = (lane << 8) | keystream[(i * laneBytes) + b];
                    var expected = unchecked(sign == MaskSign.Add ? before[i] + lane : before[i] - lane) & mask;
                    Assert.Equal(expected, vector[i]);
                }
            }
        }
    }

    [Fact]
    public void Blocks_make_the_whole() => Property.Holds(
        TestData.Randoms,
        random =>
        {
            var (bits, length) = (8 + random.Next(57), 1 + random.Next(9000));
            var key = random.Bytes(MaskBatch.KeySize);
            using var whole = new RingVector(bits, length);
            using var blocks = new RingVector(bits, length);
            whole.AddMask(key, MaskSign.Subtract);
            for (var first = 0; first < length;)
            {
                var count = Math.Min(length - first, (1 + random.Next(60)) * RingVector.BlockAlignment);
                blocks.AddMask(key, MaskSign.Subtract, first, count);
                first += count;
            }

            return whole.FixedTimeEquals(blocks);
        });

    [Fact]
    public void Adding_and_subtracting_a_mask_cancels()
    {
        var random = new SeededRandom(3);
        var key = random.Bytes(MaskBatch.KeySize);
        using var vector = new RingVector(37, 1001);
        vector.FillRandom(random);
        using var before = vector.Clone();
        vector.AddMask(key, MaskSign.Add);
        Assert.False(vector.FixedTimeEquals(before));
        vector.AddMask(key, MaskSign.Subtract);
        Assert.True(vector.FixedTimeEquals(before));
    }

    [Fact]
    public void Block_in_the_middle_leaves_its_neighbours_alone()
    {
        using var vector = new RingVector(20, 100);
        vector.AddMask(new byte[16], MaskSign.Add, 16, 24);
        for (var i = 0; i < vector.Length; i++)
        {
            if (i is < 16 or >= 40) Assert.Equal(0UL, vector[i]);
        }

        Assert.NotEqual(0UL, vector[16] | vector[17] | vector[39]);
    }

    [Theory]
    [InlineData(4, 8)]
    [InlineData(8, 4)]
    [InlineData(0, 101)]
    [InlineData(-8, 8)]
    [InlineData(104, 0)]
    public void Block_that_is_not_aligned_or_not_within_is_refused(int first, int count)
    {
        using var vector = new RingVector(16, 100);
        Assert.Throws<ArgumentException>(() => vector.AddMask(new byte[16], MaskSign.Add, first, count));
    }

    [Fact]
    public void Key_of_another_size_is_refused()
    {
        using var vector = new RingVector(16, 8);
        Assert.Contains("exactly 16", Assert.Throws<ArgumentException>(() => vector.AddMask(new byte[32], MaskSign.Add)).Message, StringComparison.Ordinal);
    }

    private static byte[] BouncyCastleKeystream(byte[] key, int length)
    {
        var cipher = new SicBlockCipher(new AesEngine());
        cipher.Init(true, new ParametersWithIV(new KeyParameter(key), new byte[16]));
        var output = new byte[(length + 15) / 16 * 16];
        var zero = new byte[16];
        for (var at = 0; at < output.Length; at += 16) cipher.ProcessBlock(zero, 0, output, at);
        return output;
    }

    private static string Hex(Vector128<byte> block)
    {
        var bytes = new byte[16];
        block.CopyTo(bytes);
        return PublicBytes.Hex(bytes);
    }
}
