using SecureAggregation.Aggregator.Hosting;
using SecureAggregation.Aggregator.Store;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;

namespace SecureAggregation.Aggregator.Log;

/// <summary>A head that was shown to parties, and the parties of the present roster whose signature under it verifies.</summary>
internal sealed record CosignedHead(long Size, byte[] Root, IReadOnlyList<uint> Cosigners);

/// <summary>Holds the stored head, and the heads that were shown to parties, against the entries of the log: text, root, the station's signature, the parties'.</summary>
internal sealed class HeadCheck(ITranscriptStore store, LogTree tree, RosterHistory rosters)
{
    /// <summary>Checks the head over all entries.</summary>
    /// <exception cref="StartException">It does not fit.</exception>
    public void Check(StoredHead head)
    {
        var root = tree.Root(head.Size);
        if (!PublicBytes.Equal(root, head.Root))
        {
            throw StartException.Refused(
                TranscriptFault.RootDiffers,
                $"The entries of the transcript give the root {PublicBytes.Hex(root)} at size {head.Size}; the stored head says {PublicBytes.Hex(head.Root)}. Restore the transcript from a backup.");
        }

        var note = Parse(head.Note, TranscriptFault.HeadUnreadable, "The stored head of the transcript");
        if (note.Size != head.Size || !PublicBytes.Equal(note.Root, root))
        {
            throw StartException.Refused(
                TranscriptFault.HeadDiffers,
                $"The signed head is over size {note.Size} and root {PublicBytes.Hex(note.Root)}; the transcript has size {head.Size} and root {PublicBytes.Hex(root)}. Restore the transcript from a backup.");
        }

        var roster = rosters.At(head.Size - 1);
        if (note.Origin != roster.LogOrigin)
        {
            throw StartException.Refused(
                TranscriptFault.HeadOtherLog, $"The stored head is of the log '{note.Origin}'; the roster's log is '{roster.LogOrigin}'. Use the data of the right station.");
        }

        CheckStation(note, roster, TranscriptFault.HeadSignature, "The stored head of the transcript");
    }

    /// <summary>Checks every head that was shown, and every signature under one.</summary>
    /// <exception cref="StartException">One does not fit.</exception>
    public IReadOnlyList<CosignedHead> CheckShown()
    {
        var heads = SideBySide.Map(store.Checkpoints(0, long.MaxValue), CheckNote);
        var cosignatures = store.Cosignatures(0, long.MaxValue).ToLookup(c => c.Size);
        var sizes = heads.Select(h => h.Size).ToHashSet();
        if (cosignatures.FirstOrDefault(c => !sizes.Contains(c.Key)) is { } alone)
        {
            throw StartException.Refused(
                TranscriptFault.CosignatureAlone,
                $"The transcript holds a signature of party {alone.First().Party} under a checkpoint of size {alone.Key}, and no such checkpoint, but {sizes.Count} of other sizes. Restore the transcript from a backup.");
        }

        return SideBySide.Map(heads, note => new CosignedHead(note.Size, note.Root, Cosigners(note, cosignatures[note.Size])));
    }

    private Checkpoint CheckNote(StoredHead shown)
    {
        var name = $"The stored checkpoint of size {shown.Size}";
        var note = Parse(shown.Note, TranscriptFault.CheckpointUnreadable, name);
        if (note.Size != shown.Size || !PublicBytes.Equal(note.Root, shown.Root))
        {
            throw StartException.Refused(
                TranscriptFault.CheckpointDiffers,
                $"{name} and root {PublicBytes.Hex(shown.Root)} is signed for size {note.Size} and root {PublicBytes.Hex(note.Root)}. Restore the transcript from a backup.");
        }

        if (shown.Size > tree.Size || shown.Size < 1)
        {
            throw StartException.Refused(
                TranscriptFault.CheckpointBeyond,
                $"The checkpoint that was shown to parties says size {shown.Size}; the log has {tree.Size} entries: entries were lost. Restore the transcript from the newest backup.");
        }

        var root = tree.Root(shown.Size);
        if (!PublicBytes.Equal(root, shown.Root))
        {
            throw StartException.Refused(
                TranscriptFault.CheckpointRoot,
                $"The checkpoint that was shown to parties says size {shown.Size} root {PublicBytes.Hex(shown.Root)}; the entries give root {PublicBytes.Hex(root)}. The log was written anew: find out by whom.");
        }

        CheckStation(note, rosters.At(shown.Size - 1), TranscriptFault.CheckpointSignature, name);
        return note;
    }

    /// <summary>A party may have had another key under an earlier roster; then its signature verifies, but counts for nothing now.</summary>
    private List<uint> Cosigners(Checkpoint note, IEnumerable<StoredCosignature> cosignatures)
    {
        var cosigners = new List<uint>();
        foreach (var cosignature in cosignatures)
        {
            var party = (uint)cosignature.Party;
            if (Verifies(note, rosters.Current, cosignature)) cosigners.Add(party);
            else if (!rosters.All.Any(roster => Verifies(note, roster, cosignature)))
            {
                throw StartException.Refused(
                    TranscriptFault.CosignatureWrong,
                    $"The signature that the transcript holds of party {cosignature.Party} under the checkpoint of size {note.Size} root {PublicBytes.Hex(note.Root)} does not verify under its key in any roster of the log "
                    + $"({rosters.Current.FindParty(party)?.Key.Fingerprint ?? "no such party"}). Restore the transcript from a backup.");
            }
        }

        return cosigners;
    }

    private static bool Verifies(Checkpoint note, Roster roster, StoredCosignature cosignature) =>
        roster.FindParty((uint)cosignature.Party) is { } party && note.TryAdd(roster, party, cosignature.Signature) is not null;

    private static Checkpoint Parse(string note, TranscriptFault fault, string name)
    {
        try
        {
            return Checkpoint.Parse(note);
        }
        catch (TranscriptException e)
        {
            throw StartException.Refused(fault, $"{name} cannot be read: {e.Message} Restore the transcript from a backup.");
        }
    }

    private static void CheckStation(Checkpoint note, Roster roster, TranscriptFault fault, string name)
    {
        try
        {
            note.CheckStation(roster);
        }
        catch (TranscriptException e)
        {
            throw StartException.Refused(fault, $"{name} is not signed by its station (key {roster.Aggregator.Fingerprint}): {e.Message} Restore the transcript from a backup.");
        }
    }
}
