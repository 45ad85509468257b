using System.Text;
using Org.BouncyCastle.Crypto.Digests;
using Org.BouncyCastle.Crypto.Generators;
using Org.BouncyCastle.Crypto.Parameters;
using SecureAggregation.Testing;

namespace SecureAggregation.Crypto.Tests;

public sealed class HkdfTests
{
    [Theory]
    [InlineData( // RFC 5869 A.1
        "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "000102030405060708090a0b0c", "f0f1f2f3f4f5f6f7f8f9",
        "077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5",
        "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865")]
    [InlineData( // RFC 5869 A.2
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f"
        + "303132333435363738393a3b3c3d3e3f404142434445464748494a4b4c4d4e4f",
        "606162636465666768696a6b6c6d6e6f707172737475767778797a7b7c7d7e7f808182838485868788898a8b8c8d8e8f"
        + "909192939495969798999a9b9c9d9e9fa0a1a2a3a4a5a6a7a8a9aaabacadaeaf",
        "b0b1b2b3b4b5b6b7b8b9babbbcbdbebfc0c1c2c3c4c5c6c7c8c9cacbcccdcecfd0d1d2d3d4d5d6d7d8d9dadbdcdddedf"
        + "e0e1e2e3e4e5e6e7e8e9eaebecedeeeff0f1f2f3f4f5f6f7f8f9fafbfcfdfeff",
        "06a6b88c5853361a06104c9ceb35b45cef760014904671014a193f40c15fc244",
        "b11e398dc80327a1c8e7f78c596a49344f012eda2d4efad8a050cc4c19afa97c59045a99cac7827271cb41c65e590e09"
        + "da3275600c2f09b8367793a9aca3db71cc30c58179ec3e87c14c01d5c1f3434f1d87")]
    [InlineData( // RFC 5869 A.3
        "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b", "", "",
        "19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04",
        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8")]
    public void Extract_and_expand_give_the_keys_of_Rfc5869(string ikm, string salt, string info, string prk, string okm)
    {
        var key = Hkdf.Extract(TestData.FromHex(salt), TestData.FromHex(ikm));
        Assert.Equal(prk, PublicBytes.Hex(key));
        var output = new byte[okm.Length / 2];
        Hkdf.ExpandRaw(key, TestData.FromHex(info), output);
        Assert.Equal(okm, PublicBytes.Hex(output));
    }

    [Fact]
    public void Expand_gives_the_keys_of_the_published_vectors()
    {
        foreach (var vector in TestData.Vectors("ring.json").GetProperty("expand").EnumerateArray())
        {
            var output = new byte[vector.Bytes("output").Length];
            Hkdf.Expand(vector.Bytes("prk"), vector.Text("purpose"), vector.Bytes("info"), output);
            Assert.Equal(vector.Text("output"), PublicBytes.Hex(output));
        }
    }

    [Fact]
    public void Extract_and_expand_agree_with_BouncyCastle() => Property.Holds(TestData.Randoms, random =>
    {
        var (ikm, salt, info) = (random.Bytes(1 + random.Next(100)), random.Bytes(random.Next(100)), random.Bytes(random.Next(100)));
        var output = new byte[1 + random.Next(200)];
        Hkdf.Expand(Hkdf.Extract(salt, ikm), "mask", info, output);
        var generator = new HkdfBytesGenerator(new Sha256Digest());
        generator.Init(new HkdfParameters(ikm, salt, [.. Encoding.ASCII.GetBytes("secagg/v1/mask"), .. info]));
        var expected = new byte[output.Length];
        generator.GenerateBytes(expected, 0, expected.Length);
        return PublicBytes.Equal(expected, output);
    });

    [Fact]
    public void Sizes_out_of_range_are_refused()
    {
        Assert.Throws<ArgumentException>(() => Hkdf.Expand(new byte[31], "mask", [], new byte[16]));
        Assert.Throws<ArgumentException>(() => Hkdf.Expand(new byte[32], "mask", [], []));
        Assert.ThrowsAny<ArgumentException>(() => Hkdf.Expand(new byte[32], "mask", [], new byte[(255 * 32) + 1]));
        Assert.Throws<ArgumentException>(() => Hkdf.Extract([], [], new byte[31]));
    }
}
