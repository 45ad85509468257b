using System.Numerics;
using SecureAggregation.Privacy.Internal;
using SecureAggregation.Testing;

namespace SecureAggregation.Privacy.Tests;

public sealed class NoiseShareTests
{
    private const int Draws = 120_000;

    // Another implementation's values of NB(1/3, e^-1) and NB(1/10, e^-0.1).
    [Theory]
    [InlineData(1, 3, new[] { 0.858223, 0.105241, 0.025811, 0.007385 })]
    [InlineData(10, 10, new[] { 0.790399, 0.071518, 0.035592 })]
    public void Half_a_share_is_negative_binomial(int scale, int parts, double[] known)
    {
        var expected = NegativeBinomial(scale, parts, 60 * scale);
        for (var k = 0; k < known.Length; k++) Assert.Equal(known[k], expected[k], 6);

        var sampler = ExactSampler.For(new NoiseScale((uint)scale, 1));
        using var tape = new RandomTape(new SeededRandom(21));
        var draws = new Int128[Draws];
        foreach (ref var draw in draws.AsSpan()) draw = sampler.Share(parts, tape);
        var cumulative = Cumulative(expected);
        Fit.Check(draws, x => x < 0 ? 0 : cumulative[(int)x], 0, 50 * scale);
    }

    [Theory]
    [InlineData(1, 1, 4)]
    [InlineData(1, 3, 2)]
    [InlineData(7, 3, 34)]
    [InlineData(40, 1, 7)]
    public void Shares_follow_the_difference_of_two_negative_binomials(int numerator, int denominator, int parts)
    {
        var share = new NoiseShare(new NoiseScale((uint)numerator, (uint)denominator), parts);
        var draws = new Int128[Draws];
        share.Fill(draws, new SeededRandom(22));

        var reach = 60 * (1 + (numerator / denominator));
        var half = NegativeBinomial((double)numerator / denominator, parts, reach);
        var difference = new double[(2 * reach) + 1];
        for (var x = 0; x <= reach; x++)
        {
            for (var y = 0; y <= reach; y++) difference[x - y + reach] += half[x] * half[y];
        }

        var cumulative = Cumulative(difference);
        Fit.Check(draws, x => x < -reach ? 0 : x > reach ? 1 : cumulative[(int)x + reach], -reach, reach);
    }

    // A scale of the large numbers' path, one of big integers, and one at which a share is 21 lengths on average.
    [Theory]
    [InlineData(0, 1_000_000_000, 34)]
    [InlineData(80, 3, 4)]
    [InlineData(100, 98, 10)]
    public void Shares_of_large_scales_follow_the_inverted_characteristic_function(int power, long rest, int parts)
    {
        var scale = power == 100 ? new NoiseScale((UInt128.One << 100) + 1, UInt128.One << (int)rest)
            : new NoiseScale((UInt128.One << power) * (ulong)rest, 1);
        var share = new NoiseShare(scale, parts);
        var draws = new Int128[Draws / 4];
        share.Fill(draws, new SeededRandom(23));
        Fit.Check(draws, new NoiseSum(share.Whole, share.Draws(1)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(34)]
    public void Sum_of_all_shares_is_one_discrete_laplace_draw(int parts)
    {
        var share = new NoiseShare(new NoiseScale(5, 2), parts);
        var random = new SeededRandom(24);
        var sums = new Int128[Draws / Math.Min(parts, 10)];
        var shares = new Int128[sums.Length];
        for (var part = 0; part < parts; part++)
        {
            share.Fill(shares, random);
            for (var i = 0; i < sums.Length; i++) sums[i] += shares[i];
        }

        Fit.Check(sums, new NoiseSum(new DiscreteLaplace(share.Scale), 1));
    }

    [Fact]
    public void Sum_of_more_or_fewer_shares_has_a_real_number_of_draws()
    {
        var share = new NoiseShare(new NoiseScale(10, 1), 4);
        foreach (var parties in (int[])[3, 10])
        {
            var random = new SeededRandom(25);
            var sums = new Int128[Draws / 4];
            var shares = new Int128[parties];
            foreach (ref var sum in sums.AsSpan())
            {
                share.Fill(shares, random);
                foreach (var part in shares) sum += part;
            }

            Fit.Check(sums, new NoiseSum([NoiseTerm.Of(1, share, parties)]));
            // One party fewer in the count is noticed.
            Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => Fit.Check(sums, new NoiseSum([NoiseTerm.Of(1, share, parties - 1)])));
        }
    }

    [Theory]
    [InlineData(1, 1, 3)]
    [InlineData(1_000_003, 999_983, 5)]
    [InlineData(4_294_967_295, 2, 34)]
    [InlineData(4_611_686_018_427_387_904, 12_345, 2)]
    public void Fast_and_general_path_draw_the_same(long numerator, long denominator, int parts)
    {
        var chosen = ExactSampler.For(new NoiseScale((ulong)numerator, (ulong)denominator));
        ExactSampler wide = new ExactSampler<UInt128>((ulong)numerator, (ulong)denominator);
        ExactSampler general = new ExactSampler<BigInteger>(numerator, denominator);
        using var one = new RandomTape(new SeededRandom(3));
        using var two = new RandomTape(new SeededRandom(3));
        using var three = new RandomTape(new SeededRandom(3));
        for (var i = 0; i < 2_000; i++)
        {
            var draw = general.Share(parts, one);
            Assert.Equal(draw, wide.Share(parts, two));
            Assert.Equal(draw, chosen.Share(parts, three));
        }
    }

    [Fact]
    public void Share_states_its_size()
    {
        var share = new NoiseShare(new NoiseScale(2, 1), 4);
        var whole = new DiscreteLaplace(new NoiseScale(2, 1));
        Assert.Equal(whole.Variance / 4, share.Variance, 12);
        Assert.Equal(2.5, share.Draws(10));
        Assert.Equal(10, whole.Draws(10));
        Assert.Equal(whole.Scale, share.Scale);
        Assert.Same(whole, whole.Whole);
        Assert.Throws<ArgumentOutOfRangeException>(() => share.Draws(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => whole.Draws(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new NoiseShare(default, 2));
        Assert.Contains("at least 1", Assert.Throws<ArgumentOutOfRangeException>(() => new NoiseShare(new NoiseScale(1, 1), 0)).Message, StringComparison.Ordinal);
    }

    private static double[] NegativeBinomial(double scale, int parts, int reach)
    {
        var (r, p) = (1.0 / parts, Math.Exp(-1 / scale));
        var mass = new double[reach + 1];
        mass[0] = Math.Pow(1 - p, r);
        for (var k = 0; k < reach; k++) mass[k + 1] = mass[k] * p * (k + r) / (k + 1);
        return mass;
    }

    private static double[] Cumulative(double[] mass)
    {
        var (sum, total) = (new double[mass.Length], 0.0);
        for (var i = 0; i < mass.Length; i++) sum[i] = total += mass[i];
        return sum;
    }
}
