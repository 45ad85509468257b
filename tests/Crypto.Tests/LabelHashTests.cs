using System.Security.Cryptography;
using Org.BouncyCastle.Crypto.Digests;
using SecureAggregation.Testing;

namespace SecureAggregation.Crypto.Tests;

public sealed class LabelHashTests
{
    [Fact]
    public void Hashes_are_those_of_the_published_vectors()
    {
        foreach (var vector in TestData.Vectors("ring.json").GetProperty("hash").EnumerateArray())
        {
            using var hash = new LabelHash(vector.Text("purpose"));
            foreach (var field in vector.GetProperty("fields").EnumerateArray()) hash.Field(TestData.FromHex(field.GetString()!));
            Assert.Equal(vector.Text("hash"), PublicBytes.Hex(hash.Finish()));
        }
    }

    [Fact]
    public void Numbers_and_sets_are_big_endian_fields()
    {
        using var hash = new LabelHash("share");
        var actual = hash.Field(0x01020304u).Field(0x0102030405060708UL).Set([1, 258]).Set([]).Finish();
        var input = TestData.FromHex(
            "000f" + "7365636167672f76312f7368617265" + // "secagg/v1/share"
            "00000004" + "01020304" +
            "00000008" + "0102030405060708" +
            "00000008" + "00000001" + "00000102" +
            "00000000");
        var digest = new Sha256Digest();
        digest.BlockUpdate(input, 0, input.Length);
        var expected = new byte[32];
        digest.DoFinal(expected, 0);
        Assert.Equal(expected, actual);
    }

    [Fact]
    public void Streamed_field_equals_the_field_in_one_piece() => Property.Holds(TestData.Randoms, random =>
    {
        var bytes = random.Bytes(random.Next(5000));
        using var whole = new LabelHash("commit/x");
        using var streamed = new LabelHash("commit/x");
        streamed.BeginField(bytes.Length);
        for (var at = 0; at < bytes.Length;)
        {
            var take = Math.Min(bytes.Length - at, 1 + random.Next(999));
            streamed.Append(bytes.AsSpan(at, take));
            at += take;
        }

        return PublicBytes.Equal(whole.Field(bytes).Field(7u).Finish(), streamed.Field(7u).Finish());
    });

    [Fact]
    public void Input_of_any_length_is_framed_the_same()
    {
        var bytes = new SeededRandom(14).Bytes(1100);
        for (var length = 0; length < bytes.Length; length++)
        {
            using var hash = new LabelHash("share");
            byte[] framed = [0, 15, .. "secagg/v1/share"u8, 0, 0, (byte)(length >> 8), (byte)(length & 255), .. bytes[..length], 0, 0, 0, 4, 0, 0, 0, 9];
            Assert.Equal(SHA256.HashData(framed), hash.Field(bytes.AsSpan(0, length)).Field(9u).Finish());
        }
    }

    [Fact]
    public void Hashes_that_are_open_at_the_same_time_do_not_meet()
    {
        using var alone = new LabelHash("share");
        var expected = alone.Field(1u).Field(2u).Finish();
        using var outer = new LabelHash("share");
        outer.Field(1u);
        using (var inner = new LabelHash("round")) inner.Field(7u).Finish();
        Assert.Equal(expected, outer.Field(2u).Finish());
    }

    [Fact]
    public void Disposed_hash_cannot_be_used_again()
    {
        var hash = new LabelHash("round");
        hash.BeginField(3);
        hash.Dispose();
        hash.Dispose();
        Assert.Throws<InvalidOperationException>(() => hash.Append([1]));
        Assert.Throws<InvalidOperationException>(() => hash.Field([]));
        Assert.Throws<InvalidOperationException>(hash.Finish);
    }

    [Theory]
    [InlineData(2u, 1u)]
    [InlineData(1u, 1u)]
    public void Set_that_is_unsorted_or_has_duplicates_is_refused(uint first, uint second)
    {
        using var hash = new LabelHash("share");
        Assert.Contains("ascending", Assert.Throws<ArgumentException>(() => hash.Set([first, second])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Field_not_filled_exactly_is_refused()
    {
        using var hash = new LabelHash("commit/x");
        hash.BeginField(3).Append([1]);
        Assert.Throws<InvalidOperationException>(() => hash.Append([1, 2, 3]));
        Assert.Throws<InvalidOperationException>(() => hash.Field(1u));
        Assert.Throws<InvalidOperationException>(hash.Finish);
        Assert.Equal(32, hash.Append([2, 3]).Finish().Length);
    }

    [Fact]
    public void Append_without_a_field_is_refused()
    {
        using var hash = new LabelHash("commit/x");
        Assert.Throws<InvalidOperationException>(() => hash.Append([1]));
    }

    [Fact]
    public void Field_beyond_32_bits_of_length_is_refused()
    {
        using var hash = new LabelHash("commit/x");
        Assert.Throws<ArgumentOutOfRangeException>(() => hash.BeginField(1L + uint.MaxValue));
        Assert.Throws<ArgumentOutOfRangeException>(() => hash.BeginField(-1));
    }

    [Fact]
    public void Finished_hash_cannot_be_used_again()
    {
        using var hash = new LabelHash("round");
        hash.Finish();
        Assert.Throws<InvalidOperationException>(hash.Finish);
        Assert.Throws<InvalidOperationException>(() => hash.Field([]));
    }

    [Theory]
    [InlineData("")]
    [InlineData("mit Leerzeichen")]
    [InlineData("größe")]
    public void Purpose_that_is_not_plain_Ascii_is_refused(string purpose) =>
        Assert.ThrowsAny<ArgumentException>(() => new LabelHash(purpose));

    [Fact]
    public void Platform_Sha256_agrees_with_BouncyCastle() => Property.Holds(TestData.Randoms, random =>
    {
        var bytes = random.Bytes(random.Next(300));
        var digest = new Sha256Digest();
        digest.BlockUpdate(bytes, 0, bytes.Length);
        var expected = new byte[32];
        digest.DoFinal(expected, 0);
        return PublicBytes.Equal(expected, SHA256.HashData(bytes));
    });
}
