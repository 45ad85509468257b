using System.Globalization;

namespace SecureAggregation.Statistics.Internal;

/// <summary>
/// Finite decimal numbers, each as the double nearest to it. Almost all fields are short ("63", "-9", "233.5"): with up to 15 digits the digits and the power
/// of ten are doubles without error, so that one division rounds as it should (W. D. Clinger, "How to read floating point numbers accurately", PLDI 1990).
/// All others are the framework's, which gives the same in general.
/// </summary>
internal static class PlainNumber
{
    private const int MostDigits = 15;

    private static readonly double[] s_powers = [.. Enumerable.Range(0, MostDigits + 1).Select(i => double.Parse($"1e{i}", CultureInfo.InvariantCulture))];

    public static bool TryParse(ReadOnlySpan<char> text, out double number)
    {
        var negative = !text.IsEmpty && text[0] == '-';
        var digits = negative ? text[1..] : text;
        // One more character than digits, for the point.
        if (digits.Length is 0 or > MostDigits + 1) return Framework(text, out number);
        var (whole, point) = (0L, -1);
        for (var i = 0; i < digits.Length; i++)
        {
            if (char.IsAsciiDigit(digits[i])) whole = (10 * whole) + (digits[i] - '0');
            else if (digits[i] == '.' && point < 0) point = i;
            else return Framework(text, out number);
        }

        if (digits.Length - (point < 0 ? 0 : 1) is 0 or > MostDigits) return Framework(text, out number);
        number = point < 0 ? whole : whole / s_powers[digits.Length - point - 1];
        if (negative) number = -number;
        return true;
    }

    private static bool Framework(ReadOnlySpan<char> text, out double number) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out number) && double.IsFinite(number);
}
