using System.Globalization;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Dashboard.Blazor.Model;

/// <summary>How the deck writes times, sizes, ids and words.</summary>
internal static class Text
{
    public static string Age(DateTimeOffset now, DateTimeOffset at)
    {
        var age = now - at;
        return age.TotalSeconds switch
        {
            < 2 => "just now",
            < 60 => $"{(int)age.TotalSeconds} s ago",
            < 3600 => $"{(int)age.TotalMinutes} min ago",
            < 48 * 3600 => $"{(int)age.TotalHours} h ago",
            _ => $"{(int)age.TotalDays} d ago",
        };
    }

    public static string Duration(TimeSpan time) => time.TotalMilliseconds switch
    {
        < 1 => "0 ms",
        < 1000 => $"{time.TotalMilliseconds:0} ms",
        < 60_000 => $"{time.TotalSeconds:0.0} s",
        < 3_600_000 => $"{(int)time.TotalMinutes} min {time.Seconds} s",
        _ => $"{(int)time.TotalHours} h {time.Minutes} min",
    };

    /// <summary>A countdown: whole seconds, never below zero.</summary>
    public static string Left(TimeSpan time) => time <= TimeSpan.Zero ? "0 s" : Duration(TimeSpan.FromSeconds(Math.Ceiling(time.TotalSeconds))).Replace(".0 s", " s");

    /// <summary>A length to the unit that matters: "45 s", "10 min", "3 h 20 min", "12 d".</summary>
    public static string Span(TimeSpan time) => time.TotalSeconds switch
    {
        < 60 => $"{(int)time.TotalSeconds} s",
        < 3600 => $"{(int)time.TotalMinutes} min",
        < 48 * 3600 => time.Minutes == 0 ? $"{(int)time.TotalHours} h" : $"{(int)time.TotalHours} h {time.Minutes} min",
        _ => $"{(int)time.TotalDays} d",
    };

    public static string Bytes(ulong bytes) => bytes switch
    {
        < 1000 => $"{bytes} B",
        < 1_000_000 => $"{bytes / 1e3:0.0} kB",
        < 1_000_000_000 => $"{bytes / 1e6:0.0} MB",
        _ => $"{bytes / 1e9:0.0} GB",
    };

    public static string Clock(DateTimeOffset at) => at.UtcDateTime.ToString("HH:mm:ss", CultureInfo.InvariantCulture);

    public static string Utc(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) + " UTC";

    public static string Minute(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture) + " UTC";

    public static string ShortId(string hex) => hex.Length <= 8 ? hex : hex[..8];

    public static string ShortHash(string hex) => hex.Length <= 8 ? hex : $"{hex[..4]}…{hex[^4..]}";

    public static string Epsilon(double epsilon) => epsilon.ToString("0.######", CultureInfo.InvariantCulture);

    public static string Count(long n) => n.ToString("N0", CultureInfo.InvariantCulture);

    public static string Plural(int n, string one, string? many = null) => n == 1 ? $"1 {one}" : $"{Count(n)} {many ?? one + "s"}";

    /// <summary>A letter alone stays as it is: p is no P.</summary>
    public static string Capital(string text) => text.Length < 2 ? text : char.ToUpperInvariant(text[0]) + text[1..];

    public static string Noise(QueryNoise noise) => noise switch
    {
        QueryNoise.Local => "each outpost adds the whole noise",
        QueryNoise.Distributed => "the outposts share the noise",
        QueryNoise.None => "no noise",
        _ => "not stated",
    };
}
