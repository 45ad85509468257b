using SecureAggregation.Testing;

namespace SecureAggregation.Privacy.Tests;

/// <summary>How often rare values come: beyond the points with tails of 1e-4, 1e-5 and 1e-6, among hundreds of thousands to millions of draws.</summary>
public sealed class TailTests
{
    [Theory]
    [InlineData(10, 1, 1, 3_000_000)]
    [InlineData(1_000_000, 3, 1, 2_000_000)]
    [InlineData(10, 1, 4, 2_000_000)]
    [InlineData(1_000_000, 3, 34, 300_000)]
    public void Tails_have_their_mass(int numerator, int denominator, int parts, int count)
    {
        var scale = new NoiseScale((uint)numerator, (uint)denominator);
        INoise noise = parts == 1 ? new DiscreteLaplace(scale) : new NoiseShare(scale, parts);
        var sum = new NoiseSum([NoiseTerm.Of(1, noise, 1)]);
        var draws = new Int128[count];
        noise.Fill(draws, new SeededRandom(11));
        var sizes = Array.ConvertAll(draws, x => (double)Int128.Abs(x));
        foreach (var alpha in (double[])[1e-4, 1e-5, 1e-6])
        {
            var t = sum.HalfWidth(alpha);
            var seen = sizes.Count(x => x > t);
            var (least, most) = PoissonRange(sum.Tail(t) * count);
            Assert.True(seen >= least && seen <= most, $"{seen} of {count} draws are beyond {t}; it should be {least} to {most}");
        }
    }

    /// <summary>Where a Poisson variable of this mean lies but for 1e-6 on each side.</summary>
    private static (int Least, int Most) PoissonRange(double mean)
    {
        var (mass, below) = (Math.Exp(-mean), 0.0);
        int? least = null;
        for (var k = 0; ; mass *= mean / ++k)
        {
            below += mass;
            if (below > 1e-6) least ??= k;
            if (below > 1 - 1e-6) return (least!.Value, k);
        }
    }
}
