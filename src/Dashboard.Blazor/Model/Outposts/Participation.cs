using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Dashboard.Blazor.Model.Outposts;

/// <summary>What an outpost did in the rounds that have ended, of those the deck holds.</summary>
public sealed record Participation(int Asked, int Joined, int Dropped, int Declined, int Slowest)
{
    public static readonly Participation None = new(0, 0, 0, 0, 0);

    /// <summary>Rounds that went on without it after it had joined, or that it refused, by the rounds it was asked for.</summary>
    public double Trouble => Asked == 0 ? 0 : (double)(Dropped + Declined) / Asked;

    public static IReadOnlyDictionary<uint, Participation> Of(IEnumerable<RoundView> rounds)
    {
        var all = new Dictionary<uint, Participation>();
        foreach (var round in rounds)
        {
            if (round.State is not (RoundState.Done or RoundState.Aborted)) continue;
            var slowest = RoundTimes.Of(round).Slowest;
            foreach (var party in round.Parties)
            {
                var so = all.GetValueOrDefault(party.Index, None);
                var (dropped, declined) = (party.State is PartyState.Dropped or PartyState.Blamed, party.State == PartyState.Declined);
                all[party.Index] = new Participation(
                    so.Asked + 1,
                    so.Joined + (declined || party.State == PartyState.Invited ? 0 : 1),
                    so.Dropped + (dropped ? 1 : 0),
                    so.Declined + (declined ? 1 : 0),
                    so.Slowest + (slowest == party.Index ? 1 : 0));
            }
        }

        return all;
    }
}
