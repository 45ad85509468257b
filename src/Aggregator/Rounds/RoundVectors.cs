using SecureAggregation.Aggregator.Store;
using SecureAggregation.Protocol;

namespace SecureAggregation.Aggregator.Rounds;

/// <summary>The masked vectors of one round: those that arrive, and those that are stored.</summary>
internal sealed class RoundVectors(BlobStore blobs, AggregatorRound round) : IMaskedVectors, IDisposable
{
    private readonly byte[] _roundId = round.RoundId;
    private readonly Dictionary<uint, (VectorIntake Intake, BlobWriter Writer)> _arriving = [];

    public Stream Open(uint party) => blobs.Open(_roundId, party);

    /// <summary>Begins the vector of a party, if one is awaited; what came before of it is dropped.</summary>
    public void Begin(uint party)
    {
        Withdraw(party);
        // Null: the vector is here already, or its time has passed; the rest of it runs into the void.
        if (round.BeginVector(party) is not { } intake) return;
        try
        {
            _arriving.Add(party, (intake, blobs.Create(_roundId, party)));
        }
        catch
        {
            intake.Dispose();
            throw;
        }
    }

    /// <summary>Bytes of a party's vector that are here, or null when none is arriving.</summary>
    public long? Received(uint party) => _arriving.TryGetValue(party, out var vector) ? vector.Intake.Received : null;

    /// <summary>Takes the next part.</summary>
    public VectorResult Append(uint party, ReadOnlySpan<byte> data)
    {
        var (intake, writer) = _arriving[party];
        if (!intake.TryAppend(data))
        {
            Withdraw(party);
            return VectorResult.TooLong;
        }

        writer.Append(data);
        if (intake.Received < intake.Length) return VectorResult.More;
        if (!intake.Complete())
        {
            Withdraw(party);
            return VectorResult.Wrong;
        }

        writer.Commit();
        Drop(party);
        return VectorResult.Stored;
    }

    /// <summary>Holds the stored vectors against what their parties signed, after a restart; a file that does not fit is deleted.</summary>
    /// <returns>The parties whose vector is here.</returns>
    public IReadOnlyList<uint> Recheck()
    {
        var whole = blobs.Parties(_roundId).Where(party =>
        {
            using var intake = round.BeginVector(party);
            if (intake is null) return false;
            using var stored = Open(party);
            if (intake.CompleteFrom(stored)) return true;
            stored.Position = 0;
            round.WithdrawVector(party, stored);
            return false;
        }).ToHashSet();
        blobs.KeepOnly(_roundId, whole);
        return [.. whole.Order()];
    }

    /// <summary>The survivor set is fixed: vectors of all others go, and none is written any more.</summary>
    public void KeepOnly(IEnumerable<uint> parties)
    {
        var keep = parties.ToHashSet();
        foreach (var party in _arriving.Keys.ToList()) Withdraw(party);
        foreach (var party in blobs.Parties(_roundId).Where(p => !keep.Contains(p)))
        {
            using var stored = Open(party);
            round.WithdrawVector(party, stored);
        }

        blobs.KeepOnly(_roundId, keep);
    }

    public void Delete()
    {
        Dispose();
        blobs.Delete(_roundId);
    }

    public void Dispose()
    {
        foreach (var party in _arriving.Keys.ToList()) Drop(party);
    }

    /// <summary>Drops what arrived of a vector, and takes it out of the sum.</summary>
    private void Withdraw(uint party)
    {
        if (_arriving.TryGetValue(party, out var vector)) round.WithdrawVector(party, vector.Writer.Written());
        Drop(party);
    }

    private void Drop(uint party)
    {
        if (!_arriving.Remove(party, out var vector)) return;
        vector.Intake.Dispose();
        vector.Writer.Dispose();
    }
}

/// <summary>What became of a part of a vector.</summary>
internal enum VectorResult
{
    More,
    Stored,
    TooLong,
    Wrong,
}
