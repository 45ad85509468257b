using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Internal;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Tests.Harness;

/// <summary>
/// Drives an <see cref="AggregatorRound"/> exactly as a host must: consider, append to the log, apply; next, append, apply, send. The log and the
/// blobs are all that a restart has.
/// </summary>
internal sealed class StationHost(Roster roster, RoundShape shape) : IMaskedVectors
{
    private readonly Dictionary<uint, byte[]> _blobs = [];
    private readonly HashSet<uint> _stored = [];
    private ByteString _roundId = ByteString.Empty;

    /// <summary>Signs what the station says of vectors.</summary>
    public IdentityKey Key { get; init; } = Consortium.Station;

    public List<Entry> Log { get; } = [];

    public AggregatorRound Round { get; private set; } = new(roster, (_, _) => shape);

    /// <summary>The same broadcasts read once more, so that tests can sign in their place.</summary>
    public RoundRecord Record { get; private set; } = null!;

    /// <summary>What was rejected, by whom and why.</summary>
    public List<(uint Party, MessageKind Kind, RejectionCode Code)> Rejected { get; } = [];

    /// <summary>How often a stored vector was read again.</summary>
    public int Opened { get; private set; }

    /// <summary>Whether what does not count is taken out of the running sum, as a station does, or left to the round to notice.</summary>
    public bool Withdraws { get; set; } = true;

    /// <summary>Whether what was stored of a vector that is withdrawn has changed meanwhile.</summary>
    public bool Spoils { get; set; }

    public Stream Open(uint party)
    {
        Opened++;
        return new MemoryStream(_blobs[party], writable: false);
    }

    public byte[] Blob(uint party) => _blobs[party];

    public void Broadcast(Envelope envelope, DateTimeOffset now)
    {
        if (envelope.Kind == MessageKind.Propose) _roundId = Proposal.Parser.ParseFrom(envelope.Body).RoundId;
        Append(0, envelope, RejectionCode.None, now);
        switch (envelope.Kind)
        {
            case MessageKind.Propose: Record = RoundRecord.Open(roster, envelope, now); break;
            case MessageKind.Advertised: Record.AcceptAdvertised(envelope, null); break;
            case MessageKind.Shared: Record.AcceptShared(envelope); break;
            case MessageKind.Survivors:
                Record.AcceptSurvivors(envelope);
                foreach (var party in _stored.Except(Round.Survivors)) Withdraw(party, new MemoryStream(_blobs[party]));
                break;
            default: break;
        }
    }

    public Offer Offer(uint party, Envelope envelope, DateTimeOffset now)
    {
        var offer = Round.Consider(party, envelope, now);
        if (offer.Outcome == OfferOutcome.Reject) Rejected.Add((party, envelope.Kind, offer.Rejection));
        if (offer.Outcome != OfferOutcome.Ignore) Append(party + 1, envelope, offer.Rejection, now, offer);
        return offer;
    }

    /// <summary>Takes a vector in chunks; true if it counts.</summary>
    public bool Vector(uint party, ReadOnlySpan<byte> packed, int chunk = 7)
    {
        using var intake = Round.BeginVector(party);
        if (intake is null) return false;
        var blob = new MemoryStream();
        for (; !packed.IsEmpty; packed = packed[Math.Min(chunk, packed.Length)..])
        {
            var part = packed[..Math.Min(chunk, packed.Length)];
            if (!intake.TryAppend(part)) return Withdraw(party, blob);
            blob.Write(part);
        }

        if (intake.Received < intake.Length) return Withdraw(party, blob);
        if (!intake.Complete())
        {
            Refuse(party, intake.Actual.ToArray());
            return Withdraw(party, blob);
        }

        _blobs[party] = blob.ToArray();
        _stored.Add(party);
        return Round.MarkVectorStored(party);
    }

    /// <summary>A fresh round from the log and the blobs, as after a crash.</summary>
    public AggregatorRound Replayed()
    {
        var fresh = new AggregatorRound(roster, (_, _) => shape);
        foreach (var entry in Log)
        {
            fresh.Apply(Entry.Parser.ParseFrom(entry.ToByteArray()));
            if (entry.Envelope.Kind == MessageKind.Input && entry.Rejection == RejectionCode.None && _stored.Contains(entry.Sender - 1))
            {
                Assert.True(fresh.MarkVectorStored(entry.Sender - 1));
            }
        }

        return fresh;
    }

    /// <summary>Goes on with a fresh round.</summary>
    public void Restart() => Round = Replayed();

    /// <summary>Whether a restart would reach the state that this station is in.</summary>
    public void CheckReplay()
    {
        var (now, then) = (Round, Replayed());
        Assert.Equal(now.State, then.State);
        Assert.Equal(Joined(now.Phase), Joined(then.Phase));
        Assert.Equal(now.Broadcasts, then.Broadcasts);
        Assert.Equal(now.Total, then.Total);
        Assert.Equal(now.Abort, then.Abort);
        Assert.Equal(now.Ended, then.Ended);
        Assert.Equal(now.Rules, then.Rules);
        Assert.Equal(now.Survivors, then.Survivors);
        if (now.Phase != RoundPhase.Advertise) Assert.Equal(now.Deadline, then.Deadline);

        Assert.Equal(now.Disputes, then.Disputes);
        Assert.Equal(Display(now), Display(then));

        static IEnumerable<(uint, PartyState, string)> Display(AggregatorRound round) => round.Progress.Select(p => (p.Index, p.State, p.Reason));
    }

    /// <summary>The end of phase 0 is the one change that no entry records: nothing is said at it.</summary>
    private static RoundPhase Joined(RoundPhase phase) => phase == RoundPhase.Propose ? RoundPhase.Advertise : phase;

    private void Refuse(uint party, byte[] received)
    {
        if (Round.RefuseVector(party, received, Key) is { } fault) Append(0, fault, RejectionCode.None, Round.PhaseStarted);
    }

    private bool Withdraw(uint party, MemoryStream received)
    {
        var stored = received.ToArray();
        if (Spoils) stored[^1] ^= 1;
        if (Withdraws) Round.WithdrawVector(party, new MemoryStream(stored));
        return false;
    }

    private void Append(uint sender, Envelope envelope, RejectionCode rejection, DateTimeOffset now, Offer? offer = null)
    {
        var entry = new Entry
        {
            RoundId = _roundId, TimeMs = (ulong)now.ToUnixTimeMilliseconds(), Sender = sender, Envelope = envelope, Rejection = rejection,
        };
        Log.Add(entry);
        Round.Apply(entry, offer);
    }
}
