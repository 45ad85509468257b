using System.Numerics;
using SecureAggregation.Privacy.Internal;
using SecureAggregation.Testing;

namespace SecureAggregation.Privacy.Tests;

public sealed class DiscreteLaplaceTests
{
    private const int Draws = 120_000;

    // Another implementation's values.
    [Theory]
    [InlineData("0.1", 0.049958, 30)]
    [InlineData("1", 0.462117, 3)]
    [InlineData("2", 0.761594, 1)]
    public void Known_probability_of_zero_and_half_width(string epsilon, double zero, int halfWidth)
    {
        var noise = new DiscreteLaplace(1, MicroEpsilon.Parse(epsilon));
        Assert.Equal(zero, noise.Probability(0), 6);
        Assert.Equal(halfWidth, noise.HalfWidth(0.05));
        Assert.True(noise.Tail(halfWidth) <= 0.05 && noise.Tail(halfWidth - 1) > 0.05);
    }

    // Step by step, correcting the last bit of such a number would take days.
    [Fact]
    public void Half_width_of_the_greatest_scale_is_found_at_once()
    {
        var noise = new DiscreteLaplace(new NoiseScale(UInt128.One << 90, 1));
        Assert.Equal(Math.Log(20), (double)noise.HalfWidth(0.05) / Math.Pow(2, 90), 1e-9);
    }

    [Fact]
    public void Probabilities_add_up()
    {
        var noise = new DiscreteLaplace(3, MicroEpsilon.Parse("0.7"));
        double sum = 0, square = 0;
        for (var x = -400; x <= 400; x++)
        {
            sum += noise.Probability(x);
            square += noise.Probability(x) * x * x;
        }

        Assert.Equal(1, sum, 12);
        Assert.Equal(noise.Variance, square, 9);
    }

    // Scales Δ/ε from 1/2 to 70/0.3 and one far above the fast path's numerators.
    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 2)]
    [InlineData(7, 3)]
    [InlineData(10, 1)]
    [InlineData(700, 3)]
    [InlineData(1_000_003, 1_000_000)]
    public void Draws_follow_the_distribution(long numerator, long denominator)
    {
        var noise = new DiscreteLaplace(new NoiseScale((ulong)numerator, (ulong)denominator));
        var draws = new Int128[Draws];
        noise.Fill(draws, new SeededRandom(7));
        AssertFits(noise, draws);
    }

    [Fact]
    public void Halved_scale_is_noticed()
    {
        var draws = new Int128[Draws];
        new DiscreteLaplace(new NoiseScale(5, 1)).Fill(draws, new SeededRandom(7));
        Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => AssertFits(new DiscreteLaplace(new NoiseScale(10, 1)), draws));
    }

    [Fact]
    public void Small_deviation_of_scale_is_noticed()
    {
        var draws = new Int128[Draws];
        new DiscreteLaplace(new NoiseScale(100, 100)).Fill(draws, new SeededRandom(7));
        Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => AssertFits(new DiscreteLaplace(new NoiseScale(103, 100)), draws));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(7, 3)]
    [InlineData(1_000_003, 999_983)]
    [InlineData(4_294_967_295, 2)]
    [InlineData(4_611_686_018_427_387_904, 12_345)]
    public void Fast_and_general_path_draw_the_same(long numerator, long denominator)
    {
        var chosen = ExactSampler.For(new NoiseScale((ulong)numerator, (ulong)denominator));
        ExactSampler wide = new ExactSampler<UInt128>((ulong)numerator, (ulong)denominator);
        ExactSampler general = new ExactSampler<BigInteger>(numerator, denominator);
        Assert.Equal(numerator <= uint.MaxValue, chosen is ExactSampler<ulong>);
        using var one = new RandomTape(new SeededRandom(3));
        using var two = new RandomTape(new SeededRandom(3));
        using var three = new RandomTape(new SeededRandom(3));
        for (var i = 0; i < 3_000; i++)
        {
            var draw = general.Draw(one);
            Assert.Equal(draw, wide.Draw(two));
            Assert.Equal(draw, chosen.Draw(three));
        }
    }

    [Fact]
    public void Numerators_beyond_the_fast_path_draw_by_big_integers()
    {
        var scale = new NoiseScale((UInt128.One << 100) + 1, UInt128.One << 98);
        Assert.IsType<ExactSampler<BigInteger>>(ExactSampler.For(scale));
        var draws = new Int128[Draws / 10];
        var noise = new DiscreteLaplace(scale);
        noise.Fill(draws, new SeededRandom(5));
        AssertFits(noise, draws);
    }

    [Fact]
    public void Scale_refuses_what_it_cannot_hold()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new NoiseScale(0, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new NoiseScale(1, 0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new NoiseScale(UInt128.MaxValue, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new DiscreteLaplace(default));
        Assert.Throws<ArgumentOutOfRangeException>(() => new DiscreteLaplace(0, MicroEpsilon.Parse("1")));
        Assert.Equal("7/3", new NoiseScale(14, 6).ToString());
        Assert.Equal("2000", NoiseScale.For(100, MicroEpsilon.Parse("0.1"), 1, 2).ToString());
    }

    private static void AssertFits(DiscreteLaplace noise, Int128[] draws) => Fit.Check(draws, new NoiseSum(noise, 1));
}
