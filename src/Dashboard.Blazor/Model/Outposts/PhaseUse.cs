using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Dashboard.Blazor.Model.Outposts;

/// <summary>How long an outpost took in a phase: quartiles, and 5 and 95 % as the ends of the whiskers.</summary>
public sealed record PhaseLatency(RoundPhase Phase, int Count, double LowMs, double Q1Ms, double MedianMs, double Q3Ms, double HighMs, double? OthersMs)
{
    /// <summary>One for each phase in which it answered, in order.</summary>
    public static IReadOnlyList<PhaseLatency> Of(IEnumerable<RoundView> rounds, uint outpost)
    {
        var own = new SortedDictionary<RoundPhase, List<double>>();
        var others = new Dictionary<RoundPhase, List<double>>();
        foreach (var round in rounds.Where(round => round.State is RoundState.Done or RoundState.Aborted))
        {
            var times = RoundTimes.Of(round);
            foreach (var party in round.Parties)
            {
                foreach (var mark in party.Marks)
                {
                    if (times.Took(mark) is not { } took) continue;
                    if (party.Index == outpost) Add(own, mark.Phase, took.TotalMilliseconds);
                    else Add(others, mark.Phase, took.TotalMilliseconds);
                }
            }
        }

        foreach (var list in own.Values.Concat(others.Values)) list.Sort();
        return
        [
            .. own.Select(p => new PhaseLatency(
                p.Key, p.Value.Count, At(p.Value, 0.05), At(p.Value, 0.25), At(p.Value, 0.5), At(p.Value, 0.75), At(p.Value, 0.95), others.TryGetValue(p.Key, out var rest) ? At(rest, 0.5) : null)),
        ];
    }

    private static void Add(IDictionary<RoundPhase, List<double>> lists, RoundPhase phase, double ms)
    {
        if (!lists.TryGetValue(phase, out var list)) lists[phase] = list = [];
        list.Add(ms);
    }

    private static double At(List<double> sorted, double level)
    {
        var place = level * (sorted.Count - 1);
        var below = (int)place;
        return below + 1 < sorted.Count ? sorted[below] + ((place - below) * (sorted[below + 1] - sorted[below])) : sorted[below];
    }
}

/// <summary>What an outpost sent in a phase: how often and how much, never what.</summary>
public sealed record PhaseTraffic(RoundPhase Phase, int Messages, ulong Bytes, ulong Smallest, ulong Largest)
{
    /// <summary>The messages of the protocol that a party sends in the phase.</summary>
    public string Kind => Phase switch
    {
        RoundPhase.Propose => "Join, or Decline with a fixed code",
        RoundPhase.Advertise => "Advertise: fresh public keys",
        RoundPhase.Share => "Share: sealed shares of seeds",
        RoundPhase.Input => "Input: masked, noised numbers, and what the ledger was charged",
        RoundPhase.Agree => "Agree: signature over who is in the sum",
        RoundPhase.Unmask => "Unmask: the seed of its own mask",
        RoundPhase.Recover => "Recover: shares of silent outposts' seeds",
        RoundPhase.Publish => "Cosign: signature over the log's head",
        _ => "not known to this deck",
    };

    public static IReadOnlyList<PhaseTraffic> Of(IEnumerable<RoundView> rounds, uint outpost) =>
    [
        .. rounds.SelectMany(round => round.Parties).Where(party => party.Index == outpost).SelectMany(party => party.Marks).GroupBy(mark => mark.Phase).OrderBy(phase => phase.Key)
            .Select(phase => new PhaseTraffic(phase.Key, phase.Count(), phase.Aggregate(0UL, (sum, mark) => Sum(sum, mark.Bytes)), phase.Min(mark => mark.Bytes), phase.Max(mark => mark.Bytes))),
    ];

    /// <summary>Sizes are the station's word: absurd ones must not end the page.</summary>
    internal static ulong Sum(ulong a, ulong b) => b > ulong.MaxValue - a ? ulong.MaxValue : a + b;
}
