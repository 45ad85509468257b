using SecureAggregation.Aggregator.Store;
using SecureAggregation.Protocol;

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

    /// <summary>Holds the stored vectors against what their parties signed, after a restart; a file that does not fit is deleted.</summary>
    /// <returns>The parties whose vector is here.</returns>
    public IReadOnlyList<uint> Recheck()
    {
        var awaited = blobs.Parties(_roundId).Select(party => (Party: party, Intake: round.BeginVector(party))).ToList();
        var whole = awaited.AsParallel().Where(stored => stored.Intake is not null && Fits(stored.Intake)).Select(stored => stored.Party).ToHashSet();
        blobs.KeepOnly(_roundId, whole);
        return [.. whole.Order()];
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

    private bool Fits(VectorIntake intake)
    {
        using (intake)
        {
            using (var stored = Open(intake.Party))
            {
                if (intake.CompleteFrom(stored)) return true;
            }

            using var again = Open(intake.Party);
            round.WithdrawVector(intake.Party, again);
            return false;
        }
    }
}
