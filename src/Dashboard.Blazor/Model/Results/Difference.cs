using SecureAggregation.Statistics;

namespace SecureAggregation.Dashboard.Blazor.Model.Results;

/// <summary>How a number of one round differs from the same number of another, as far as the privacy noise of both lets it be known.</summary>
/// <param name="Value">Second less first.</param>
/// <param name="Low">Lower end of the difference's interval.</param>
/// <param name="High">Upper end.</param>
/// <param name="Confidence">The smaller of the two.</param>
/// <param name="Overlap">Whether the two numbers' own intervals share a point.</param>
public sealed record Difference(double Value, double Low, double High, double Confidence, bool Overlap)
{
    public const string Method =
        "The two rounds' noises are independent, so the interval of a difference has the root of the summed squares of both intervals' sides on each side (Zou and Donner's MOVER). For Laplace noise it is a little wide, never narrow. It covers privacy noise only: people who came, left or changed between the rounds are part of the difference.";

    /// <summary>Whether 0 lies outside of the interval.</summary>
    public bool IsBeyondNoise => Low > 0 || High < 0;

    /// <summary>Null where one of the two is not shown, their units differ, or a difference says nothing.</summary>
    public static Difference? Of(ReleasedStatistic first, ReleasedStatistic second)
    {
        if (!first.IsShown() || !second.IsShown() || first.Unit != second.Unit || !first.IsSubtracted()) return null;
        var (a, lowA, highA) = (first.Value!.Value, first.Low!.Value, first.High!.Value);
        var (b, lowB, highB) = (second.Value!.Value, second.Low!.Value, second.High!.Value);
        var value = b - a;
        // The difference is lowest where the second is low and the first is high. A value outside of its own interval (a repaired one) leaves that side no slack.
        var low = value - Root(b - lowB, highA - a);
        var high = value + Root(highB - b, a - lowA);
        return double.IsFinite(value) && !double.IsNaN(low) && !double.IsNaN(high)
            ? new Difference(value, low, high, Math.Min(first.Confidence, second.Confidence), lowA <= highB && lowB <= highA)
            : null;
    }

    /// <summary>In words, with a sign, to the place that its own noise supports.</summary>
    internal EstimateText Text(ReleasedStatistic like)
    {
        // Told as what it is of, so that counts stay whole.
        var text = EstimateText.Of(like with { Value = Value, Low = Low, High = High, Confidence = Confidence });
        return text with { Value = Signed(text.Value), Low = Signed(text.Low), High = Signed(text.High) };
    }

    private static double Root(double one, double other)
    {
        var (x, y) = (Math.Max(0, one), Math.Max(0, other));
        return Math.Sqrt((x * x) + (y * y));
    }

    private static string Signed(string number) => number is "0" || number[0] == '−' || number.Trim('0', '.', ',').Length == 0 ? number : "+" + number;
}
