using SecureAggregation.Aggregator.Hosting;
using SecureAggregation.Aggregator.Store;
using SecureAggregation.Crypto;

namespace SecureAggregation.Aggregator.Backup;

/// <summary>What was copied.</summary>
/// <param name="Head">The head that the copy has.</param>
/// <param name="Rounds">Rounds in the log up to it.</param>
/// <param name="Vectors">Masked vectors.</param>
/// <param name="VectorBytes">Their bytes.</param>
internal sealed record Copied(StoredHead Head, int Rounds, int Vectors, long VectorBytes);

/// <summary>
/// Copies a transcript and its masked vectors into an empty place, from one kind of database to any other, also while a station writes to the first: entries up to
/// a signed head never change. Stored views are left out: a station makes them again from the entries, which replays every round.
/// </summary>
internal static class StorageCopy
{
    // A transaction of the copy has so many bytes of leaves, or one entry more.
    private const int Batch = 4 * 1024 * 1024;
    private const int Piece = 256 * 1024;

    /// <summary>Copies.</summary>
    /// <param name="from">Only read.</param>
    /// <param name="to">Empty.</param>
    /// <param name="withVectors">Whether masked vectors come along.</param>
    /// <exception cref="StartException">The entries are not those of the signed head.</exception>
    /// <exception cref="StoreException">Something cannot be read or written.</exception>
    public static async Task<Copied> Copy(StationStorage from, StationStorage to, bool withVectors)
    {
        var head = from.Transcript.Head() ?? throw StartException.Refused(TranscriptFault.HeadMissing, "There is no signed head: no station has begun a log here.");
        CopyEntries(from.Transcript, to.Transcript, head);
        // Signatures first: a checkpoint is there before anybody signs under it.
        var cosignatures = from.Transcript.Cosignatures(0, head.Size);
        foreach (var checkpoint in from.Transcript.Checkpoints(0, head.Size)) to.Transcript.SaveCheckpoint(checkpoint);
        foreach (var cosignature in cosignatures) to.Transcript.SaveCosignature(cosignature);
        var rounds = to.Transcript.Rounds();
        var (vectors, bytes) = (0, 0L);
        foreach (var roundId in withVectors ? rounds : [])
        {
            foreach (var party in from.Blobs.Parties(roundId))
            {
                if (await CopyVector(from.Blobs, to.Blobs, roundId, party) is not { } length) continue;
                vectors++;
                bytes += length;
            }
        }

        return new Copied(head, rounds.Count, vectors, bytes);
    }

    private static void CopyEntries(ITranscriptStore from, ITranscriptStore to, StoredHead head)
    {
        var tree = new MerkleFrontier();
        var batch = new List<StoredEntry>();
        var bytes = 0L;
        foreach (var entry in from.Read(0, head.Size))
        {
            tree.Append(MerkleTree.LeafHash(entry.Leaf));
            batch.Add(entry);
            bytes += entry.Leaf.Length;
            if (bytes < Batch || tree.Size == head.Size) continue;
            // Not a head that a station takes: a copy that breaks off here is no transcript.
            to.Append(batch, new StoredHead(tree.Size, [], ""));
            (batch, bytes) = ([], 0);
        }

        var root = tree.Root();
        if (tree.Size != head.Size || !PublicBytes.Equal(root, head.Root))
        {
            throw StartException.Refused(
                TranscriptFault.RootDiffers,
                $"The entries give the root {PublicBytes.Hex(root)} at size {tree.Size}; the stored head says {PublicBytes.Hex(head.Root)} at size {head.Size}. Nothing of this is worth keeping as a backup; see docs/operations.md.");
        }

        to.Append(batch, head);
    }

    /// <summary>The bytes of a vector; null if it went while it was copied, as vectors of parties that dropped out do.</summary>
    private static async Task<long?> CopyVector(IBlobStore from, IBlobStore to, byte[] roundId, uint party)
    {
        using var writer = to.Create(roundId, party);
        var bytes = 0L;
        try
        {
            await using var vector = from.Open(roundId, party);
            var buffer = new byte[Piece];
            int read;
            while ((read = await vector.ReadAsync(buffer)) > 0)
            {
                writer.Append(buffer.AsSpan(0, read));
                bytes += read;
            }
        }
        catch (IOException) when (!from.Parties(roundId).Contains(party))
        {
            return null;
        }

        await writer.Commit();
        return bytes;
    }
}
