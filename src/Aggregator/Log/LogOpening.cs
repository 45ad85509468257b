using Google.Protobuf;
using SecureAggregation.Accounts;
using SecureAggregation.Aggregator.Events;
using SecureAggregation.Aggregator.Hosting;
using SecureAggregation.Aggregator.Security;
using SecureAggregation.Aggregator.Store;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using Roster = SecureAggregation.Protocol.Roster;

namespace SecureAggregation.Aggregator.Log;

/// <summary>A checked log, ready to be continued, its rosters, the heads of it that were shown, and the administrative acts.</summary>
internal sealed record OpenedLog(StationLog Log, RosterHistory Rosters, IReadOnlyList<CosignedHead> Shown, IReadOnlyList<LoggedAct> Acts);

/// <summary>
/// Checks at start that the transcript is the one that the station signed: every leaf, every index, the tree's root against the stored
/// signed head, the rosters, the heads that parties were shown and signed. What does not fit stops the station, with both values; it never repairs what it
/// had signed.
/// </summary>
internal sealed class LogOpening(ITranscriptStore store, Roster roster, StationKeys keys, TimeSpan retry, TimeProvider clock, AlertBoard alerts, ILogger logger)
{
    private readonly List<(long From, Roster Roster)> _epochs = [];
    private readonly List<LoggedAct> _acts = [];
    private readonly ActOrder _order = new();
    private readonly LogTree _tree = new();
    private StartException? _odd;

    /// <summary>The entry of the log that holds a roster.</summary>
    public static Entry EntryOf(Roster roster, DateTimeOffset now) => new()
    {
        TimeMs = (ulong)now.ToUnixTimeMilliseconds(),
        Envelope = new Envelope { Kind = MessageKind.Roster, Body = ByteString.CopyFrom(roster.Signed) },
    };

    /// <summary>Checks the log and opens it.</summary>
    /// <exception cref="StartException">Something does not fit.</exception>
    public OpenedLog Open()
    {
        var head = store.Head();
        if (head is null)
        {
            if (store.Count() is var unsigned && unsigned != 0)
            {
                throw StartException.Refused(
                    TranscriptFault.HeadMissing,
                    $"The transcript has {unsigned} entries and no signed head. It was not written by a station; restore it from a backup, or start with an empty folder.");
            }

            logger.LogCreated(roster.LogOrigin);
            return Opened(AppendRoster(), []);
        }

        ReadEntries(head);
        // Of entries that are not the signed ones, whatever else is odd about them does not matter.
        var root = _tree.Root(head.Size);
        if (_odd is not null && PublicBytes.Equal(root, head.Root)) throw _odd;
        if (_epochs.Count == 0 && PublicBytes.Equal(root, head.Root))
            throw StartException.Refused(TranscriptFault.RosterMissing, $"The first of the transcript's {head.Size} entries is no roster; it was not written by this program.");
        var check = new HeadCheck(store, _tree, new RosterHistory(_epochs.Count == 0 ? [(0, roster)] : _epochs));
        check.Check(head);
        CutTail(head);
        if (PublicBytes.Equal(_epochs[^1].Roster.Hash, roster.Hash)) return Opened(head, check.CheckShown());
        if (_epochs.Any(e => PublicBytes.Equal(e.Roster.Hash, roster.Hash)))
        {
            // It was published while the station ran; the file is the operator's to replace.
            logger.RosterFileOlder(_epochs[^1].Roster.Epoch, roster.Epoch);
            return Opened(head, check.CheckShown());
        }

        if (Succession.Broken(roster, _epochs[^1].Roster) is not null)
        {
            throw StartException.Refused(
                TranscriptFault.RosterOther, $"{NotNext(_epochs[^1].Roster, "the roster file", roster)} Use the right roster file or another data folder.");
        }

        // Under the rosters of the log, before the next one is in it.
        check.CheckShown();
        // Evidence of rounds so far is under a head of the time so far: another key of the station, or of an outpost, may sign the next.
        store.SaveCheckpoint(head);
        logger.RosterReplaced(roster.Epoch, _epochs[^1].Roster.Epoch);
        var next = AppendRoster();
        return Opened(next, check.CheckShown());
    }

    private OpenedLog Opened(StoredHead head, IReadOnlyList<CosignedHead> shown) =>
        new(new StationLog(store, _tree, head, Signer(_epochs[^1].Roster, keys), retry, clock), new RosterHistory(_epochs), shown, _acts);

    /// <summary>Signs heads with the key that a roster gives the station, which is put in force.</summary>
    /// <exception cref="StartException">It is none of this station's keys.</exception>
    private static Func<long, byte[], string> Signer(Roster roster, StationKeys keys)
    {
        var signer = keys.Use(roster.Aggregator) ? keys.Find(roster.Aggregator) : null;
        return signer is null
            ? throw new StartException(
                ExitCode.Identity,
                $"The station's key is {keys.Public.Fingerprint}; roster epoch {roster.Epoch} gives the station {roster.Aggregator.Fingerprint}. Use the station's own key (its next one is looked for in {keys.NextFile}), or have the founders sign a roster that names this one.")
            : HeadsBy(signer, roster.LogOrigin);
    }

    /// <summary>Signs heads of a log with a key, for one caller at a time.</summary>
    public static Func<long, byte[], string> HeadsBy(IdentityKey key, string origin) => (size, root) => Checkpoint.Create(origin, size, root, key).Note;

    private void ReadEntries(StoredHead head)
    {
        foreach (var entry in store.Read(0, head.Size))
        {
            if (entry.Index != _tree.Size)
            {
                throw StartException.Refused(
                    TranscriptFault.EntryMissing, $"Entry {_tree.Size} of the transcript is missing; the next one that is there is {entry.Index}. Restore the transcript from a backup.");
            }

            var hash = MerkleTree.LeafHash(entry.Leaf);
            if (!PublicBytes.Equal(hash, entry.LeafHash))
            {
                throw StartException.Refused(
                    TranscriptFault.EntryChanged,
                    $"Entry {entry.Index} of the transcript was changed: its bytes hash to {PublicBytes.Hex(hash)}, {PublicBytes.Hex(entry.LeafHash)} was logged. Restore the transcript from a backup.");
            }

            _tree.Append(hash);
            if (_odd is null) Look(entry);
        }

        if (_tree.Size < head.Size)
        {
            throw StartException.Refused(
                TranscriptFault.EntriesLost, $"The transcript has {_tree.Size} entries; the signed head covers {head.Size}. Restore the transcript from a backup.");
        }
    }

    /// <summary>What the tree does not cover: the round under which an entry is filed; and the rosters.</summary>
    private void Look(StoredEntry stored)
    {
        try
        {
            var entry = Entry.Parser.ParseFrom(stored.Leaf);
            if (!PublicBytes.Equal(entry.RoundId.Span, stored.RoundId))
            {
                _odd = StartException.Refused(
                    TranscriptFault.EntryRound,
                    $"Entry {stored.Index} of the transcript is of round \"{PublicBytes.Hex(entry.RoundId.Span)}\" but filed under \"{PublicBytes.Hex(stored.RoundId)}\". Restore the transcript from a backup.");
            }

            if (entry.Envelope?.Kind == MessageKind.Act && _epochs.Count > 0)
            {
                var act = ActEntry.Open(_epochs[^1].Roster, entry);
                _order.Take(act);
                _acts.Add(new LoggedAct(stored.Index, entry.TimeMs, act));
            }

            if (entry.Envelope?.Kind != MessageKind.Roster) return;
            var next = Roster.Open(entry.Envelope.Body.Span);
            if (_epochs.Count > 0 && Succession.Broken(next, _epochs[^1].Roster) is not null)
                _odd = StartException.Refused(TranscriptFault.RosterChain, NotNext(_epochs[^1].Roster, $"entry {stored.Index}", next));
            _epochs.Add((stored.Index, next));
        }
        catch (Exception e) when (e is RosterException or TranscriptException || Unreadable.Is(e))
        {
            _odd = StartException.Refused(TranscriptFault.EntryUnreadable, $"Entry {stored.Index} of the transcript is signed for, but cannot be read: {e.Message} It was not written by this program.");
        }
    }

    private void CutTail(StoredHead head)
    {
        var after = store.Count() - head.Size;
        if (after == 0) return;
        store.Cut(head.Size);
        logger.TailCut(after, head.Size);
        alerts.Raise("tail", Severity.Warning, $"{after} entries after the signed head at size {head.Size} were half-written and have been cut; nothing was done on them.");
    }

    private static string NotNext(Roster before, string name, Roster next) =>
        $"The transcript was written under the roster {PublicBytes.Hex(before.Hash)} (epoch {before.Epoch}, log {before.LogOrigin}); {name} is "
        + $"{PublicBytes.Hex(next.Hash)} (epoch {next.Epoch}, log {next.LogOrigin}) and does not name it as its predecessor.";

    /// <summary>The first roster founds the log. Behind one that follows, an act says that a start brought it, signed with the key that it gives the station: the one before may be lost.</summary>
    private StoredHead AppendRoster()
    {
        var sign = Signer(roster, keys);
        var now = clock.GetUtcNow();
        List<StoredEntry> entries = [Append(EntryOf(roster, now))];
        _epochs.Add((entries[0].Index, roster));
        if (_epochs.Count > 1)
        {
            var act = RosterActs.Of(roster, LoggedRights.Operator);
            using var signer = keys.New();
            entries.Add(Append(ActEntry.Create(roster, act, signer, now)));
            _acts.Add(new LoggedAct(entries[1].Index, (ulong)now.ToUnixTimeMilliseconds(), act));
        }

        var root = _tree.Root(_tree.Size);
        var head = new StoredHead(_tree.Size, root, sign(_tree.Size, root));
        store.Append(entries, head);
        return head;
    }

    private StoredEntry Append(Entry entry)
    {
        var leaf = entry.ToByteArray();
        var stored = new StoredEntry(_tree.Size, [], leaf, MerkleTree.LeafHash(leaf));
        _tree.Append(stored.LeafHash);
        return stored;
    }
}
