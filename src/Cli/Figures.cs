using System.Globalization;
using SecureAggregation.Statistics;

namespace SecureAggregation.Cli;

/// <summary>
/// How a released number is written: to the place that its interval supports, two significant digits of the interval's shorter side. Whole numbers stay whole,
/// and a p-value is never rounded to 0.
/// </summary>
internal static class Figures
{
    private const int MostPlaces = 9;
    private const double SmallP = 0.001;

    public static (string Value, string Low, string High) Of(ReleasedStatistic statistic)
    {
        if (statistic is not { Value: { } value, Low: { } low, High: { } high }) throw new ArgumentException("a withheld statistic has no figures", nameof(statistic));
        if (statistic.Quantity.Split(' ')[^1] == "p") return (Probability(value), Probability(low), Probability(high));
        var places = Places(value, low, high);
        return (Text(value, places), Text(low, places), Text(high, places));
    }

    /// <summary>A number without an interval, e.g. a truth: to a hundredth, or four significant digits if that is more.</summary>
    public static string Alone(double value) =>
        Text(value, value == Math.Floor(value) ? 0 : Math.Abs(value) >= 1000 ? 0 : Math.Clamp(3 - Exponent(value), 1, MostPlaces));

    private static string Probability(double p) => p is 0 or >= SmallP ? p.ToString("0.###", CultureInfo.InvariantCulture) : p.ToString("0.0e-0", CultureInfo.InvariantCulture);

    private static int Places(double value, double low, double high)
    {
        if (value == Math.Floor(value) && low == Math.Floor(low) && high == Math.Floor(high)) return 0;
        // The shorter side: the far end of a ratio's interval says nothing about the digits of the ratio.
        var sides = new[] { value - low, high - value }.Where(s => s > 0 && double.IsFinite(s)).DefaultIfEmpty(0).Min();
        return sides > 0 ? Math.Clamp(1 - Exponent(sides), 0, MostPlaces) : Math.Clamp(5 - Exponent(value), 0, MostPlaces);
    }

    private static int Exponent(double value) => value == 0 ? 0 : (int)Math.Floor(Math.Log10(Math.Abs(value)));

    private static string Text(double value, int places)
    {
        if (!double.IsFinite(value)) return double.IsNaN(value) ? "?" : value > 0 ? "∞" : "-∞";
        var text = value.ToString("N" + places.ToString(CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);
        // No minus before a zero.
        return text.StartsWith('-') && !text.AsSpan().ContainsAnyInRange('1', '9') ? text[1..] : text;
    }
}
