using SecureAggregation.Privacy;
using SecureAggregation.Statistics.Internal;
using SecureAggregation.Testing;
using Xunit.Abstractions;

namespace SecureAggregation.Statistics.Tests;

public sealed class QuantileTests(ITestOutputHelper output)
{
    private static readonly double[] s_at = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99];

    // A bin a value: type 1 of Hyndman and Fan, from a flat list of bins (age) and from one with stretches (the others).
    [Theory]
    [InlineData("age", 20, 90)]
    [InlineData("trestbps", 80, 220)]
    [InlineData("thalach", 60, 220)]
    [InlineData("chol", 80, 620)]
    public void Values_without_noise_are_those_of_the_pooled_rows(string column, int low, int high)
    {
        var edges = Enumerable.Range(low, high - low + 2).Select(x => (double)x).ToArray();
        Federated.ForAnySplit(Federated.Query("heart", new QuantileMeasure(column, edges, s_at)), Federated.Heart, output, released =>
        {
            var expected = Federated.Reference("heart").GetProperty("quantiles").GetProperty(column).GetProperty("values").EnumerateArray().Select(v => v.GetDouble()).ToArray();
            Assert.Equal(expected, s_at.Select(q => released[FormattableString.Invariant($"quantiles({column})[q{q}]")].Value!.Value));
            Federated.Close(expected[4] - expected[2], released[$"quantiles({column}) iqr"].Value);
            foreach (var q in s_at) output.WriteLine(Show(released[FormattableString.Invariant($"quantiles({column})[q{q}]")]));
        });
    }

    [Theory]
    [InlineData("age")]
    [InlineData("chol")]
    public void Values_of_wide_bins_are_spread_evenly(string column)
    {
        var reference = Federated.Reference("heart").GetProperty("quantiles_of_bins").GetProperty(column);
        var edges = reference.GetProperty("totals").GetProperty("edges").EnumerateArray().Select(v => v.GetDouble()).ToArray();
        Federated.ForAnySplit(Federated.Query("heart", new QuantileMeasure(column, edges, s_at)), Federated.Heart, output, released =>
        {
            var expected = reference.GetProperty("values").EnumerateArray().Select(v => v.GetDouble()).ToArray();
            for (var i = 0; i < s_at.Length; i++)
            {
                var statistic = released[FormattableString.Invariant($"quantiles({column})[q{s_at[i]}]")];
                Federated.Close(expected[i], statistic.Value);
                Assert.Contains(statistic.Low!.Value, edges);
                Assert.Contains(statistic.High!.Value, edges);
            }
        });
    }

    [Theory]
    [InlineData(70, 0, 0, 70)]
    [InlineData(100, 1, 1, 102)]
    [InlineData(101, 1, 1, 21)]
    [InlineData(1000, 1, 1, 64)]
    [InlineData(560, 0, 1, 48)]
    public void Every_rank_is_a_sum_of_few_cells_that_hold_each_row_once(int bins, int below, int above, int most)
    {
        var column = new SchemaColumn("x", ColumnType.Integer) { Low = -below, High = bins + above };
        var layout = Layout(column, Enumerable.Range(0, bins + 1).Select(i => (double)i), "1");
        var block = (Internal.Blocks.QuantileBlock)layout.Blocks[0];
        Assert.Equal(bins + below + above, block.Count);
        Assert.Equal(1000, block.Segments.Sum(s => s.Share));
        Assert.Single(block.Cells.Select(c => c.Noise.Scale).Distinct());
        var held = new List<int>[block.Cells.Count];
        for (var bin = 0; bin < block.Count; bin++)
        {
            var cells = new Int128[block.Cells.Count];
            block.Add(cells, [bin]);
            for (var i = 0; i < cells.Length; i++)
            {
                held[i] ??= [];
                if (cells[i] == 1) held[i].Add(bin);
            }
        }

        for (var rank = 0; rank <= block.Count; rank++)
        {
            Assert.Equal(Enumerable.Range(0, rank), block.Before(rank).SelectMany(i => held[i]).Order());
            Assert.Equal(Enumerable.Range(rank, block.Count - rank), block.Beyond(rank).SelectMany(i => held[i]).Order());
            Assert.InRange(block.Before(rank).Count() + block.Beyond(rank).Count(), 1, most);
        }
    }

    [Fact]
    public void Values_beyond_the_edges_have_cells_of_their_own_where_there_can_be_any()
    {
        Assert.Equal(["[below 0]", "[0,10)", "[10,20]", "[above 20]"], Names(new SchemaColumn("x", ColumnType.Number)));
        Assert.Equal(["[0,10)", "[10,20]"], Names(new SchemaColumn("x", ColumnType.Number) { Low = 0, High = 20 }));
        var wide = new SchemaColumn("x", ColumnType.Number) { Low = -5, High = 30 };
        Assert.Equal(4, Names(wide).Length);
        var layout = Layout(wide, [0, 10, 20], "1");
        using var encoder = new RowEncoder(layout);
        foreach (var x in (double[])[-1e9, -1, 0, 9.9, 10, 20, 20.5, double.PositiveInfinity, double.NaN]) encoder.Add(new Row([x]));
        Assert.Equal([2, 2, 2, 2], encoder.Totals().ToArray());

        static string[] Names(SchemaColumn column) => [.. Layout(column, [0, 10, 20], "1").Blocks[0].Cells.Select(c => c.Name)];
    }

    [Fact]
    public void A_quantile_that_may_be_where_there_is_no_edge_is_not_shown()
    {
        var layout = Layout(new SchemaColumn("x", ColumnType.Number), [0, 10, 20], "1", [0.01, 0.5, 0.99]);
        var released = Release.Decode(layout, [0, 500, 500, 20], 1);
        Assert.Equal(["", "", "", "not determined: it may lie beyond the edges, where the column has no bound"], released.Select(s => s.Withheld).Order());
        Assert.All(Release.Decode(layout, [2, 3, 2, 1], 1), s => Assert.Equal("fewer than 10 rows", s.Withheld));
    }

    // The inverse of the distribution function without noise is in the interval as often as stated, and values never fall from one quantile to the next.
    [Theory]
    [InlineData("1", 900, 70, 200)]
    [InlineData("0.1", 900, 70, 200)]
    [InlineData("0.1", 60, 70, 200)]
    [InlineData("1", 900, 560, 100)]
    public void Intervals_cover_the_truth(string epsilon, int people, int range, int times)
    {
        var column = new SchemaColumn("x", ColumnType.Integer) { Low = 0, High = range };
        var layout = Layout(column, Enumerable.Range(0, range + 2).Select(x => (double)x), epsilon, s_at);
        var random = new SeededRandom(5);
        using var encoder = new RowEncoder(layout);
        for (var i = 0; i < people; i++) encoder.Add(new Row([random.Next(range / 3) + random.Next(range / 3) + random.Next(range / 3)]));
        var exact = encoder.Totals().ToArray();
        var coverage = Coverage.Of(layout, exact, 4, times, output);
        Assert.All(coverage, c => Assert.InRange(c.Share, 0.93, 1));
        var random2 = new SeededRandom(6);
        for (var i = 0; i < 20; i++)
        {
            var quantiles = Release.Decode(layout, Coverage.Noised(layout, exact, 4, random2), 4, new ReleaseOptions(MinimumCohort: 0)).Where(s => s.Bin.Length > 0 && s.Value is not null).ToArray();
            foreach (var (a, b) in quantiles.Zip(quantiles.Skip(1)))
            {
                Assert.True(a.Value <= b.Value && a.Low <= b.Low && a.High <= b.High, $"{Show(a)} then {Show(b)}");
                Assert.InRange(a.Value!.Value, a.Low!.Value, a.High!.Value);
            }
        }
    }

    private static VectorLayout Layout(SchemaColumn column, IEnumerable<double> edges, string epsilon, double[]? at = null) => VectorLayout.Create(
        new Analysis([column], [new QuantileMeasure("x", [.. edges], at ?? [0.5])], null, [], RowRule.OneRowPerPerson),
        MicroEpsilon.Parse(epsilon),
        NoiseMode.Local,
        4);

    private static string Show(ReleasedStatistic s) => FormattableString.Invariant($"{s.Name} {s.Value} [{s.Low}, {s.High}] {s.Withheld}");
}
