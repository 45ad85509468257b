using FsCheck.Fluent;
using SecureAggregation.Testing;

namespace SecureAggregation.Privacy.Tests;

public sealed class EpsilonSharesTests
{
    [Fact]
    public void Known_parts()
    {
        Assert.Equal([1000], Parts((1, 0.001m, 7)));
        Assert.Equal([334, 333, 333], Parts((1, 1m, 1), (1, 1m, 1), (1, 1m, 1)));
        // A mean half-way to the bound: (1/4)^⅓ to 1.
        Assert.Equal([386, 614], Parts((1, 0.5m, 1), (1, 1m, 1)));
        // c·K = 8 counts four times, k = 8 twice.
        Assert.Equal([143, 571, 286], Parts((1, 1m, 1), (1, 4m, 2), (8, 1m, 1)));
        // Too small a part becomes a thousandth.
        Assert.Equal([1, 999], Parts((1, 0.0000000000000000000000000001m, 1), (1 << 20, decimal.MaxValue, 1 << 30)));
    }

    [Fact]
    public void Parts_are_positive_add_up_follow_the_rule_and_do_not_depend_on_the_unit() => Property.Holds(
        from count in Gen.Choose(1, 12)
        from cells in Gen.Choose(1, 5_000).ArrayOf(count)
        from coefficients in Gen.Choose(1, 2_000_000).ArrayOf(count)
        from together in Gen.Choose(1, 300).ArrayOf(count)
        select (cells, coefficients, together),
        c =>
        {
            var loads = c.cells.Select((k, i) => new SegmentLoad(k, c.coefficients[i] / 1000m, c.together[i])).ToArray();
            var parts = EpsilonShares.Thousandths(loads);
            var weights = loads.Select(l => Math.Cbrt(l.Cells * Math.Pow((double)l.Coefficient * l.Together, 2))).ToArray();
            var exact = weights.Select(w => 1000 * w / weights.Sum()).ToArray();
            // Small ones are lifted to 1, which takes from the others.
            var lifted = exact.Count(e => e < 1);
            return parts.Sum() == EpsilonShares.Whole
                && parts.Select((p, i) => p >= 1 && p < exact[i] + 1.000001 && p > exact[i] - 1 - lifted).All(good => good)
                && parts.SequenceEqual(EpsilonShares.Thousandths([.. loads.Select(l => l with { Coefficient = l.Coefficient * 250 })]));
        });

    [Fact]
    public void Parts_are_near_the_least_variance() => Property.Holds(
        from coefficients in Gen.Choose(100, 2_000).ArrayOf(4)
        select coefficients,
        c =>
        {
            var loads = c.Select((x, i) => new SegmentLoad(1 + (i * 3), x / 100m, 1 + i)).ToArray();
            var parts = EpsilonShares.Thousandths(loads).ToArray();
            var best = Variance(loads, parts);
            for (var from = 0; from < parts.Length; from++)
            {
                for (var to = 0; to < parts.Length; to++)
                {
                    if (from == to || parts[from] < 12) continue;
                    var other = parts.ToArray();
                    other[from] -= 10;
                    other[to] += 10;
                    if (Variance(loads, other) < best) return false;
                }
            }

            return true;
        });

    [Fact]
    public void Nonsense_is_refused()
    {
        Assert.Throws<ArgumentException>(() => Parts());
        Assert.Throws<ArgumentException>(() => EpsilonShares.Thousandths(new SegmentLoad[1001]));
        Assert.Throws<ArgumentException>(() => Parts((0, 1m, 1)));
        Assert.Throws<ArgumentException>(() => Parts((1, 1m, 0)));
        Assert.Contains("must be above 0", Assert.Throws<ArgumentException>(() => Parts((1, 0m, 1))).Message, StringComparison.Ordinal);
        Assert.All(EpsilonShares.Thousandths(Enumerable.Repeat(new SegmentLoad(1, 1, 1), 1000).ToArray()), p => Assert.Equal(1, p));
    }

    private static IReadOnlyList<int> Parts(params (long Cells, decimal Coefficient, long Together)[] loads) =>
        EpsilonShares.Thousandths([.. loads.Select(l => new SegmentLoad(l.Cells, l.Coefficient, l.Together))]);

    private static double Variance(SegmentLoad[] loads, int[] parts) =>
        loads.Select((l, i) => l.Cells * Math.Pow((double)l.Coefficient * l.Together / parts[i], 2)).Sum();
}
