using System.Globalization;

namespace Grpc.Wire;

/// <summary>grpc-timeout: one to eight digits and a unit.</summary>
internal static class Timeout
{
    private const long MostDigits = 99_999_999;

    // Finest first: the first in which eight digits are enough loses least.
    private static readonly (char Unit, double Ticks)[] s_units =
    [
        ('n', TimeSpan.TicksPerMicrosecond / 1000.0),
        ('u', TimeSpan.TicksPerMicrosecond),
        ('m', TimeSpan.TicksPerMillisecond),
        ('S', TimeSpan.TicksPerSecond),
        ('M', TimeSpan.TicksPerMinute),
        ('H', TimeSpan.TicksPerHour),
    ];

    public static string Format(TimeSpan timeout)
    {
        var ticks = Math.Max(timeout.Ticks, 0);
        foreach (var (unit, size) in s_units)
        {
            var value = Math.Ceiling(ticks / size);
            if (value <= MostDigits) return string.Create(CultureInfo.InvariantCulture, $"{(long)value}{unit}");
        }

        return $"{MostDigits}H";
    }

    public static bool TryParse(string text, out TimeSpan timeout)
    {
        timeout = default;
        if (text.Length is < 2 or > 9) return false;
        if (!long.TryParse(text.AsSpan(0, text.Length - 1), NumberStyles.None, CultureInfo.InvariantCulture, out var value)) return false;
        foreach (var (unit, size) in s_units)
        {
            if (unit != text[^1]) continue;
            timeout = TimeSpan.FromTicks((long)Math.Min(Math.Ceiling(value * size), TimeSpan.MaxValue.Ticks / 2));
            return true;
        }

        return false;
    }
}
