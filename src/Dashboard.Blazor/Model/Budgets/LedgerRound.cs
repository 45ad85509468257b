using System.Runtime.CompilerServices;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Dashboard.Blazor.Model.Budgets;

/// <summary>What one outpost's ledger was charged for a round by its signed Input, or why it refused.</summary>
public readonly record struct Charge(uint Outpost, string Name, ulong Micro, bool Declined, RefusalCode Refusal, string Reason);

/// <summary>A round as the ledger tells it: only who was charged and who refused is kept, so that thousands of rounds fit.</summary>
public sealed record LedgerRound(
    string Id, string Title, string Dataset, string Coordinator, RoundState State, DateTimeOffset Started, ulong FirstEntry, ulong LastEntry, IReadOnlyList<Charge> Charges)
{
    // A round is the same object in every state of the store until it changes: read once for all browsers.
    private static readonly ConditionalWeakTable<RoundView, LedgerRound> s_known = [];

    public static LedgerRound Of(RoundView round) => s_known.GetValue(round, Read);

    /// <summary>What the outpost was charged, or 0.</summary>
    public ulong ChargeOf(uint outpost)
    {
        var (low, high) = (0, Charges.Count - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            var charge = Charges[middle];
            if (charge.Outpost == outpost) return charge.Micro;
            if (charge.Outpost < outpost) low = middle + 1;
            else high = middle - 1;
        }

        return 0;
    }

    private static LedgerRound Read(RoundView round) => new(
        round.Id(), round.Title, round.Dataset, round.Coordinator, round.State, Contract.Time(round.StartedMs), round.FirstEntry, round.LastEntry,
        [
            .. round.Parties.Where(party => party.ChargedMicro > 0 || party.State == PartyState.Declined).OrderBy(party => party.Index)
                .Select(party => new Charge(party.Index, party.Name, party.ChargedMicro, party.State == PartyState.Declined, party.Refusal, party.Reason)),
        ]);
}
