using System.Globalization;

namespace SecureAggregation.Statistics;

/// <summary>
/// Dates as statistics see them: whole days since 1970-01-01 (day 0), in the proleptic Gregorian calendar, years 1 to 9999. Text is ISO 8601,
/// <c>yyyy-MM-dd</c>.
/// </summary>
public static class DayNumber
{
    /// <summary>How dates are written in schemas, queries and results.</summary>
    public const string IsoFormat = "yyyy-MM-dd";

    /// <summary>0001-01-01.</summary>
    public const double Least = -719_162;

    /// <summary>9999-12-31.</summary>
    public const double Most = 2_932_896;

    private static readonly int s_epoch = new DateOnly(1970, 1, 1).DayNumber;

    /// <summary>The day of an ISO date.</summary>
    /// <returns>False if the text is no date of the calendar, or not in this form.</returns>
    public static bool TryParse(ReadOnlySpan<char> text, out double day)
    {
        var isDate = DateOnly.TryParseExact(text, IsoFormat, CultureInfo.InvariantCulture, DateTimeStyles.None, out var date);
        day = isDate ? Of(date) : 0;
        return isDate;
    }

    /// <summary>The day of a date.</summary>
    public static double Of(DateOnly date) => date.DayNumber - s_epoch;

    /// <summary>The date of a day, a fraction rounded down.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The day lies outside years 1 to 9999, or is no number.</exception>
    public static DateOnly Date(double day) => day >= Least && day < Most + 1
        ? DateOnly.FromDayNumber((int)Math.Floor(day) + s_epoch)
        : throw new ArgumentOutOfRangeException(nameof(day), day, "A day must lie between 0001-01-01 and 9999-12-31.");

    /// <summary>A day as an ISO date, a fraction rounded down.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The day lies outside years 1 to 9999, or is no number.</exception>
    public static string Text(double day) => Date(day).ToString(IsoFormat, CultureInfo.InvariantCulture);
}
