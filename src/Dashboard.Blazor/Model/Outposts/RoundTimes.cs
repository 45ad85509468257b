using System.Runtime.CompilerServices;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Dashboard.Blazor.Model.Outposts;

/// <summary>How long each outpost took in each phase of a round. A phase begins for all when the last outpost finished the one before.</summary>
internal sealed class RoundTimes
{
    // A round that has ended is the same object in every state of the store: counted once for all browsers.
    private static readonly ConditionalWeakTable<RoundView, RoundTimes> s_known = [];

    private readonly double[] _starts = new double[(int)RoundPhase.Publish + 1];

    private RoundTimes(RoundView round)
    {
        var ends = new double[_starts.Length];
        foreach (var party in round.Parties)
        {
            foreach (var mark in party.Marks)
            {
                if (IsPhase(mark)) ends[(int)mark.Phase] = Math.Max(ends[(int)mark.Phase], mark.AtMs);
            }
        }

        var start = (double)round.StartedMs;
        for (var phase = 1; phase < ends.Length; phase++)
        {
            _starts[phase] = start;
            start = Math.Max(start, ends[phase]);
        }

        Slowest = FindSlowest(round);
    }

    /// <summary>The outpost that took longest over all phases, of those that were there to the end; null if times are missing or tie.</summary>
    public uint? Slowest { get; }

    public static RoundTimes Of(RoundView round) => s_known.GetValue(round, static r => new RoundTimes(r));

    /// <summary>Null for a phase that this deck does not know.</summary>
    public TimeSpan? Took(PhaseMark mark) => IsPhase(mark) ? TimeSpan.FromMilliseconds(Math.Max(0, mark.AtMs - _starts[(int)mark.Phase])) : null;

    private static bool IsPhase(PhaseMark mark) => mark.Phase is >= RoundPhase.Propose and <= RoundPhase.Publish;

    private uint? FindSlowest(RoundView round)
    {
        var times = round.Parties.Where(party => party.State == PartyState.Done && party.Marks.Count > 0)
            .Select(party => (party.Index, Took: party.Marks.Aggregate(TimeSpan.Zero, (sum, mark) => sum + (Took(mark) ?? TimeSpan.Zero))))
            .OrderByDescending(p => p.Took).Take(2).ToArray();
        return times.Length == 2 && times[0].Took > times[1].Took ? times[0].Index : null;
    }
}
