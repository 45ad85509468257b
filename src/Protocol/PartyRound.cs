using System.Security.Cryptography;
using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Internal;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol;

/// <summary>
/// A party in one round: (state, broadcast or input) → (state, messages), docs/protocol.md sections 5 and 6. No sockets, clock, files or logger;
/// time, random bytes and durable memory come with <see cref="PartySetup"/>. Not thread-safe: its host calls it from one place.
/// When anything is refused the party erases its secrets and says nothing more in the round.
/// </summary>
public sealed class PartyRound : IDisposable
{
    private readonly PartySetup _setup;
    private readonly RoundRecord _record;
    private readonly List<Envelope> _sent = [];
    private readonly Dictionary<MessageKind, byte[]> _handled = [];
    private readonly SortedDictionary<uint, ReceivedShares> _received = [];
    private readonly HashSet<uint> _disputed = [];
    private readonly List<Complaint> _complaints = [];
    private readonly HashSet<MessageKind> _confirmed = [];
    private KeyLease? _key;
    private Dealing? _dealing;
    private RingVector? _input;
    private ulong _chargedMicro;
    private RoundShape _shape;
    private DateTimeOffset _joined;
    private ByteString _vectorDigest = ByteString.Empty;

    private PartyRound(PartySetup setup, RoundRecord record)
    {
        _setup = setup;
        _record = record;
    }

    /// <summary>16 bytes.</summary>
    public byte[] RoundId => _record.RoundId;

    /// <summary>What is asked.</summary>
    public Question Question => _record.Question;

    /// <summary>Invited parties, ascending.</summary>
    public IReadOnlyList<uint> Invited => _record.Proposal.Invited;

    /// <summary>How far this party is.</summary>
    public PartyRoundState State { get; private set; } = PartyRoundState.Proposed;

    /// <summary>Why the party left, or <see cref="RefusalCode.Unspecified"/>.</summary>
    public RefusalCode Refusal { get; private set; }

    /// <summary>Whether this party's unmask message has left: the same noised input must never be sent again.</summary>
    public bool Released { get; private set; }

    /// <summary>Everything said so far, to be said again with identical bytes after a lost stream.</summary>
    public IReadOnlyList<Envelope> Sent => _sent;

    /// <summary>Kinds of its messages that a broadcast has shown to be in the log; later ones may have come too late to be taken.</summary>
    public IReadOnlySet<MessageKind> Confirmed => _confirmed;

    /// <summary>The masked vector that goes with the Input message, while it may be asked for: null before, and once the survivors are named.</summary>
    public MaskedVector? SentVector { get; private set; }

    /// <summary>Checks a proposal. Nothing is stored and nothing is said yet.</summary>
    /// <exception cref="RefusalException">The round must be declined with this code.</exception>
    public static PartyRound Open(PartySetup setup, Envelope proposal, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(setup);
        if (setup.PreSharedKeys.Values.Any(k => k.Length != Limits.PreSharedKey)) throw new ArgumentException("A pre-shared key has 32 bytes.", nameof(setup));
        var record = RoundRecord.Open(setup.Roster, proposal, now, setup.Cores);
        if (!record.Proposal.Invited.Contains(setup.Index)) throw new RefusalException(RefusalCode.NotInvited, "This party is not among the invited.");
        var round = new PartyRound(setup, record);
        round._handled.Add(MessageKind.Propose, SHA256.HashData(proposal.Body.Span));
        return round;
    }

    /// <summary>
    /// Takes part, after the operator's policy has agreed and the ledger has been charged: remembers the round durably, then joins and advertises.
    /// </summary>
    /// <param name="shape">Shape of the vector, from the query alone.</param>
    /// <param name="now">The time.</param>
    public PartyStep Join(RoundShape shape, DateTimeOffset now) => Guarded(PartyRoundState.Proposed, () =>
    {
        _shape = shape.Checked();
        var code = _setup.Memory.TryBeginRound(RoundId, Question.Id, Question.Query.Attempts);
        if (code != RefusalCode.Unspecified) throw RoundRecord.Refuse(code, "The round or its query was answered before.");
        _joined = now;
        _key = _setup.Keys.Take(now);
        var fresh = new byte[32];
        _setup.Random.GetBytes(fresh);
        State = PartyRoundState.Joined;
        return PartyStep.Send(
            Say(MessageKind.Join, new Join { Party = _setup.Index }),
            Say(MessageKind.Advertise, new Advertise
            {
                Party = _setup.Index,
                PublicKey = ByteString.CopyFrom(_key.PublicKey),
                Fresh = ByteString.CopyFrom(fresh),
                KeyNotAfter = (ulong)_key.NotAfter.ToUnixTimeSeconds(),
            }));
    });

    /// <summary>
    /// Does not take part, or leaves. Of a round that this party has seen before it says nothing at all, for it may have spoken in it.
    /// </summary>
    /// <param name="code">Why.</param>
    /// <param name="earlierRound">With <see cref="RefusalCode.AlreadyAnswered"/> the round whose total is the answer, 16 bytes; else null.</param>
    public PartyStep Decline(RefusalCode code, byte[]? earlierRound = null)
    {
        if (State == PartyRoundState.Ended) return PartyStep.Nothing;
        var silent = code is RefusalCode.RoundSeen || State >= PartyRoundState.InputSent;
        var decline = silent ? PartyStep.Nothing : PartyStep.Send(Say(MessageKind.Decline, new Decline
        {
            Party = _setup.Index, Code = code, EarlierRound = earlierRound is null ? ByteString.Empty : ByteString.CopyFrom(earlierRound),
        }));
        End(code);
        return decline with { Refusal = code };
    }

    /// <summary>
    /// Gives the noised input; the round takes it over and erases it. It may come at any time after <see cref="Join"/>; the masked vector leaves as
    /// soon as everybody's shares are in too.
    /// </summary>
    /// <param name="input">The noised input.</param>
    /// <param name="chargedMicro">Millionths of ε that the party's ledger was charged for this answer, at least <see cref="Question.ChargeMicro"/>; 0 without noise.</param>
    public PartyStep ProvideInput(RingVector input, ulong chargedMicro)
    {
        ArgumentNullException.ThrowIfNull(input);
        if (State is PartyRoundState.Ended)
        {
            input.Dispose();
            return PartyStep.Nothing;
        }

        if (_input is not null || State is PartyRoundState.Proposed or > PartyRoundState.AwaitingInput)
        {
            throw new InvalidOperationException("A round takes one input, after Join.");
        }

        if (chargedMicro < Question.ChargeMicro) throw new ArgumentOutOfRangeException(nameof(chargedMicro), chargedMicro, $"The answer costs {Question.ChargeMicro} millionths of ε; charge the ledger before the round is joined.");
        if (input.Bits != _shape.Bits || input.Length != _shape.Length)
        {
            throw new ArgumentException($"The input has {input.Length} elements of {input.Bits} bits; the round needs {_shape.Length} of {_shape.Bits}.", nameof(input));
        }

        (_input, _chargedMicro) = (input, chargedMicro);
        return State == PartyRoundState.AwaitingInput ? Guarded(PartyRoundState.AwaitingInput, SendInput) : PartyStep.Nothing;
    }

    /// <summary>Takes a broadcast of the station. A repeat of one that was handled is ignored, a different one of the same kind is refused.</summary>
    public PartyStep Receive(Broadcast broadcast, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(broadcast);
        if (State == PartyRoundState.Ended) return PartyStep.Nothing;
        var envelope = broadcast.Envelope ?? new Envelope();
        if (_handled.TryGetValue(envelope.Kind, out var before))
        {
            if (PublicBytes.Equal(before, SHA256.HashData(envelope.Body.Span))) return PartyStep.Nothing;
            var code = envelope.Kind == MessageKind.Survivors ? RefusalCode.SecondSurvivorSet : RefusalCode.OutOfOrder;
            return Refuse(RoundRecord.Refuse(code, $"The station sent two different broadcasts of kind {envelope.Kind}."));
        }

        PartyStep step = envelope.Kind switch
        {
            MessageKind.Advertised => Guarded(PartyRoundState.Joined, () => OnAdvertised(envelope)),
            MessageKind.Shared => Guarded(PartyRoundState.Shared, () => OnShared(envelope, broadcast.Deliveries)),
            MessageKind.Survivors => Guarded(PartyRoundState.InputSent, () => OnSurvivors(envelope)),
            MessageKind.Agreed => Guarded(PartyRoundState.Agreed, () => OnAgreed(envelope)),
            MessageKind.Recovery => Guarded(PartyRoundState.Unmasked, () => OnRecovery(envelope)),
            MessageKind.Total => Guarded(State, () => OnTotal(envelope)),
            MessageKind.Abort => Guarded(State, () => OnAbort(envelope)),
            _ => Refuse(RoundRecord.Refuse(RefusalCode.OutOfOrder, $"A broadcast of kind {envelope.Kind} came where it may not come.")),
        };
        // Its hash only: a total has a vector in it.
        if (Refusal == RefusalCode.Unspecified) _handled[envelope.Kind] = SHA256.HashData(envelope.Body.Span);
        return step;
    }

    /// <inheritdoc/>
    public void Dispose() => End(Refusal);

    private PartyStep OnAdvertised(Envelope envelope)
    {
        CheckOwn(_record.AcceptAdvertised(envelope, _joined).Advertisements, MessageKind.Advertise);
        _confirmed.UnionWith([MessageKind.Join, MessageKind.Advertise]);
        _dealing = Dealing.Draw(_record, _setup.Index, _key!, _setup);
        var entries = _dealing.Entries.ToList();
        var root = MerkleTree.Root([.. entries.Select(e => e.LeafHash())]);
        State = PartyRoundState.Shared;
        return PartyStep.Send(Say(MessageKind.Share, _dealing.Body(root), entries.ConvertAll(e => e.Wire)));
    }

    /// <summary>For the agreements ahead of need: <see cref="KeyRing.Prepare"/>.</summary>
    private void RememberKeys()
    {
        foreach (var peer in _record.Advertised.Values.Where(a => a.Party != _setup.Index))
        {
            _setup.Keys.Saw(peer.Party, peer.PublicKey.ToByteArray(), DateTimeOffset.FromUnixTimeSeconds((long)peer.KeyNotAfter));
        }
    }

    private PartyStep OnShared(Envelope envelope, IEnumerable<Delivery> deliveries)
    {
        CheckOwn(_record.AcceptShared(envelope).Shares, MessageKind.Share);
        _confirmed.Add(MessageKind.Share);
        RememberKeys();
        var byDealer = deliveries.GroupBy(d => d.Dealer).ToDictionary(g => g.Key, g => g.First());
        foreach (var dealer in _record.Peers(_setup.Index))
        {
            ReceiveShares(dealer, byDealer.GetValueOrDefault(dealer));
        }

        var corrupt = _disputed.Count + _complaints.Count;
        if (corrupt > _record.MostDisputes) throw RoundRecord.Refuse(RefusalCode.Disputes, $"{corrupt} neighbours dispute the keys of their pair or dealt badly; no more than {_record.MostDisputes} can be corrupt.");

        // What was shown of it is bound to this round; the next ones do without it all the same.
        if (_complaints.Count != 0) _setup.Keys.Retire(_key!);
        State = PartyRoundState.AwaitingInput;
        return _input is null ? PartyStep.Nothing : SendInput();
    }

    private void ReceiveShares(uint dealer, Delivery? delivery)
    {
        var entry = delivery is null ? null : ShareEntry.TryRead(delivery.Entry, _setup.Index);
        if (entry is null || !MerkleTree.VerifyInclusion(
                entry.LeafHash(), _record.Graph.IndexOf(_setup.Index, dealer), _record.Rules.Degree,
                [.. delivery!.Path.Select(p => p.ToByteArray())], _record.Shared[dealer].EntriesRoot.ToByteArray()))
        {
            throw RoundRecord.Refuse(RefusalCode.BadShares, $"What party {dealer} dealt to this party is missing or not under its signed root.");
        }

        if (!entry.AgreesWith(_dealing!.EntryFor(dealer)))
        {
            // Only a pair with a corrupt member disagrees; with a pre-shared key the corrupt one would have to be this pair's own.
            if (_setup.PreSharedKeys.ContainsKey(dealer)) throw RoundRecord.Refuse(RefusalCode.Disputes, $"Party {dealer} holds other keys although one was shared with it beforehand.");
            _disputed.Add(dealer);
        }
        else if (_dealing.Open(dealer, entry) is { } shares)
        {
            _received.Add(dealer, shares);
        }
        else
        {
            _complaints.Add(_dealing.Complain(dealer));
        }
    }

    private PartyStep SendInput()
    {
        var vector = _input!;
        var commitment = CommitToInput(vector);
        using (var masks = Masks()) masks.ApplyTo(vector, _setup.Cores);
        (_input, SentVector) = (null, new MaskedVector(vector));

        // The digest stands in the header, so every mask is in before the first chunk leaves: docs/adr/0012.
        using var digest = Digests.BeginVector(_record.Contexts.Context2, _setup.Index, _shape);
        AppendPacked(digest, vector);
        _vectorDigest = ByteString.CopyFrom(digest.Finish());
        State = PartyRoundState.InputSent;
        var complaints = _complaints.ConvertAll(c => c.Wire);
        var message = Say(MessageKind.Input, new Input
        {
            Party = _setup.Index, VectorDigest = _vectorDigest, InputCommitment = ByteString.CopyFrom(commitment), ChargedMicro = _chargedMicro,
            ComplaintsRoot = Complaint.Root(complaints),
        }, complaints);
        return PartyStep.Send(message) with { Vector = SentVector };
    }

    private byte[] CommitToInput(RingVector input)
    {
        using var salt = SecretBytes.Random(32, _setup.Random);
        using var hash = Commitments.BeginInput(_record.Contexts.Context2, _setup.Index, salt.Span, _shape.PackedLength);
        AppendPacked(hash, input);
        return hash.Finish();
    }

    /// <summary>Hashes a vector as it is packed, a block at a time, so that no second copy of it is ever made.</summary>
    private static void AppendPacked(LabelHash hash, RingVector vector)
    {
        using var buffer = new SecretBytes((int)RingVector.PackedLength(vector.Bits, RunningSum.BlockElements));
        for (var first = 0; first < vector.Length; first += RunningSum.BlockElements)
        {
            var count = Math.Min(RunningSum.BlockElements, vector.Length - first);
            var packed = buffer.Span[..(int)RingVector.PackedLength(vector.Bits, count)];
            vector.PackBlockTo(first, count, packed);
            hash.Append(packed);
        }
    }

    private MaskBatch Masks()
    {
        var masks = new MaskBatch();
        AddMask(masks, _dealing!.SelfSeed, MaskSign.Add);
        foreach (var v in _record.Peers(_setup.Index).Where(v => !_disputed.Contains(v)))
        {
            AddMask(masks, _dealing.PairSeed(v), v > _setup.Index ? MaskSign.Add : MaskSign.Subtract);
        }

        return masks;
    }

    private void AddMask(MaskBatch masks, SecretBytes seed, MaskSign sign)
    {
        using var key = PairKeys.Mask(seed.Span, _record.Contexts.Context2);
        masks.Add(key.Span, sign);
    }

    private PartyStep OnSurvivors(Envelope envelope)
    {
        _record.AcceptSurvivors(envelope);
        if (!_record.Survivors.TryGetValue(_setup.Index, out var own)) throw RoundRecord.Refuse(RefusalCode.SurvivorSet, "This party is not in the survivor set; its vector came too late.");
        if (!own.VectorDigest.Equals(_vectorDigest)) throw RoundRecord.Refuse(RefusalCode.OwnMessageChanged, "The survivor set has another vector of this party.");
        _confirmed.Add(MessageKind.Input);
        ForgetVector();
        if (!_setup.SurvivorGuard([.. _record.Survivors.Keys])) throw RoundRecord.Refuse(RefusalCode.Differencing, "The operator's guard objects to this survivor set.");
        if (!_setup.Memory.TrySignSurvivors(RoundId, _record.Contexts.Survivors))
        {
            throw RoundRecord.Refuse(RefusalCode.SecondSurvivorSet, "A survivor set of this round was signed before.");
        }

        State = PartyRoundState.Agreed;
        return PartyStep.Send(Say(MessageKind.Agree, new Agree { Party = _setup.Index, SurvivorsDigest = ByteString.CopyFrom(_record.Contexts.Survivors) }));
    }

    private PartyStep OnAgreed(Envelope envelope)
    {
        _record.AcceptAgreed(envelope);
        _setup.Memory.MarkReleased(RoundId, Question.Id);
        Released = true;
        State = PartyRoundState.Unmasked;
        var unmask = new Unmask { Party = _setup.Index, SelfSeed = ByteString.CopyFrom(_dealing!.SelfSeed.Span) };
        unmask.Dropped.Add(_record.DroppedPeers(_setup.Index).Where(w => !_disputed.Contains(w))
            .Select(w => new PairSeed { Neighbour = w, Seed = ByteString.CopyFrom(_dealing.PairSeed(w).Span) }));
        return PartyStep.Send(Say(MessageKind.Unmask, unmask));
    }

    private PartyStep OnRecovery(Envelope envelope)
    {
        var request = _record.AcceptRecovery(envelope);
        if (request.Silent.Contains(_setup.Index)) throw RoundRecord.Refuse(RefusalCode.BothSecrets, "Recovery names this party, which has unmasked.");
        var answer = new Recover { Party = _setup.Index };
        answer.SelfShares.Add(request.Silent.Where(_received.ContainsKey).Select(v => _received[v].Reveal(_record.Contexts.Context1, v, _setup.Index, SharedSecret.SelfSeed)));
        answer.RecoveryShares.Add(request.Dropped.Where(_received.ContainsKey).Select(w => _received[w].Reveal(_record.Contexts.Context1, w, _setup.Index, SharedSecret.RecoverySeed)));
        return answer.SelfShares.Count + answer.RecoveryShares.Count == 0 ? PartyStep.Nothing : PartyStep.Send(Say(MessageKind.Recover, answer));
    }

    private PartyStep OnTotal(Envelope envelope)
    {
        if (State != PartyRoundState.Unmasked)
        {
            // The round went on without this party; there is nothing of its own in the total that it could check.
            End(RefusalCode.Unspecified);
            return PartyStep.Nothing;
        }

        _record.CheckStation(envelope);
        var total = TotalBody.Decode(envelope.Body, (int)_shape.PackedLength + _record.BroadcastLimit);
        if (total.EntriesRoot.Length != LabelHash.Size) throw RoundRecord.Refuse(RefusalCode.BadMessage, "The root of a round's entries has 32 bytes.");
        if (!total.Survivors.ToHashSet().SetEquals(_record.Survivors.Keys)) throw RoundRecord.Refuse(RefusalCode.SurvivorSet, "The total is over another survivor set.");
        End(RefusalCode.Unspecified);
        return PartyStep.Nothing;
    }

    private PartyStep OnAbort(Envelope envelope)
    {
        _record.CheckStation(envelope);
        End(RefusalCode.Unspecified);
        return PartyStep.Nothing;
    }

    private void CheckOwn(IEnumerable<SignedBody> bodies, MessageKind kind)
    {
        var own = _sent.Last(e => e.Kind == kind);
        if (!bodies.Any(s => s.Body.Equals(own.Body)))
        {
            throw RoundRecord.Refuse(RefusalCode.OwnMessageChanged, $"The station's broadcast lacks this party's own {kind}, or has changed it.");
        }
    }

    private Envelope Say(MessageKind kind, IMessage message, IReadOnlyCollection<ByteString>? parts = null)
    {
        var body = message.ToByteString();
        var envelope = new Envelope
        {
            Kind = kind, Body = body, Signature = ByteString.CopyFrom(_setup.Identity.Sign(Digests.Message(kind, _record.Contexts, body.Span))),
        };
        envelope.Detached.Add(parts ?? []);
        _sent.Add(envelope);
        return envelope;
    }

    private PartyStep Guarded(PartyRoundState expected, Func<PartyStep> act)
    {
        if (State == PartyRoundState.Ended) return PartyStep.Nothing;
        try
        {
            return State == expected
                ? act()
                : throw RoundRecord.Refuse(RefusalCode.OutOfOrder, $"The round is at {State}; this belongs to {expected}.");
        }
        catch (RefusalException e)
        {
            return Refuse(e);
        }
    }

    private PartyStep Refuse(RefusalException refusal) => Decline(refusal.Code) with { Detail = refusal.Message };

    private void End(RefusalCode code)
    {
        Refusal = code;
        State = PartyRoundState.Ended;
        _key?.Dispose();
        _dealing?.Dispose();
        _input?.Dispose();
        ForgetVector();
        foreach (var shares in _received.Values) shares.Dispose();
        _received.Clear();
        _key = null;
        _dealing = null;
        _input = null;
    }

    private void ForgetVector()
    {
        SentVector?.Dispose();
        SentVector = null;
    }
}
