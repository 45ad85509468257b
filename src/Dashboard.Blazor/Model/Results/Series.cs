using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;

namespace SecureAggregation.Dashboard.Blazor.Model.Results;

/// <summary>One round of a repeated question with the number that is followed.</summary>
/// <param name="Round">The round.</param>
/// <param name="Number">The number in it; null where the round does not have it.</param>
/// <param name="Verified">Whether the deck computed it from the evidence.</param>
/// <param name="Others">Whether other outposts are in its total than in the newest one's.</param>
public sealed record SeriesPoint(RoundView Round, ReleasedStatistic? Number, bool Verified, bool Others)
{
    public bool IsDrawn => Number?.IsShown() == true && double.IsFinite(Number.Low!.Value) && double.IsFinite(Number.High!.Value);
}

/// <summary>A number over the rounds that ask the same, oldest first.</summary>
public sealed record Series(IReadOnlyList<SeriesPoint> Points, string Finding)
{
    public static Series Of(IEnumerable<(RoundView Round, IReadOnlyList<ReleasedStatistic> Statistics, bool Verified)> rounds, string key)
    {
        var ordered = rounds.OrderBy(r => r.Round.FinishedMs).ThenBy(r => r.Round.StartedMs).ToArray();
        if (ordered.Length == 0) return new Series([], "No round has answered this yet.");
        var newest = InTotal(ordered[^1].Round);
        var points = ordered.Select(r => new SeriesPoint(r.Round, r.Statistics.Find(key), r.Verified, !newest.SetEquals(InTotal(r.Round)))).ToArray();
        return new Series(points, Say([.. points.Where(p => p.IsDrawn)]));
    }

    /// <summary>Goes back from the newest round to the first one from which it differs by more than the noise.</summary>
    private static string Say(SeriesPoint[] shown)
    {
        if (shown.Length == 0) return "No round shows this number.";
        if (shown.Length == 1) return $"Only one round shows this number, of {Day(shown[0])}; a second one makes a series.";
        var newest = shown[^1];
        for (var i = shown.Length - 2; i >= 0; i--)
        {
            if (Difference.Of(shown[i].Number!, newest.Number!) is not { IsBeyondNoise: true } change) continue;
            var text = change.Text(newest.Number!);
            var unit = newest.Number!.Unit.Length > 0 ? " " + newest.Number.Unit : "";
            var since = i == shown.Length - 2 ? "" : $" No change beyond the noise since {Day(shown[i + 1])}.";
            return $"The newest value differs from that of {Day(shown[i])} by more than the noise: {text.Value}{unit} ({text.Low} to {text.High}).{since}";
        }

        return $"No change beyond the noise since {Day(shown[0])}, over {shown.Length} rounds.";
    }

    private static string Day(SeriesPoint point) => Text.Minute(Contract.Time(point.Round.FinishedMs));

    private static HashSet<uint> InTotal(RoundView round) => [.. round.Parties.Except(round.Lost()).Select(p => p.Index)];
}
