using System.Globalization;

namespace SecureAggregation.Dashboard.Blazor.Model;

/// <summary>An axis with round ticks.</summary>
internal sealed record Axis(double Low, double High, double Step)
{
    public IEnumerable<double> Ticks
    {
        get
        {
            var count = (int)Math.Min(50, Math.Round((High - Low) / Step));
            for (var i = 0; i <= count; i++) yield return Low + (i * Step);
        }
    }

    /// <summary>The smallest axis with steps of 1, 2 or 5 times a power of ten that holds the values in about <paramref name="ticks"/> steps.</summary>
    public static Axis Holding(IEnumerable<double> values, int ticks = 5, bool fromZero = false)
    {
        double low = double.PositiveInfinity, high = double.NegativeInfinity;
        foreach (var value in values.Where(double.IsFinite)) (low, high) = (Math.Min(low, value), Math.Max(high, value));
        if (low > high) (low, high) = (0, 1);
        if (fromZero) (low, high) = (Math.Min(low, 0), Math.Max(high, 0));
        if (high - low < 1e-9 * Math.Max(1, Math.Abs(high))) (low, high) = (low - 0.5, high + 0.5);
        var raw = (high - low) / Math.Max(1, ticks);
        var power = Math.Pow(10, Math.Floor(Math.Log10(raw)));
        var step = (raw / power) switch { <= 1 => 1, <= 2 => 2, <= 5 => 5, _ => 10 } * power;
        return new Axis(Math.Floor(low / step) * step, Math.Ceiling(high / step) * step, step);
    }

    /// <summary>0 at the low end, 1 at the high end, never outside.</summary>
    public double At(double value) => double.IsFinite(value) ? Math.Clamp((value - Low) / (High - Low), 0, 1) : value > 0 ? 1 : 0;

    public string Label(double tick)
    {
        var size = Math.Abs(tick);
        if (size >= 1e6) return (tick / 1e6).ToString("0.##", CultureInfo.InvariantCulture).Replace('-', '−') + " M";
        var digits = Math.Max(0, -(int)Math.Floor(Math.Log10(Step)));
        var text = Math.Round(tick, Math.Min(digits, 12)).ToString("N" + Math.Min(digits, 12), CultureInfo.InvariantCulture);
        return (text.Trim('-', '0', '.', ',').Length == 0 ? "0" : text).Replace('-', '−');
    }
}
