using System.Numerics;
using SecureAggregation.Testing;

namespace SecureAggregation.Privacy.Tests;

public sealed class NoiseSumTests
{
    [Theory]
    [InlineData(10, 4.29)]
    [InlineData(100, 13.57)]
    public void Known_standard_deviation_of_local_count_noise(int parties, double expected) =>
        Assert.Equal(expected, new NoiseSum(new DiscreteLaplace(1, MicroEpsilon.Parse("1")), parties).StandardDeviation, 2);

    [Theory]
    [InlineData(1, 2, 2)]
    [InlineData(1, 1, 3)]
    [InlineData(1, 1, 10)]
    [InlineData(7, 3, 25)]
    [InlineData(20, 1, 2)]
    [InlineData(1, 2, 100)]
    public void Sum_agrees_with_convolution(int numerator, int denominator, int count)
    {
        var noise = new DiscreteLaplace(new NoiseScale((uint)numerator, (uint)denominator));
        var sum = new NoiseSum(noise, count);
        var reach = (int)Math.Ceiling(noise.Scale.ToDouble() * 45) + (int)(12 * sum.StandardDeviation);
        var exact = Convolve(noise, count, reach);

        var tail = 0.0;
        for (var t = reach; t >= 0; t--)
        {
            Assert.Equal(tail, sum.Tail(t), 1e-11);
            Assert.Equal(exact[reach + t], sum.Probability(t), 1e-12);
            tail += exact[reach + t] + (t == 0 ? 0 : exact[reach - t]);
        }

        foreach (var alpha in (double[])[0.05, 1e-4, 1e-7])
        {
            var t = reach;
            var beyond = 0.0;
            while (beyond + (2 * exact[reach + t]) <= alpha) beyond += 2 * exact[reach + t--];
            Assert.Equal(t, sum.HalfWidth(alpha));
        }
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(1)]
    [InlineData(37)]
    [InlineData(1e4)]
    [InlineData(1e9)]
    public void Every_size_gives_sound_tails(double scale)
    {
        var noise = new DiscreteLaplace(new NoiseScale((UInt128)(scale * 2), 2));
        foreach (var count in (int[])[1, 2, 3, 5, 30, 1000])
        {
            var sum = new NoiseSum(noise, count);
            var previous = 1.0;
            foreach (var sigmas in (double[])[0.5, 1, 2, 4, 6, 8])
            {
                var tail = sum.Tail(Math.Ceiling(sigmas * sum.StandardDeviation));
                Assert.InRange(tail, 0, previous + 1e-11);
                previous = tail;
            }

            Assert.Equal(1, sum.Probability(0) + sum.Tail(0), 1e-10);
            // The half width is the smallest that will do.
            foreach (var alpha in (double[])[0.05, 1e-4])
            {
                var t = sum.HalfWidth(alpha);
                Assert.True(sum.Tail(t) <= alpha * (1 + 1e-6), $"scale {scale}, {count} draws");
                Assert.True(t == 0 || sum.Tail(t - 1 - (t * 1e-9)) > alpha * (1 - 1e-6), $"scale {scale}, {count} draws");
            }

            // Many draws approach the normal distribution, for which P(|Z| > 1.96) is 0.05.
            if (count == 1000) Assert.Equal(1.96, sum.HalfWidth(0.05) / sum.StandardDeviation, 0.02);
        }
    }

    [Fact]
    public void Large_scales_agree_with_the_sum_of_continuous_laplace()
    {
        // The sum of two Laplace variables of scale s has P(|X| > x) = (1 + x/2s)·e^(−x/s).
        var sum = new NoiseSum(new DiscreteLaplace(new NoiseScale(1_000_000_000, 1)), 2);
        foreach (var x in (double[])[0.5, 1, 3, 10, 20])
        {
            Assert.Equal((1 + (x / 2)) * Math.Exp(-x), sum.Tail(x * 1e9), 1e-9);
        }
    }

    [Fact]
    public void Combination_is_never_narrower_than_the_convolution_and_at_most_three_percent_wider()
    {
        // 0.5·(5 draws of scale 40) + 3·(5 draws of scale 2): both lattices are coarse, so all of it can be enumerated.
        var fine = new DiscreteLaplace(new NoiseScale(40, 1));
        var coarse = new DiscreteLaplace(new NoiseScale(2, 1));
        var combination = new NoiseSum([new NoiseTerm(0.5, fine, 5), new NoiseTerm(-3, coarse, 5)]);
        const int Reach = 3_000;
        var a = Convolve(fine, 5, Reach);
        var b = Convolve(coarse, 5, 200);
        var halves = new double[(2 * (Reach + 1_200)) + 1];
        for (var i = -Reach; i <= Reach; i++)
        {
            for (var j = -200; j <= 200; j++) halves[i + (6 * j) + Reach + 1_200] += a[i + Reach] * b[j + 200];
        }

        foreach (var alpha in (double[])[0.05, 1e-4])
        {
            var t = Reach + 1_200;
            var beyond = 0.0;
            while (beyond + (2 * halves[Reach + 1_200 + t]) <= alpha) beyond += 2 * halves[Reach + 1_200 + t--];
            var width = combination.HalfWidth(alpha) / (t / 2.0);
            Assert.InRange(width, 1, 1.03);
        }
    }

    [Fact]
    public void Combination_of_one_scale_is_the_sum_of_more_draws()
    {
        var noise = new DiscreteLaplace(1, MicroEpsilon.Parse("1"));
        var together = new NoiseSum([new NoiseTerm(1, noise, 4), new NoiseTerm(-1, noise, 6), new NoiseTerm(0, noise, 9)]);
        Assert.Equal(new NoiseSum(noise, 10).HalfWidth(0.05), together.HalfWidth(0.05));
    }

    [Fact]
    public void Half_width_scales_with_the_coefficient()
    {
        var noise = new DiscreteLaplace(1, MicroEpsilon.Parse("0.1"));
        var t = new NoiseSum(noise, 5).HalfWidth(0.05);
        Assert.Equal(0.1 * t, new NoiseSum([new NoiseTerm(0.1, noise, 5)]).HalfWidth(0.05), 1e-9);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(10, 20)]
    [InlineData(1000, 100)]
    public void Bound_holds_and_is_of_the_right_size(int count, int bits)
    {
        var noise = new DiscreteLaplace(new NoiseScale(25, 2));
        var bound = NoiseSum.Bound(noise.Scale, count, bits);
        var sum = new NoiseSum(noise, count);
        if (bits <= 30) Assert.True(sum.Tail((double)bound) <= Math.Pow(2, -bits));
        Assert.True((double)bound < (10 + (3 * bits)) * sum.StandardDeviation);
        Assert.True(new BigInteger(0) < bound);
    }

    [Fact]
    public void Nonsense_is_refused()
    {
        var noise = new DiscreteLaplace(1, MicroEpsilon.Parse("1"));
        Assert.Throws<ArgumentException>(() => new NoiseSum(noise, 0));
        Assert.Throws<ArgumentException>(() => new NoiseSum([]));
        Assert.Throws<ArgumentException>(() => new NoiseSum([new NoiseTerm(double.NaN, noise, 1)]));
        Assert.Throws<ArgumentOutOfRangeException>(() => new NoiseSum(noise, 3).HalfWidth(0));
        Assert.Throws<ArgumentOutOfRangeException>(() => new NoiseSum(noise, 3).HalfWidth(1));
    }

    private static double[] Convolve(DiscreteLaplace noise, int count, int reach)
    {
        var one = Enumerable.Range(-reach, (2 * reach) + 1).Select(x => noise.Probability(x)).ToArray();
        var sum = one;
        for (var n = 1; n < count; n++)
        {
            var next = new double[sum.Length];
            for (var i = 0; i < sum.Length; i++)
            {
                if (sum[i] < 1e-40) continue;
                for (var j = Math.Max(0, reach - i); j < Math.Min(one.Length, (3 * reach) + 1 - i); j++) next[i + j - reach] += sum[i] * one[j];
            }

            sum = next;
        }

        return sum;
    }
}
