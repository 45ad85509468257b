using SecureAggregation.Privacy;
using SecureAggregation.Testing;
using FsCheck.Fluent;

namespace SecureAggregation.Privacy.Tests;

public sealed class MicroEpsilonTests
{
    [Theory]
    [InlineData("0.5", 500_000, "0.5")]
    [InlineData("1", 1_000_000, "1")]
    [InlineData("1.0", 1_000_000, "1")]
    [InlineData("100", 100_000_000, "100")]
    [InlineData("0.000001", 1, "0.000001")]
    [InlineData("1e-3", 1_000, "0.001")]
    public void Parse_decimal_is_exact(string text, long micro, string shown)
    {
        var epsilon = MicroEpsilon.Parse(text);
        Assert.Equal(micro, epsilon.Micro);
        Assert.Equal(shown, epsilon.ToString());
    }

    [Theory]
    [InlineData("0")]
    [InlineData("0.0")]
    [InlineData("-1")]
    [InlineData("100.000001")]
    [InlineData("1e9")]
    [InlineData("0.0000001")]
    [InlineData("0.50000000000000000000000000000001")]
    [InlineData("100.00000000000000000000000000001")]
    [InlineData("1.00000000000000000000001e-6")]
    [InlineData("NaN")]
    [InlineData("Infinity")]
    [InlineData("one")]
    [InlineData("0,5")]
    [InlineData("")]
    public void Parse_refuses_and_names_the_rule(string text)
    {
        var error = Assert.Throws<FormatException>(() => MicroEpsilon.Parse(text));
        Assert.StartsWith("epsilon is", error.Message, StringComparison.Ordinal);
        Assert.Contains("e.g.", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(100_000_001)]
    [InlineData(long.MaxValue)]
    [InlineData(long.MinValue)]
    public void Constructor_refuses_what_is_out_of_range(long micro) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new MicroEpsilon(micro));

    [Fact]
    public void Default_value_is_no_epsilon()
    {
        Assert.False(default(MicroEpsilon).IsSet);
        Assert.Throws<InvalidOperationException>(() => default(MicroEpsilon).Micro);
    }

    [Fact]
    public void Sum_is_exact_and_stops_at_the_maximum()
    {
        var total = new MicroEpsilon(100_000);
        for (var i = 1; i < 100; i++) total += MicroEpsilon.Parse("0.1");
        Assert.Equal("10", total.ToString());
        Assert.Throws<ArgumentOutOfRangeException>(() => MicroEpsilon.MaxValue + new MicroEpsilon(1));
    }

    [Fact]
    public void Text_and_value_round_trip() =>
        Property.Holds(Gen.Choose(1, (int)MicroEpsilon.MaxMicro), n => MicroEpsilon.Parse(new MicroEpsilon(n).ToString()).Micro == n);
}
