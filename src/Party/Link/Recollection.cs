using Microsoft.Extensions.Logging;
using SecureAggregation.Party.Config;
using SecureAggregation.Party.Storage;
using SecureAggregation.Protocol;

namespace SecureAggregation.Party.Link;

/// <summary>
/// Whether this outpost's state is the one that it had last. It remembers each head of the station's log before it cosigns it, and nobody else has its key: a
/// cosignature of a head that it does not remember says that the state was put back from an old copy, was lost, or has a twin.
/// </summary>
internal sealed class Recollection(Identity identity, PartyMemory memory, Ledger ledger, ILogger<Recollection> logger)
{
    /// <summary>Holds the newest head that the station has a cosignature of against the state.</summary>
    /// <param name="cosigned">The station's word; empty if it has none.</param>
    /// <returns>What the operator must know; empty if the state is the last one, as far as the station shows.</returns>
    /// <exception cref="SessionLostException">It is no head with this outpost's cosignature.</exception>
    /// <exception cref="StoreException">The state failed.</exception>
    public string Check(string cosigned)
    {
        if (cosigned.Length > 0)
        {
            var (head, last) = (Read(cosigned), memory.LastHead?.Size ?? 0);
            if (memory.IsBehind(new LogPosition(head.Size, head.Root))) Log.StateBehind(logger, head.Size, last);
        }

        return ledger.IsBehind ? Ledger.LacksDebits : "";
    }

    private Checkpoint Read(string cosigned)
    {
        try
        {
            var head = Checkpoint.Parse(cosigned);
            if (head.Origin == identity.Roster.LogOrigin && head.IsCosignedBy(identity.Member)) return head;
        }
        catch (TranscriptException)
        {
            // As if it were of somebody else.
        }

        throw new SessionLostException("the station says that this outpost has cosigned what it has not; tell the other operators");
    }
}
