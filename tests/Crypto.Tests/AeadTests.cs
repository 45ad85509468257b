using Org.BouncyCastle.Crypto.Engines;
using Org.BouncyCastle.Crypto.Modes;
using Org.BouncyCastle.Crypto.Parameters;
using SecureAggregation.Testing;

namespace SecureAggregation.Crypto.Tests;

public sealed class AeadTests
{
    [Theory]
    // The two cases of NIST's GCM submission (McGrew and Viega, "The Galois/Counter Mode of Operation", test cases 1 and 2)
    // that have our nonce, 12 zero bytes.
    [InlineData("", "58e2fccefa7e3061367f1d57a4e7455a")]
    [InlineData("00000000000000000000000000000000", "0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf")]
    public void Sealing_gives_the_bytes_of_the_Gcm_test_cases(string plaintext, string sealedBytes)
    {
        var result = Aead.Seal(new byte[16], TestData.FromHex(plaintext), []);
        Assert.Equal(sealedBytes, PublicBytes.Hex(result));
        var opened = new byte[plaintext.Length / 2];
        Assert.True(Aead.TryOpen(new byte[16], result, [], opened));
        Assert.Equal(plaintext, PublicBytes.Hex(opened));
    }

    [Fact]
    public void Sealing_agrees_with_BouncyCastle() => Property.Holds(TestData.Randoms, random =>
    {
        var (key, plaintext, aad) = (random.Bytes(16), random.Bytes(random.Next(200)), random.Bytes(random.Next(100)));
        var cipher = new GcmBlockCipher(new AesEngine());
        cipher.Init(true, new AeadParameters(new KeyParameter(key), 128, new byte[12], aad));
        var expected = new byte[cipher.GetOutputSize(plaintext.Length)];
        var written = cipher.ProcessBytes(plaintext, 0, plaintext.Length, expected, 0);
        cipher.DoFinal(expected, written);
        return PublicBytes.Equal(expected, Aead.Seal(key, plaintext, aad));
    });

    [Fact]
    public void Any_changed_bit_of_key_message_or_aad_is_refused_and_the_plaintext_zeroed()
    {
        var random = new SeededRandom(4);
        var (key, plaintext, aad) = (random.Bytes(16), random.Bytes(33), random.Bytes(9));
        var message = Aead.Seal(key, plaintext, aad);
        for (var bit = 0; bit < message.Length * 8; bit++) Refused(key, TestData.Flip(message, bit), aad);
        for (var bit = 0; bit < key.Length * 8; bit++) Refused(TestData.Flip(key, bit), message, aad);
        for (var bit = 0; bit < aad.Length * 8; bit++) Refused(key, message, TestData.Flip(aad, bit));
        Refused(key, message, []);
        Refused(key, message[..^1], aad);
        Refused(key, [.. message, 0], aad);
        Refused(key, [], aad);
    }

    [Fact]
    public void Key_of_another_size_is_refused()
    {
        Assert.Throws<ArgumentException>(() => Aead.Seal(new byte[32], [], []));
        Assert.Throws<ArgumentException>(() => Aead.TryOpen(new byte[32], new byte[16], [], []));
    }

    private static void Refused(byte[] key, byte[] message, byte[] aad)
    {
        var opened = new byte[33];
        Array.Fill(opened, (byte)7);
        Assert.False(Aead.TryOpen(key, message, aad, opened));
        Assert.Equal(new byte[33], opened);
    }
}
