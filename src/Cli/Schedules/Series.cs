using Cronos;

namespace SecureAggregation.Cli.Schedules;

/// <summary>When a query is asked again and again: a cron expression within two dates, in a time zone. Every run is known before the first.</summary>
internal sealed record Series
{
    /// <summary>The most runs of a series.</summary>
    public const int MaxRuns = 1000;

    private Series(string cron, string zone, DateTimeOffset from, DateTimeOffset until, IReadOnlyList<DateTimeOffset> runs) => (Cron, Zone, From, Until, Runs) = (cron, zone, from, until, runs);

    /// <summary>Five fields: minute, hour, day of the month, month, day of the week; or six with seconds first.</summary>
    public string Cron { get; }

    /// <summary>Name of the time zone, e.g. Europe/Berlin.</summary>
    public string Zone { get; }

    /// <summary>No run is before.</summary>
    public DateTimeOffset From { get; }

    /// <summary>No run is after.</summary>
    public DateTimeOffset Until { get; }

    /// <summary>Every run, in UTC.</summary>
    public IReadOnlyList<DateTimeOffset> Runs { get; }

    /// <exception cref="CliException">The expression or the zone cannot be read, or there is no run, or too many.</exception>
    public static Series Of(string cron, string zone, DateTimeOffset from, DateTimeOffset until)
    {
        if (until <= from) throw Wrong($"--until is {until:u}, not after {from:u}, where the series begins");
        var runs = Expression(cron).GetOccurrences(from.UtcDateTime, until.UtcDateTime, TimeZone(zone), fromInclusive: false, toInclusive: true).Take(MaxRuns + 1).Select(t => new DateTimeOffset(t, TimeSpan.Zero)).ToArray();
        return runs.Length switch
        {
            0 => throw Wrong($"--cron '{cron}' has no run between {from:u} and {until:u}"),
            > MaxRuns => throw Wrong($"--cron '{cron}' has more than {MaxRuns} runs until {until:u}; ask more seldom, or end sooner"),
            _ => new Series(cron, zone, from, until, runs),
        };
    }

    private static CronExpression Expression(string cron)
    {
        try
        {
            return CronExpression.Parse(cron, cron.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length == 6 ? CronFormat.IncludeSeconds : CronFormat.Standard);
        }
        catch (CronFormatException e)
        {
            throw new CliException(ExitCode.BadInput, $"--cron is '{cron}': {e.Message} It has five fields, e.g. '0 6 * * 1' for Mondays at 6:00", e);
        }
    }

    private static TimeZoneInfo TimeZone(string zone)
    {
        try
        {
            return TimeZoneInfo.FindSystemTimeZoneById(zone);
        }
        catch (Exception e) when (e is TimeZoneNotFoundException or InvalidTimeZoneException)
        {
            throw new CliException(ExitCode.BadInput, $"--zone is '{zone}', which this machine does not know; give a name such as Europe/Berlin or UTC", e);
        }
    }

    private static CliException Wrong(string message) => new(ExitCode.BadInput, message);
}
