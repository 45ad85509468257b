using SecureAggregation.Dashboard.Blazor.Model;
using SecureAggregation.Dashboard.Blazor.Urls;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;
using SecureAggregation.Testing;

namespace SecureAggregation.Dashboard.Blazor.Tests;

public sealed class ModelTests
{
    private static readonly Members s_members = new();
    private static readonly DateTimeOffset s_now = new(2026, 5, 4, 12, 0, 0, TimeSpan.Zero);
    private readonly Scenario _scenario = new(s_members, s_now);

    [Theory]
    [InlineData("sum", 49230.4, 132, "49,230", "130")]
    [InlineData("mean", 53.5109, 0.4123, "53.51", "0.41")]
    [InlineData("count", 920.2, 9.4, "920", "9")]
    [InlineData("count", 1234567, 54321, "1,235,000", "54,000")]
    [InlineData("mean", -0.0004, 0.02, "0.000", "0.020")]
    [InlineData("mean", -3.217, 0.15, "−3.22", "0.15")]
    [InlineData("variance", 81.25, 0, "81.25", "0.00")]
    [InlineData("count", -4, 9.4, "−4", "9")]
    public void Estimate_prints_no_more_digits_than_the_noise_supports(string kind, double value, double half, string shown, string halfShown)
    {
        var text = EstimateText.Of(Released.Of(Scenario.Number(kind, "x", value, half))[0]);
        Assert.Equal(shown, text.Value.TrimEnd('0').Length < shown.Length ? text.Value : text.Value[..shown.Length]);
        if (half > 0) Assert.Equal(halfShown, text.HalfWidth);
    }

    [Theory]
    [InlineData(MeasureKind.Quantiles, 5.5, 5.5, 5.5, "5.5")]
    [InlineData(MeasureKind.Quantiles, 0.7, 0.7, 0.7, "0.7")]
    [InlineData(MeasureKind.Quantiles, 5.49999, 4.9, 5.5, "5.50")]
    [InlineData(MeasureKind.Quantiles, 5.50001, 5.5, 6.1, "5.50")]
    [InlineData(MeasureKind.Quantiles, 5.6, 5.6, 5.7, "5.6")]
    [InlineData(MeasureKind.Quantiles, 5.6, 5.58, 5.62, "5.60")]
    [InlineData(MeasureKind.Quantiles, 5.6, 5.5, 5.7, "5.6")]
    [InlineData(MeasureKind.Mean, 5.6, 5.5, 5.7, "5.60")]
    [InlineData(MeasureKind.Mean, 53.4999993, 53.4999993, 53.4999993, "53.5")]
    [InlineData(MeasureKind.Variance, 0.00001, 0, 3.1, "0.0")]
    [InlineData(MeasureKind.Logistic, 1.234, 1.1, 40, "1.23", "odds_ratio")]
    public void Estimate_that_lies_at_an_end_of_its_interval_has_no_more_digits_for_that(MeasureKind kind, double value, double low, double high, string shown, string quantity = "") =>
        Assert.Equal(shown, EstimateText.Of(Released.Number(kind, value, low, high, quantity: quantity)).Value);

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    public void Estimate_of_no_number_is_a_word(double value) =>
        Assert.DoesNotContain("NaN", EstimateText.Of(Released.Number(MeasureKind.Mean, value, value, value)).Value);

    [Theory]
    [InlineData(0, "just now")]
    [InlineData(-5, "just now")]
    [InlineData(59, "59 s ago")]
    [InlineData(60, "1 min ago")]
    [InlineData(7200, "2 h ago")]
    [InlineData(172800, "2 d ago")]
    public void Age_is_said_in_the_unit_that_fits(double seconds, string text) => Assert.Equal(text, Text.Age(s_now, s_now.AddSeconds(-seconds)));

    [Theory]
    [InlineData(0.4, "0 ms")]
    [InlineData(840, "840 ms")]
    [InlineData(12_400, "12.4 s")]
    [InlineData(200_000, "3 min 20 s")]
    [InlineData(7_260_000, "2 h 1 min")]
    public void Duration_is_said_in_the_unit_that_fits(double ms, string text) => Assert.Equal(text, Text.Duration(TimeSpan.FromMilliseconds(ms)));

    [Fact]
    public void Times_that_no_clock_can_mean_are_never() => Assert.Null(Contract.TimeOrNull(ulong.MaxValue));

    [Fact]
    public void Timeline_shows_who_is_waited_for_and_for_how_long()
    {
        var model = TimelineModel.Of(_scenario.Running(phaseAge: 4, phaseLength: 20), s_now);
        var column = Assert.Single(model.Columns, c => c.State == ColumnState.Current);
        Assert.Equal((RoundPhase.Input, 4000d, 20000d), (column.Phase, column.ElapsedMs!.Value, column.DeadlineMs!.Value));
        Assert.Equal(2, model.Rows.Count(row => row.Cells[3].State == CellState.Working));
        Assert.All(model.Rows.Where(row => row.Cells[3].State == CellState.Working), row => Assert.Equal(0.2, row.Cells[3].Fraction, 3));
        Assert.All(model.Rows.SelectMany(row => row.Cells), cell => Assert.InRange(cell.Fraction, 0, 1));
    }

    [Fact]
    public void Timeline_hatches_an_outpost_from_the_phase_in_which_it_was_missed()
    {
        var row = TimelineModel.Of(_scenario.DoneWithout(3, "x", 60, 4), s_now).Rows[4];
        Assert.Equal(3, row.LostFrom);
        Assert.Equal([CellState.Finished, CellState.Finished, CellState.Finished, CellState.Lost, CellState.Lost, CellState.Lost, CellState.Lost], row.Cells.Select(c => c.State));
    }

    [Fact]
    public void Timeline_of_an_aborted_round_hatches_who_was_missed_in_the_phase_that_ended_it() =>
        Assert.Equal([null, 2, 2, null, null], TimelineModel.Of(_scenario.Aborted(2, "x", 60), s_now).Rows.Select(row => row.LostFrom));

    [Fact]
    public void Timeline_of_many_puts_first_who_is_out_and_then_who_took_longest()
    {
        var rows = TimelineModel.Of(_scenario.DoneWithout(3, "x", 60, 4), s_now).Foremost;
        Assert.Equal(4u, rows[0].Index);
        var took = rows.Skip(1).Select(row => row.Cells.Sum(cell => cell.Took.TotalMilliseconds)).ToArray();
        Assert.Equal(took.OrderDescending(), took);
    }

    [Fact]
    public void Timeline_of_any_marks_stays_in_its_columns()
    {
        var marks = FsCheck.Fluent.ArbMap.Default.ArbFor<(byte Phase, ushort At)[]>();
        Property.Holds(marks, all =>
        {
            var round = _scenario.Running();
            foreach (var (phase, at) in all) round.Parties[phase % 5].Marks.Add(new PhaseMark { Phase = (RoundPhase)(phase % 9), AtMs = round.StartedMs + at });
            return TimelineModel.Of(round, s_now).Rows.SelectMany(row => row.Cells).All(cell => cell.Fraction is >= 0 and <= 1);
        });
    }

    [Fact]
    public void Results_of_one_kind_and_column_share_a_picture_with_a_finding()
    {
        var panels = ResultPanel.Of(Released.Of(Scenario.Ages()));
        Assert.Equal([PanelShape.Groups, PanelShape.Alone, PanelShape.Histogram], panels.Select(p => p.Shape));
        Assert.Equal("Highest: sex = male with 726 (717 to 735), clear of the next by more than the noise.", panels[0].Finding);
        Assert.Contains("60–70 with 301 (290 to 312)", panels[2].Finding);
    }

    [Fact]
    public void What_a_model_says_is_one_table()
    {
        static ReleasedStatistic Of(string bin, string quantity, string group = "", string withheld = "") =>
            Released.Number(MeasureKind.Linear, 1, 0, 2, "linear(chol ~ age)", "chol", bin, quantity, group, withheld);

        var panels = ResultPanel.Of([Of("[age]", ""), Of("[age]", "se"), Of("", "r2"), Of("", "n", "sex=male", "fewer than 10 rows")]);
        Assert.Equal(["Linear regression of chol on age"], panels.Select(p => p.Title));
        Assert.Equal([PanelShape.Table], panels.Select(p => p.Shape));
        Assert.Equal(["4 numbers, of which 1 is not shown: fewer than 10 rows."], panels.Select(p => p.Finding));
        Assert.Equal("Linear regression of chol on age, age: standard error", EstimateText.Title(Of("[age]", "se")));
    }

    [Fact]
    public void Panel_where_everything_is_withheld_says_so() =>
        Assert.Contains("withheld: too few", ResultPanel.Of(Released.Of(Scenario.Number("count", "", 0, 0, withheld: "too few")))[0].Finding);

    [Theory]
    [InlineData(0, 301, 0, 400)]
    [InlineData(53.1, 53.9, 53, 54)]
    [InlineData(5, 5, 4.4, 5.6)]
    public void Axis_holds_its_values_between_round_ticks(double low, double high, double from, double to)
    {
        var axis = Axis.Holding([low, high]);
        Assert.True(axis.Low <= low && axis.High >= high);
        Assert.True(axis.Low >= from - axis.Step && axis.High <= to + axis.Step);
        Assert.InRange(axis.Ticks.Count(), 2, 12);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(40)]
    [InlineData(200)]
    public void Every_outpost_has_a_seat_of_its_own_on_the_plate(int n)
    {
        var plan = OrbitPlan.Of([.. Enumerable.Range(0, n).Select(i => new OutpostView { Index = (uint)i, Name = $"o{i}" })]);
        Assert.Equal(n, plan.Seats.Select(seat => (seat.X, seat.Y)).Distinct().Count());
        Assert.All(plan.Seats, seat => Assert.True(seat.X is > 20 and < OrbitPlan.Width - 20 && seat.Y is > 20 and < OrbitPlan.Height - 20));
    }

    [Theory]
    [InlineData("00112233445566778899aabbccddeeff", true)]
    [InlineData("00112233445566778899AABBCCDDEEFF", true)]
    [InlineData("0011", false)]
    [InlineData("zz112233445566778899aabbccddeeff", false)]
    [InlineData(null, false)]
    public void Round_ids_are_read_from_addresses_strictly(string? text, bool good) => Assert.Equal(good, DeckUrls.ParseRoundId(text) is not null);

    [Fact]
    public void Address_of_a_filtered_list_leaves_out_what_is_empty()
    {
        Assert.Equal("/rounds", DeckUrls.RoundsWhere("", ""));
        Assert.Equal("/rounds?state=done&find=a%26b", DeckUrls.RoundsWhere("done", "a&b"));
    }
}
