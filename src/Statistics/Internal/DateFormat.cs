using System.Globalization;

namespace SecureAggregation.Statistics.Internal;

/// <summary>How an outpost's own file writes dates: numbers of year, month and day, and a time of day that is read over.</summary>
internal sealed class DateFormat
{
    /// <summary>What a file has that declares nothing.</summary>
    public static readonly DateFormat Iso = new(DayNumber.IsoFormat);

    /// <summary>Forms that files use, the likelier of two that look alike first.</summary>
    public static readonly IReadOnlyList<DateFormat> Common =
    [
        Iso, new("yyyy-MM-dd HH:mm:ss"), new("yyyy-MM-ddTHH:mm:ss"), new("yyyy-MM-ddTHH:mm:ssZ"), new("yyyy/MM/dd"), new("yyyyMMdd"),
        new("d.M.yyyy"), new("d/M/yyyy"), new("M/d/yyyy"), new("d-M-yyyy"), new("d.M.yyyy HH:mm"), new("M/d/yyyy HH:mm"),
    ];

    private readonly string _pattern;
    private readonly bool _hasTime;

    private DateFormat(string pattern) => (_pattern, _hasTime) = (pattern, pattern.Contains('H', StringComparison.Ordinal));

    /// <summary>Checks a declared format.</summary>
    /// <exception cref="AnalysisException">It does not say year, month and day once each, or holds something else.</exception>
    public static DateFormat Parse(string pattern, string column)
    {
        var (years, months, days) = (0, 0, 0);
        for (var i = 0; i < pattern.Length;)
        {
            var run = 1;
            while (i + run < pattern.Length && pattern[i + run] == pattern[i]) run++;
            var known = (pattern[i], run) switch
            {
                ('y', 4) => ++years == 1,
                ('M', 1 or 2) => ++months == 1,
                ('d', 1 or 2) => ++days == 1,
                ('H' or 'm' or 's', 1 or 2) => true,
                ('-' or '.' or '/' or ':' or ' ' or 'T' or 'Z' or '_', _) => true,
                _ => false,
            };
            if (!known) throw Bad();
            i += run;
        }

        return (years, months, days) == (1, 1, 1) ? new DateFormat(pattern) : throw Bad();

        AnalysisException Bad() => new(
            $"The format of column '{column}' is '{pattern}'; write year, month and day once each, e.g. yyyy-MM-dd, dd.MM.yyyy, M/d/yyyy or yyyyMMdd, and, "
            + "where the file has a time too, HH:mm or HH:mm:ss. Years have four digits: of two it cannot be known which century.");
    }

    public bool TryParse(ReadOnlySpan<char> text, out double day)
    {
        // DateTime knows hours; DateOnly is the faster of the two.
        if (_hasTime)
        {
            var read = DateTime.TryParseExact(text, _pattern, CultureInfo.InvariantCulture, DateTimeStyles.None, out var time);
            day = read ? DayNumber.Of(DateOnly.FromDateTime(time)) : 0;
            return read;
        }

        var isDate = DateOnly.TryParseExact(text, _pattern, CultureInfo.InvariantCulture, DateTimeStyles.None, out var date);
        day = isDate ? DayNumber.Of(date) : 0;
        return isDate;
    }

    public string Text(DateOnly date) => date.ToDateTime(TimeOnly.MinValue).ToString(_pattern, CultureInfo.InvariantCulture);

    public override string ToString() => _pattern;
}
