namespace SecureAggregation.Party.Config;

/// <summary>Days and times of day at which questions are answered, by the clock of a place.</summary>
/// <param name="Days">The days.</param>
/// <param name="From">The first moment of each day.</param>
/// <param name="To">The first moment that is too late; a day at most.</param>
/// <param name="Zone">Whose clock.</param>
internal sealed record WorkingHours(IReadOnlySet<DayOfWeek> Days, TimeSpan From, TimeSpan To, TimeZoneInfo Zone)
{
    public bool Contains(DateTimeOffset moment)
    {
        var there = TimeZoneInfo.ConvertTime(moment, Zone);
        return Days.Contains(there.DayOfWeek) && there.TimeOfDay >= From && there.TimeOfDay < To;
    }
}

/// <summary>At most so many questions of one coordinator in a period that slides with the clock.</summary>
internal sealed record QueryRate(int Queries, TimeSpan Per);
