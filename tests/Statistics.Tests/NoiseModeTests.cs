using SecureAggregation.Privacy;
using SecureAggregation.Statistics.Internal;
using SecureAggregation.Testing;

namespace SecureAggregation.Statistics.Tests;

/// <summary>Who adds the noise: all of it each, a share each, or nobody.</summary>
public sealed class NoiseModeTests
{
    private static readonly DatasetSchema s_schema = new("d", "", RowRule.OneRowPerPerson,
    [
        new("age", ColumnType.Integer) { Low = 20, High = 90 },
        new("dose", ColumnType.Number) { Low = 0, High = 10 },
        new("sex", ColumnType.Category) { Categories = ["female", "male"] },
    ]);

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(11)]
    public void Shared_noise_needs_honest_parties(int honest) => Assert.Throws<AnalysisException>(() => Layout("measures: [count]", NoiseMode.Distributed, 10, honest));

    [Fact]
    public void Shares_are_of_the_scale_that_whole_noise_has()
    {
        var local = Layout("measures: [count, sd: age, histogram: sex]", NoiseMode.Local, 10, 4);
        var shared = Layout("measures: [count, sd: age, histogram: sex]", NoiseMode.Distributed, 10, 4);
        Assert.Equal(local.Cells.Select(c => (c.Cell.Name, c.Cell.Sensitivity, c.Cell.Noise.Scale)), shared.Cells.Select(c => (c.Cell.Name, c.Cell.Sensitivity, c.Cell.Noise.Scale)));
        Assert.All(local.Cells, c => Assert.IsType<DiscreteLaplace>(c.Cell.Noise));
        Assert.All(shared.Cells, c => Assert.Equal(4, Assert.IsType<NoiseShare>(c.Cell.Noise).Parts));
        Assert.Equal((10, 2.5, 0), (local.Draws(10), shared.Draws(10), Layout("measures: [count]", NoiseMode.None, 10, 4).Draws(10)));
        Assert.True(shared.Bits <= local.Bits);
    }

    // Ten parties, all answering: PRIVACY's figures for a count at ε = 1 are 4.29 for local noise and 2.15 for shares of h = 4.
    [Theory]
    [InlineData(NoiseMode.Local, 4.29)]
    [InlineData(NoiseMode.Distributed, 2.15)]
    [InlineData(NoiseMode.None, 0)]
    public void Noise_of_a_total_is_as_wide_as_stated(NoiseMode mode, double expected)
    {
        const int Rounds = 4000;
        var layout = Layout("measures: [count]", mode, 10, 4);
        var random = new SeededRandom(20);
        var squares = 0.0;
        for (var round = 0; round < Rounds; round++)
        {
            var total = Int128.Zero;
            for (var party = 0; party < 10; party++)
            {
                using var noise = VectorNoise.Draw(layout, random);
                using var encoder = new RowEncoder(layout);
                using var vector = encoder.Finish(noise);
                total += vector.Values[0];
            }

            squares += (double)(total * total);
        }

        // Four standard errors of a standard deviation with the kurtosis of these sums.
        Assert.InRange(Math.Sqrt(squares / Rounds), 0.94 * expected, 1.06 * expected);
    }

    [Theory]
    [InlineData(10, 4)]
    [InlineData(4, 4)]
    [InlineData(7, 3)]
    public void Intervals_of_shared_noise_cover(int parties, int honest)
    {
        const int Rounds = 2000;
        var layout = Layout("measures: [count]", NoiseMode.Distributed, parties, honest);
        var random = new SeededRandom(21);
        var released = Release.Decode(layout, [1000], parties).Single();
        var half = released.High!.Value - 1000;
        var covered = 0;
        for (var round = 0; round < Rounds; round++)
        {
            var total = Int128.Zero;
            for (var party = 0; party < parties; party++)
            {
                using var noise = VectorNoise.Draw(layout, random);
                using var encoder = new RowEncoder(layout);
                using var vector = encoder.Finish(noise);
                total += vector.Values[0];
            }

            if (Int128.Abs(total) <= (Int128)half) covered++;
        }

        // A half width is a whole number: the least that covers 95 % covers a little more.
        Assert.InRange(covered / (double)Rounds, 0.935, 0.985);
    }

    [Fact]
    public void Fewer_shares_than_honest_parties_are_less_than_one_draw()
    {
        var layout = Layout("measures: [count]", NoiseMode.Distributed, 10, 4);
        Assert.Equal(0.5, layout.Draws(2));
        Assert.NotEmpty(Release.Decode(layout, [50], 2));
    }

    [Fact]
    public void Without_noise_a_number_is_itself()
    {
        var layout = Layout("measures: [count, sum: age, mean: age, variance: age, sd: age]", NoiseMode.None, 3);
        var totals = Encode(layout, 50, 50);
        var released = Release.Decode(layout, totals, 3).ToDictionary(s => s.Name);
        Assert.All(released.Values, s => Assert.Equal((s.Value, s.Value, "exact", ""), (s.Low, s.High, s.Method, s.Withheld)));
        Assert.Equal(50, released["count"].Value);
        Assert.Equal(44.5, released["mean(age)"].Value!.Value, 1e-9);
        Assert.Equal(212.5, released["variance(age)"].Value!.Value, 1e-9);
    }

    [Fact]
    public void Without_noise_regressions_are_those_of_the_rows()
    {
        var layout = Layout("measures: [linear: { outcome: dose, predictors: [age] }, correlation: [age, dose], covariance: [age, dose]]", NoiseMode.None, 3);
        var totals = Encode(layout, 50, 50);
        var released = Release.Decode(layout, totals, 3);
        Assert.NotEmpty(released);
        Assert.All(released.Where(s => s.Value is not null), s => Assert.Equal((s.Value, s.Value, "exact"), (s.Low, s.High, s.Method)));
        Assert.Contains(released, s => s.Value is { } v && Math.Abs(v - 0.1) < 1e-6);
    }

    [Theory]
    [InlineData(10, 10, null, null)]
    [InlineData(11, 11, 11.0, 11.0)]
    [InlineData(50, 45, null, 45.0)]
    [InlineData(50, 39, 50.0, 39.0)]
    [InlineData(50, 5, 50.0, null)]
    public void Small_counts_and_small_differences_are_withheld(int rows, int present, double? count, double? counted)
    {
        var layout = Layout("measures: [count, count: age]", NoiseMode.None, 3);
        var released = Release.Decode(layout, Encode(layout, rows, present), 3, new ReleaseOptions(MinimumCohort: 0)).ToDictionary(s => s.Name);
        Assert.Equal(count, released["count"].Value);
        Assert.Equal(counted, released["count(age)"].Value);
        Assert.All(released.Values, s => Assert.Equal(s.Value is null, s.Withheld.StartsWith("fewer than 11", StringComparison.Ordinal)));
    }

    private static VectorLayout Layout(string text, NoiseMode mode, int parties, int honest = 0)
    {
        var query = AnalysisQuery.Parse("dataset: d\nepsilon: 1\n" + text);
        return VectorLayout.Create(query.Resolve(s_schema), query.Epsilon, mode, parties, honest);
    }

    /// <summary>Ages from 20 on, doses a tenth of them.</summary>
    private static Int128[] Encode(VectorLayout layout, int rows, int present)
    {
        using var encoder = new RowEncoder(layout);
        for (var i = 0; i < rows; i++)
        {
            double[] row = [i < present ? 20 + i : double.NaN, (20 + i) / 10.0];
            encoder.Add(new Row([.. layout.Analysis.Columns.Select(c => c.Name == "age" ? row[0] : row[1])]));
        }

        return encoder.Totals().ToArray();
    }
}
