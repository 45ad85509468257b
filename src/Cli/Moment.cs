namespace SecureAggregation.Cli;

/// <summary>Times that a station or a file says; both may say any number.</summary>
internal static class Moment
{
    private const ulong Last = 253_402_300_799_999;

    /// <summary>Milliseconds since 1970 as a time, in the year 9999 at most.</summary>
    public static DateTimeOffset Of(ulong milliseconds) => DateTimeOffset.FromUnixTimeMilliseconds((long)Math.Min(milliseconds, Last));
}
