namespace SecureAggregation.Aggregator.Store;

/// <summary>
/// Masked vectors, a blob each party and round, beside the transcript. A vector is here only when it is whole, checked and on disk. Vectors go in and out
/// in pieces; none is ever in memory as a whole. For many threads at once.
/// </summary>
internal interface IBlobStore : IDisposable
{
    /// <summary>Vectors that an earlier run left half-written; they were cut when the store was opened. None was counted: their parties send them again.</summary>
    int Cut { get; }

    /// <summary>Begins a vector; there is at most one writer a party and round at a time.</summary>
    IBlobWriter Create(byte[] roundId, uint party);

    /// <summary>A whole vector from its beginning; the caller disposes the stream.</summary>
    /// <exception cref="IOException">It is not there or cannot be read.</exception>
    Stream Open(byte[] roundId, uint party);

    /// <summary>The rounds of which something is kept, in no order.</summary>
    IReadOnlyList<byte[]> Rounds();

    /// <summary>The parties whose whole vector is here, ascending.</summary>
    IReadOnlyList<uint> Parties(byte[] roundId);

    /// <summary>Bytes of all whole vectors of a round.</summary>
    long Bytes(byte[] roundId);

    /// <summary>Deletes the vectors of all parties but these, and what is partly written.</summary>
    void KeepOnly(byte[] roundId, IReadOnlySet<uint> parties);

    /// <summary>Deletes all vectors of a round.</summary>
    void Delete(byte[] roundId);
}

/// <summary>One vector on its way into the store. Disposed before <see cref="Commit"/>, it leaves nothing. For one thread at a time.</summary>
internal interface IBlobWriter : IDisposable
{
    /// <exception cref="IOException">It cannot be written.</exception>
    void Append(ReadOnlySpan<byte> data);

    /// <summary>What was appended, from the beginning; nothing can be appended afterwards.</summary>
    /// <exception cref="IOException">It cannot be read again.</exception>
    Stream Written();

    /// <summary>Completes when the vector is on disk and has its name. From this call on the writer is no longer the caller's.</summary>
    /// <exception cref="IOException">It cannot be written; nothing is left of it.</exception>
    Task Commit();
}
