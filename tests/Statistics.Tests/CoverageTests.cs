using SecureAggregation.Privacy;
using SecureAggregation.Testing;
using Xunit.Abstractions;

namespace SecureAggregation.Statistics.Tests;

/// <summary>
/// Intervals must cover the value without noise at least as often as they say. 1,000 repetitions: at a true coverage of 95 % fewer than
/// 940 hits happen by chance in 6 of 100 runs, so seeds are fixed; every method is exact or on the safe side.
/// </summary>
public sealed class CoverageTests(ITestOutputHelper output)
{
    private const int Repetitions = 1_000;

    [Theory]
    [InlineData("2", 900)]
    [InlineData("0.5", 60)]
    public void Intervals_of_moments_cover_the_truth(string epsilon, int people)
    {
        var schema = new DatasetSchema("d", "", RowRule.OneRowPerPerson, [new SchemaColumn("age", ColumnType.Integer) { Low = 20, High = 90 }]);
        var query = AnalysisQuery.Parse($"""
            dataset: d
            epsilon: {epsilon}
            measures: [count, sum: age, mean: age, variance: age, sd: age]
            """);
        const int Parties = 5;
        var layout = VectorLayout.Create(query.Resolve(schema), query.Epsilon, query.Noise, Parties);
        var random = new SeededRandom(4);
        using var encoder = new RowEncoder(layout);
        var ages = Enumerable.Range(0, people).Select(_ => 25.0 + random.Next(20) + random.Next(20) + random.Next(20)).ToArray();
        foreach (var age in ages) encoder.Add(new Row([age]));
        var exact = encoder.Totals().ToArray();
        var truth = Release.Decode(layout, exact, Parties, new ReleaseOptions(MinimumCohort: 0)).ToDictionary(s => s.Name, s => s.Value!.Value);
        Assert.Equal(ages.Average(), truth["mean(age)"], 1e-9);
        Assert.Equal(ages.Sum(a => Math.Pow(a - ages.Average(), 2)) / (people - 1), truth["variance(age)"], 1e-9);

        var hits = truth.ToDictionary(t => t.Key, _ => 0);
        var widths = truth.ToDictionary(t => t.Key, _ => 0.0);
        for (var i = 0; i < Repetitions; i++)
        {
            var noised = Coverage.Noised(layout, exact, Parties, random);
            foreach (var s in Release.Decode(layout, noised, Parties, new ReleaseOptions(MinimumCohort: 0)))
            {
                widths[s.Name] += (s.High!.Value - s.Low!.Value) / Repetitions;
                if (s.Low <= truth[s.Name] + 1e-9 && truth[s.Name] <= s.High + 1e-9) hits[s.Name]++;
            }
        }

        foreach (var (name, count) in hits)
        {
            output.WriteLine($"{name}: truth {truth[name]:F3}, covered {count} of {Repetitions}, mean width {widths[name]:F3}");
            Assert.InRange(count, 940, Repetitions);
        }
    }

    // The greatest sample variance that bounds allow, S²·n/(n − 1), falls with n: cut off at that of the noised n, it was missed half the time.
    [Fact]
    public void Variance_of_a_balanced_column_is_covered()
    {
        var schema = new DatasetSchema("d", "", RowRule.OneRowPerPerson, [new SchemaColumn("ill", ColumnType.Integer) { Low = 0, High = 1 }]);
        var query = AnalysisQuery.Parse("dataset: d\nepsilon: 1\nmeasures: [sd: ill]");
        const int Parties = 3;
        const int People = 100;
        var layout = VectorLayout.Create(query.Resolve(schema), query.Epsilon, query.Noise, Parties);
        using var encoder = new RowEncoder(layout);
        for (var i = 0; i < People; i++) encoder.Add(new Row([i % 2]));
        var exact = encoder.Totals().ToArray();
        var truth = Math.Sqrt(0.25 * People / (People - 1));
        var random = new SeededRandom(8);
        var hits = 0;
        const int Times = 40;
        for (var i = 0; i < Times; i++)
        {
            var sd = Release.Decode(layout, Coverage.Noised(layout, exact, Parties, random), Parties).Single(s => s.Kind == MeasureKind.Sd);
            if (sd.Low <= truth && truth <= sd.High) hits++;
        }

        Assert.InRange(hits, 35, Times);
    }

    // With so many rows the test is linear in the candidate: the interval is the noise's half width over n, be it a billionth of the range.
    [Theory]
    [InlineData(1e5)]
    [InlineData(3e7)]
    [InlineData(1e9)]
    public void Intervals_are_as_wide_as_the_noise_however_many_rows(double rows)
    {
        var schema = new DatasetSchema("d", "", RowRule.OneRowPerPerson, [new SchemaColumn("age", ColumnType.Integer) { Low = 20, High = 90 }]);
        var query = AnalysisQuery.Parse("dataset: d\nepsilon: 1\nmeasures: [mean: age, variance: age]");
        const int Parties = 5;
        var layout = VectorLayout.Create(query.Resolve(schema), query.Epsilon, query.Noise, Parties);
        // In steps of a half year: mean 26 from the middle, mean square 1,470.
        var (mean, variance) = (26.0, 1470.0 - (26 * 26));
        var statistics = Release.Decode(layout, [(Int128)rows, (Int128)(mean * rows), (Int128)(((2 * 1470) - 4900) * rows)], Parties);
        var cells = layout.Blocks[0].Cells;
        Check(statistics[1], 0.5, HalfWidth(0.05, mean, 1, 0));
        // A tenth of alpha is the mean's. The squares travel centred, 2z² − 4900: half of that and of n's 4900 are Σz².
        Check(statistics[2], 0.25, HalfWidth(0.045, (4900 / 2) + (mean * mean) - variance, 2 * mean, 0.5));

        double HalfWidth(double alpha, params double[] factors) =>
            new NoiseSum([.. factors.Select((f, i) => new NoiseTerm(f, cells[i].Noise.Whole, Parties))]).HalfWidth(alpha);

        void Check(ReleasedStatistic s, double unit, double half)
        {
            Assert.Equal(1, (s.Value!.Value - s.Low!.Value) * rows / (unit * half), 0.02);
            Assert.Equal(1, (s.High!.Value - s.Value!.Value) * rows / (unit * half), 0.02);
        }
    }

    // All 1,000 rows at the upper bound, and noise that says more: the mean is the bound, but not known to the last digit.
    [Fact]
    public void What_noise_puts_beyond_the_bounds_keeps_an_interval()
    {
        var schema = new DatasetSchema("d", "", RowRule.OneRowPerPerson, [new SchemaColumn("ill", ColumnType.Integer) { Low = 0, High = 1 }]);
        var query = AnalysisQuery.Parse("dataset: d\nepsilon: 1\nmeasures: [mean: ill, variance: ill]");
        const int Parties = 10;
        var layout = VectorLayout.Create(query.Resolve(schema), query.Epsilon, query.Noise, Parties);
        var statistics = Release.Decode(layout, [1000, 1100, 900], Parties);
        Assert.Equal((1, 1), (statistics[1].Value, statistics[1].High));
        Assert.InRange(statistics[1].Low!.Value, 0.9, 0.99);
        Assert.Equal((0, 0), (statistics[2].Value, statistics[2].Low));
        Assert.InRange(statistics[2].High!.Value, 0.001, 0.1);
    }
}
