using Google.Protobuf;
using Google.Protobuf.Collections;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Internal;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol;

/// <summary>
/// The station in one round, as a pure state machine over its transcript: <see cref="Consider"/> judges a message, <see cref="Next"/> makes the broadcast
/// that is due, and <see cref="Apply"/>, which takes an entry of the log, is the only way the state changes. The station appends and flushes an entry
/// before it applies it; a restart and an auditor apply the same entries and reach the same state (docs/protocol.md sections 5 and 7).
/// Not thread-safe: its host calls it from one place.
/// </summary>
public sealed partial class AggregatorRound
{
    private readonly Roster _roster;
    private readonly Func<Question, int, RoundShape> _shapeOf;
    private readonly int _cores;
    private readonly SortedDictionary<uint, Attendance> _parties = [];
    private readonly List<Envelope> _broadcasts = [];
    private RoundRecord? _record;
    private Unmasking? _masks;
    private MessageJudge? _judge;
    private Composer? _composer;
    private Addressees? _addressees;
    private Ending? _ending;
    private RunningSum? _sum;
    private Ties? _ties;
    private long _version;

    /// <summary>A round that has not begun; the first entry to apply is its proposal.</summary>
    /// <param name="roster">The roster in force.</param>
    /// <param name="shapeOf">Shape of the vectors from the question and the number of invited parties.</param>
    /// <param name="cores">Threads to add and unmask with, 1 or more.</param>
    public AggregatorRound(Roster roster, Func<Question, int, RoundShape> shapeOf, int cores = 1)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(cores, 1);
        (_roster, _shapeOf, _cores) = (roster, shapeOf, cores);
    }

    /// <summary>Whether the round runs, is done or was aborted; unspecified before the proposal.</summary>
    public RoundState State { get; private set; }

    /// <summary>The phase whose answers are awaited.</summary>
    public RoundPhase Phase { get; private set; }

    /// <summary>When the phase began.</summary>
    public DateTimeOffset PhaseStarted { get; private set; }

    /// <summary>When the round began.</summary>
    public DateTimeOffset Started { get; private set; }

    /// <summary>When the round ended.</summary>
    public DateTimeOffset? Ended { get; private set; }

    /// <summary>When the phase ends at the latest; null when no phase is open.</summary>
    public DateTimeOffset? Deadline => State == RoundState.Running ? PhaseStarted + Record.DeadlineOf(Phase) : null;

    /// <summary>16 bytes.</summary>
    public byte[] RoundId => Record.RoundId;

    /// <summary>What is asked.</summary>
    public Question Question => Record.Question;

    /// <summary>Shape of every vector of the round.</summary>
    public RoundShape Shape { get; private set; }

    /// <summary>The numbers that follow from U1; zero before the advertisements are out.</summary>
    public RoundRules Rules => Record.Rules;

    /// <summary>Invited parties, ascending.</summary>
    public IReadOnlyList<uint> Invited => Record.Proposal.Invited;

    /// <summary>U3, ascending; empty until it is fixed.</summary>
    public IReadOnlyList<uint> Survivors => [.. Record.Survivors.Keys];

    /// <summary>The total, when the round is done.</summary>
    public Total? Total { get; private set; }

    /// <summary>Why the round was aborted, when it was.</summary>
    public Abort? Abort { get; private set; }

    /// <summary>Pairs of U2 that committed to different keys, ascending: one of the two lies, and nobody can tell which.</summary>
    public IEnumerable<(uint Low, uint High)> Disputes => _ties?.Disputed ?? [];

    /// <summary>Every broadcast so far, in order.</summary>
    public IReadOnlyList<Envelope> Broadcasts => _broadcasts;

    /// <summary>How far each invited party is.</summary>
    public IReadOnlyList<PartyProgress> Progress => [.. _parties.Values.Select(a => Standing.Of(a, Record, State, Phase))];

    private RoundRecord Record => _record ?? throw new InvalidOperationException("The round has no proposal yet.");

    private Unmasking Masks => _masks ?? throw new InvalidOperationException("The round has no proposal yet.");

    private Recovery? Recovery => _judge?.Recovery;

    /// <summary>Makes the proposal of a new round.</summary>
    /// <param name="roster">The roster in force.</param>
    /// <param name="query">A query that has been checked.</param>
    /// <param name="roundId">16 fresh random bytes.</param>
    /// <param name="invited">Parties to ask, ascending.</param>
    /// <param name="deadlines">Time for each phase: join, advertise, share, input, agree, unmask, recover.</param>
    /// <param name="station">The station's identity key.</param>
    public static Envelope Propose(
        Roster roster, SignedQuery query, byte[] roundId, IEnumerable<uint> invited, IEnumerable<TimeSpan> deadlines, IdentityKey station)
    {
        var proposal = new Proposal
        {
            Suite = RoundRules.Suite, RoundId = ByteString.CopyFrom(roundId), Query = query.Body, QuerySignature = query.Signature,
        };
        proposal.Invited.Add(invited);
        proposal.DeadlinesMs.Add(deadlines.Select(d => (uint)d.TotalMilliseconds));
        var contexts = new RoundContexts { Context0 = Digests.Context0(roster.Hash, proposal) };
        return Seal(MessageKind.Propose, proposal.ToByteString(), contexts, station);
    }

    /// <summary>Judges a message of a party without changing anything.</summary>
    public Offer Consider(uint party, Envelope envelope, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(envelope);

        // To the millisecond, as the log keeps it: a replay must judge alike.
        var time = now.ToUnixTimeMilliseconds();
        var judgement = Judge(party, envelope, DateTimeOffset.FromUnixTimeMilliseconds(time));
        var tooMuch = judgement.Offer.Outcome == OfferOutcome.Reject && _parties.TryGetValue(party, out var a) && a.Evidence >= Limits.Evidence;
        if (tooMuch) judgement = new Judgement(Offer.Ignored);
        return judgement.Offer with { Judged = new JudgedMessage(party, envelope, (ulong)time, _version, judgement) };
    }

    /// <summary>Changes the state by one entry of the log.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="offer">What <see cref="Consider"/> said of its message, so that it is not judged twice; of no effect if anything was applied since.</param>
    /// <exception cref="TranscriptException">The entry does not follow from what was applied before.</exception>
    public void Apply(Entry entry, Offer? offer = null)
    {
        ArgumentNullException.ThrowIfNull(entry);
        var at = DateTimeOffset.FromUnixTimeMilliseconds(checked((long)Math.Min(entry.TimeMs, 253402300799000)));
        var envelope = entry.Envelope ?? throw new TranscriptException("An entry without an envelope.");
        try
        {
            if (entry.Sender == 0) ApplyBroadcast(envelope, at);
            else ApplyMessage(entry, offer?.Judged, at);
        }
        catch (RefusalException e)
        {
            throw new TranscriptException($"A {envelope.Kind} that no party would accept: {e.Message}");
        }

        _version++;
        if (State == RoundState.Running) _ending!.Add(entry);
    }

    /// <summary>
    /// The broadcast that is due, because all have answered or the deadline has passed; null when none is. The caller logs it, applies it, sends it, and asks again.
    /// </summary>
    /// <exception cref="IOException">A masked vector cannot be read.</exception>
    public Envelope? Next(DateTimeOffset now, IdentityKey station, IMaskedVectors vectors)
    {
        if (State != RoundState.Running) return null;
        if (Phase == RoundPhase.Propose && Due(MessageKind.Join, _parties.Values, now)) Enter(RoundPhase.Advertise, now);
        return Phase switch
        {
            RoundPhase.Advertise when Due(MessageKind.Advertise, _parties.Values.Where(a => a.Has(MessageKind.Join)), now) => CloseAdvertise(station),
            RoundPhase.Share when Due(MessageKind.Share, Members(Record.Advertised.Keys), now) => CloseShare(station),
            RoundPhase.Input when Due(MessageKind.Input, Members(Record.Shared.Keys), now) => CloseInput(station),
            RoundPhase.Agree when Due(MessageKind.Agree, Members(Record.Survivors.Keys), now) => CloseAgree(station),
            RoundPhase.Unmask when Due(MessageKind.Unmask, Members(Record.Survivors.Keys), now) => CloseUnmask(station, vectors),
            RoundPhase.Recover when RecoverDue(now) => CloseRecover(station, vectors),
            _ => null,
        };
    }

    /// <summary>Ends a running round without a total.</summary>
    public Envelope Cancel(AbortReason reason, IdentityKey station) => SealAbort(reason, station);

    /// <summary>Who gets a broadcast, and what goes with it.</summary>
    public IEnumerable<(uint Party, Broadcast Broadcast)> Deliveries(Envelope envelope)
    {
        ArgumentNullException.ThrowIfNull(envelope);
        return _parties.Values.Where(a => !a.Left && _addressees!.Concerns(envelope.Kind, a.Member.Index)).Select(a => (a.Member.Index, _addressees!.For(envelope, a.Member.Index)));
    }

    /// <summary>What a party that comes back must be told, in order; it ignores what it knows.</summary>
    public IEnumerable<Broadcast> CatchUp(uint party) =>
        _parties.TryGetValue(party, out var a) && !a.Left
            ? _broadcasts.Where(b => _addressees!.Concerns(b.Kind, party)).Select(b => _addressees!.For(b, party))
            : [];

    private static Envelope Seal(MessageKind kind, ByteString body, RoundContexts contexts, IdentityKey station) => new()
    {
        Kind = kind, Body = body, Signature = ByteString.CopyFrom(station.Sign(Digests.Message(kind, contexts, body.Span))),
    };

    private Judgement Judge(uint party, Envelope envelope, DateTimeOffset now) =>
        State == RoundState.Running ? _judge!.Judge(Phase, party, envelope, now) : new Judgement(Offer.Ignored);

    private void ApplyMessage(Entry entry, JudgedMessage? judged, DateTimeOffset at)
    {
        var (party, envelope, rejection) = (entry.Sender - 1, entry.Envelope, entry.Rejection);
        var holds = judged is not null && judged.Party == party && ReferenceEquals(judged.Envelope, envelope) && judged.TimeMs == entry.TimeMs && judged.Version == _version;
        var judgement = holds ? judged!.Judgement : Judge(party, envelope, at);
        var offer = judgement.Offer;
        if (!_parties.TryGetValue(party, out var from)) throw new TranscriptException($"Party {party} is not invited to this round.");
        var logged = rejection == RejectionCode.None ? OfferOutcome.Accept : OfferOutcome.Reject;
        if (offer.Outcome != logged || offer.Rejection != rejection)
        {
            throw new TranscriptException($"The log says {Say(logged, rejection)} of a {envelope.Kind} by {from.Member.Name}, but it is {Say(offer.Outcome, offer.Rejection)}: {offer.Detail}");
        }

        if (rejection != RejectionCode.None)
        {
            Convict(from, envelope.Kind, rejection);
            return;
        }

        from.Take(envelope, judgement, at);
        Record.Remember(envelope, judgement.Message!);
        foreach (var complaint in judgement.Complaints ?? [])
        {
            _ties!.Spoil(party, complaint.Dealer);
            Expel(_parties[complaint.Dealer], BlameCode.BadDealing);
        }
    }

    private static string Say(OfferOutcome outcome, RejectionCode code) => outcome == OfferOutcome.Reject ? $"rejected as {code}" : outcome.ToString().ToLowerInvariant();

    private static void Convict(Attendance from, MessageKind kind, RejectionCode rejection)
    {
        from.Evidence++;
        if (rejection == RejectionCode.Conflict)
        {
            from.Convict(BlameCode.ConflictingMessages);
        }
        else if (rejection is RejectionCode.WrongSecret or RejectionCode.BadContent)
        {
            // Signed and wrong: no other message of this kind will be taken from it, so there is nothing to wait for.
            from.Failed.Add(kind);
            if (rejection == RejectionCode.WrongSecret) from.Convict(kind switch { MessageKind.Recover => BlameCode.BadShare, MessageKind.Unmask => BlameCode.WrongSeed, _ => BlameCode.FalseComplaint });
        }
    }

    /// <summary>Convicts a party in phase 3: it has no place among the survivors, whatever it has sent.</summary>
    private static void Expel(Attendance party, BlameCode code)
    {
        party.Failed.Add(MessageKind.Input);
        party.Convict(code);
    }

    private void ApplyBroadcast(Envelope envelope, DateTimeOffset at)
    {
        if (State == RoundState.Unspecified)
        {
            Begin(envelope, at);
            return;
        }

        if (State != RoundState.Running) throw new TranscriptException($"A {envelope.Kind} after the end of the round.");
        if (!Follows(envelope.Kind)) throw new TranscriptException($"A {envelope.Kind} does not follow while the answers of the phase {Phase} are awaited.");
        switch (envelope.Kind)
        {
            case MessageKind.Advertised:
                MustBe(envelope, _composer!.Advertised());
                Record.AcceptAdvertised(envelope, joined: null);
                Enter(RoundPhase.Share, at);
                break;
            case MessageKind.Shared:
                MustBe(envelope, _composer!.Shared());
                Record.AcceptShared(envelope);
                _composer.FixDisputes();
                Enter(RoundPhase.Input, at);
                break;
            case MessageKind.VectorFault:
                ApplyFault(envelope);
                return;
            case MessageKind.Survivors:
                MustHaveSaid(MessageKind.Input, Record.AcceptSurvivors(envelope).Inputs);
                if (Members(Record.Survivors.Keys).FirstOrDefault(a => a.Left || a.Failed.Contains(MessageKind.Input)) is { } expelled) throw new TranscriptException($"{expelled.Member.Name} is among the survivors although the log has put it out of the round.");
                _sum!.Close();
                Enter(RoundPhase.Agree, at);
                break;
            case MessageKind.Agreed:
                MustBe(envelope, _composer!.Agreed());
                Record.AcceptAgreed(envelope);
                Enter(RoundPhase.Unmask, at);
                break;
            case MessageKind.Recovery:
                MustBe(envelope, Masks.Request() ?? throw new TranscriptException("A recovery although nobody is silent."));
                _judge!.Recovery = Record.AcceptRecovery(envelope);
                Enter(RoundPhase.Recover, at);
                break;
            case MessageKind.Total:
                Finish(envelope, at);
                break;
            case MessageKind.Abort:
                Record.CheckStation(envelope);
                Abort = RoundRecord.Decode(Wire.Abort.Parser, envelope.Body, Record.BroadcastLimit);
                _ending!.Check(Abort, Recovery);
                (State, Ended) = (RoundState.Aborted, at);
                _sum!.Take([])?.Dispose();
                break;
        }

        _broadcasts.Add(envelope);
    }

    /// <summary>Whether a broadcast may end the phase that is open.</summary>
    private bool Follows(MessageKind broadcast) => broadcast switch
    {
        MessageKind.Advertised => Phase is RoundPhase.Propose or RoundPhase.Advertise,
        MessageKind.Shared => Phase == RoundPhase.Share,
        MessageKind.VectorFault or MessageKind.Survivors => Phase == RoundPhase.Input,
        MessageKind.Agreed => Phase == RoundPhase.Agree,
        MessageKind.Recovery => Phase == RoundPhase.Unmask,
        MessageKind.Total => Phase is RoundPhase.Unmask or RoundPhase.Recover,
        _ => broadcast == MessageKind.Abort,
    };

    private void Begin(Envelope envelope, DateTimeOffset at)
    {
        _record = RoundRecord.Open(_roster, envelope, at, _cores);
        foreach (var index in _record.Proposal.Invited) _parties.Add(index, new Attendance(_roster.FindParty(index)!));
        _ties = new Ties(_record);
        _masks = new Unmasking(_record, _parties, _ties);
        _judge = new MessageJudge(_record, _parties, _ties, _masks);
        _composer = new Composer(_record, _parties, _ties);
        _addressees = new Addressees(_record, _parties, _masks, _judge);
        _ending = new Ending(_parties, _masks);
        Shape = _shapeOf(_record.Question, _parties.Count).Checked();
        _sum = new RunningSum(Shape);
        State = RoundState.Running;
        Started = at;
        _broadcasts.Add(envelope);
        Enter(RoundPhase.Propose, at);
    }

    private void Finish(Envelope envelope, DateTimeOffset at)
    {
        Record.CheckStation(envelope);
        var total = TotalBody.Decode(envelope.Body, (int)Shape.PackedLength + Record.BroadcastLimit);
        if (!total.Survivors.Equals(new RepeatedField<uint> { Record.Survivors.Keys })
            || total.Bits != Shape.Bits || total.Length != Shape.Length || total.Packed.Length != Shape.PackedLength)
        {
            throw new TranscriptException("The total is not over the survivor set and shape of its round.");
        }

        if (Masks.Request() is not null && Recovery is null) throw new TranscriptException("A total although survivors are silent and nothing was recovered.");
        _ending!.Check(total);
        Total = total;
        (State, Ended) = (RoundState.Done, at);
        Enter(RoundPhase.Publish, at);
    }

    private void Enter(RoundPhase phase, DateTimeOffset at)
    {
        Phase = phase;
        PhaseStarted = at;
        _version++;
    }

    private bool Due(MessageKind kind, IEnumerable<Attendance> awaited, DateTimeOffset now) => now >= Deadline || awaited.All(a => a.Answered(kind));

    private bool RecoverDue(DateTimeOffset now) =>
        Masks.Enough(Recovery!) || Due(MessageKind.Recover, _parties.Values.Where(a => Masks.IsAsked(a.Member.Index, Recovery!)), now);

    private IEnumerable<Attendance> Members(IEnumerable<uint> parties) => parties.Select(p => _parties[p]);

    private Envelope CloseAdvertise(IdentityKey station)
    {
        var body = _composer!.Advertised();
        if (Record.RulesBroken(body.Advertisements.Count) is not null)
        {
            var joined = _parties.Values.Count(a => a.Has(MessageKind.Join) && !a.Left);
            return SealAbort(Record.RulesBroken(joined) is null ? AbortReason.TooFewKeys : AbortReason.TooFewJoined, station);
        }

        return Seal(MessageKind.Advertised, body.ToByteString(), Record.Contexts, station);
    }

    private Envelope CloseShare(IdentityKey station)
    {
        var body = _composer!.Shared();
        return body.Shares.Count < Rules.Threshold
            ? SealAbort(AbortReason.TooFewShares, station)
            : Seal(MessageKind.Shared, body.ToByteString(), Record.Contexts, station);
    }

    private Envelope CloseInput(IdentityKey station)
    {
        var body = _composer!.Survivors();
        if (body.Inputs.Count < Rules.Threshold) return SealAbort(AbortReason.TooFewInputs, station);
        return _composer.IsCut() ? SealAbort(AbortReason.GraphCut, station) : Seal(MessageKind.Survivors, body.ToByteString(), Record.Contexts, station);
    }

    private Envelope CloseAgree(IdentityKey station)
    {
        var body = _composer!.Agreed();
        return body.Agreements.Count < Rules.Threshold
            ? SealAbort(AbortReason.TooFewAgreements, station)
            : Seal(MessageKind.Agreed, body.ToByteString(), Record.Contexts, station);
    }

    private Envelope CloseUnmask(IdentityKey station, IMaskedVectors vectors) =>
        Masks.Request() is { } request
            ? Seal(MessageKind.Recovery, request.ToByteString(), Record.Contexts, station)
            : SealTotal(station, vectors);

    private Envelope CloseRecover(IdentityKey station, IMaskedVectors vectors) =>
        Masks.Enough(Recovery!) ? SealTotal(station, vectors) : SealAbort(AbortReason.Unrecoverable, station);

    private Envelope SealTotal(IdentityKey station, IMaskedVectors vectors)
    {
        if (!Masks.TryGather(Recovery, out _)) return SealAbort(AbortReason.Unrecoverable, station);
        using var sum = Unmasked(_sum!.Take(Record.Survivors.Keys) ?? AddStored(vectors, _cores));
        return Seal(MessageKind.Total, TotalBody.Encode(_ending!.Total(Record.Survivors.Keys), sum), Record.Contexts, station);
    }

    private Envelope SealAbort(AbortReason reason, IdentityKey station) =>
        Seal(MessageKind.Abort, _ending!.Abort(reason, Recovery).ToByteString(), Record.Contexts, station);

    private static void MustBe(Envelope envelope, IMessage expected)
    {
        if (!envelope.Body.Equals(expected.ToByteString()))
        {
            throw new TranscriptException($"The {envelope.Kind} broadcast is not the one that follows from the messages logged before it.");
        }
    }

    private void MustHaveSaid(MessageKind kind, IEnumerable<SignedBody> bodies)
    {
        var said = _parties.Values.Select(a => a.Get(kind)).OfType<Envelope>().Select(e => new SignedBody { Body = e.Body, Signature = e.Signature }).ToHashSet();
        if (bodies.Any(b => !said.Contains(b))) throw new TranscriptException($"A broadcast repeats a {kind} that is not in the log.");
    }
}
