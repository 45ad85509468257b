using System.Security.Cryptography;

namespace SecureAggregation.Crypto.Tests;

public sealed class FingerprintTests
{
    [Fact]
    public void Word_list_is_the_published_one()
    {
        using var stream = Fingerprint.OpenList();
        Assert.Equal("2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda", PublicBytes.Hex(SHA256.HashData(stream)));
    }

    [Theory]
    // First words of BIP-39's own test vectors: the entropy is the hash here, and the words before its checksum are these.
    [InlineData("00000000000000000000000000000000", "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon")]
    [InlineData("7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f", "legal winner thank year wave sausage worth useful legal winner thank")]
    [InlineData("80808080808080808080808080808080", "letter advice cage absurd amount doctor acoustic avoid letter advice cage")]
    [InlineData("ffffffffffffffffffffffffffffffff", "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo")]
    public void Words_are_those_of_the_vectors_of_Bip39(string hash, string words) =>
        Assert.Equal(words, Fingerprint.Phrase(TestData.FromHex(hash), 11));

    [Fact]
    public void Typed_phrase_matches_only_its_own_hash()
    {
        var hash = SHA256.HashData("roster"u8);
        var phrase = Fingerprint.Phrase(hash);
        Assert.Equal(12, phrase.Split(' ').Length);
        Assert.True(Fingerprint.Matches(hash, "  " + phrase.ToUpperInvariant().Replace(" ", "\n ", StringComparison.Ordinal)));
        Assert.False(Fingerprint.Matches(SHA256.HashData("another"u8), phrase));
        Assert.False(Fingerprint.Matches(hash, string.Join(' ', Fingerprint.Words(hash, 11))));
        Assert.False(Fingerprint.Matches(hash, ""));
    }

    /// <summary>The key of RFC 6979 A.2.5; the words by Python's hashlib.pbkdf2_hmac over its SubjectPublicKeyInfo.</summary>
    [Fact]
    public void Key_has_six_stretched_words()
    {
        var key = new IdentityPublicKey(TestData.FromHex(
            "0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299"));

        Assert.Equal("rigid zero occur load cause badge", key.Words);
    }

    [Fact]
    public void More_words_than_the_hash_has_bits_for_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Fingerprint.Words(new byte[16], 12));
        Assert.Throws<ArgumentOutOfRangeException>(() => Fingerprint.Words(new byte[16], 0));
        Assert.Equal(23, Fingerprint.Words(new byte[32], 23).Length);
    }
}
