using SecureAggregation.Protocol;

namespace SecureAggregation.Aggregator.Log;

/// <summary>The rosters that the log has seen, each with the index of its entry; the last is in force.</summary>
internal sealed class RosterHistory(IReadOnlyList<(long From, Roster Roster)> epochs)
{
    public Roster Current => epochs[^1].Roster;

    /// <summary>All of them, oldest first.</summary>
    public IEnumerable<Roster> All => epochs.Select(e => e.Roster);

    /// <summary>The roster in force at an entry.</summary>
    public Roster At(long index) => epochs.Last(e => e.From <= index).Roster;
}
