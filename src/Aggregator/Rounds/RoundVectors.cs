using SecureAggregation.Aggregator.Store;
using SecureAggregation.Protocol;

namespace SecureAggregation.Aggregator.Rounds;

/// <summary>The masked vectors of one round: those that arrive, and those that are stored.</summary>
internal sealed class RoundVectors(BlobStore blobs, byte[] roundId) : IMaskedVectors, IDisposable
{
    private readonly Dictionary<uint, (VectorIntake Intake, BlobWriter Writer)> _arriving = [];

    public Stream Open(uint party) => blobs.Open(roundId, party);

    /// <summary>Begins the vector of a party; what came before of it is dropped.</summary>
    public void Begin(VectorIntake intake)
    {
        Drop(intake.Party);
        try
        {
            _arriving.Add(intake.Party, (intake, blobs.Create(roundId, intake.Party)));
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
            Drop(party);
            return VectorResult.TooLong;
        }

        writer.Append(data);
        if (intake.Received < intake.Length) return VectorResult.More;
        var fits = intake.Complete();
        if (fits) writer.Commit();
        Drop(party);
        return fits ? VectorResult.Stored : VectorResult.Wrong;
    }

    /// <summary>Holds the stored vectors against what their parties signed, after a restart; a file that does not fit is deleted.</summary>
    /// <returns>The parties whose vector is here.</returns>
    public IReadOnlyList<uint> Recheck(Func<uint, VectorIntake?> begin)
    {
        var whole = blobs.Parties(roundId).Where(party =>
        {
            using var intake = begin(party);
            return intake is not null && Fits(intake);
        }).ToHashSet();
        blobs.KeepOnly(roundId, whole);
        return [.. whole.Order()];
    }

    /// <summary>The survivor set is fixed: vectors of all others go, and none is written any more.</summary>
    public void KeepOnly(IEnumerable<uint> parties)
    {
        Dispose();
        blobs.KeepOnly(roundId, parties.ToHashSet());
    }

    public void Delete()
    {
        Dispose();
        blobs.Delete(roundId);
    }

    public void Dispose()
    {
        foreach (var party in _arriving.Keys.ToList()) Drop(party);
    }

    private bool Fits(VectorIntake intake)
    {
        using var file = Open(intake.Party);
        var buffer = new byte[Protocol.Limits.Chunk];
        for (int read; (read = file.Read(buffer)) > 0;)
        {
            if (!intake.TryAppend(buffer.AsSpan(0, read))) return false;
        }

        return intake.Complete();
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
