using SecureAggregation.Privacy;

namespace SecureAggregation.Statistics.Tests;

/// <summary>What is done to impossible numbers, each step by itself and none: the totals alone say what they would be.</summary>
public sealed class RepairTests
{
    private static readonly SchemaColumn s_time = new("time", ColumnType.Integer) { Low = 0, High = 30 };
    private static readonly SchemaColumn s_event = new("event", ColumnType.Category) { Categories = ["no", "yes"] };
    private static readonly SchemaColumn s_a = new("a", ColumnType.Integer) { Low = -10, High = 10 };
    private static readonly SchemaColumn s_b = new("b", ColumnType.Integer) { Low = -10, High = 10 };

    [Fact]
    public void Numbers_of_rows_are_0_at_least_unless_that_is_switched_off()
    {
        var layout = Layout([s_event], new HistogramMeasure("event", []));
        foreach (var (repairs, count) in ((Repairs, double)[])[(Repairs.All, 0), (Repairs.Zero, 0), (Repairs.Definite | Repairs.Monotone, -3), (Repairs.None, -3)])
        {
            var released = Decode(layout, [-3, 20], repairs)["histogram(event)[no]"];
            Assert.Equal(count, released.Value);
            Assert.True(count == 0 ? released.Low == 0 : released.Low < count, $"{released.Low}");
            Assert.Equal(20, Decode(layout, [-3, 20], repairs)["histogram(event)[yes]"].Value);
        }
    }

    [Fact]
    public void Covariances_are_those_that_data_can_have_unless_that_is_switched_off()
    {
        var layout = Layout([s_a, s_b], new CrossMeasure(MeasureKind.Correlation, ["a", "b"]), "100");
        // Two rows of everything from one bound to the other, and a product that is greater than both squares.
        var totals = Totals(layout, [[-10, -10], [10, 10], [-5, -5], [5, 5]], 10);
        var product = layout.Cells.Single(c => c.Cell.Name.Contains("a·b", StringComparison.Ordinal) || c.Cell.Name.Contains("a,b", StringComparison.Ordinal)).Index;
        totals[product] = totals[product] * 13 / 10;
        Assert.Equal(1, Correlation(Repairs.All), 1e-12);
        Assert.Equal(1, Correlation(Repairs.Definite), 1e-12);
        Assert.Equal(1.3, Correlation(Repairs.Zero | Repairs.Monotone), 1e-6);
        Assert.Equal(1.3, Correlation(Repairs.None), 1e-6);

        double Correlation(Repairs repairs) => Decode(layout, totals, repairs)["correlation(a, b)[a,b]"].Value!.Value;
    }

    [Fact]
    public void Curves_never_turn_back_unless_that_is_switched_off()
    {
        var layout = Layout([s_time, s_event], new SurvivalMeasure("time", "event", [0, 10, 20, 30]), "100");
        // Events below 0 in the second bin: the curve would rise there.
        Int128[] totals = [40, -10, 20, 0, 0, 0, 50];
        Assert.Equal(totals.Length, layout.Length);
        Assert.All((Repairs[])[Repairs.All, Repairs.Monotone], r => Assert.Equal([0.65, 0.65, 0.48], Curve(r)));
        Assert.All((Repairs[])[Repairs.Zero | Repairs.Definite, Repairs.None], r => Assert.Equal([0.6, 0.7, 0.5], Curve(r)));

        double[] Curve(Repairs repairs)
        {
            var released = Decode(layout, totals, repairs);
            return [.. ((string[])["[0,10)", "[10,20)", "[20,30]"]).Select(bin => Math.Round(released[$"survival(time, event){bin}"].Value!.Value, 2))];
        }
    }

    [Fact]
    public void Roc_curves_never_turn_back_unless_that_is_switched_off()
    {
        var layout = Layout([s_time, s_event], new RocMeasure("time", "event", [0, 10, 20, 30]), "100");
        Int128[] totals = [60, -20, 60, 50, 30, 20];
        Assert.Equal([1, 0.5, 0.5], Points(Repairs.All));
        Assert.Equal([1, 0.4, 0.6], Points(Repairs.Zero | Repairs.Definite));

        double[] Points(Repairs repairs)
        {
            var released = Decode(layout, totals, repairs);
            return [.. ((int[])[0, 10, 20]).Select(t => released[$"roc(time, event)[≥{t}] tpr"].Value!.Value)];
        }
    }

    [Fact]
    public void Quantiles_are_of_a_distribution_that_never_falls_unless_that_is_switched_off()
    {
        var layout = Layout([s_time], new QuantileMeasure("time", [0, 10, 20, 30], [0.5]), "100");
        // Cumulative 60, 20, 100: the noised counts reach a half in the first bin, the nearest that never fall (40, 40, 100) in the last.
        Int128[] totals = [60, -40, 80];
        Assert.InRange(Decode(layout, totals, Repairs.All)["quantiles(time)[q0.5]"].Value!.Value, 20, 30);
        Assert.InRange(Decode(layout, totals, Repairs.None)["quantiles(time)[q0.5]"].Value!.Value, 0, 10);
    }

    [Fact]
    public void A_query_says_which_and_nothing_of_it_is_signed()
    {
        Assert.Equal(Repairs.All, Query("").Repairs);
        Assert.Equal(Repairs.None, Query("repairs: []").Repairs);
        Assert.Equal(Repairs.Zero | Repairs.Monotone, Query("repairs: [zero, monotone]").Repairs);
        Assert.Contains("zero, definite, monotone", Assert.Throws<AnalysisException>(() => Query("repairs: [psd]")).Message);
        Assert.Contains("line", Assert.Throws<AnalysisException>(() => Query("repairs: all")).Message);
        var schema = new DatasetSchema("d", "", RowRule.OneRowPerPerson, [s_a]);
        Assert.Equal(Query("").Resolve(schema).Encode(), Query("repairs: []").Resolve(schema).Encode());

        static AnalysisQuery Query(string repairs) => AnalysisQuery.Parse($"dataset: d\nepsilon: 1\nmeasures: [mean: a]\n{repairs}\n");
    }

    private static VectorLayout Layout(SchemaColumn[] columns, Measure measure, string epsilon = "1") =>
        VectorLayout.Create(new Analysis(columns, [measure], null, [], RowRule.OneRowPerPerson), MicroEpsilon.Parse(epsilon), NoiseMode.Local, 3);

    private static Int128[] Totals(VectorLayout layout, double[][] rows, int times)
    {
        using var encoder = new RowEncoder(layout);
        for (var i = 0; i < times; i++)
        {
            foreach (var row in rows) encoder.Add(new Row(row));
        }

        return encoder.Totals().ToArray();
    }

    private static Dictionary<string, ReleasedStatistic> Decode(VectorLayout layout, IReadOnlyList<Int128> totals, Repairs repairs) =>
        Release.Decode(layout, totals, 3, new ReleaseOptions(MinimumCohort: 0, Repairs: repairs)).ToDictionary(s => s.Name);
}
