using SecureAggregation.Testing;

namespace SecureAggregation.Privacy.Tests;

/// <summary>
/// What an observer could learn, measured: how much likelier each outcome is with one person more. A release of two cells of which that
/// person moves the first by 1 and the second by 3, with a third and two thirds of ε, goes through scales and samplers. No outcome's log
/// ratio may exceed ε by more than five standard errors (up to some hundred outcomes, each wrong less than once in a million).
/// </summary>
public sealed class EmpiricalEpsilonTests
{
    private const int Draws = 120_000;

    private static readonly int[] s_person = [1, 3];

    [Theory]
    [InlineData("0.5")]
    [InlineData("1")]
    [InlineData("2")]
    public void Neighbouring_data_sets_look_alike_under_local_noise(string epsilon) =>
        Assert.True(Excess(Noise(epsilon, 1), 1, epsilon) <= 0);

    // The least that must be there: as many honest shares as the noise was split into; and more.
    [Theory]
    [InlineData("0.5", 4, 4)]
    [InlineData("1", 4, 4)]
    [InlineData("1", 4, 7)]
    [InlineData("2", 3, 3)]
    public void Neighbouring_data_sets_look_alike_under_distributed_noise(string epsilon, int parts, int honest) =>
        Assert.True(Excess(Noise(epsilon, parts), honest, epsilon) <= 0);

    [Theory]
    [InlineData("0.5", 1)]
    [InlineData("1", 1)]
    [InlineData("2", 1)]
    [InlineData("1", 4)]
    public void Halved_scale_is_noticed(string epsilon, int parts)
    {
        var halved = Noise(epsilon, parts).Select(n => Make(new NoiseScale(n.Scale.Numerator, 2 * n.Scale.Denominator), parts)).ToArray();
        Assert.True(Excess(halved, parts, epsilon) > 0);
    }

    // Half of the shares do not hide a person: a total with too few must not be openable.
    [Fact]
    public void Missing_shares_are_noticed() => Assert.True(Excess(Noise("1", 4), 2, "1") > 0);

    // Each cell alone with the whole ε would be right; both together are not.
    [Fact]
    public void Epsilon_spent_on_both_cells_is_noticed()
    {
        var epsilon = MicroEpsilon.Parse("1");
        INoise[] twice = [.. s_person.Select(p => new DiscreteLaplace(p, epsilon))];
        Assert.True(Excess(twice, 1, "1") > 0);
    }

    private static INoise[] Noise(string epsilon, int parts) =>
        [.. s_person.Select((p, i) => Make(NoiseScale.For(p, MicroEpsilon.Parse(epsilon), (uint)i + 1, 3), parts))];

    private static INoise Make(NoiseScale scale, int parts) => parts == 1 ? new DiscreteLaplace(scale) : new NoiseShare(scale, parts);

    /// <summary>The greatest excess of a log ratio over ε and five standard errors, over all outcomes seen at least 100 times on both
    /// sides.</summary>
    private static double Excess(INoise[] noise, int parties, string epsilon)
    {
        var without = Histogram(noise, parties, [0, 0], 1);
        var with = Histogram(noise, parties, s_person, 2);
        var limit = MicroEpsilon.Parse(epsilon).ToDouble();
        return without.Where(o => o.Value >= 100 && with.GetValueOrDefault(o.Key) >= 100)
            .Max(o => Math.Abs(Math.Log((double)with[o.Key] / o.Value)) - limit - (5 * Math.Sqrt((1.0 / with[o.Key]) + (1.0 / o.Value))));
    }

    private static Dictionary<(Int128 First, Int128 Second), int> Histogram(INoise[] noise, int parties, int[] truth, ulong seed)
    {
        var random = new SeededRandom(seed);
        var totals = noise.Select((n, cell) =>
        {
            var total = new Int128[Draws];
            var draws = new Int128[Draws];
            Array.Fill(total, truth[cell]);
            for (var party = 0; party < parties; party++)
            {
                n.Fill(draws, random);
                for (var i = 0; i < Draws; i++) total[i] += draws[i];
            }

            return total;
        }).ToArray();
        return totals[0].Zip(totals[1]).CountBy(x => x).ToDictionary();
    }
}
