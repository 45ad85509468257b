using SecureAggregation.Testing;

namespace SecureAggregation.Privacy.Tests;

/// <summary>The noise of a count at ε = 1 in the total of a round, over 10,000 rounds.</summary>
public sealed class NoiseTotalTests
{
    private const int Rounds = 10_000;

    // h = t − c parts: of t = 7 and 67 that must answer, c = 3 and 33 may collude; and nobody colludes, of t = 6 and 51.
    [Theory]
    [InlineData(1, 1, 1.36)]
    [InlineData(10, 1, 4.29)]
    [InlineData(100, 1, 13.57)]
    [InlineData(10, 7 - 3, 2.15)]
    [InlineData(100, 67 - 33, 2.33)]
    [InlineData(10, 6, 1.75)]
    [InlineData(100, 51, 1.90)]
    public void Standard_deviation_is_the_stated_one_within_three_percent(int parties, int parts, double stated)
    {
        var scale = NoiseScale.For(1, MicroEpsilon.Parse("1"));
        INoise noise = parts == 1 ? new DiscreteLaplace(scale) : new NoiseShare(scale, parts);
        var exact = new NoiseSum([NoiseTerm.Of(1, noise, parties)]).StandardDeviation;
        Assert.Equal(stated, exact, 0.005);

        var random = new SeededRandom(31);
        var draws = new Int128[parties];
        var square = 0.0;
        for (var round = 0; round < Rounds; round++)
        {
            noise.Fill(draws, random);
            var total = 0.0;
            foreach (var draw in draws) total += (double)draw;
            square += total * total;
        }

        Assert.InRange(Math.Sqrt(square / Rounds) / stated, 0.97, 1.03);
    }
}
