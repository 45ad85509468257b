using System.Globalization;

namespace SecureAggregation.Dashboard.Blazor.Model;

/// <summary>An axis of time with ticks at round times of UTC.</summary>
internal sealed record TimeAxis(DateTimeOffset From, DateTimeOffset To, TimeSpan Step)
{
    private static readonly TimeSpan[] s_steps =
    [
        .. ((int[])[1, 5, 15, 30]).Select(s => TimeSpan.FromSeconds(s)), .. ((int[])[1, 5, 15, 30]).Select(m => TimeSpan.FromMinutes(m)), .. ((int[])[1, 3, 6, 12]).Select(h => TimeSpan.FromHours(h)),
        .. ((int[])[1, 2, 7, 14, 30, 90, 365, 1825]).Select(d => TimeSpan.FromDays(d)),
    ];

    public IEnumerable<DateTimeOffset> Ticks
    {
        get
        {
            var first = new DateTimeOffset(((From.UtcTicks + Step.Ticks - 1) / Step.Ticks) * Step.Ticks, TimeSpan.Zero);
            for (var tick = first; tick <= To; tick += Step) yield return tick;
        }
    }

    /// <summary>From one to the other in at most so many steps.</summary>
    public static TimeAxis Holding(DateTimeOffset from, DateTimeOffset to, int ticks = 7)
    {
        if (to <= from) to = from.AddSeconds(1);
        var step = Array.Find(s_steps, s => (to - from) / s <= ticks);
        return new TimeAxis(from, to, step == default ? TimeSpan.FromDays(Math.Ceiling((to - from).TotalDays / ticks)) : step);
    }

    /// <summary>0 at the beginning, 1 at the end, never outside.</summary>
    public double At(DateTimeOffset time) => Math.Clamp((time - From) / (To - From), 0, 1);

    public string Label(DateTimeOffset tick) => tick.UtcDateTime.ToString(
        Step < TimeSpan.FromMinutes(1) ? "HH:mm:ss" : Step < TimeSpan.FromDays(1) ? tick.TimeOfDay == TimeSpan.Zero ? "d MMM" : "HH:mm" : Step < TimeSpan.FromDays(365) ? "d MMM" : "yyyy", CultureInfo.InvariantCulture);
}
