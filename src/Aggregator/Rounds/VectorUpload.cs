using SecureAggregation.Aggregator.Store;
using SecureAggregation.Protocol;

namespace SecureAggregation.Aggregator.Rounds;

/// <summary>
/// One masked vector on its way in. It is checked, added to the round's sum and written on the thread of the stream that brings it, beside those of other
/// parties; the round's driver begins it, may withdraw it at any time, and is told how it ended.
/// </summary>
internal sealed class VectorUpload(AggregatorRound round, VectorIntake intake, IBlobWriter writer)
{
    private readonly Lock _gate = new();
    private bool _over;

    /// <summary>Whether no further part is of any use.</summary>
    public bool IsOver
    {
        get
        {
            lock (_gate) return _over;
        }
    }

    /// <summary>Bytes of a whole vector.</summary>
    public long Length => intake.Length;

    /// <summary>Digest of what came, once all of it has, right or wrong; empty before.</summary>
    public byte[] Actual => intake.Actual.ToArray();

    /// <summary>Completed when the whole vector is on disk under its name; fails if it cannot be written. Null until all of it is here and right.</summary>
    public Task? Commit { get; private set; }

    /// <summary>Takes the next part.</summary>
    /// <exception cref="IOException">It cannot be written; nothing is left of the vector.</exception>
    public VectorResult Append(ulong offset, ReadOnlySpan<byte> data)
    {
        lock (_gate)
        {
            if (_over) return VectorResult.Over;
            if (offset != (ulong)intake.Received) return VectorResult.Misplaced;
            try
            {
                if (!intake.TryAppend(data))
                {
                    Undo();
                    return VectorResult.TooLong;
                }

                writer.Append(data);
                if (intake.Received < intake.Length) return VectorResult.More;
                if (!intake.Complete())
                {
                    Undo();
                    return VectorResult.Wrong;
                }

                (_over, Commit) = (true, writer.Commit());
                intake.Dispose();
                return VectorResult.Whole;
            }
            catch
            {
                Close();
                throw;
            }
        }
    }

    /// <summary>Drops what arrived, unless it is whole, and takes it out of the sum.</summary>
    /// <returns>False if it is whole: it is being committed, or its end is on its way to the driver.</returns>
    public bool Withdraw()
    {
        lock (_gate)
        {
            if (!_over) Undo();
            return Commit is null;
        }
    }

    /// <summary>Drops what arrived, unless it is whole; the sum is of no use any more.</summary>
    public void Drop()
    {
        lock (_gate)
        {
            if (!_over) Close();
        }
    }

    private void Undo()
    {
        try
        {
            using var written = writer.Written();
            round.WithdrawVector(intake.Party, written);
        }
        catch (IOException)
        {
            // It stays in the running sum, which is then not used: the total is made from what is stored.
        }

        Close();
    }

    private void Close()
    {
        _over = true;
        intake.Dispose();
        writer.Dispose();
    }
}

/// <summary>What became of a part of a vector.</summary>
internal enum VectorResult
{
    /// <summary>Taken; more is to come.</summary>
    More,

    /// <summary>Taken, it was the last, and the vector is the one that was signed: it is being committed to disk.</summary>
    Whole,

    /// <summary>Not the part that comes next.</summary>
    Misplaced,

    /// <summary>The vector would become longer than the round's are; dropped.</summary>
    TooLong,

    /// <summary>The whole vector is not the one that was signed; dropped.</summary>
    Wrong,

    /// <summary>The vector is whole, or was dropped: the rest of it runs into the void.</summary>
    Over,
}
