using System.Globalization;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Dashboard.Blazor.Model.Outposts;

public enum Presence
{
    /// <summary>Before the station started: it forgets when it stops.</summary>
    Unknown,
    Online,
    Offline,
}

/// <summary>A stretch of the band.</summary>
public readonly record struct AvailabilityPart(Presence Presence, DateTimeOffset From, DateTimeOffset To)
{
    public TimeSpan Length => To - From;
}

/// <summary>When an outpost was connected during the last 24 hours, by the station's word; parts in order of time, without a hole.</summary>
public sealed record Availability(DateTimeOffset From, DateTimeOffset To, IReadOnlyList<AvailabilityPart> Parts)
{
    public static readonly TimeSpan Window = TimeSpan.FromHours(24);

    /// <summary>As many as a station keeps: with so many, older ones are missing and the time before them is not known.</summary>
    private const int MostSpans = 200;

    public TimeSpan Known => Parts.Where(part => part.Presence != Presence.Unknown).Aggregate(TimeSpan.Zero, (sum, part) => sum + part.Length);

    public TimeSpan Connected => Parts.Where(part => part.Presence == Presence.Online).Aggregate(TimeSpan.Zero, (sum, part) => sum + part.Length);

    /// <summary>The part of the known time during which it was connected; null while nothing is known.</summary>
    public double? Share => Known > TimeSpan.Zero ? Connected / Known : null;

    /// <summary>Times without a connection.</summary>
    public IReadOnlyList<AvailabilityPart> Gaps => [.. Parts.Where(part => part.Presence == Presence.Offline)];

    public TimeSpan LongestGap => Gaps.Select(gap => gap.Length).DefaultIfEmpty().Max();

    /// <summary>"98.6 %"; 100 % only without a gap.</summary>
    public string Percent => Share switch
    {
        null => "not known",
        { } share when Gaps.Count > 0 => Math.Min(share * 100, 99.9).ToString("0.#", CultureInfo.InvariantCulture) + " %",
        _ => "100 %",
    };

    /// <summary>"98.6 % connected, 2 gaps, longest 10 min".</summary>
    public string Words
    {
        get
        {
            if (Share is null) return "not known";
            var gaps = Gaps.Count switch
            {
                0 => "no gap",
                1 => $"one gap of {Text.Span(LongestGap)}",
                var n => $"{n} gaps, longest {Text.Span(LongestGap)}",
            };
            var known = Known < Window - TimeSpan.FromMinutes(15) ? $" of the {Text.Span(Known)} that are known" : "";
            return $"connected {Percent}{known}, {gaps}";
        }
    }

    /// <param name="outpost">Its spans may overlap or lie anywhere: they are the station's word.</param>
    /// <param name="stationStarted">Before this only what a span says is known.</param>
    /// <param name="now">The end of the band.</param>
    public static Availability Of(OutpostView outpost, DateTimeOffset? stationStarted, DateTimeOffset now)
    {
        var from = now - Window;
        var spans = outpost.Spans.Select(span => (From: Contract.Time(span.FromMs), To: Contract.TimeOrNull(span.ToMs) ?? now)).ToList();
        if (spans.Count == 0 && outpost.Online && Contract.TimeOrNull(outpost.ConnectedSinceMs) is { } since) spans.Add((since, now));
        spans.Sort();
        var full = spans.Count >= MostSpans;
        var known = Max(from, Min(now, full ? spans[0].From : Min(stationStarted ?? now, spans.Count > 0 ? spans[0].From : now)));

        var parts = new List<AvailabilityPart>();
        if (known > from) parts.Add(new AvailabilityPart(Presence.Unknown, from, known));
        var at = known;
        foreach (var span in spans)
        {
            var (start, end) = (Max(span.From, at), Min(span.To, now));
            if (end <= start) continue;
            if (start > at) parts.Add(new AvailabilityPart(Presence.Offline, at, start));
            if (start == at && parts.Count > 0 && parts[^1].Presence == Presence.Online) parts[^1] = parts[^1] with { To = end };
            else parts.Add(new AvailabilityPart(Presence.Online, start, end));
            at = end;
        }

        if (at < now) parts.Add(new AvailabilityPart(Presence.Offline, at, now));
        return new Availability(from, now, parts);
    }

    private static DateTimeOffset Max(DateTimeOffset a, DateTimeOffset b) => a > b ? a : b;

    private static DateTimeOffset Min(DateTimeOffset a, DateTimeOffset b) => a < b ? a : b;
}
