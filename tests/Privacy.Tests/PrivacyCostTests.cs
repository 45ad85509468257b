using FsCheck.Fluent;
using SecureAggregation.Testing;

namespace SecureAggregation.Privacy.Tests;

public sealed class PrivacyCostTests
{
    // Another implementation's values at δ = 1e-6.
    [Theory]
    [InlineData(100, "0.1", 10_000_000, 5.222)]
    [InlineData(50, "0.1", 5_000_000, 3.542)]
    [InlineData(20, "0.5", 10_000_000, 13.37)]
    public void Known_sum_and_conversion(int releases, string epsilon, long plain, double converted)
    {
        var cost = Enumerable.Repeat(PrivacyCost.OfMicro(MicroEpsilon.Parse(epsilon).Micro), releases).Aggregate(default(PrivacyCost), (a, b) => a + b);
        Assert.Equal(plain, cost.Micro);
        Assert.Equal(converted, cost.EpsilonAt(1e-6), converted > 10 ? 0.005 : 0.0005);
    }

    [Fact]
    public void Conversion_is_the_least_over_a_grid_of_orders() => Property.Holds(
        from micro in Gen.Choose(1, (int)MicroEpsilon.MaxMicro)
        from releases in Gen.Choose(1, 200)
        from power in Gen.Choose(1, 15)
        select (micro, releases, power),
        c =>
        {
            var rho = c.releases * Math.Pow(c.micro * 1e-6, 2) / 2;
            var cost = Enumerable.Repeat(PrivacyCost.OfMicro(c.micro), c.releases).Aggregate((a, b) => a + b);
            var (delta, least) = (Math.Pow(10, -c.power), double.PositiveInfinity);
            for (var x = -25.0; x < 45; x += 0.001)
            {
                var alpha = 1 + Math.Exp(x);
                least = Math.Min(least, (alpha * rho) + Math.Log(Math.Exp(x) / alpha) + ((Math.Log(1 / delta) - Math.Log(alpha)) / Math.Exp(x)));
            }

            var found = cost.EpsilonAt(delta);
            return found <= Math.Max(0, least) * (1 + 1e-9) + 1e-12 && found >= Math.Max(0, least) * (1 - 1e-5);
        },
        cases: 20);

    [Fact]
    public void Rho_of_a_release_is_half_of_the_square_of_what_was_charged()
    {
        // ε = 0.3 of a person in the data of three parties.
        var thrice = PrivacyCost.OfMicro(900_000);
        Assert.Equal(900_000, thrice.Micro);
        Assert.Equal(0.9 * 0.9 / 2, thrice.Rho, 15);
        // Beyond what one query may spend, a sum may go.
        Assert.Equal(1_000_000_000, PrivacyCost.OfMicro(10 * MicroEpsilon.MaxMicro).Micro);
    }

    [Fact]
    public void Nothing_released_costs_nothing()
    {
        Assert.Equal(0, default(PrivacyCost).EpsilonAt(1e-6));
        Assert.Equal(default, PrivacyCost.OfMicro(0));
    }

    [Fact]
    public void Nonsense_is_refused()
    {
        var cost = PrivacyCost.OfMicro(1);
        foreach (var delta in (double[])[0, 1, -1, double.NaN]) Assert.Throws<ArgumentOutOfRangeException>(() => cost.EpsilonAt(delta));
        Assert.Throws<ArgumentOutOfRangeException>(() => PrivacyCost.OfMicro(-1));
    }
}
