using Google.Protobuf;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Simulation;

/// <summary>One round at the station, with the vectors on its disk, and the state after each entry: a replay must pass through the same ones.</summary>
internal sealed class StationRound(World world, string id) : IMaskedVectors
{
    private readonly Dictionary<uint, byte[]> _blobs = [];
    private readonly Dictionary<uint, (VectorIntake Intake, MemoryStream Bytes)> _uploads = [];
    private readonly List<string> _states = [];

    public string Id => id;

    public AggregatorRound Round { get; private set; } = Fresh(world);

    /// <summary>Place in the log of its last entry.</summary>
    public long LastEntry { get; set; }

    public bool HasVector(uint party) => _blobs.ContainsKey(party);

    public Stream Open(uint party) => _blobs.TryGetValue(party, out var blob) ? new MemoryStream(blob, writable: false) : throw new IOException($"There is no vector of party {party}.");

    public Entry NewEntry(uint sender, Envelope envelope, RejectionCode rejection) => new()
    {
        RoundId = ByteString.CopyFrom(Convert.FromHexString(id)), TimeMs = (ulong)world.Now.ToUnixTimeMilliseconds(), Sender = sender,
        Envelope = envelope, Rejection = rejection,
    };

    public void Apply(Entry entry, Offer? offer = null)
    {
        Round.Apply(entry, offer);
        _states.Add(StateOf(Round));
        world.Invariants.Applied(this);
    }


    /// <summary>Takes a part of a vector, as the first part says from its beginning or where the last ended.</summary>
    /// <returns>What the station has to log of it: that it is not the signed one. Null otherwise.</returns>
    public Envelope? Take(uint party, ChunkPacket chunk)
    {
        if (chunk.Offset == 0)
        {
            Withdraw(party);
            if (Round.BeginVector(party) is not { } begun) return null;
            _uploads[party] = (begun, new MemoryStream());
        }

        if (!_uploads.TryGetValue(party, out var upload) || upload.Intake.Received != chunk.Offset) return null;
        if (!upload.Intake.TryAppend(chunk.Data))
        {
            Withdraw(party);
            return null;
        }

        upload.Bytes.Write(chunk.Data);
        if (upload.Intake.Received < upload.Intake.Length) return null;
        if (!upload.Intake.Complete())
        {
            var fault = Round.RefuseVector(party, upload.Intake.Actual.ToArray(), Consortium.Station);
            Withdraw(party);
            return fault;
        }

        upload.Intake.Dispose();
        _uploads.Remove(party);
        _blobs[party] = upload.Bytes.ToArray();
        Round.MarkVectorStored(party);
        return null;
    }

    /// <summary>What follows from a broadcast for the vectors: those of others than survivors go.</summary>
    public void Tidy(MessageKind broadcast)
    {
        if (broadcast == MessageKind.Survivors)
        {
            foreach (var party in _uploads.Keys.ToList()) Withdraw(party);
            foreach (var party in _blobs.Keys.Except(Round.Survivors).ToList())
            {
                Round.WithdrawVector(party, new MemoryStream(_blobs[party]));
                _blobs.Remove(party);
            }
        }

        if (Round.State == RoundState.Aborted) _blobs.Clear();
    }

    /// <summary>Goes on from what the log and the disk have, and holds each state on the way against the one of then.</summary>
    public void Restart(IReadOnlyList<Entry> entries)
    {
        foreach (var (intake, _) in _uploads.Values) intake.Dispose();
        _uploads.Clear();
        if (_states.Count > entries.Count) _states.RemoveRange(entries.Count, _states.Count - entries.Count);
        Round = Replayed(entries);
        // The one entry that a crash can leave in the log before it was applied is the last.
        if (_states.Count < entries.Count) _states.Add(StateOf(Round));
        if (Round.State != RoundState.Running)
        {
            world.Invariants.Ended(this);
            return;
        }

        foreach (var party in _blobs.Keys.ToList())
        {
            if (Round.Phase > RoundPhase.Input ? Round.Survivors.Contains(party) : Recheck(party)) continue;
            _blobs.Remove(party);
        }
    }

    /// <summary>A fresh round from the log alone.</summary>
    public AggregatorRound Replayed(IReadOnlyList<Entry> entries)
    {
        var round = Fresh(world);
        for (var i = 0; i < entries.Count; i++)
        {
            round.Apply(entries[i]);
            var state = StateOf(round);
            if (i < _states.Count && state != _states[i])
            {
                throw new BrokenInvariantException($"After entry {i} ({entries[i].Envelope.Kind}) of its log a replay is at\n  {state}\nbut the station was at\n  {_states[i]}");
            }
        }

        return round;
    }

    private bool Recheck(uint party)
    {
        using var intake = Round.BeginVector(party);
        if (intake is null) return false;
        if (intake.CompleteFrom(Open(party))) return Round.MarkVectorStored(party);
        Round.WithdrawVector(party, Open(party));
        return false;
    }

    private void Withdraw(uint party)
    {
        if (!_uploads.Remove(party, out var upload)) return;
        upload.Bytes.Position = 0;
        Round.WithdrawVector(party, upload.Bytes);
        upload.Intake.Dispose();
    }

    private static AggregatorRound Fresh(World world) => new(world.Consortium.Roster, (_, _) => world.Shape);

    private static string StateOf(AggregatorRound round)
    {
        // Nothing is said at the end of phase 0, so no entry records it.
        var phase = round.Phase == RoundPhase.Propose ? RoundPhase.Advertise : round.Phase;
        var head = $"{round.State} {phase} [{string.Join(' ', round.Survivors)}] [{string.Join(' ', round.Disputes)}] {round.Broadcasts.Count} {round.Total?.Packed.ToBase64()} {round.Abort}";
        return round.Invited.Count > World.Large ? head : $"{head} {string.Join("; ", round.Progress.Select(p => $"{p.Index} {p.State} {p.Reason}"))}";
    }
}
