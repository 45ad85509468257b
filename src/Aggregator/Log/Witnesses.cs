using Google.Protobuf;
using SecureAggregation.Aggregator.Events;
using SecureAggregation.Aggregator.Parties;
using SecureAggregation.Aggregator.Store;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using Roster = SecureAggregation.Protocol.Roster;

namespace SecureAggregation.Aggregator.Log;

/// <summary>
/// Phase 6: shows heads of the log to parties, with the proofs that let each check it, and keeps what they sign. A cosignature of a
/// head vouches for every entry before it, so a round counts as witnessed by all who cosigned any head beyond its last entry.
/// </summary>
internal sealed class Witnesses
{
    // Notes in memory: of older heads the size and the number of signatures, and the note is read when it is wanted.
    private const int Kept = 256;

    private readonly RosterHistory _rosters;
    private readonly StationLog _log;
    private readonly ITranscriptStore _store;
    private readonly PartyDirectory _parties;
    private readonly EventHub _events;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly Lock _gate = new();
    // The heads that were shown: of all of them how many cosigned it, of the newest the note; and how far each party has cosigned.
    private readonly SortedDictionary<long, int> _cosigners = [];
    private readonly SortedDictionary<long, Checkpoint> _shown = [];
    private readonly Dictionary<uint, long> _reach = [];

    public Witnesses(RosterHistory rosters, StationLog log, OpenedLog opened, ITranscriptStore store, PartyDirectory parties, EventHub events, TimeProvider clock, ILogger logger)
    {
        (_rosters, _log, _store, _parties, _events, _clock, _logger) = (rosters, log, store, parties, events, clock, logger);
        foreach (var head in opened.Shown)
        {
            _cosigners.Add(head.Size, head.Cosigners.Count);
            foreach (var party in head.Cosigners) _reach[party] = Math.Max(_reach.GetValueOrDefault(party), head.Size);
        }

        foreach (var head in opened.Shown.TakeLast(Kept)) _shown.Add(head.Size, Read(head.Size, rosters.Current));
    }

    /// <summary>Shows the newest head to these parties, as far as they are online, each with its own messages of a round.</summary>
    public void Publish(byte[] roundId, IEnumerable<uint> parties)
    {
        // One at a time: heads must reach a party in the order of their sizes.
        lock (_gate)
        {
            var sessions = parties.Select(_parties.Session).OfType<PartySession>().ToList();
            var head = _log.Head;
            Keep(head);
            if (sessions.Count == 0) return;
            var own = _store.ReadRound(roundId)
                .Select(stored => (stored.Index, stored.Leaf, Entry: Entry.Parser.ParseFrom(stored.Leaf)))
                .Where(e => e.Entry is { Sender: > 0, Rejection: RejectionCode.None })
                .ToLookup(e => e.Entry.Sender - 1, e => (e.Index, e.Leaf));
            foreach (var session in sessions)
                session.SendPublication(known => Publication(roundId, head, own[session.Party], known, session.Party), (ulong)head.Size);
        }
    }

    /// <summary>Takes a party's cosignature; false if it is refused.</summary>
    public bool Take(PartySession from, Cosign cosign)
    {
        var (name, roster) = (_parties.Name(from.Party), _rosters.Current);
        lock (_gate)
        {
            if (Refused(roster, from.Party, cosign) is { } reason)
            {
                _logger.CosignatureRefused(name, reason);
                from.CountBad(reason);
                return false;
            }

            var cosignature = new StoredCosignature((long)cosign.Size, from.Party, cosign.Signature.ToByteArray());
            try
            {
                _store.SaveCosignature(cosignature);
            }
            catch (StoreException e)
            {
                _logger.CosignatureRefused(name, e.Message);
                from.Close(new Grpc.Core.Status(Grpc.Core.StatusCode.Unavailable, "The station cannot keep a cosignature now; come back, and it asks again."));
                return false;
            }

            Add(roster, cosignature);
        }

        _logger.Cosigned(name, (long)cosign.Size);
        _events.Publish(new Event { Head = Head() });
        return true;
    }

    /// <summary>What these parties have cosigned counts no more: they have left, or have another key.</summary>
    public void Forget(IEnumerable<uint> parties)
    {
        lock (_gate)
        {
            foreach (var party in parties) _reach.Remove(party);
        }
    }

    /// <summary>The size of the largest head that a party has cosigned; 0 for none.</summary>
    public long Reach(uint party)
    {
        lock (_gate) return _reach.GetValueOrDefault(party);
    }

    /// <summary>
    /// The newest head that a party has cosigned with the key that it has now, with its cosignature alone; empty if there is none. The party remembers it, unless
    /// its state was put back.
    /// </summary>
    /// <exception cref="StoreException">It could not be read.</exception>
    public string Newest(RosterMember party)
    {
        lock (_gate)
        {
            if (_reach.GetValueOrDefault(party.Index) is not (> 0 and var size)) return "";
            var signature = _store.Cosignatures(size, size).Single(c => c.Party == party.Index).Signature;
            return Checkpoint.Parse(_store.Checkpoints(size, size).Single().Note).TryAdd(_rosters.Current, party, signature)?.Note ?? "";
        }
    }

    /// <summary>How many parties have cosigned a head of at least this size.</summary>
    public uint Count(long size)
    {
        lock (_gate) return (uint)_reach.Values.Count(reach => reach >= size);
    }

    /// <summary>Keeps the newest head as one that evidence may be under: the next is of another roster's time.</summary>
    /// <exception cref="StoreException">It could not be written.</exception>
    public void KeepLast()
    {
        lock (_gate) Keep(_log.Head);
    }

    /// <summary>
    /// The head over an entry that most parties of a roster have cosigned, the newest of equals, among those that are signed with the key that the station had
    /// then; the log's own if none was shown. Lines of whoever is not in that roster are left out.
    /// </summary>
    /// <param name="entry">The last of a round.</param>
    /// <param name="roster">The round's.</param>
    public Checkpoint Best(long entry, Roster roster)
    {
        lock (_gate)
        {
            // In the roster's time its parties had their keys; some may have been away until later.
            long[] sizes = [MostCosigned(entry, _rosters.LastSizeAt(entry)), MostCosigned(entry, _rosters.LastSizeOfKeyAt(entry))];
            var heads = sizes.Where(size => size > 0).Distinct().Select(size => Read(size, roster)).ToList();
            return heads switch
            {
                [] => Checkpoint.Parse(_log.Head.Note),
                [var only] => only,
                _ => heads.MaxBy(head => (head.Cosigners(roster).Count, head.Size))!,
            };
        }
    }

    /// <summary>The newest head, with the cosignatures that it has.</summary>
    public Checkpoint Newest()
    {
        lock (_gate)
        {
            var head = _log.Head;
            return _shown.TryGetValue(head.Size, out var shown) ? shown : Checkpoint.Parse(head.Note);
        }
    }

    /// <summary>The newest head, for display.</summary>
    public LogHead Head()
    {
        var newest = Newest();
        return View(newest, Count(newest.Size), _clock.GetUtcNow());
    }

    /// <summary>A head for display.</summary>
    public static LogHead View(Checkpoint head, uint cosignatures, DateTimeOffset now) => new()
    {
        Size = (ulong)head.Size,
        Root = ByteString.CopyFrom(head.Root),
        TimeMs = (ulong)now.ToUnixTimeMilliseconds(),
        Checkpoint = head.Note,
        Cosignatures = cosignatures,
    };

    private void Keep(StoredHead head)
    {
        if (_cosigners.ContainsKey(head.Size)) return;
        _store.SaveCheckpoint(head);
        _shown.Add(head.Size, Checkpoint.Parse(head.Note));
        _cosigners[head.Size] = 0;
        if (_shown.Count > Kept) _shown.Remove(_shown.Keys.First());
    }

    private string? Refused(Roster roster, uint party, Cosign cosign)
    {
        if (!_shown.TryGetValue((long)Math.Min(cosign.Size, long.MaxValue), out var shown)) return $"no head of size {cosign.Size} was shown lately";
        if (!PublicBytes.Equal(shown.Root, cosign.Root.Span)) return $"the head of size {cosign.Size} has another root";
        return roster.FindParty(party) is { } member && shown.TryAdd(roster, member, cosign.Signature.ToByteArray()) is not null ? null : "the signature does not verify";
    }

    private void Add(Roster roster, StoredCosignature cosignature)
    {
        var party = (uint)cosignature.Party;
        var shown = _shown[cosignature.Size];
        var signed = shown.TryAdd(roster, roster.FindParty(party)!, cosignature.Signature)!;
        if (signed != shown) _cosigners[cosignature.Size]++;
        _shown[cosignature.Size] = signed;
        _reach[party] = Math.Max(_reach.GetValueOrDefault(party), cosignature.Size);
    }

    /// <summary>Of the heads of sizes above one and up to another, the one with the most cosignatures, the newest of equals; 0 if there is none.</summary>
    private long MostCosigned(long above, long last)
    {
        var best = (Size: 0L, Cosigners: -1);
        foreach (var (size, cosigners) in _cosigners)
        {
            if (size > above && size <= last && cosigners >= best.Cosigners) best = (size, cosigners);
        }

        return best.Size;
    }

    /// <summary>A head as it is stored, with the signatures that count under a roster.</summary>
    private Checkpoint Read(long size, Roster roster)
    {
        // Shown under the present roster, it was signed by nobody else.
        if (_rosters.At(size - 1) == roster && roster == _rosters.Current && _shown.TryGetValue(size, out var shown)) return shown;
        var checkpoint = Checkpoint.Parse(_store.Checkpoints(size, size).Single().Note);
        foreach (var cosignature in _store.Cosignatures(size, size))
        {
            if (roster.FindParty((uint)cosignature.Party) is { } member) checkpoint = checkpoint.TryAdd(roster, member, cosignature.Signature) ?? checkpoint;
        }

        return checkpoint;
    }

    private Publication Publication(byte[] roundId, StoredHead head, IEnumerable<(long Index, byte[] Leaf)> own, ulong known, uint party)
    {
        var publication = new Publication { RoundId = ByteString.CopyFrom(roundId), Checkpoint = head.Note };
        if (known > (ulong)head.Size)
        {
            // There is no proof to give: the party refuses, as it must, and people have to look.
            _logger.LogBehindOutpost(_parties.Name(party), known, head.Size);
        }
        else
        {
            publication.PreviousSize = known;
            publication.Consistency.Add(_log.Tree.ConsistencyProof((long)known, head.Size).Select(ByteString.CopyFrom));
        }

        foreach (var (index, leaf) in own)
        {
            var entry = new LoggedEntry { Index = (ulong)index, Leaf = UnsafeByteOperations.UnsafeWrap(leaf) };
            entry.Path.Add(_log.Tree.InclusionProof(index, head.Size).Select(ByteString.CopyFrom));
            publication.Own.Add(entry);
        }

        return publication;
    }
}
