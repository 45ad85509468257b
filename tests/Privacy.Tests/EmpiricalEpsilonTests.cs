using SecureAggregation.Testing;

namespace SecureAggregation.Privacy.Tests;

/// <summary>
/// What an observer could learn, measured: how much likelier each output is with one person more. No outcome's log ratio may exceed ε by
/// more than five
/// standard errors (about 60 outcomes, each wrong less than once in a million).
/// </summary>
public sealed class EmpiricalEpsilonTests
{
    private const int Draws = 120_000;

    [Theory]
    [InlineData("0.5", 1)]
    [InlineData("1", 1)]
    [InlineData("1", 7)]
    public void Neighbouring_counts_look_alike(string epsilon, int sensitivity)
    {
        var noise = new DiscreteLaplace(sensitivity, MicroEpsilon.Parse(epsilon));
        Assert.True(Excess(noise, sensitivity, MicroEpsilon.Parse(epsilon).ToDouble()) <= 0);
    }

    [Theory]
    [InlineData("0.5", 1)]
    [InlineData("1", 1)]
    [InlineData("1", 7)]
    public void Halved_scale_is_noticed(string epsilon, int sensitivity)
    {
        var claimed = MicroEpsilon.Parse(epsilon);
        var noise = new DiscreteLaplace(sensitivity, claimed + claimed);
        Assert.True(Excess(noise, sensitivity, claimed.ToDouble()) > 0);
    }

    /// <summary>The greatest excess of a log ratio over ε and five standard errors, over all outcomes seen at least 200 times on both
    /// sides.</summary>
    private static double Excess(DiscreteLaplace noise, int sensitivity, double epsilon)
    {
        var without = Histogram(noise, 0, 1);
        var with = Histogram(noise, sensitivity, 2);
        return without.Where(o => o.Value >= 200 && with.GetValueOrDefault(o.Key) >= 200)
            .Max(o => Math.Abs(Math.Log((double)with[o.Key] / o.Value)) - epsilon - (5 * Math.Sqrt((1.0 / with[o.Key]) + (1.0 / o.Value))));
    }

    private static Dictionary<Int128, int> Histogram(DiscreteLaplace noise, int truth, ulong seed)
    {
        var draws = new Int128[Draws];
        noise.Fill(draws, new SeededRandom(seed));
        return draws.GroupBy(x => x + truth).ToDictionary(g => g.Key, g => g.Count());
    }
}
