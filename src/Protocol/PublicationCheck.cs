using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol;

/// <summary>Phase 6 at a party: does the log hold what this party said, and does it extend the head that it saw last?</summary>
public static class PublicationCheck
{
    private const int LongestLeaf = 4 * 1024 * 1024;

    /// <summary>Checks a publication.</summary>
    /// <param name="publication">What the station sent after the total.</param>
    /// <param name="roster">The pinned roster.</param>
    /// <param name="party">This party's index.</param>
    /// <param name="sent">What this party said in the round.</param>
    /// <param name="confirmed">Kinds of them that must be in the log (<see cref="PartyRound.Confirmed"/>); of others only no different one may be.</param>
    /// <param name="last">The head that it saw last, or null.</param>
    /// <returns>The head, which the party may now store and cosign.</returns>
    /// <exception cref="RefusalException">With <see cref="RefusalCode.Log"/>: the log lacks a message, or does not extend the last head.</exception>
    public static Checkpoint Check(Publication publication, Roster roster, uint party, IReadOnlyList<Envelope> sent, IReadOnlySet<MessageKind> confirmed, LogPosition? last)
    {
        ArgumentNullException.ThrowIfNull(publication);
        try
        {
            var head = Checkpoint.Parse(publication.Checkpoint);
            head.CheckStation(roster);
            CheckExtends(head, publication, last);
            var logged = publication.Own.Select(own => ReadOwn(own, head, publication.RoundId, party)).ToList();
            foreach (var envelope in sent)
            {
                var same = logged.Where(l => l.Kind == envelope.Kind).ToList();
                // With its signature: under another one nobody could check it in the log, and a Join has the same body in every round.
                if (!same.Contains(envelope) && (same.Count != 0 || confirmed.Contains(envelope.Kind)))
                {
                    throw new TranscriptException($"The log does not hold this party's {envelope.Kind} as it was sent.");
                }
            }

            return head;
        }
        catch (Exception e) when (e is TranscriptException or WireException)
        {
            throw new RefusalException(RefusalCode.Log, e.Message);
        }
    }

    private static void CheckExtends(Checkpoint head, Publication publication, LogPosition? last)
    {
        if (last is null) return;
        if (publication.PreviousSize != (ulong)last.Size)
        {
            throw new TranscriptException($"The station proves consistency with a log of {publication.PreviousSize} entries; this party last saw {last.Size}.");
        }

        var proof = publication.Consistency.Select(b => b.ToByteArray()).ToList();
        if (!MerkleTree.VerifyConsistency(last.Size, last.Root, head.Size, head.Root, proof))
        {
            throw new TranscriptException(
                $"The log of {head.Size} entries with root {PublicBytes.Hex(head.Root)} does not extend the one of {last.Size} entries with root {PublicBytes.Hex(last.Root)} that this party saw last.");
        }
    }

    private static Envelope ReadOwn(LoggedEntry own, Checkpoint head, ByteString roundId, uint party)
    {
        var leaf = MerkleTree.LeafHash(own.Leaf.Span);
        if (own.Index >= (ulong)head.Size || !MerkleTree.VerifyInclusion(leaf, (long)own.Index, head.Size, [.. own.Path.Select(p => p.ToByteArray())], head.Root))
        {
            throw new TranscriptException($"Entry {own.Index} is not in the log of the checkpoint.");
        }

        var entry = Canonical.Decode(Entry.Parser, own.Leaf.Span, LongestLeaf);
        return entry.RoundId.Equals(roundId) && entry.Sender == party + 1 && entry.Rejection == RejectionCode.None && entry.Envelope is not null
            ? entry.Envelope
            : throw new TranscriptException($"Entry {own.Index} is not an accepted message of this party in this round.");
    }
}
