using Google.Protobuf;
using SecureAggregation.Aggregator.Events;
using SecureAggregation.Aggregator.Hosting;
using SecureAggregation.Aggregator.Store;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using Roster = SecureAggregation.Protocol.Roster;

namespace SecureAggregation.Aggregator.Log;

/// <summary>A checked log, ready to be continued, and its rosters.</summary>
internal sealed record OpenedLog(StationLog Log, RosterHistory Rosters);

/// <summary>
/// Checks at start that the transcript is the one that the station signed: every leaf, every index, the tree's root against the stored
/// signed head, the roster. What does not fit stops the station, with both values; it never repairs what it had signed.
/// </summary>
internal sealed class LogOpening(ITranscriptStore store, Roster roster, IdentityKey key, TimeSpan retry, TimeProvider clock, ILogger logger)
{
    private readonly List<(long From, Roster Roster)> _epochs = [];
    private readonly LogTree _tree = new();

    /// <summary>Checks the log and opens it.</summary>
    /// <exception cref="StartException">Something does not fit.</exception>
    public OpenedLog Open()
    {
        var head = store.Head();
        if (head is null)
        {
            if (store.Count() is var unsigned && unsigned != 0)
                throw Refuse($"The transcript has {unsigned} entries and no signed head. It was not written by a station; restore it from a backup, or start with an empty folder.");
            logger.LogCreated(roster.LogOrigin);
            return Opened(AppendRoster());
        }

        ReadEntries(head);
        CheckHead(head);
        if (PublicBytes.Equal(_epochs[^1].Roster.Hash, roster.Hash)) return Opened(head);
        CheckSuccession(_epochs[^1].Roster);
        return Opened(AppendRoster());
    }

    private OpenedLog Opened(StoredHead head) => new(new StationLog(store, _tree, head, Sign, retry, clock), new RosterHistory(_epochs));

    private void ReadEntries(StoredHead head)
    {
        foreach (var entry in store.Read(0, head.Size))
        {
            if (entry.Index != _tree.Size) throw Refuse($"Entry {_tree.Size} of the transcript is missing; the next one that is there is {entry.Index}. Restore the transcript from a backup.");
            var hash = MerkleTree.LeafHash(entry.Leaf);
            if (!PublicBytes.Equal(hash, entry.LeafHash))
                throw Refuse($"Entry {entry.Index} of the transcript was changed: its bytes hash to {PublicBytes.Hex(hash)}, {PublicBytes.Hex(entry.LeafHash)} was logged. Restore the transcript from a backup.");
            if (entry.RoundId.Length == 0) ReadRoster(entry);
            _tree.Append(hash);
        }

        if (_tree.Size < head.Size) throw Refuse($"The transcript has {_tree.Size} entries; the signed head covers {head.Size}. Restore the transcript from a backup.");
        var after = store.Count() - head.Size;
        if (after == 0) return;
        store.Cut(head.Size);
        logger.TailCut(after, head.Size);
    }

    private void ReadRoster(StoredEntry entry)
    {
        try
        {
            var envelope = Entry.Parser.ParseFrom(entry.Leaf).Envelope;
            if (envelope?.Kind == MessageKind.Roster) _epochs.Add((entry.Index, Roster.Open(envelope.Body.Span)));
        }
        catch (Exception e) when (e is RosterException || Unreadable.Is(e))
        {
            throw Refuse($"Entry {entry.Index} of the transcript holds no roster that can be read: {e.Message}");
        }
    }

    private void CheckHead(StoredHead head)
    {
        if (_epochs.Count == 0) throw Refuse("The transcript holds no roster; it was not written by this program.");
        var root = _tree.Root(head.Size);
        if (!PublicBytes.Equal(root, head.Root))
            throw Refuse($"The entries of the transcript give the root {PublicBytes.Hex(root)} at size {head.Size}; the stored head says {PublicBytes.Hex(head.Root)}. Restore the transcript from a backup.");
        try
        {
            var checkpoint = Checkpoint.Parse(head.Note);
            if (checkpoint.Size != head.Size || !PublicBytes.Equal(checkpoint.Root, root))
                throw Refuse($"The signed head is over size {checkpoint.Size} and root {PublicBytes.Hex(checkpoint.Root)}; the transcript has size {head.Size} and root {PublicBytes.Hex(root)}.");
            checkpoint.CheckStation(_epochs[^1].Roster);
        }
        catch (TranscriptException e)
        {
            throw Refuse($"The stored head of the transcript is not signed by its station: {e.Message} (key of this station: {key.Public.Fingerprint}).");
        }
    }

    private void CheckSuccession(Roster before)
    {
        var follows = roster.Epoch > before.Epoch && roster.LogOrigin == before.LogOrigin && PublicBytes.Equal(roster.PreviousHash, before.Hash);
        if (!follows)
        {
            throw Refuse(
                $"The transcript was written under the roster {PublicBytes.Hex(before.Hash)} (epoch {before.Epoch}, log {before.LogOrigin}); the roster file is "
                + $"{PublicBytes.Hex(roster.Hash)} (epoch {roster.Epoch}, log {roster.LogOrigin}) and does not name it as its predecessor. Use the right roster file or another data folder.");
        }

        logger.RosterReplaced(roster.Epoch, before.Epoch);
    }

    private StoredHead AppendRoster()
    {
        var entry = new Entry
        {
            TimeMs = (ulong)clock.GetUtcNow().ToUnixTimeMilliseconds(),
            Envelope = new Envelope { Kind = MessageKind.Roster, Body = ByteString.CopyFrom(roster.Signed) },
        };
        var leaf = entry.ToByteArray();
        var stored = new StoredEntry(_tree.Size, [], leaf, MerkleTree.LeafHash(leaf));
        _epochs.Add((stored.Index, roster));
        _tree.Append(stored.LeafHash);
        var root = _tree.Root(_tree.Size);
        var head = new StoredHead(_tree.Size, root, Sign(_tree.Size, root));
        store.Append([stored], head);
        return head;
    }

    private string Sign(long size, byte[] root) => Checkpoint.Create(roster.LogOrigin, size, root, key).Note;

    private static StartException Refuse(string sentence) => new(ExitCode.Transcript, sentence);
}
