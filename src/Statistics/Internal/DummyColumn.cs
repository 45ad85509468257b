using System.Globalization;

namespace SecureAggregation.Statistics.Internal;

/// <summary>Made-up fields of one column, as the outpost's own file would write them.</summary>
internal sealed class DummyColumn(SourceColumn source, ulong seed)
{
    private const double MissingShare = 0.04;

    // Where a schema leaves bounds open: wide enough to see that something comes out.
    private const double NoLow = 0;
    private const double NoHigh = 100;

    private static readonly double s_noFirstDay = DayNumber.Of(new DateOnly(2020, 1, 1));
    private static readonly double s_noLastDay = DayNumber.Of(new DateOnly(2024, 12, 31));

    private readonly Draws _absent = new(seed, source.Column!.Name + "/missing");
    private readonly Draws _draws = new(seed, source.Column!.Name);
    private readonly string[] _missing = ["", .. source.MissingCodes.Order(StringComparer.Ordinal)];
    private readonly string[][] _labels =
        [.. source.Column!.Categories.Select(l => (string[])[.. source.Codes.Where(c => c.Label == l).Select(c => c.Code).DefaultIfEmpty(l)])];

    public string Header => source.Header;

    public string Field(long row)
    {
        if (_absent.Unit(2 * row) < MissingShare) return _missing[_absent.Below((2 * row) + 1, _missing.Length)];
        var column = source.Column!;
        if (column.Type == ColumnType.Category)
        {
            var codes = _labels[_draws.Below(2 * row, _labels.Length)];
            return codes[_draws.Below((2 * row) + 1, codes.Length)];
        }

        // The mean of three: more in the middle than at the ends, as most measurements are.
        var place = (_draws.Unit(3 * row) + _draws.Unit((3 * row) + 1) + _draws.Unit((3 * row) + 2)) / 3;
        if (column.Type == ColumnType.Date)
        {
            var (first, last) = (column.Low ?? s_noFirstDay, column.High ?? s_noLastDay);
            return source.DateFormat.Text(DayNumber.Date(first + Math.Floor(place * (last - first + 1))));
        }

        var (low, high) = (column.Low ?? NoLow, column.High ?? NoHigh);
        var step = column.Step ?? (high - low) / 1000;
        var value = Math.Round(low + (Math.Floor(place * (Math.Floor((high - low) / step) + 1)) * step), 12);
        return value.ToString(CultureInfo.InvariantCulture);
    }
}
