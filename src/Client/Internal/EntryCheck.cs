using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using Roster = SecureAggregation.Protocol.Roster;

namespace SecureAggregation.Client.Internal;

/// <summary>
/// Checks one entry: its place in the log by its path, its signature by a replay of its round up to it. What a message is signed over holds all that its round
/// agreed on before, so a signature alone can be checked in no other way.
/// </summary>
internal static class EntryCheck
{
    // Of a round of 1,000 outposts, with as many others between; beyond it a page would wait for minutes.
    private const long MaxReplay = 20_000;
    private const int MaxPage = 1000;

    /// <returns>Null when the log ends before.</returns>
    public static async Task<EntryReport?> OfAsync(IConsortium consortium, Roster roster, long index, CancellationToken cancellation)
    {
        var head = await consortium.GetCheckpointAsync(cancellation);
        if (index >= head.Size) return null;
        var leaf = await consortium.ListEntriesAsync(index, 1, cancellation) is [var sent, ..]
            ? sent
            : throw new StationUnavailableException($"The station signed a head of {head.Size} entries and did not send entry {index} of them.");
        var path = await consortium.GetInclusionAsync(index, head.Size, cancellation);
        var logged = LogLeaf.Read(index, leaf);
        var report = new EntryReport
        {
            Logged = logged, Head = head, Path = path, InLog = MerkleTree.VerifyInclusion(logged.Hash, index, head.Size, path, head.Root), Sender = NameOf(logged.Entry?.Sender ?? 0, roster), SignedDetail = "",
        };
        return logged.Entry switch
        {
            { Envelope.Kind: MessageKind.Roster } entry => OfRoster(report, entry),
            { Envelope.Kind: MessageKind.Act } entry => OfAct(report, entry, roster),
            { Envelope: not null, RoundId.Length: 16 } entry => await OfRoundAsync(report, entry, consortium, roster, cancellation),
            _ => report with { SignedDetail = "The entry cannot be read, so nobody can say whose signature it bears." },
        };
    }

    private static string NameOf(uint sender, Roster roster) => sender == 0 ? "the station" : roster.FindParty(sender - 1)?.Name ?? $"party {sender - 1}";

    private static EntryReport OfRoster(EntryReport report, Entry entry)
    {
        try
        {
            var signed = Roster.Open(entry.Envelope.Body.Span);
            return report with { Signed = true, SignedDetail = $"The roster of {signed.Consortium}, epoch {signed.Epoch}, is signed by all its founders." };
        }
        catch (RosterException e)
        {
            return report with { Signed = false, SignedDetail = e.Message };
        }
    }

    private static EntryReport OfAct(EntryReport report, Entry entry, Roster roster)
    {
        try
        {
            var act = ActEntry.Open(roster, entry);
            return ActEntry.Signer(roster, act) is { } signer
                ? report with { Signed = true, Sender = signer.Name, SignedDetail = $"{signer.Name} signed that {act.By} did this to {act.Subject} in its dashboard." }
                : report with { Signed = true, SignedDetail = $"The station signed that {act.By} did this to {act.Subject}." };
        }
        catch (TranscriptException e)
        {
            // A station or a member may have had another key under an earlier roster, and this one is all that is pinned here.
            return roster.Epoch == 1
                ? report with { Signed = false, SignedDetail = e.Message }
                : report with { SignedDetail = $"Under the pinned roster of epoch {roster.Epoch}: {e.Message} If who signed had another key before, `secagg log verify` checks each act under the roster of its time." };
        }
    }

    private static async Task<EntryReport> OfRoundAsync(EntryReport report, Entry entry, IConsortium consortium, Roster roster, CancellationToken cancellation)
    {
        var index = report.Logged.Index;
        RoundView round;
        try
        {
            round = await consortium.GetRoundAsync(entry.RoundId.ToByteArray(), cancellation);
        }
        catch (RoundNotFoundException)
        {
            return report with { SignedDetail = "Not looked at: the station lists no round of this id, so where it begins in the log is not known." };
        }

        if (round.FirstEntry > (ulong)index) return report with { Signed = false, SignedDetail = $"The station says that the round begins at entry {round.FirstEntry}, behind this one of it." };
        var first = (long)round.FirstEntry;
        if (index - first >= MaxReplay) return report with { SignedDetail = $"Not looked at: {index - first} entries lie between the proposal and this one, and at most {MaxReplay} are replayed here. Verify the whole round." };

        var entries = new List<Entry>();
        for (var at = first; at < index;)
        {
            var leaves = await consortium.ListEntriesAsync(at, (int)Math.Min(MaxPage, index - at), cancellation);
            if (leaves.Count == 0) return report with { SignedDetail = $"Not looked at: the station did not send entry {at}." };
            entries.AddRange(leaves.Take((int)Math.Min(MaxPage, index - at)).Select((leaf, i) => LogLeaf.Read(at + i, leaf).Entry).OfType<Entry>().Where(e => e.RoundId.Equals(entry.RoundId)));
            at += leaves.Count;
        }

        if (Asked(entries.Count == 0 ? entry : entries[0]) is { } question && !PublicBytes.Equal(question.RosterHash.Span, roster.Hash))
            return report with { SignedDetail = $"Not looked at: the round was asked under another roster, {PublicBytes.Hex(question.RosterHash.Span)}; the pinned one is {PublicBytes.Hex(roster.Hash)}." };

        try
        {
            await Task.Run(() => TranscriptVerifier.Replay(roster, [.. entries, entry]), cancellation);
        }
        catch (TranscriptException e)
        {
            return report with { Signed = false, SignedDetail = $"Replayed with the {entries.Count} entries of its round before it: {e.Message}" };
        }

        var before = entries.Count == 0 ? "It opens its round." : $"It follows from the {entries.Count} entries of its round before it.";
        return entry.Rejection == RejectionCode.None
            ? report with { Signed = true, SignedDetail = $"Signed by {report.Sender}'s key in the pinned roster. {before}" }
            : report with { RightlyRejected = true, SignedDetail = $"The station did not act on it ({entry.Rejection}) and kept it as evidence; the replay of its round rejects it too." };
    }

    private static Query? Asked(Entry first) => LogLeaf.Read(0, first.ToByteArray()).Messages.OfType<Query>().FirstOrDefault();
}
