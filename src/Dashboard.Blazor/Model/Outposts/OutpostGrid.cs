using SecureAggregation.Dashboard.Blazor.Store;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Dashboard.Blazor.Model.Outposts;

/// <summary>An outpost's line in the grid.</summary>
public sealed record OutpostLine(OutpostView Outpost, Participation Rounds, Availability Day)
{
    /// <summary>A difference that an operator should look at; deadlines and hours of policies follow clocks.</summary>
    public const long ClockWarningMs = 2_000;

    public bool IsClockOff => Outpost.HasClockAheadMs && Outpost.ClockAheadMs is > ClockWarningMs or < -ClockWarningMs;

    /// <summary>Whether somebody should look at it.</summary>
    public bool NeedsCare => !Outpost.Online || IsClockOff || Rounds.Trouble >= 0.2;

    /// <summary>"2.4 s behind".</summary>
    public static string Clock(long aheadMs)
    {
        var off = TimeSpan.FromMilliseconds(Math.Min(Math.Abs((double)aheadMs), 8.64e14));
        var size = off < TimeSpan.FromMinutes(1) ? Text.Duration(off) : Text.Span(off);
        return aheadMs == 0 ? "exact" : $"{size} {(aheadMs > 0 ? "ahead" : "behind")}";
    }
}

/// <summary>The grid of outposts: which lines, in which order, and the sentence above them.</summary>
internal static class OutpostGrid
{
    public static readonly (string Value, string Word)[] Filters = [("", "All"), ("online", "Online"), ("offline", "Offline"), ("care", "Needs care")];

    public static readonly string[] Sorts = ["name", "seen", "clock", "rounds", "day"];

    public static IReadOnlyList<OutpostLine> Lines(DeckState state, IReadOnlyDictionary<uint, Participation> rounds, DateTimeOffset now)
    {
        var started = Contract.TimeOrNull(state.Consortium?.StartedMs ?? 0);
        return [.. state.Outposts.Values.Select(outpost => new OutpostLine(outpost, rounds.GetValueOrDefault(outpost.Index, Participation.None), Availability.Of(outpost, started, now)))];
    }

    public static bool Matches(OutpostLine line, string filter) => filter switch
    {
        "online" => line.Outpost.Online,
        "offline" => !line.Outpost.Online,
        "care" => line.NeedsCare,
        _ => true,
    };

    /// <summary>By name, software, dataset, or the beginning of the key's fingerprint or the index.</summary>
    public static bool Found(OutpostLine line, string find)
    {
        var text = find.Trim();
        return text.Length == 0
            || line.Outpost.Name.Contains(text, StringComparison.OrdinalIgnoreCase)
            || line.Outpost.Software.Contains(text, StringComparison.OrdinalIgnoreCase)
            || line.Outpost.Datasets.Any(dataset => dataset.Name.Contains(text, StringComparison.OrdinalIgnoreCase))
            || line.Outpost.KeyFingerprint.StartsWith(text, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>By roster's order unless told otherwise; the rest brings what needs a look to the top.</summary>
    public static IEnumerable<OutpostLine> Sorted(IEnumerable<OutpostLine> lines, string sort) => sort switch
    {
        "name" => lines.OrderBy(line => line.Outpost.Name, StringComparer.OrdinalIgnoreCase),
        "seen" => lines.OrderBy(line => line.Outpost.Online).ThenBy(line => line.Outpost.LastSeenMs),
        "clock" => lines.OrderByDescending(line => line.Outpost.HasClockAheadMs ? Math.Abs((double)line.Outpost.ClockAheadMs) : -1),
        "rounds" => lines.OrderByDescending(line => line.Rounds.Trouble).ThenByDescending(line => line.Rounds.Slowest),
        "day" => lines.OrderBy(line => line.Day.Share ?? 2),
        _ => lines,
    };

    /// <summary>Who is there, who is not, whose clock is off, who drops out most.</summary>
    public static string Summary(IReadOnlyList<OutpostLine> all, int roundsHeld, DateTimeOffset now, bool stale)
    {
        if (all.Count == 0) return "The roster names no outposts.";
        var away = all.Where(line => !line.Outpost.Online).ToArray();
        var text = $"{all.Count - away.Length} of {Text.Plural(all.Count, "outpost")} {(stale ? "were" : all.Count - away.Length == 1 ? "is" : "are")} connected";
        text += away.Length switch
        {
            0 => ".",
            1 when Contract.TimeOrNull(away[0].Outpost.LastSeenMs) is { } seen => $"; {away[0].Outpost.Name} was last heard {Text.Age(now, seen)}.",
            <= 3 => $"; away: {Names(away)}.",
            _ => $"; away {away.Length}, among them {Names(away.Take(3))}.",
        };
        var off = all.Where(line => line.IsClockOff).ToArray();
        if (off.Length == 1) text += $" The clock of {off[0].Outpost.Name} is {OutpostLine.Clock(off[0].Outpost.ClockAheadMs)}.";
        else if (off.Length > 1) text += $" {off.Length} clocks are off by more than 2 s{(off.Length <= 3 ? $": {Names(off)}" : "")}.";
        var worst = all.MaxBy(line => line.Rounds.Trouble)!;
        if (worst.Rounds.Trouble > 0)
        {
            var what = worst.Rounds.Dropped >= worst.Rounds.Declined ? $"dropped out of {worst.Rounds.Dropped}" : $"declined {worst.Rounds.Declined}";
            text += $" {worst.Outpost.Name} {what} of {Text.Plural(worst.Rounds.Asked, "round")}, more than any other.";
        }
        else if (roundsHeld > 0)
        {
            text += " Nobody dropped out of a round or declined one.";
        }

        return text;
    }

    private static string Names(IEnumerable<OutpostLine> lines) => string.Join(", ", lines.Select(line => line.Outpost.Name));
}
