using SecureAggregation.Client;
using SecureAggregation.Dashboard.Blazor.Components.Charts;
using SecureAggregation.Dashboard.Blazor.Model;
using SecureAggregation.Dashboard.Blazor.Model.Plots;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;
using SecureAggregation.Testing;

namespace SecureAggregation.Dashboard.Blazor.Tests;

public sealed class PlotTests
{
    [Fact]
    public void Survival_has_a_line_a_group_from_one_at_time_zero_to_the_ends_of_the_bins()
    {
        var plot = Curves.Survival(Panel(Analyses.Survival()))!;
        Assert.Equal(["rx = Obs", "rx = Lev", "rx = Lev+5FU"], plot.Lines.Select(line => line.Name));
        Assert.All(plot.Lines, line => Assert.Equal(new CurvePoint(0, 1, 1, 1), line.Points[0]));
        Assert.Equal(Enumerable.Range(0, 21).Select(i => 90.0 * i), plot.Lines[0].Points.Select(p => p.X));
        Assert.Contains("log-rank p = 0.003", plot.Finding);
        Assert.Contains("time, days", plot.XName);
    }

    [Fact]
    public void Curve_without_a_released_point_is_no_plot()
    {
        Assert.Null(Curves.Survival(Panel(Analyses.Survival().Select(Withheld))));
        Assert.Null(Curves.Roc(Panel(Analyses.Roc().Select(Withheld))));
        Assert.Null(Forest.Of(Panel(Analyses.Linear().Select(Withheld))));
        Assert.Null(Boxes.Of(Panel(Analyses.Boxes().Select(Withheld))));
    }

    [Fact]
    public void Roc_goes_from_corner_to_corner()
    {
        var line = Assert.Single(Curves.Roc(Panel(Analyses.Roc()))!.Lines);
        Assert.Equal((0, 0), (line.Points[0].X, line.Points[0].Y));
        Assert.Equal((1, 1), (line.Points[^1].X, line.Points[^1].Y));
        Assert.Equal(line.Points.Select(p => p.X), line.Points.Select(p => p.X).Order());
    }

    [Fact]
    public void Ratios_stand_around_one_and_linear_coefficients_in_their_own_errors_around_zero()
    {
        var odds = Forest.Of(Panel(Analyses.Logistic()))!;
        Assert.True(odds.IsLog);
        Assert.Equal(["age", "sex = male", "trestbps"], odds.Rows.Select(r => r.Label));
        Assert.Equal(Math.Exp(1.31), odds.Rows[1].At, 1e-9);
        Assert.Equal(Math.Exp(1.31 - (1.96 * 0.18)), odds.Rows[1].Low, 1e-9);
        Assert.Equal("Clear of no effect: age, sex = male.", odds.Finding);

        var linear = Forest.Of(Panel(Analyses.Linear()))!;
        Assert.Equal(0, linear.Reference);
        Assert.Equal(-0.84 / 0.07, linear.Rows[0].At, 1e-9);
        Assert.Equal((-0.84 / 0.07) - 1.96, linear.Rows[0].Low, 1e-9);
    }

    [Fact]
    public void Box_ends_at_outer_quantiles()
    {
        var boxes = Boxes.Of(Panel(Analyses.Boxes()))!;
        Assert.Equal(new BoxRow("sex = female", 30, 45, 53, 61, 76, boxes.Rows[0].MedianView), boxes.Rows[0]);
        Assert.Equal(2, boxes.Rows.Count);
        Assert.Contains("median 53 years", boxes.Finding);
    }

    [Fact]
    public void Contingency_is_shaded_by_shares_and_correlation_both_ways()
    {
        var table = HeatGrid.Contingency(Panel(Analyses.Contingency()))!;
        Assert.Equal(["indomethacin", "placebo"], table.Rows);
        Assert.Equal(0.169, table.Shade[1, 0], 1e-9);
        var grid = HeatGrid.Correlation(Panel(Analyses.Correlation()))!;
        Assert.Equal(grid.Shade[0, 2], grid.Shade[2, 0]);
        Assert.Equal(-0.37, grid.Shade[2, 0], 1e-9);
        Assert.Contains("age, thalach", grid.Finding);
    }

    [Fact]
    public async Task Every_plot_has_its_numbers_as_a_table_and_a_sentence()
    {
        await using var host = new ComponentHost();
        foreach (var panel in ResultPanel.Of(Shown(Analyses.All())))
        {
            var drawn = await host.DrawAsync<MeasurePlot>(("Panel", panel));
            var page = await drawn.NowAsync();
            Assert.NotNull(page.QuerySelector("table"));
            Assert.False(string.IsNullOrWhiteSpace(page.QuerySelector("figcaption")!.TextContent));
            Assert.DoesNotContain("NaN", page.DocumentElement.OuterHtml);
        }
    }

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(-1e300)]
    public async Task Numbers_that_no_axis_holds_break_no_plot(double wild)
    {
        await using var host = new ComponentHost();
        foreach (var panel in ResultPanel.Of(Shown(Analyses.All().Select((s, i) =>
        {
            if (i % 3 == 0) (s.Value, s.High) = (wild, wild);
            return s;
        }))))
        {
            var drawn = await host.DrawAsync<MeasurePlot>(("Panel", panel));
            Assert.DoesNotContain("NaN", string.Concat((await drawn.NowAsync()).QuerySelectorAll("path").Select(p => p.GetAttribute("d"))));
        }
    }

    private static ResultPanel Panel(IEnumerable<StatisticView> statistics) => Assert.Single(ResultPanel.Of(Shown(statistics)));

    private static IReadOnlyList<ReleasedStatistic> Shown(IEnumerable<StatisticView> statistics)
    {
        var round = new RoundView();
        round.Statistics.Add(statistics);
        return round.Shown();
    }

    private static StatisticView Withheld(StatisticView s)
    {
        s.Withheld = "fewer than 10 rows";
        return s;
    }
}
