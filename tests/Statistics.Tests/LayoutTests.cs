using System.Numerics;
using FsCheck.Fluent;
using SecureAggregation.Privacy;
using SecureAggregation.Statistics.Internal;
using SecureAggregation.Testing;

namespace SecureAggregation.Statistics.Tests;

public sealed class LayoutTests
{
    private static readonly SchemaColumn[] s_columns =
    [
        new("age", ColumnType.Integer) { Low = 20, High = 90 },
        new("dose", ColumnType.Number) { Low = -0.5, High = 12.25 },
        new("sex", ColumnType.Category) { Categories = ["female", "male", "other"] },
    ];

    private const string Everything = """
        dataset: d
        epsilon: 0.7
        measures:
          - count
          - mean: age
          - sd: age
            weight: 3
          - sum: dose
          - count: dose
          - histogram: age
            edges: [20, 35, 50, 90]
          - histogram: sex
          - variance: dose
        group_by: { sex: [female, male] }
        where: { column: age, lt: 80 }
        """;

    [Fact]
    public void Measures_of_one_column_share_a_block_and_every_block_its_part_of_epsilon()
    {
        var layout = Layout(Everything);
        Assert.Equal([1, 3, 3, 4, 3], layout.Blocks.Select(b => b.Cells.Count));
        Assert.Equal([1, 3, 1, 1, 1], layout.Blocks.Select(b => b.Weight));
        Assert.Equal(14 * 2, layout.Length);
        Assert.Equal(Enumerable.Range(0, layout.Length), layout.Cells.Select(c => c.Index));

        // One person's row changes so many cells of each segment together: the sum of sensitivity/scale over those is ε.
        var spent = layout.Blocks.SelectMany(b => b.Segments).Sum(s => s.Together * s.Cells.Max(c => c.Sensitivity / c.Noise.Scale.ToDouble()));
        Assert.Equal(0.7, spent, 1e-12);
        // Whole numbers of age are exact: 70 steps, squares up to 4900.
        Assert.Equal([1, 70, 4900], layout.Blocks[1].Cells.Select(c => c.MaxAbs));
        Assert.Equal([1, 1 << 30, 1 << 30], layout.Blocks[2].Cells.Select(c => c.MaxAbs));
    }

    [Fact]
    public void Same_bytes_give_the_same_layout()
    {
        var layout = Layout(Everything);
        var other = VectorLayout.Create(Analysis.Decode(layout.Analysis.Encode()), layout.Epsilon, layout.Noise, layout.InvitedParties);
        Assert.Equal(layout.Bits, other.Bits);
        Assert.Equal(layout.Cells.Select(c => (c.Index, c.Cell.Name, c.Cell.MaxAbs, c.Cell.Noise.Scale)), other.Cells.Select(c => (c.Index, c.Cell.Name, c.Cell.MaxAbs, c.Cell.Noise.Scale)));
    }

    [Theory]
    [InlineData("measures: [count]\nrows_per_party: 1", 1, 9)]
    [InlineData("measures: [count]", 5, 27)]
    [InlineData("measures: [count]", 1000, 35)]
    [InlineData("measures: [variance: age]", 10, 40)]
    [InlineData("measures: [variance: dose]", 100, 61)]
    public void Bits_are_enough_for_any_total_and_no_more(string text, int parties, int bits)
    {
        var layout = Layout("dataset: d\nepsilon: 1\n" + text, parties);
        Assert.Equal(bits, layout.Bits);
        var most = layout.Cells.Max(c => ((BigInteger)parties * layout.Analysis.RowsPerParty * c.Cell.MaxAbs) + NoiseSum.Bound(c.Cell.Noise.Scale, parties, 101));
        Assert.True(BigInteger.One << (layout.Bits - 1) > most);
        Assert.True(layout.Bits == 8 || BigInteger.One << (layout.Bits - 2) <= most);
    }

    [Fact]
    public void What_cannot_be_laid_out_is_refused()
    {
        Assert.Contains("at least one must be", Refused("measures: [count]\nnoise: distributed"), StringComparison.Ordinal);
        Assert.Contains("takes no group_by", Refused("measures: [count]\nnoise: none\ngroup_by: { sex: }"), StringComparison.Ordinal);
        Assert.Contains("histogram(sex) would show small cells", Refused("measures: [count, histogram: sex]\nnoise: none"), StringComparison.Ordinal);
        Assert.Contains("linear(age ~ sex) would show tables", Refused("measures: [linear: { outcome: age, predictors: [sex] }]\nnoise: none"), StringComparison.Ordinal);
        Assert.Contains("takes no derived columns", Refused("measures: [count: old]\nderive: { old: { bins: age, edges: [89, 90] } }\nnoise: none"), StringComparison.Ordinal);
        Assert.Contains("rows_per_party", Refused("measures: [count]\nrows_per_party: 1000000000000", 10_000), StringComparison.Ordinal);
        Assert.Contains("parties are invited", Refused("measures: [count]", 0), StringComparison.Ordinal);
        Assert.Throws<AnalysisException>(() => VectorLayout.Create(Layout(Everything).Analysis, default, NoiseMode.Local, 3));

        static string Refused(string text, int parties = 5) => Assert.Throws<AnalysisException>(() => Layout("dataset: d\nepsilon: 1\n" + text, parties)).Message;
    }

    // With a step of 0 the first row that counts would have ended the pass with an error: an answer to "is there anybody?" without noise.
    [Theory]
    [InlineData("0.0", "1e-320")]
    [InlineData("1e-310", "1.0000001e-310")]
    public void Bounds_that_leave_no_step_are_refused_before_any_row_is_read(string low, string high)
    {
        var error = Assert.Throws<AnalysisException>(() => Layout($"dataset: d\nepsilon: 1\nmeasures: [{{ sum: dose, low: {low}, high: {high} }}]"));
        Assert.Contains("widen them", error.Message, StringComparison.Ordinal);
    }

    // The sensitivity by search: whatever the data, one person's rows move each block by at most what its noise is made for.
    [Theory]
    [InlineData(RowRule.OneRowPerPerson, 1)]
    [InlineData(RowRule.PersonKey, 1)]
    [InlineData(RowRule.PersonKey, 3)]
    public void Removing_a_person_moves_no_block_by_more_than_its_part_of_epsilon(RowRule rule, int rows)
    {
        var layout = Layout(rule == RowRule.PersonKey ? $"{Everything}\nrows_per_person: {rows}" : Everything, 4, rule);
        var value = Gen.OneOf(Gen.Choose(-10, 130).Select(x => x / 1.0), Gen.Elements(double.NaN, 1e300, -1e300, 20, 90, 80));
        var row = from age in value
                  from dose in value
                  from sex in Gen.Elements(0, 1, 2, double.NaN)
                  from person in Gen.Choose(0, 5)
                  select (Values: new[] { age, dose / 9, sex }, Person: person);
        Property.Holds(Gen.ArrayOf(row, 25), people =>
        {
            // One row = one person: the first row's alone goes.
            var keyed = people.Select((p, i) => (p.Values, Person: rule == RowRule.PersonKey ? p.Person : i)).ToArray();
            var with = Encode(layout, keyed);
            var without = Encode(layout, [.. keyed.Where(p => p.Person != keyed[0].Person)]);
            return layout.Cells.GroupBy(c => c.Block).All(block =>
            {
                var moved = block.Sum(c => (double)Int128.Abs(with[c.Index] - without[c.Index]) / c.Cell.Noise.Scale.ToDouble());
                return moved <= layout.Epsilon.ToDouble() * layout.Blocks[block.Key].Weight / layout.TotalWeight * (1 + 1e-12);
            });
        });
    }

    [Fact]
    public void Rows_of_a_person_are_chosen_by_key_and_never_by_others()
    {
        var layout = Layout("dataset: d\nepsilon: 1\nmeasures: [{ histogram: age, from: 20, to: 90, step: 1 }]\nrows_per_person: 2", 4, RowRule.PersonKey);
        (double[], int)[] own = [.. Enumerable.Range(0, 30).Select(i => (new double[] { 20 + i, 0, 0 }, 7))];
        (double[], int)[] others = [.. Enumerable.Range(0, 30).Select(i => (new double[] { 60 + (i % 25), 0, 0 }, i % 5))];
        var alone = Encode(layout, own);
        var together = Encode(layout, [.. others[..15], .. own, .. others[15..]]);
        Assert.Equal(2, alone.Aggregate(Int128.Zero, (a, b) => a + b));
        // Bins below 60 are the one person's only.
        Assert.Equal(alone[..40], together[..40]);
        Assert.NotEqual(alone, Encode(layout, own, secret: 2));
        Assert.NotEqual(alone, Encode(layout, own, query: 2));
    }

    [Fact]
    public void Cells_are_clamped_to_the_declared_rows()
    {
        var layout = Layout("dataset: d\nepsilon: 1\nmeasures: [count, mean: age]\nrows_per_party: 10");
        using var encoder = new RowEncoder(layout);
        for (var i = 0; i < 50; i++) encoder.Add(new Row([90, double.NaN, double.NaN]));
        Assert.Equal([10, 10, 700], encoder.Totals().ToArray());
        Assert.Equal(50, encoder.Rows);
    }

    [Fact]
    public void Cells_of_every_group_get_noise()
    {
        var layout = Layout("dataset: d\nepsilon: 0.01\nmeasures: [count, mean: age]\ngroup_by: { sex: [female, male] }");
        using var noise = VectorNoise.Draw(layout, new SeededRandom(4));
        using var encoder = new RowEncoder(layout);
        using var vector = encoder.Finish(noise);

        Assert.True(layout.Groups.Count > 1);
        Assert.All(vector.Values.ToArray(), x => Assert.NotEqual(0, x));
    }

    [Fact]
    public void Noise_of_a_vector_is_used_once_and_zeroed()
    {
        var layout = Layout(Everything);
        using var noise = VectorNoise.Draw(layout, new SeededRandom(3));
        using var encoder = new RowEncoder(layout);
        var vector = encoder.Finish(noise);
        using var again = VectorNoise.Draw(layout, new SeededRandom(3));
        using var second = new RowEncoder(layout);
        using var same = second.Finish(again);
        Assert.Equal(same.Values.ToArray(), vector.Values.ToArray());
        Assert.Contains(vector.Values.ToArray(), x => x < 0);

        // Through the ring and back.
        var ring = new ulong[layout.Length];
        vector.WriteRing(ring);
        Assert.All(ring, x => Assert.True(layout.Bits == 64 || x >> layout.Bits == 0));
        Assert.Equal(vector.Values.ToArray(), layout.Centre(ring));

        Assert.Throws<ObjectDisposedException>(() => encoder.Add(new Row([1, 1, 1])));
        using var third = new RowEncoder(layout);
        Assert.Throws<ObjectDisposedException>(() => third.Finish(noise));
        using var foreign = VectorNoise.Draw(Layout(Everything), new SeededRandom(3));
        using var fourth = new RowEncoder(layout);
        Assert.Throws<ArgumentException>(() => fourth.Finish(foreign));
        vector.Dispose();
        Assert.Throws<ObjectDisposedException>(() => vector.Values.Length);
        Assert.Equal("NoisedVector of 28 cells", vector.ToString());
    }

    // An error of another kind would end the outpost's stream in place of a refusal.
    [Fact]
    public void Noise_beyond_what_can_be_drawn_is_refused_like_any_query()
    {
        var groups = new GroupBy("k", [.. Enumerable.Range(0, 1000).Select(k => $"{k}")]);
        SchemaColumn[] columns = [.. Enumerable.Range(10, 50).Select(i => new SchemaColumn($"c{i}", ColumnType.Number) { Low = 0, High = 1 }), new SchemaColumn("k", ColumnType.Integer)];
        Measure[] measures = [new CrossMeasure(MeasureKind.Covariance, [.. columns.Take(50).Select(c => c.Name)]), .. columns.Take(50).Select(c => new ColumnMeasure(MeasureKind.Mean, c.Name, 1000))];
        var analysis = new Analysis(columns, measures, null, [groups], RowRule.PersonKey, 1000, 1, 1000);
        var error = Assert.Throws<AnalysisException>(() => VectorLayout.Create(analysis, new MicroEpsilon(1), NoiseMode.Local, 3));
        Assert.Contains("Raise epsilon", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Row_that_is_nobody_s_does_not_count()
    {
        var layout = Layout("dataset: d\nepsilon: 1\nmeasures: [mean: age]", 4, RowRule.PersonKey);
        using var encoder = new RowEncoder(layout, new byte[32], new byte[32]);
        foreach (var (person, age) in ((string, double)[])[("", 20), ("  ", 90), ("a", 55)]) encoder.Add(new Row([age], person));
        Assert.Equal([1, 0], encoder.Totals().ToArray());
    }

    [Fact]
    public void Dataset_with_a_person_key_needs_the_party_s_secret()
    {
        var layout = Layout("dataset: d\nepsilon: 1\nmeasures: [count]", 4, RowRule.PersonKey);
        Assert.Throws<ArgumentException>(() => new RowEncoder(layout));
        Assert.Throws<ArgumentException>(() => new RowEncoder(layout, new byte[8], new byte[32]));
        Assert.Throws<ArgumentException>(() => new RowEncoder(layout, new byte[32], new byte[8]));
    }

    [Theory]
    [InlineData(20, 90, null, ColumnType.Integer, 70)]
    [InlineData(-3, 7, 0.1, ColumnType.Number, 100)]
    [InlineData(0, 1, 0.3, ColumnType.Number, 1 << 30)]
    [InlineData(0, 1e12, null, ColumnType.Integer, 1 << 30)]
    public void Resolution_that_divides_the_range_makes_values_exact(double low, double high, double? resolution, ColumnType type, long steps)
    {
        var quantiser = new Quantiser(new SchemaColumn("x", type) { Low = low, High = high, Resolution = resolution }, 1 << 30);
        Assert.Equal(steps, quantiser.Steps);
        Assert.Equal(steps, quantiser.Z(double.MaxValue));
        Assert.Equal(-steps, quantiser.Z(low));
        Assert.Equal(steps * steps / quantiser.SquareDivisor, quantiser.MaxSquare);
        for (var i = 0; i <= 10; i++)
        {
            var x = low + ((high - low) * i / 10);
            Assert.Equal(x, quantiser.Middle + (quantiser.Unit * quantiser.Z(x)), (high - low) * 1e-9);
        }
    }

    [Fact]
    public void Bins_hold_their_lower_edge_and_the_last_one_both()
    {
        var layout = Layout("dataset: d\nepsilon: 1\nmeasures: [{ histogram: age, edges: [20, 35, 50] }]");
        using var encoder = new RowEncoder(layout);
        foreach (var age in (double[])[20, 34.9, 35, 50, 19.9, 50.1, double.NaN, double.PositiveInfinity]) encoder.Add(new Row([age, 0, 0]));
        Assert.Equal([2, 2, 3], encoder.Totals().ToArray());
    }

    [Fact]
    public void Withheld_numbers_say_so_and_grouped_ones_add_up()
    {
        var layout = Layout("dataset: d\nepsilon: 1\nmeasures: [count, mean: age]\ngroup_by: { sex: [female, male] }");
        using var encoder = new RowEncoder(layout);
        for (var i = 0; i < 30; i++) encoder.Add(new Row([40 + i, i < 5 ? 0 : 1]));
        encoder.Add(new Row([40, 2]));
        var totals = encoder.Totals().ToArray();
        var statistics = Release.Decode(layout, totals, 3);
        Assert.Equal(
            ["count", "count(age)", "mean(age)", "count{sex=female}", "count(age){sex=female}", "mean(age){sex=female}", "count{sex=male}", "count(age){sex=male}", "mean(age){sex=male}"],
            statistics.Select(s => s.Name));
        Assert.Equal(30, statistics[0].Value);
        Assert.Equal(54.5, statistics[2].Value!.Value, 1e-9);
        Assert.All(statistics.Skip(3).Take(3), s => Assert.Equal((null, null, null, "fewer than 10 rows"), (s.Value, s.Low, s.High, s.Withheld)));
        // Two groups hold twice the draws: 6 against 3.
        Assert.True(statistics[0].High - statistics[0].Low > statistics[6].High - statistics[6].Low);
        Assert.Equal(500_000, statistics[0].EpsilonMicro);

        Assert.Throws<ArgumentException>(() => Release.Decode(layout, totals[1..], 3));
        Assert.Throws<ArgumentException>(() => Release.Decode(layout, totals, 0));
        Assert.Throws<ArgumentException>(() => Release.Decode(layout, totals, 6));
        Assert.Throws<ArgumentException>(() => Release.Decode(layout, totals, 3, new ReleaseOptions(1)));
    }

    private static VectorLayout Layout(string text, int parties = 5, RowRule rule = RowRule.OneRowPerPerson)
    {
        var query = AnalysisQuery.Parse(text);
        return VectorLayout.Create(query.Resolve(new DatasetSchema("d", "", rule, s_columns)), query.Epsilon, query.Noise, parties);
    }

    private static Int128[] Encode(VectorLayout layout, (double[] Values, int Person)[] rows, byte secret = 1, byte query = 1)
    {
        using var encoder = new RowEncoder(layout, [.. Enumerable.Repeat(secret, 32)], [.. Enumerable.Repeat(query, 32)]);
        foreach (var (values, person) in rows)
        {
            // Records are read by the analysis' own columns.
            encoder.Add(new Row([.. layout.Analysis.Columns.Select(c => values[Array.FindIndex(s_columns, s => s.Name == c.Name)])], $"p{person}"));
        }

        return encoder.Totals().ToArray();
    }
}
