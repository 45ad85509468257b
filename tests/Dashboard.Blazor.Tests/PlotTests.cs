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
        Assert.Contains("Log-rank test of no difference between the groups: p = 0.003", plot.Finding);
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
        Assert.Equal(("sex = female", "30 45 53 61 76"), (boxes.Rows[0].Label, string.Join(' ', boxes.Rows[0].All.Select(s => s.Value))));
        Assert.Equal("1 % quantile and 99 % quantile", boxes.Whiskers);
        Assert.Equal(2, boxes.Rows.Count);
        // Every number has its interval beside it, and no digit that the grid does not have.
        Assert.StartsWith("Sex = female: median 53 years (52 to 54), half of all between 45 years (44 to 46) and 61 years (60 to 62); sex = male: median 56 years", boxes.Finding, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Interval_many_times_as_long_as_its_box_is_cut_with_an_arrow_and_said()
    {
        await using var host = new ComponentHost();
        async Task<AngleSharp.Dom.IDocument> DrawAsync(double end)
        {
            var quantiles = Analyses.Boxes().ToArray();
            foreach (var s in quantiles.Where(s => s.Bin == "[q0.99]")) s.High = end;
            return await (await host.DrawAsync<MeasurePlot>(("Panel", Panel(quantiles)))).NowAsync();
        }

        var (near, far) = (await DrawAsync(80), await DrawAsync(900));
        Assert.DoesNotContain("an arrow leads further", near.Body!.TextContent);
        Assert.Contains("an arrow leads further than is drawn", far.Body!.TextContent);
        Assert.Equal(2, far.QuerySelectorAll(".plot .box-noise").Count(path => path.GetAttribute("d")!.EndsWith("l6 4l-6 4", StringComparison.Ordinal)));
        Assert.DoesNotContain("900", string.Concat(far.QuerySelectorAll("svg text").Select(text => text.TextContent)));
    }

    [Fact]
    public void Effect_is_clear_only_if_the_noise_cannot_have_made_it_so()
    {
        var terms = Analyses.Linear().ToArray();
        Assert.Equal("Clear of no effect: age.", Forest.Of(Panel(terms))!.Finding);
        // The same sampling interval, from −0.98 to −0.7, under noise that may have moved its upper end beyond 0.
        foreach (var end in terms.Where(s => s is { Bin: "[age]", Quantity: "ci_high" })) end.High = 0.1;
        Assert.Equal("No interval is clear of no effect. Clear only if the privacy noise is left aside: age.", Forest.Of(Panel(terms))!.Finding);
    }

    [Fact]
    public async Task Coefficients_and_quantiles_are_written_with_their_intervals()
    {
        await using var host = new ComponentHost();
        var forest = await (await host.DrawAsync<MeasurePlot>(("Panel", Panel(Analyses.Linear())))).NowAsync();
        Assert.Equal(["−0.840", "−0.863 to −0.817"], forest.QuerySelectorAll("svg text").Select(t => t.TextContent).SkipWhile(t => t != "age").Skip(1).Take(2));
        // An interval of one point of the grid is one.
        var sure = Released.Of(new StatisticView { Kind = "quantiles", Measure = "quantiles(glucose)", Column = "glucose", Bin = "[q0.5]", Unit = "mmol/L", Value = 5.5, Low = 5.5, High = 5.5, Confidence = 0.95 });
        var table = await (await host.DrawAsync<MeasurePlot>(("Panel", Assert.Single(ResultPanel.Of(sure))))).NowAsync();
        Assert.Contains("median", table.QuerySelector("tbody th")!.TextContent);
        Assert.Contains("5.5 to 5.5", table.QuerySelector("tbody td")!.TextContent);
    }

    [Fact]
    public void Quantile_between_two_points_of_its_grid_has_no_more_digits_than_the_grid()
    {
        var text = EstimateText.Of(Released.Number(MeasureKind.Quantiles, 5.5, 5.5, 5.6, bin: "[q0.5]"));
        Assert.Equal(("5.5", "5.5", "5.6", "0.05"), (text.Value, text.Low, text.High, text.HalfWidth));
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
