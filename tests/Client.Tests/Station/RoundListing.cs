using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Testing;

/// <summary>Lists made-up rounds as the contract says a station does.</summary>
public static class RoundListing
{
    public static ListRoundsReply Of(IEnumerable<RoundView> rounds, ListRoundsRequest request)
    {
        var matching = rounds.Where(round => Matches(round, request)).ToList();
        var reply = new ListRoundsReply { Total = (uint)matching.Count };
        foreach (var round in matching.Skip((int)request.Offset).Take(request.Limit == 0 ? 50 : (int)request.Limit)) reply.Rounds.Add(request.Brief ? Brief(round) : round);
        return reply;
    }

    private static bool Matches(RoundView round, ListRoundsRequest request) =>
        (request.State == RoundState.Unspecified || round.State == request.State)
        && round.StartedMs >= request.SinceMs && (request.UntilMs == 0 || round.StartedMs < request.UntilMs)
        && (request.Content.IsEmpty || round.Content.Equals(request.Content))
        && (new[] { round.Title, round.Dataset, round.Coordinator }.Concat(round.Parties.Select(p => p.Name)).Any(text => text.Contains(request.Find, StringComparison.OrdinalIgnoreCase))
            || Convert.ToHexStringLower(round.RoundId.Span).StartsWith(request.Find, StringComparison.OrdinalIgnoreCase));

    private static RoundView Brief(RoundView round)
    {
        var brief = round.Clone();
        brief.Statistics.Clear();
        foreach (var party in brief.Parties) party.Marks.Clear();
        return brief;
    }
}
