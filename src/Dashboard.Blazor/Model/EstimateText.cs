using System.Globalization;
using SecureAggregation.Statistics;

namespace SecureAggregation.Dashboard.Blazor.Model;

/// <summary>
/// A released number in words. Digits follow the noise: the half-width of the interval keeps two significant digits, and the value is printed
/// to the same place, because digits beyond it are noise.
/// </summary>
internal sealed record EstimateText(string Value, string Low, string High, string HalfWidth, string Unit)
{
    /// <summary>"50.9 years (50.8 to 51.1)": in a sentence too no number stands without its interval.</summary>
    public string Said => $"{Value}{(Unit.Length > 0 ? " " + Unit : "")} ({Low} to {High})";

    public const string Meaning = "95 % interval for privacy noise only; sampling error is not included";

    /// <summary>The tooltip; the confidence is the released one.</summary>
    public static string MeaningOf(ReleasedStatistic statistic) =>
        Meaning.Replace("95 %", Percent(statistic.Confidence), StringComparison.Ordinal);

    public static EstimateText Of(ReleasedStatistic statistic)
    {
        var (value, low, high) = (statistic.Value ?? 0, statistic.Low ?? 0, statistic.High ?? 0);
        var half = (high - low) / 2;
        if (statistic.Quantity.Split(' ')[^1] == "p")
            return new EstimateText(Probability(value), Probability(low), Probability(high), Probability(half), "");
        // Of a ratio the lower side: the far end of its interval says nothing about its digits. Any other value may lie at one end of its interval, and is no surer for that.
        var side = IsRatio(statistic) && value > low ? value - low : half;
        var whole = IsWhole(statistic) || ((double[])[value, low, high]).All(v => v == Math.Floor(v));
        var place = Place(side, value, whole);
        var halfPlace = place;
        if (statistic.Kind == MeasureKind.Quantiles)
        {
            // A quantile is an edge or a point of a grid: zeros behind its last digit would say that it is known finer than that. Half of an interval may lie between two points.
            while (place < 0 && ((double[])[value, low, high]).All(v => IsAt(v, place + 1))) place++;
            while (halfPlace < place && IsAt(half, halfPlace + 1)) halfPlace++;
        }

        return new EstimateText(Number(value, place), Number(low, place), Number(high, place), Number(half, halfPlace), statistic.Unit);
    }

    public static string Percent(double confidence) => (confidence is > 0 and <= 1 ? confidence * 100 : 95).ToString("0.##", CultureInfo.InvariantCulture) + " %";

    /// <summary>"Mean of age, sex = male".</summary>
    public static string Title(ReleasedStatistic statistic)
    {
        var title = Text.Capital(Kind(statistic.Kind));
        if (statistic.Measure.Contains(" ~ ", StringComparison.Ordinal)) title = StatisticWords.Measure(statistic);
        else if (statistic.Column.Length > 0) title += $" of {statistic.Column}";
        if (statistic.Group.Length > 0) title += $", {Group(statistic.Group)}";
        if (statistic.Bin.Length > 0) title += $", {Bin(statistic)}";
        return statistic.Quantity.Length > 0 ? $"{title}: {StatisticWords.Quantity(statistic)}" : title;
    }

    /// <summary>"sex=male,cp=typical" in words; what is of no group is of all of them.</summary>
    public static string Group(string group) =>
        group.Length == 0 ? "all groups" : group.Replace(",", ", ").Replace(" = ", "=").Replace("=", " = ");

    /// <summary>"[30,40)" as "30–40", "[label]" as "label", "[sex=male]" as "sex = male", "[a,b]" as "a, b".</summary>
    public static string Bin(ReleasedStatistic statistic)
    {
        var bin = statistic.Bin;
        if (bin.Length < 2) return bin;
        if (Level(statistic) is { } level)
            return level switch { 0.25 => "first quartile", 0.5 => "median", 0.75 => "third quartile", _ => (level * 100).ToString("0.##", CultureInfo.InvariantCulture) + " % quantile" };
        var inner = bin[1..^1];
        var comma = inner.IndexOf(',', StringComparison.Ordinal);
        // Edges are numbers or dates; labels with a comma are neither on both sides.
        if (comma > 0 && IsEdge(inner[..comma]) && IsEdge(inner[(comma + 1)..])) return $"{inner[..comma]}–{inner[(comma + 1)..]}";
        return inner.Trim('(', ')').Replace(",", ", ", StringComparison.Ordinal).Replace("=", " = ", StringComparison.Ordinal);
    }

    /// <summary>Of "[q0.25]" of quantiles 0.25; null for what is none.</summary>
    public static double? Level(ReleasedStatistic statistic) =>
        statistic.Kind == MeasureKind.Quantiles && statistic.Bin.StartsWith("[q", StringComparison.Ordinal)
            && double.TryParse(statistic.Bin.AsSpan(2, statistic.Bin.Length - 3), NumberStyles.Float, CultureInfo.InvariantCulture, out var level) ? level : null;

    // Half of a difference of two such numbers has an error of rounding.
    private static bool IsAt(double value, int place) => Math.Abs(value - Math.Round(value, Math.Min(-place, 12))) <= 1e-9 * Math.Max(1, Math.Abs(value));

    private static bool IsEdge(string text) => double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out _) || DateOnly.TryParseExact(text, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out _);

    /// <summary>"value" of a kind that only a newer station knows.</summary>
    public static string Kind(MeasureKind kind) => kind == default ? "value" : kind.Word();

    /// <summary>Two digits of a p-value below a thousandth: it is never printed as 0.</summary>
    public static string Probability(double p) =>
        (p is 0 or >= 0.001 || !double.IsFinite(p) ? p.ToString("0.###", CultureInfo.InvariantCulture) : p.ToString("0.0e-0", CultureInfo.InvariantCulture)).Replace('-', '−');

    /// <summary>"fewer than 10 rows" as "withheld", "not determined: …" as "not determined": the reason stands below.</summary>
    public static string NotShown(ReleasedStatistic statistic) => statistic.Withheld.StartsWith("not determined", StringComparison.Ordinal) ? "not determined" : "withheld";

    /// <summary>The whole sentence.</summary>
    public static string Reason(ReleasedStatistic statistic) =>
        statistic.Withheld.StartsWith("not determined", StringComparison.Ordinal) ? Text.Capital(statistic.Withheld) : $"Withheld: {statistic.Withheld}";

    /// <summary>A number rounded to a power of ten: place 1 prints tens, 0 whole numbers, −2 hundredths.</summary>
    public static string Number(double value, int place)
    {
        if (!double.IsFinite(value)) return double.IsNaN(value) ? "not a number" : value > 0 ? "∞" : "−∞";
        var step = Math.Pow(10, place);
        var rounded = place > 0 ? Math.Round(value / step) * step : Math.Round(value, Math.Min(-place, 12));
        if (rounded == 0) rounded = 0; // no minus before a zero
        var text = rounded.ToString("N" + Math.Clamp(-place, 0, 12), CultureInfo.InvariantCulture);
        return text.Replace('-', '−');
    }

    public static bool IsWhole(ReleasedStatistic statistic) => statistic.Kind is MeasureKind.Count or MeasureKind.Histogram && statistic.Quantity.Length == 0;

    private static bool IsRatio(ReleasedStatistic statistic) => statistic.Quantity.Split(' ').Any(word => word is "or" or "rr" or "odds_ratio" or "rate_ratio");

    private static int Place(double half, double value, bool whole)
    {
        if (!double.IsFinite(half) || half <= 0)
        {
            // No noise, or one that leaves no doubt of the bin: as many digits as it has, at most six significant ones.
            if (whole || !double.IsFinite(value) || value == Math.Floor(value)) return 0;
            var last = Math.Abs(value) < 1e-12 ? -6 : Math.Clamp((int)Math.Floor(Math.Log10(Math.Abs(value))) - 5, -12, 0);
            return Enumerable.Range(last, -last).Reverse().FirstOrDefault(place => Math.Round(value, -place) == Math.Round(value, -last), last);
        }

        var place = (int)Math.Floor(Math.Log10(half)) - 1;
        return whole ? Math.Max(place, 0) : Math.Max(place, -12);
    }
}
