using Google.Protobuf;
using SecureAggregation.Aggregator.Log;
using SecureAggregation.Aggregator.Rounds;
using SecureAggregation.Aggregator.Store;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Benchmarks;

/// <summary>
/// A station's data folder with rounds of the past in it: entries, heads, cosignatures of all parties and sealed views, as the station itself would have left
/// them; the masked vectors have reached their age and are gone.
/// </summary>
internal static class PastLog
{
    private const int AtOnce = 64;

    /// <summary>The youngest round is older than the age at which vectors are deleted.</summary>
    private static readonly TimeSpan s_youngest = TimeSpan.FromDays(31);
    private static readonly TimeSpan s_between = TimeSpan.FromMinutes(10);

    public static void Write(NetworkWorld world, string folder, int rounds, Action<int> progress)
    {
        Directory.CreateDirectory(folder);
        // A folder with anything else in it would not be taken for a new one's; the lock is the station's to make.
        using var store = new SqliteTranscriptStore(Path.Combine(folder, "transcript.db"));
        var (tree, begin) = (new LogTree(), world.Now - s_youngest - (rounds * s_between));
        Append(world, store, tree, [], [new Entry { TimeMs = Milliseconds(begin), Envelope = new Envelope { Kind = MessageKind.Roster, Body = ByteString.CopyFrom(world.Roster.Signed) } }]);
        for (var from = 0; from < rounds; from += AtOnce)
        {
            var batch = new PastRound[Math.Min(AtOnce, rounds - from)];
            Parallel.For(0, batch.Length, i => batch[i] = PastRound.Play(world, begin + ((from + i) * s_between)));
            foreach (var round in batch)
            {
                var first = tree.Size;
                var head = Append(world, store, tree, round.Id, round.Entries);
                store.SaveCheckpoint(head);
                var shown = Checkpoint.Parse(head.Note);
                foreach (var party in world.Roster.Parties) store.SaveCosignature(new StoredCosignature(head.Size, party.Index, shown.Cosign(world.Identity((int)party.Index).Key)));
                store.SaveView(round.Id, SealedView.Seal(round.View(world, first), world.Station));
            }

            progress(from + batch.Length);
        }
    }

    private static StoredHead Append(NetworkWorld world, SqliteTranscriptStore store, LogTree tree, byte[] roundId, IReadOnlyList<Entry> entries)
    {
        var stored = new List<StoredEntry>();
        foreach (var leaf in entries.Select(e => e.ToByteArray()))
        {
            stored.Add(new StoredEntry(tree.Size, roundId, leaf, MerkleTree.LeafHash(leaf)));
            tree.Append(stored[^1].LeafHash);
        }

        var root = tree.Root(tree.Size);
        var head = new StoredHead(tree.Size, root, Checkpoint.Create(world.Roster.LogOrigin, tree.Size, root, world.Station).Note);
        store.Append(stored, head);
        return head;
    }

    private static ulong Milliseconds(DateTimeOffset time) => (ulong)time.ToUnixTimeMilliseconds();
}
