using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Internal;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol;

/// <content>The masked vectors of the round: they come beside its entries, which hold their digests.</content>
public sealed partial class AggregatorRound
{
    /// <summary>
    /// Begins to take the vector that a party's accepted Input message announces; null when none is awaited. The intake adds it to the round's sum while it
    /// arrives, and may be used on another thread than the round, beside those of other parties. What an earlier intake of the party
    /// received must be given to <see cref="WithdrawVector"/>, and the intake then be disposed.
    /// </summary>
    public VectorIntake? BeginVector(uint party) =>
        AwaitsVector(party) is { VectorStored: false, Input: { } input } ? new VectorIntake(Record, Shape, party, input.VectorDigest.Span, _sum) : null;

    /// <summary>
    /// Takes what arrived of a vector out of the round's sum again: it broke off, is not the signed one, or is whole and its party is not a survivor. Without
    /// this, or if the bytes cannot be read or are not those that arrived, the total is as right, but is made from the stored vectors. May be called on any
    /// thread once the party's intake takes nothing more, but, unless the vector is whole, before it is disposed; does nothing when there is nothing to take out.
    /// </summary>
    /// <param name="party">The party.</param>
    /// <param name="received">Its packed vector from the beginning, at least as far as the intake took it.</param>
    public void WithdrawVector(uint party, Stream received)
    {
        ArgumentNullException.ThrowIfNull(received);
        _sum?.Withdraw(party, received);
    }

    /// <summary>Says that the whole vector of a party has been checked and is on disk; false if it came too late to count.</summary>
    public bool MarkVectorStored(uint party)
    {
        if (AwaitsVector(party) is not { VectorStored: false } a) return false;
        a.VectorStored = true;
        return true;
    }

    /// <summary>
    /// The entry that says that a party sent a whole vector that is not the one that it signed: once it is applied the party is out of the round. The caller
    /// logs it and sends it to nobody. Null if no vector of the party is awaited any more.
    /// </summary>
    /// <param name="party">The party.</param>
    /// <param name="received">Digest of what came, <see cref="VectorIntake.Actual"/>.</param>
    /// <param name="station">The station's identity key.</param>
    public Envelope? RefuseVector(uint party, byte[] received, IdentityKey station) =>
        AwaitsVector(party) is { VectorStored: false }
            ? Seal(MessageKind.VectorFault, new VectorFault { Party = party, ReceivedDigest = ByteString.CopyFrom(received) }.ToByteString(), Record.Contexts, station)
            : null;

    /// <summary>Checks the vector of a survivor against what it signed, at any time after the survivors are fixed.</summary>
    public VectorIntake IntakeOf(uint survivor) => new(Record, Shape, survivor, Record.Survivors[survivor].VectorDigest.Span);

    /// <summary>The total of the round from its messages and masked vectors alone, for a verifier; the survivors must have unmasked.</summary>
    /// <exception cref="TranscriptException">The messages do not give every seed.</exception>
    public RingVector Recompute(IMaskedVectors vectors)
    {
        if (!Masks.TryGather(Recovery, out _)) throw new TranscriptException("The revealed seeds do not undo every mask.");
        return Unmasked(AddStored(vectors, cores: 1));
    }

    private RingVector Unmasked(RingVector sum)
    {
        Masks.Unmask(sum, _cores);
        return sum;
    }

    /// <summary>The sum from the stored vectors: after a restart, and whenever the running one is not exactly the survivors'.</summary>
    private RingVector AddStored(IMaskedVectors vectors, int cores)
    {
        var (sum, survivors) = (new RunningSum(Shape), Survivors);
        Workers.Run(survivors.Count, cores, i =>
        {
            using var intake = new VectorIntake(Record, Shape, survivors[i], Record.Survivors[survivors[i]].VectorDigest.Span, sum);
            using var stored = vectors.Open(survivors[i]);
            if (!intake.CompleteFrom(stored)) throw new IOException($"The stored vector of {_parties[survivors[i]].Member.Name} is not the one that it signed; the storage has changed it.");
        });
        return sum.Take(survivors)!;
    }

    private void ApplyFault(Envelope envelope)
    {
        Record.CheckStation(envelope);
        var fault = RoundRecord.Decode(VectorFault.Parser, envelope.Body, Record.BroadcastLimit);
        if (fault.ReceivedDigest.Length != LabelHash.Size) throw new TranscriptException("The digest of a refused vector has 32 bytes.");
        Expel(AwaitsVector(fault.Party) ?? throw new TranscriptException($"No vector of party {fault.Party} was awaited."), BlameCode.VectorMismatch);
    }

    /// <summary>A party whose accepted Input announces a vector, while vectors are taken; it may be stored already, of which the log says nothing.</summary>
    private Attendance? AwaitsVector(uint party) =>
        State == RoundState.Running && Phase == RoundPhase.Input && _parties.TryGetValue(party, out var a) && a.Has(MessageKind.Input) && !a.Left && !a.Failed.Contains(MessageKind.Input)
            ? a
            : null;
}
