using System.Numerics;
using SecureAggregation.Privacy.Internal;
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

    // Another implementation's values (a convolution in 60 decimal digits) for u shares of h: P(0), and the least t for 5 % and 1e-6 with its tail.
    [Theory]
    [InlineData("1", 1, 4, 0.8021703423534671, 1, 0.048280004528100155, 11, 6.575475496779093e-07)]
    [InlineData("1", 10, 4, 0.23600113098289874, 4, 0.0455585282679449, 17, 4.790780516934525e-07)]
    [InlineData("1", 100, 34, 0.20888517324178216, 5, 0.027711751896202102, 17, 9.27177504442458e-07)]
    [InlineData("0.1", 10, 4, 0.021242964842572046, 46, 0.046595631602159154, 169, 9.73350376221365e-07)]
    public void Known_distribution_of_shares(string epsilon, int shares, int parts, double zero, int usual, double usualTail, int far, double farTail)
    {
        var share = new NoiseShare(NoiseScale.For(1, MicroEpsilon.Parse(epsilon)), parts);
        var sum = new NoiseSum([NoiseTerm.Of(1, share, shares)]);
        Assert.Equal(zero, sum.Probability(0), 1e-14);
        Assert.Equal(usual, sum.HalfWidth(0.05));
        Assert.Equal(usualTail, sum.Tail(usual), 1e-14);
        Assert.Equal(far, sum.HalfWidth(1e-6));
        Assert.Equal(farTail, sum.Tail(far), 1e-16);
    }

    // u shares of h: each NB(u/h, e^(-1/s)) by its recurrence, then the difference of two.
    [Theory]
    [InlineData(1, 2, 10, 4)]
    [InlineData(1, 1, 1, 34)]
    [InlineData(1, 1, 3, 4)]
    [InlineData(40, 1, 8, 7)]
    [InlineData(40, 1, 1, 100)]
    [InlineData(7, 3, 100, 34)]
    [InlineData(7, 3, 401, 2)]
    [InlineData(1, 10, 2_000_001, 2)]
    [InlineData(1, 10, 3, 2)]
    public void Sum_of_a_real_number_of_draws_agrees_with_convolution(int numerator, int denominator, int shares, int parts)
    {
        var noise = new DiscreteLaplace(new NoiseScale((uint)numerator, (uint)denominator));
        var (draws, p) = ((double)shares / parts, Math.Exp(-(double)denominator / numerator));
        var sum = new NoiseSum(noise, draws);
        var reach = (int)Math.Ceiling(noise.Scale.ToDouble() * 45) + (int)(12 * sum.StandardDeviation);
        var length = (2 * reach) + (int)(draws * noise.Scale.ToDouble());
        var half = new double[length];
        // ln(1 − p) = −2·artanh(p/(2 − p)) keeps the digits of a small p.
        half[0] = Math.Exp(-2 * draws * Math.Atanh(p / (2 - p)));
        for (var k = 0; k + 1 < length; k++) half[k + 1] = half[k] * p * (k + draws) / (k + 1);
        var tail = 0.0;
        for (var t = reach; t >= 0; t--)
        {
            var mass = 0.0;
            for (var k = 0; k + t < length; k++) mass += half[k] * half[k + t];
            Assert.Equal(tail, sum.Tail(t), 1e-12);
            Assert.Equal(mass, sum.Probability(t), 1e-13);
            // Far tails keep their digits too.
            if (draws < 5 && tail is > 1e-14 and < 1e-3) Assert.Equal(1, sum.Tail(t) / tail, 1e-5);
            tail += 2 * mass;
        }
    }

    // Half a draw of a large scale s has density K0(x/s)/(pi s), so P(|X| > x) = 2/pi times the integral of e^(-x/s cosh t)/cosh t over t > 0.
    [Theory]
    [InlineData(1e6)]
    [InlineData(1e9)]
    [InlineData(1e15)]
    public void Half_a_draw_of_a_large_scale_has_the_bessel_function_as_density(double scale)
    {
        var sum = new NoiseSum(new DiscreteLaplace(new NoiseScale((UInt128)scale, 1)), 0.5);
        foreach (var x in (double[])[0.001, 0.1, 1, 5, 20])
        {
            var expected = 0.0;
            for (var t = -20.0; t <= 20; t += 0.01) expected += 0.01 / Math.PI * Math.Exp(-x * Math.Cosh(t)) / Math.Cosh(t);
            Assert.Equal(1, sum.Tail(x * scale) / expected, ((1 + (3 / x)) / scale) + 1e-10);
        }
    }

    [Fact]
    public void Inversion_agrees_with_the_closed_form_of_one_draw()
    {
        foreach (var rate in (double[])[1e-27, 1e-9, 0.001, 0.3, 1, 10, 50, 599])
        {
            var noise = new DiscreteLaplace(rate < 1
                ? new NoiseScale((UInt128)Math.Round(1 / rate), 1) : new NoiseScale(1, (UInt128)rate));
            foreach (var scales in (double[])[0, 0.01, 0.5, 1, 4, 20])
            {
                var t = Math.Floor(scales / noise.Rate);
                Assert.Equal(noise.Tail((Int128)t), LatticeInversion.Tail(noise.Rate, 1, t), 1e-13);
                Assert.Equal(1, LatticeInversion.Probability(noise.Rate, 1, t) / noise.Probability((Int128)t), 1e-9);
            }
        }
    }

    [Fact]
    public void Nothing_lies_beyond_what_whole_numbers_can_tell()
    {
        foreach (var draws in (double[])[0.5, 1, 2])
        {
            var sum = new NoiseSum(new DiscreteLaplace(new NoiseScale(UInt128.One << 90, 1)), draws);
            Assert.Equal(0, sum.Tail(1e300));
            Assert.Equal(0, sum.Tail(double.PositiveInfinity));
        }
    }

    // Many draws are nearly normal: the tail differs by the kurtosis' part, about a third of 3/n at two standard deviations.
    [Theory]
    [InlineData(1e5, 1)]
    [InlineData(1e5 + 0.5, 1000)]
    [InlineData(1e9, 1_000_000)]
    [InlineData(1e9, 1)]
    [InlineData(1e10, 0.1)]
    public void Very_many_draws_are_nearly_normal(double draws, double scale)
    {
        var sum = new NoiseSum(new DiscreteLaplace(new NoiseScale((uint)(scale * 10), 10)), draws);
        Assert.Equal(1.959964, sum.HalfWidth(0.05) / sum.StandardDeviation, 3e-5 + (2 / sum.StandardDeviation));
        Assert.Equal(1, sum.Probability(0) * sum.StandardDeviation * Math.Sqrt(2 * Math.PI), 2e-5);
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
        foreach (var count in (double[])[0.02, 0.5, 1, 1.1, 1.5, 2, 3, 5, 30, 1000])
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
    public void Combination_of_real_numbers_of_draws_is_never_narrower_than_its_convolution()
    {
        // 2·(10/4 draws of scale 6) + 1·(3/4 draws of scale 2), the pieces from their own lattices.
        var (wide, narrow) = (new DiscreteLaplace(new NoiseScale(6, 1)), new DiscreteLaplace(new NoiseScale(2, 1)));
        var (a, b) = (new NoiseSum(wide, 2.5), new NoiseSum(narrow, 0.75));
        var sum = new NoiseSum([new NoiseTerm(2, wide, 2.5), new NoiseTerm(1, narrow, 0.75)]);
        const int Reach = 700;
        var mass = new double[(2 * Reach) + 1];
        var narrowMass = Enumerable.Range(-100, 201).Select(j => b.Probability(j)).ToArray();
        for (var i = -300; i <= 300; i++)
        {
            var wideMass = a.Probability(i);
            for (var j = -100; j <= 100; j++) mass[(2 * i) + j + Reach] += wideMass * narrowMass[j + 100];
        }

        foreach (var alpha in (double[])[0.05, 1e-4])
        {
            var (t, beyond) = (Reach, 0.0);
            while (beyond + (2 * mass[Reach + t]) <= alpha) beyond += 2 * mass[Reach + t--];
            Assert.InRange(sum.HalfWidth(alpha) / t, 1, 1.04);
        }
    }

    // The inversion takes as many steps as the spread is finer than the lattice: of noise that is as good as never drawn it took for ever.
    [Fact]
    public void Combination_that_is_hardly_ever_other_than_zero_is_zero()
    {
        var noise = new DiscreteLaplace(1, MicroEpsilon.Parse("50"));
        var sum = new NoiseSum([new(0.3, noise, 7), new(0.7, noise, 1000)]);
        Assert.Equal(0, sum.HalfWidth(0.05));
        Assert.InRange(sum.Tail(0), 0, 1e-6);
        Assert.Equal(1, sum.Tail(-1));
    }

    // Below what the inversion can tell the half width is found all the same: it once was searched for ever.
    [Theory]
    [InlineData(1e-8)]
    [InlineData(1e-12)]
    [InlineData(1e-300)]
    public void Combination_has_a_half_width_for_every_alpha(double alpha)
    {
        var noise = new DiscreteLaplace(1, MicroEpsilon.Parse("0.5"));
        var sum = new NoiseSum([new(1, noise, 5), new(0.3, noise, 5)]);
        Assert.InRange(sum.HalfWidth(alpha), sum.HalfWidth(1e-7), 1e4);
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
    [InlineData(0.25, 20)]
    [InlineData(10.0 / 7, 20)]
    public void Bound_holds_and_is_of_the_right_size(double count, int bits)
    {
        var noise = new DiscreteLaplace(new NoiseScale(25, 2));
        var bound = NoiseSum.Bound(noise.Scale, count, bits);
        var sum = new NoiseSum(noise, count);
        if (bits <= 30) Assert.True(sum.Tail((double)bound) <= Math.Pow(2, -bits));
        Assert.True((double)bound < (10 + (3 * bits)) * Math.Max(sum.StandardDeviation, noise.Scale.ToDouble()));
        Assert.True(new BigInteger(0) < bound);
    }

    [Fact]
    public void Nonsense_is_refused()
    {
        var noise = new DiscreteLaplace(1, MicroEpsilon.Parse("1"));
        foreach (var draws in (double[])[0, -1, double.NaN, double.PositiveInfinity])
        {
            Assert.Throws<ArgumentException>(() => new NoiseSum(noise, draws));
            Assert.Throws<ArgumentOutOfRangeException>(() => NoiseSum.Bound(noise.Scale, draws, 10));
        }

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
