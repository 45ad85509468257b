using System.Globalization;
using FsCheck.Fluent;
using SecureAggregation.Statistics.Internal;
using SecureAggregation.Testing;

namespace SecureAggregation.Statistics.Tests;

public sealed class PlainNumberTests
{
    [Theory]
    [InlineData("0")]
    [InlineData("-0")]
    [InlineData("63")]
    [InlineData("007")]
    [InlineData("233.5")]
    [InlineData("-9.0")]
    [InlineData(".5")]
    [InlineData("5.")]
    [InlineData("0.1")]
    [InlineData("0.30000000000000004")]
    [InlineData("999999999999999")]
    [InlineData("9999999999999999")]
    [InlineData("0.000000000000001")]
    [InlineData("123456789012.345")]
    [InlineData("9007199254740993")]
    [InlineData("1e5")]
    [InlineData("+1")]
    [InlineData(" 1")]
    [InlineData("1E-400")]
    public void Number_is_the_nearest_double(string text)
    {
        Assert.True(PlainNumber.TryParse(text, out var number));
        Assert.Equal(BitConverter.DoubleToInt64Bits(double.Parse(text, CultureInfo.InvariantCulture)), BitConverter.DoubleToInt64Bits(number));
    }

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData(".")]
    [InlineData("-.")]
    [InlineData("1.2.3")]
    [InlineData("1,5")]
    [InlineData("--1")]
    [InlineData("٣")]
    [InlineData("NaN")]
    [InlineData("Infinity")]
    [InlineData("1e400")]
    [InlineData("0x1")]
    public void What_is_no_finite_number_is_none(string text) => Assert.False(PlainNumber.TryParse(text, out _));

    [Fact]
    public void Every_short_text_is_what_the_framework_makes_of_it()
    {
        var texts = Gen.Elements('0', '1', '2', '5', '9', '.', '-', 'e', ' ', '+').ListOf(18).SelectMany(c => Gen.Choose(0, 18).Select(n => string.Concat(c.Take(n))));
        var numbers = Gen.Choose(0, 999_999_999).SelectMany(a => Gen.Choose(0, 999_999_999).SelectMany(b => Gen.Choose(0, 15).Select(
            d => ((decimal)(((long)a * 1_000_000) + (b % 1_000_000)) / (decimal)Math.Pow(10, d)).ToString(CultureInfo.InvariantCulture))));
        Property.Holds(Gen.OneOf(texts, numbers), text =>
        {
            var expected = double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number);
            return PlainNumber.TryParse(text, out var mine) == expected && (!expected || BitConverter.DoubleToInt64Bits(mine) == BitConverter.DoubleToInt64Bits(number));
        }, 5000);
    }
}
