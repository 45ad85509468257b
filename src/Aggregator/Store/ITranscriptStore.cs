namespace SecureAggregation.Aggregator.Store;

/// <summary>One leaf of the log.</summary>
internal sealed record StoredEntry(long Index, byte[] RoundId, byte[] Leaf, byte[] LeafHash);

/// <summary>A head of the log: the signed note over the first <paramref name="Size"/> leaves.</summary>
internal sealed record StoredHead(long Size, byte[] Root, string Note);

/// <summary>A party's signature over the checkpoint of that size.</summary>
internal sealed record StoredCosignature(long Size, long Party, byte[] Signature);

/// <summary>
/// What the station remembers. Every method returns after the data is on disk, or throws <see cref="StoreException"/> and has changed
/// nothing, unless that <see cref="StoreException.IsLost"/>. Reads may run at the same time as a write.
/// </summary>
internal interface ITranscriptStore : IDisposable
{
    /// <summary>Adds entries and the signed head over all of them: both or neither. Without entries the head alone is written again.</summary>
    void Append(IReadOnlyList<StoredEntry> entries, StoredHead head);

    /// <summary>The head that was stored with the last append; null in a new store.</summary>
    StoredHead? Head();

    /// <summary>Bytes of a write-ahead log that the run before left behind, because it did not end in order; they were read back when the store was opened.</summary>
    long Recovered { get; }

    /// <summary>Throws when the store does not answer.</summary>
    void Probe();

    /// <summary>Number of entries.</summary>
    long Count();

    /// <summary>Entries from an index on, in order.</summary>
    IEnumerable<StoredEntry> Read(long start, long limit);

    /// <summary>The entries of one round, in order.</summary>
    IEnumerable<StoredEntry> ReadRound(byte[] roundId);

    /// <summary>The ids of all rounds, oldest first.</summary>
    IReadOnlyList<byte[]> Rounds();

    /// <summary>Removes the entries from <paramref name="size"/> on.</summary>
    void Cut(long size);

    /// <summary>Keeps a head that is about to be shown to parties.</summary>
    void SaveCheckpoint(StoredHead checkpoint);

    /// <summary>Keeps a party's signature over a checkpoint; the first one of a party counts.</summary>
    void SaveCosignature(StoredCosignature cosignature);

    /// <summary>The checkpoints of sizes from one to another, both included, oldest first.</summary>
    IReadOnlyList<StoredHead> Checkpoints(long from, long to);

    /// <summary>The cosignatures of checkpoints of sizes from one to another, both included, by size and party.</summary>
    IReadOnlyList<StoredCosignature> Cosignatures(long from, long to);

    /// <summary>Keeps a finished round as it is shown.</summary>
    void SaveView(byte[] roundId, byte[] view);

    /// <summary>A finished round as it is shown; null if none is kept.</summary>
    byte[]? View(byte[] roundId);
}

/// <summary>The transcript could not be read or written: full or failing disk, lost file, damaged database.</summary>
internal sealed class StoreException(string message, Exception? inner = null) : IOException(message, inner)
{
    /// <summary>The disk is full, away or closed to this user; else the file is not what it should be.</summary>
    public bool IsDisk { get; init; }

    /// <summary>The database server went away, and may come back. What was under way when it went may have been done or not.</summary>
    public bool IsLost { get; init; }

    /// <summary>It was written by a newer program.</summary>
    public bool IsNewer { get; init; }
}
