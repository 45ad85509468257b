using SecureAggregation.Privacy;
using SecureAggregation.Statistics;
using Spectre.Console;

namespace SecureAggregation.Cli.Tests;

public class FiguresTests
{
    [Theory]
    [InlineData(2400, 2389, 2411, "", "2,400", "2,389", "2,411")]
    [InlineData(50.984, 50.84, 51.13, "", "50.98", "50.84", "51.13")]
    [InlineData(2.344, 0.3121, 251.7, "odds_ratio", "2.3", "0.3", "251.7")]
    [InlineData(0.01234, 0.0120, 0.0127, "se", "0.01234", "0.01200", "0.01270")]
    [InlineData(-0.001, -0.5, 0.5, "t", "0.00", "-0.50", "0.50")]
    [InlineData(1.2e-12, 3.4e-20, 0.0312, "p", "1.2e-12", "3.4e-20", "0.031")]
    [InlineData(0.25, 0, 1, "log-rank p", "0.25", "0", "1")]
    [InlineData(1.0 / 3, 1.0 / 3, 1.0 / 3, "", "0.333333", "0.333333", "0.333333")]
    public void Number_has_the_digits_that_its_interval_supports(double value, double low, double high, string quantity, string v, string l, string h) =>
        Assert.Equal((v, l, h), Figures.Of(Number("m", value, low, high, quantity)));

    [Fact]
    public void Numbers_that_are_not_shown_for_one_reason_are_one_line_and_a_long_curve_is_some_of_its_points()
    {
        var model = Enumerable.Range(0, 5).Select(i => Number($"linear(y ~ x)[{i}]", null, null, null, "") with { Kind = MeasureKind.Linear, Measure = "linear(y ~ x)", Withheld = "not determined: why" });
        var curve = Enumerable.Range(0, 100).Select(i => Number($"survival(t)[{i}]", 0.5, 0.4, 0.6, "") with { Kind = MeasureKind.Survival, Measure = "survival(t)", Bin = $"[{i}]" });
        using var output = new StringWriter();

        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(output), Ansi = AnsiSupport.No });
        console.Profile.Width = 200;
        console.Write(StatisticTable.Of([.. model, .. curve]));

        var text = output.ToString();
        Assert.Contains("linear(y ~ x): 5 numbers   not determined", text, StringComparison.Ordinal);
        Assert.Contains("survival(t)[99]", text, StringComparison.Ordinal);
        Assert.Equal(12, text.Split("survival(t)[").Length - 1);
        Assert.Contains("--json has all", text, StringComparison.Ordinal);
    }

    private static ReleasedStatistic Number(string name, double? value, double? low, double? high, string quantity) => new()
    {
        Name = name, Kind = MeasureKind.Mean, Column = "x", Group = "", Quantity = quantity, Value = value, Low = low, High = high, Confidence = 0.95,
        EpsilonMicro = 1, Noise = NoiseMode.Local, Contributors = 3,
    };
}
