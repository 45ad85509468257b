using System.Text.Json;
using System.Text;
using SecureAggregation.Client;
using SecureAggregation.Dashboard.Blazor.Export;
using SecureAggregation.Dashboard.Blazor.Model;
using SecureAggregation.Dashboard.Blazor.Model.Plots;
using SecureAggregation.Dashboard.Blazor.Model.Results;
using SecureAggregation.Dashboard.Blazor.Store;
using SecureAggregation.Privacy;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;
using SecureAggregation.Testing;
using MeasureKind = SecureAggregation.Statistics.MeasureKind;

namespace SecureAggregation.Dashboard.Blazor.Tests;

/// <summary>The arithmetic of comparisons and series, and the files that are taken away.</summary>
public sealed class ResultsTests
{
    private static readonly Members s_members = new();
    private static readonly DateTimeOffset s_now = new(2026, 5, 4, 12, 0, 0, TimeSpan.Zero);
    private readonly Scenario _scenario = new(s_members, s_now);

    [Fact]
    public void Difference_has_the_root_of_both_intervals_squares_on_each_side()
    {
        var a = Released.Number(MeasureKind.Mean, 10, 7, 11, column: "x");
        var b = Released.Number(MeasureKind.Mean, 30, 26, 42, column: "x");
        var d = Difference.Of(a, b)!;
        Assert.Equal(20, d.Value);
        Assert.Equal(20 - Math.Sqrt((4 * 4) + (1 * 1)), d.Low, 12);
        Assert.Equal(20 + Math.Sqrt((12 * 12) + (3 * 3)), d.High, 12);
        Assert.True(d.IsBeyondNoise);
        Assert.False(d.Overlap);
        var back = Difference.Of(b, a)!;
        Assert.Equal((-d.Value, -d.High, -d.Low), (back.Value, back.Low, back.High));
    }

    [Theory]
    [InlineData(100, 5, 112, 5, false, true)] // apart, and the difference is clear
    [InlineData(100, 5, 109, 5, true, true)] // overlapping intervals do not mean that nothing changed
    [InlineData(100, 5, 106, 5, true, false)]
    [InlineData(100, 0, 100, 0, true, false)] // without noise, equal
    [InlineData(100, 0, 101, 0, false, true)] // without noise every difference is one
    public void Overlap_and_change_beyond_the_noise_are_two_things(double a, double halfA, double b, double halfB, bool overlap, bool beyond)
    {
        var d = Difference.Of(Released.Number(MeasureKind.Sum, a, a - halfA, a + halfA), Released.Number(MeasureKind.Sum, b, b - halfB, b + halfB))!;
        Assert.Equal((overlap, beyond), (d.Overlap, d.IsBeyondNoise));
    }

    [Fact]
    public void Interval_of_a_difference_covers_what_it_says_for_laplace_noise()
    {
        using var random = new SeededRandom(11);
        var noise = new DiscreteLaplace(1, MicroEpsilon.Parse("0.05"));
        var other = new DiscreteLaplace(1, MicroEpsilon.Parse("0.02"));
        const int Rounds = 20_000;
        var draws = new Int128[Rounds];
        var others = new Int128[Rounds];
        noise.Fill(draws, random);
        other.Fill(others, random);
        // 95 % of |noise| lie below ln(20) times the scale.
        double half = Math.Log(20) * 20, otherHalf = Math.Log(20) * 50;
        var covered = 0;
        for (var i = 0; i < Rounds; i++)
        {
            double a = 500 + (double)draws[i], b = 800 + (double)others[i];
            var d = Difference.Of(Released.Number(MeasureKind.Sum, a, a - half, a + half), Released.Number(MeasureKind.Sum, b, b - otherHalf, b + otherHalf))!;
            if (d.Low <= 300 && d.High >= 300) covered++;
        }

        Assert.InRange(covered / (double)Rounds, 0.95, 0.97);
    }

    [Fact]
    public void What_is_withheld_of_another_unit_or_a_p_value_is_not_subtracted()
    {
        var shown = Released.Number(MeasureKind.Mean, 1, 0, 2);
        Assert.Null(Difference.Of(shown, Released.Number(MeasureKind.Mean, 1, 0, 2, withheld: "fewer than 10 rows")));
        Assert.Null(Difference.Of(shown, shown with { Unit = "years" }));
        Assert.Null(Difference.Of(shown with { Quantity = "welch p" }, shown with { Quantity = "welch p" }));
        Assert.Null(Difference.Of(shown with { Value = double.PositiveInfinity }, shown));
    }

    [Fact]
    public void Difference_is_printed_with_its_sign_to_the_place_of_its_own_noise()
    {
        var (a, b) = (Released.Of(Scenario.Number("mean", "age", 53.5109, 0.4123, "years"))[0], Released.Of(Scenario.Number("mean", "age", 52.1, 0.4123, "years"))[0]);
        Assert.Equal("−1.41", Difference.Of(a, b)!.Text(a).Value);
        Assert.Equal("+1.41", Difference.Of(b, a)!.Text(a).Value);
        Assert.Equal("0.00", Difference.Of(a, a)!.Text(a).Value);
    }

    [Fact]
    public void Comparison_sets_numbers_of_one_name_side_by_side_and_lists_the_others()
    {
        var first = Released.Of(Scenario.Ages());
        var second = Released.Of([.. Scenario.Ages()[..3], Scenario.Number("mean", "age", 60, 0.4, "years", "sex=male"), Scenario.Number("count", "", 0, 0, group: "sex=female", withheld: "fewer than 10 rows")]);
        var comparison = Comparison.Of(first, second);
        Assert.Equal(["count", "mean(age)", "count{sex=male}", "count{sex=female}"], comparison.Both.Select(n => n.First.Key()));
        Assert.Equal(7, comparison.OnlyFirst.Count);
        Assert.Equal(["mean(age){sex=male}"], comparison.OnlySecond.Select(s => s.Key()));
        Assert.Equal("not shown in B: fewer than 10 rows", comparison.Both[^1].Note);
        Assert.Contains("None of the 3 numbers", comparison.Finding);
        Assert.Equal(2, comparison.Plots.Count); // rows, years
    }

    [Fact]
    public void Comparison_says_what_changed_most_clearly()
    {
        var first = Released.Of(Scenario.Number("count", "", 900, 9), Scenario.Number("mean", "age", 50, 0.4, "years"));
        var second = Released.Of(Scenario.Number("count", "", 920, 9), Scenario.Number("mean", "age", 55, 0.4, "years"));
        Assert.StartsWith("2 of 2 numbers differ by more than the privacy noise: clearest, Mean of age, +5.00 years (+4.43 to +5.57).", Comparison.Of(first, second).Finding, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(new[] { 900.0, 904, 899, 905 }, "No change beyond the noise since 2026-05-04 11:23 UTC, over 4 rounds.")]
    [InlineData(new[] { 800.0, 904, 899, 905 }, "The newest value differs from that of 2026-05-04 11:23 UTC by more than the noise: +105 (+92 to +118). No change beyond the noise since 2026-05-04 11:33 UTC.")]
    [InlineData(new[] { 900.0, 901, 899, 960 }, "The newest value differs from that of 2026-05-04 11:43 UTC by more than the noise: +61 (+48 to +74).")]
    [InlineData(new[] { 900.0 }, "Only one round shows this number, of 2026-05-04 11:53 UTC; a second one makes a series.")]
    public void Series_says_since_when_nothing_changed(double[] values, string finding)
    {
        var series = Series.Of(Rounds([.. values.Select(v => Scenario.Number("count", "", v, 9))]), "count");
        Assert.Equal(finding, series.Finding);
        Assert.Equal(values, series.Points.Select(p => p.Number!.Value!.Value));
    }

    [Fact]
    public void Series_marks_rounds_of_other_outposts_and_leaps_over_what_is_withheld()
    {
        var rounds = Rounds(Scenario.Number("count", "", 900, 9), Scenario.Number("count", "", 0, 0, withheld: "fewer than 10 rows"), Scenario.Number("count", "", 905, 9));
        rounds[0].Round.Parties[2].State = PartyState.Dropped;
        var series = Series.Of(rounds, "count");
        Assert.Equal([true, false, false], series.Points.Select(p => p.Others));
        Assert.Equal([true, false, true], series.Points.Select(p => p.IsDrawn));
        Assert.Contains("over 2 rounds", series.Finding);
        Assert.Equal("No round shows this number.", Series.Of(rounds, "mean(nobody)").Finding);
    }

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("with, comma", "\"with, comma\"")]
    [InlineData("say \"so\"", "\"say \"\"so\"\"\"")]
    [InlineData("two\nlines", "\"two\nlines\"")]
    [InlineData("=HYPERLINK(\"http://x\")", "\"'=HYPERLINK(\"\"http://x\"\")\"")]
    [InlineData("+1", "'+1")]
    [InlineData("-1", "'-1")]
    [InlineData("@SUM(A1)", "'@SUM(A1)")]
    [InlineData("  =1+1", "'  =1+1")]
    [InlineData("\t=1", "'\t=1")]
    [InlineData("＝1", "'＝1")]
    [InlineData("", "")]
    public void Csv_text_is_quoted_and_never_a_formula(string text, string cell) => Assert.Equal(cell, ResultsFile.Cell(text));

    [Fact]
    public void Csv_has_a_line_a_number_with_all_digits_and_a_header_of_as_many_cells()
    {
        var round = _scenario.Done(1, "=cmd|'/c calc'!A1", 100, Scenario.Number("mean", "age", -53.51091234567891, 0.25, "years"), Scenario.Number("count", "", 0, 0, withheld: "fewer than 10 rows"));
        var lines = Encoding.UTF8.GetString(ResultsFile.Of(RoundNumbers.Of(round, DeckState.Empty)).Csv()).Split("\r\n");
        Assert.Equal(4, lines.Length);
        Assert.Equal("", lines[3]);
        Assert.Contains(",'=cmd|'/c calc'!A1,", lines[1], StringComparison.Ordinal);
        Assert.Contains(",-53.51091234567891,", lines[1], StringComparison.Ordinal);
        Assert.Contains(",,,,0.95,", lines[2], StringComparison.Ordinal);
        Assert.Contains("fewer than 10 rows", lines[2], StringComparison.Ordinal);
        Assert.All(lines[..3], line => Assert.Equal(24, line.Split(',').Length));
        Assert.Contains(",false,", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Json_read_again_is_the_same_and_written_again_gives_the_same_bytes()
    {
        var round = _scenario.DoneWithout(1, "Ålesund \"north\" </script>", 100, 2, [.. Scenario.Ages(), Scenario.Number("mean", "age", double.PositiveInfinity, 1)]);
        var file = ResultsFile.Of(RoundNumbers.Of(round, DeckState.Empty));
        var again = JsonSerializer.Deserialize<ResultsFile>(file.Json(), ResultsFile.Form)!;
        Assert.Equal(file.Json(), again.Json());
        Assert.Equal(file.Numbers, again.Numbers);
        Assert.Equal((file.RoundId, file.Title, file.TotalHash, file.Verified, file.Finished), (again.RoundId, again.Title, again.TotalHash, again.Verified, again.Finished));
        Assert.Equal(["Mars", "Titan", "Ganymede", "Callisto"], again.InTotal);
        Assert.DoesNotContain("</script>", Encoding.UTF8.GetString(file.Json()), StringComparison.Ordinal);
    }

    [Fact]
    public void Explanation_of_a_checked_number_has_sensitivity_scale_and_draws_of_the_signed_question()
    {
        var real = new RealRound(s_members, s_now);
        var check = BundleCheck.Of(new MemoryStream(real.Bundle));
        var number = check.Statistics()[0];
        var explanation = Explanation.Of(number, check.Totals);
        var part = Assert.Single(explanation.Parts);
        Assert.Equal(("1", "1", "1", "1"), (part.Cells, part.Sensitivity, part.Epsilon, part.Scale));
        Assert.Contains(explanation.Facts, f => f.Term == "Draws of noise" && f.Words.StartsWith("5 whole draws", StringComparison.Ordinal));
        Assert.Contains(explanation.Facts, f => f.Term == "Mechanism" && f.Words.Contains("each of the 5 outposts", StringComparison.Ordinal));
        Assert.Empty(Explanation.Of(number, null).Parts);
    }

    [Fact]
    public void Latencies_have_a_row_a_phase_with_quartiles_of_its_outposts()
    {
        var plot = Latencies.Of(_scenario.DoneWithout(1, "x", 100, 4), s_now)!;
        Assert.Equal(7, plot.Rows.Count);
        Assert.All(plot.Rows, row => Assert.True(row.Q1 <= row.Median && row.Median <= row.Q3));
        Assert.Equal(4, plot.Rows[^1].Times.Count); // without Callisto
        Assert.StartsWith("Slowest phase: ", plot.Finding, StringComparison.Ordinal);
        var row = new LatencyRow(RoundPhase.Share, [("a", 10), ("b", 20), ("c", 40), ("d", 100)]);
        Assert.Equal((17.5, 30, 55), (row.Q1, row.Median, row.Q3));
        Assert.Null(Latencies.Of(new RoundView { StartedMs = 1 }, s_now));
    }

    private List<(RoundView Round, IReadOnlyList<ReleasedStatistic> Statistics, bool Verified)> Rounds(params StatisticView[] numbers) =>
        [.. numbers.Select((number, i) => _scenario.Done(i + 1, "Patients", 400 + (600 * (numbers.Length - 1 - i)), number)).Select(round => (round, round.Shown(), false))];
}
