using SecureAggregation.Aggregator.Hosting;
using SecureAggregation.Aggregator.Store;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Aggregator.Rounds;

/// <summary>The masked vectors of one round: those that arrive, and those that are stored. The round's driver calls it; only <see cref="Open"/> may be called by others.</summary>
internal sealed class RoundVectors(IBlobStore blobs, AggregatorRound round) : IMaskedVectors, IDisposable
{
    private readonly byte[] _roundId = round.RoundId;
    private readonly Dictionary<uint, VectorUpload> _arriving = [];
    private readonly Dictionary<uint, int> _begun = [];

    public Stream Open(uint party) => blobs.Open(_roundId, party);

    /// <summary>
    /// Begins the vector of a party; what came before of it is dropped. Null if none is awaited, for it is here already or its time has passed, or if it was
    /// begun too often (<see cref="IsSpent"/>).
    /// </summary>
    public VectorUpload? Begin(uint party)
    {
        if (_arriving.TryGetValue(party, out var before))
        {
            // Its last part may be coming in at this moment, from a stream that this one replaces: then it is whole, and there is nothing to send again.
            if (!before.Withdraw()) return null;
            _arriving.Remove(party);
        }

        if (IsSpent(party) || round.BeginVector(party) is not { } intake) return null;
        _begun[party] = _begun.GetValueOrDefault(party) + 1;
        try
        {
            return _arriving[party] = new VectorUpload(round, intake, blobs.Create(_roundId, party));
        }
        catch
        {
            intake.Dispose();
            throw;
        }
    }

    /// <summary>Whether a party has begun its vector as often as it may: each beginning takes what came before out of the sum again.</summary>
    public bool IsSpent(uint party) => _begun.GetValueOrDefault(party) >= Limits.Uploads;

    /// <summary>Forgets an upload that has ended; false if it is not the party's last one, and then its end changes nothing.</summary>
    public bool End(uint party, VectorUpload upload) => _arriving.TryGetValue(party, out var last) && last == upload && _arriving.Remove(party);

    /// <summary>Takes the stored vectors up again after a restart, each held against what its party signed; what nobody awaits is deleted.</summary>
    /// <returns>The parties whose vector is here, and how many were deleted.</returns>
    /// <exception cref="StartException">One is not what was signed.</exception>
    public (IReadOnlyList<uint> Whole, int Deleted) Recheck()
    {
        var stored = blobs.Parties(_roundId);
        var awaited = stored.Select(round.BeginVector).OfType<VectorIntake>().ToList();
        var whole = SideBySide.Map(awaited, intake => Check(blobs, _roundId, intake)).ToHashSet();
        blobs.KeepOnly(_roundId, whole);
        return ([.. whole.Order()], stored.Count - whole.Count);
    }

    /// <summary>Holds the stored vectors of survivors against what they signed.</summary>
    /// <exception cref="StartException">One is not what was signed.</exception>
    public static void Check(IBlobStore blobs, AggregatorRound round, Action<IReadOnlyList<uint>> missing)
    {
        var (roundId, survivors) = (round.RoundId, round.Survivors);
        var stored = blobs.Parties(roundId).ToHashSet();
        if (round.State != RoundState.Aborted && survivors.Any(party => !stored.Contains(party))) missing([.. survivors.Where(party => !stored.Contains(party))]);
        SideBySide.Map([.. survivors.Where(stored.Contains)], party => Check(blobs, roundId, round.IntakeOf(party)));
    }

    /// <summary>The survivor set is fixed: vectors of all others go, and none is written any more.</summary>
    public async Task KeepOnly(IEnumerable<uint> parties)
    {
        foreach (var upload in _arriving.Values) upload.Withdraw();
        await Settle();
        KeepStored(parties);
    }

    /// <summary>The same at the start, when nothing arrives.</summary>
    public void KeepStored(IEnumerable<uint> parties)
    {
        var keep = parties.ToHashSet();
        foreach (var party in blobs.Parties(_roundId).Where(p => !keep.Contains(p)))
        {
            using var stored = Open(party);
            round.WithdrawVector(party, stored);
        }

        blobs.KeepOnly(_roundId, keep);
    }

    public async Task Delete()
    {
        Dispose();
        await Settle();
        blobs.Delete(_roundId);
    }

    public void Dispose()
    {
        foreach (var upload in _arriving.Values) upload.Drop();
    }

    /// <summary>Waits for what is being committed; its files are then there like all others, or it failed and its end says so.</summary>
    private async Task Settle()
    {
        foreach (var upload in _arriving.Values)
        {
            if (upload.Commit is { } commit) await commit.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        _arriving.Clear();
    }

    private static uint Check(IBlobStore blobs, byte[] roundId, VectorIntake intake)
    {
        using (intake)
        {
            using var stored = blobs.Open(roundId, intake.Party);
            if (intake.CompleteFrom(stored)) return intake.Party;
            var found = intake.Actual.IsEmpty ? $"has another length than {intake.Length} bytes" : $"hashes to {PublicBytes.Hex(intake.Actual)}";
            throw StartException.Refused(
                TranscriptFault.VectorChanged,
                $"The masked vector of party {intake.Party} in round {PublicBytes.Hex(roundId)} was changed: it {found}; {PublicBytes.Hex(intake.Expected)} was signed. "
                + "Restore it from a backup, or delete it: a round that runs asks for it again or ends without a total, the bundle of one that has ended does not verify any more.");
        }
    }
}
