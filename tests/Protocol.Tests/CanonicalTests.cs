using Google.Protobuf;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Tests;

public sealed class CanonicalTests
{
    private static readonly byte[] s_good = new Decline { Party = 300, Code = RefusalCode.Policy }.ToByteArray();

    [Fact]
    public void Encoding_as_it_is_made_is_read() =>
        Assert.Equal(300u, Canonical.Decode(Decline.Parser, s_good, s_good.Length).Party);

    [Theory]
    [InlineData("08ac021008" + "1801", "an unknown field")]
    [InlineData("100808ac02", "fields out of order")]
    [InlineData("08ac82001008", "a number in a longer way")]
    [InlineData("08ac02100808ac02", "a field twice")]
    [InlineData("080108ac021008", "a field that is overwritten")]
    [InlineData("08ac0210081000", "a default that is written")]
    [InlineData("08ac02108800", "an enumeration in a longer way")]
    public void Second_spelling_is_refused(string hex, string what)
    {
        var error = Assert.Throws<WireException>(() => Canonical.Decode(Decline.Parser, Convert.FromHexString(hex), 100));
        Assert.True(error.Message.Contains("not canonical", StringComparison.Ordinal), what);
    }

    [Theory]
    [InlineData("08")]
    [InlineData("08ac")]
    [InlineData("ff")]
    [InlineData("0a05ab")]
    [InlineData("0b")]
    public void Bytes_that_cannot_be_decoded_are_refused(string hex)
    {
        var error = Assert.Throws<WireException>(() => Canonical.Decode(Decline.Parser, Convert.FromHexString(hex), 100));
        Assert.Contains("not a Decline", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Unknown_field_inside_a_nested_message_is_refused()
    {
        byte[] nested = [0x08, 0x05, 0x78, 0x01];
        Assert.Throws<WireException>(() => Canonical.Decode(Unmask.Parser, (byte[])[0x1a, (byte)nested.Length, .. nested], 100));
    }

    [Fact]
    public void Length_is_checked_first()
    {
        var error = Assert.Throws<WireException>(() => Canonical.Decode(Decline.Parser, s_good, s_good.Length - 1));
        Assert.Contains("over its limit of 4 bytes", error.Message, StringComparison.Ordinal);
    }
}
