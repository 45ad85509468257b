namespace SecureAggregation.Protocol.Tests;

public sealed class RoundRulesTests
{
    [Theory]
    [InlineData(3, 0, 3, 2, 3, 2, 2)]
    [InlineData(3, 1, 3, 2, 3, 2, 2)]
    [InlineData(4, 1, 3, 2, 3, 2, 3)]
    [InlineData(5, 1, 3, 2, 4, 3, 4)]
    [InlineData(5, 1, 5, 2, 5, 4, 4)]
    [InlineData(6, 1, 3, 2, 4, 3, 5)]
    [InlineData(7, 2, 3, 2, 5, 4, 6)]
    [InlineData(10, 3, 3, 2, 7, 6, 9)]
    [InlineData(50, 16, 3, 2, 34, 33, 49)]
    [InlineData(128, 42, 3, 2, 86, 85, 127)]
    public void Rules_are_those_of_the_document(int advertised, int c, int survivors, int honest, int t, int shares, int degree)
    {
        Assert.Null(RoundRules.TryFor(advertised, c, survivors, honest, out var rules));
        Assert.Equal(new RoundRules(advertised, t, shares, degree), rules);
    }

    [Theory]
    [InlineData(2, 0, 3, 2, "2 parties advertised a key and at least 3 must survive")]
    [InlineData(0, 0, 3, 2, "0 parties advertised")]
    [InlineData(4, 4, 3, 2, "at least 5 must survive (c = 4")]
    [InlineData(3, 2, 3, 2, "3 survivors less 2 colluders leave fewer honest parties than the minimum of 2")]
    [InlineData(4, 1, 3, 3, "than the minimum of 3")]
    public void Rules_that_cannot_hold_say_why(int advertised, int c, int survivors, int honest, string says) =>
        Assert.Contains(says, RoundRules.TryFor(advertised, c, survivors, honest, out _), StringComparison.Ordinal);

    [Theory]
    [InlineData(128, 42, 100, 85, 127, 0)]
    [InlineData(129, 42, 100, 42, 56, 43)]
    [InlineData(132, 2, 100, 3, 18, 3)]
    [InlineData(500, 50, 100, 33, 62, 35)]
    [InlineData(1000, 50, 50, 25, 46, 26)]
    [InlineData(1000, 10, 300, 11, 56, 11)]
    [InlineData(1000, 333, 100, 107, 158, 111)]
    [InlineData(1000, 333, 300, 186, 350, 190)]
    [InlineData(1000, 600, 400, 800, 999, 0)]
    public void Rules_above_128_parties_are_those_of_the_sparse_graph_if_there_is_one(int advertised, int c, int permille, int shares, int degree, int floor)
    {
        var t = ((advertised + c) / 2) + 1;
        Assert.Null(RoundRules.TryFor(advertised, c, 3, 2, out var rules, permille));
        Assert.Equal(new RoundRules(advertised, t, shares, degree, floor), rules);
        Assert.Equal(floor == 0, rules.IsComplete);
        Assert.Null(RoundRules.TryFor(advertised, c, 3, 2, out var complete));
        Assert.Equal(new RoundRules(advertised, t, t - 1, advertised - 1), complete);
    }

    [Fact]
    public void Two_quorums_always_share_an_honest_party()
    {
        for (var n = 3; n <= 60; n++)
        {
            for (var c = 0; c < n; c++)
            {
                if (RoundRules.TryFor(n, c, 3, 2, out var rules) is not null) continue;

                // Two sets of t out of n overlap in at least 2t − n parties; more than c of them cannot all be corrupt.
                Assert.True((2 * rules.Threshold) - n > c, $"n = {n}, c = {c}");
                Assert.True(rules.ShareThreshold <= n - 1 && rules.ShareThreshold > c, $"n = {n}, c = {c}");
            }
        }
    }

    [Fact]
    public void Every_round_that_may_run_keeps_the_honest_floor()
    {
        for (var n = 3; n <= 24; n++)
        {
            for (var c = 0; c < n; c++)
            {
                for (var survivors = 3; survivors <= n; survivors++)
                {
                    if (RoundRules.TryFor(n, c, survivors, 2, out var rules) is null) Assert.True(rules.Threshold - c >= RoundRules.HonestFloor(c, survivors, 2));
                }
            }
        }
    }

    [Fact]
    public void Honest_floor_is_the_query_s_where_it_asks_for_more()
    {
        Assert.Equal(2, RoundRules.HonestFloor(3, 4, 2));
        Assert.Equal(4, RoundRules.HonestFloor(3, 7, 2));
        Assert.Equal(34, RoundRules.HonestFloor(33, 67, 2));
    }
}
