using System.Globalization;

namespace SecureAggregation.Dashboard.Blazor.Model.Queries;

/// <summary>What may be typed into a field of a number.</summary>
/// <param name="Name">What the number is, such as "The weight".</param>
/// <param name="Least">The smallest that is taken.</param>
/// <param name="Most">The largest.</param>
/// <param name="Whole">Whether it has no fraction.</param>
/// <param name="MayBeEmpty">Whether nothing is an answer too.</param>
public sealed record NumberRule(string Name, double Least, double Most, bool Whole = false, bool MayBeEmpty = false)
{
    /// <summary>ε of a question: whole millionths, and beyond the largest nobody would be protected.</summary>
    public static readonly NumberRule Epsilon = new("The privacy cost ε", 0.000001, 100);

    /// <summary>"a number from 0.000001 to 100".</summary>
    public string Range => $"{(Whole ? "a whole number" : "a number")} from {Number(Least)} to {Number(Most)}";

    /// <param name="text">As it was typed.</param>
    /// <param name="kept">What stays in force if it cannot be taken.</param>
    /// <param name="number">What was typed; null for nothing, where that may be.</param>
    /// <returns>Null, or what is wrong, with the rule and what to do.</returns>
    public string? Wrong(string text, double? kept, out double? number)
    {
        number = null;
        if (text.Length == 0 && MayBeEmpty) return null;
        var isNumber = double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var read) && double.IsFinite(read);
        if (isNumber && read >= Least && read <= Most && (!Whole || read == Math.Floor(read)))
        {
            number = read;
            return null;
        }

        // A browser sends nothing for what is no number.
        var said = text.Length == 0 ? "is empty or no number" : $"is {(text.Length <= 20 ? text : text[..19] + "…")}";
        return $"{Name} {said}; type {Range}{(MayBeEmpty ? ", or nothing" : "")}. {(kept is { } old ? $"Until then it stays {Number(old)}" : "Until then nothing changes")}";
    }

    private static string Number(double value) => value.ToString("#,0.######", CultureInfo.InvariantCulture);
}
