using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Internal;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Tests.Harness;

/// <summary>
/// A station that runs the protocol's own <see cref="AggregatorRound"/> and lies by script (<see cref="Lie"/>), each lie signed with its own key, to parties
/// that keep to the protocol, but for corrupt ones, whose keys it has. It remembers what it told each party, so that it can go on with a lie as if it were the
/// truth, and all that it received: at the end an <see cref="Harness.Unmasker"/> must make nothing of that.
/// </summary>
internal sealed class LyingStation : IDisposable
{
    private readonly SortedDictionary<uint, RoundRecord> _views = [];
    private readonly List<(uint Party, Envelope Envelope)> _lies = [];
    private readonly List<KeyLease> _leases = [];
    private readonly IReadOnlyList<Lie> _script;
    private readonly uint[] _corrupt;

    /// <param name="round">The round to lie in; this disposes it.</param>
    /// <param name="script">The lies, in order.</param>
    /// <param name="corrupt">Parties that work with the station; the last one if null.</param>
    public LyingStation(RoundHarness round, IReadOnlyList<Lie> script, uint[]? corrupt = null)
    {
        Harness = round;
        _script = script;
        _corrupt = corrupt ?? [(uint)round.Consortium.Roster.Parties.Count - 1];
        var (propose, send, vector, deliver) = (round.OnPropose, round.OnSend, round.OnVector, round.OnDeliver);
        round.OnPropose = (party, truth) => Propose(party, propose(party, truth));
        round.OnSend = (party, envelope) => send(party, Received(party, envelope));
        round.OnVector = (party, packed) =>
        {
            Unmasker.SawVector(View(party), party, packed);
            return vector(party, packed);
        };
        round.OnDeliver = (party, truth) => deliver(party, truth).SelectMany(b => Told(party, b));
        foreach (var party in _corrupt) Corrupt(party);
    }

    public LyingStation(params IReadOnlyList<Lie> script)
        : this(new RoundHarness(Consortium.Of(6), new RoundShape(32, 4)) { CheckReplay = false }, script)
    {
    }

    public RoundHarness Harness { get; }

    public Unmasker Unmasker { get; } = new();

    private AggregatorRound Round => Harness.Station.Round;

    private IEnumerable<uint> Honest => Harness.Consortium.Roster.Parties.Select(p => p.Index).Except(_corrupt);

    /// <summary>The round as a party was told of it.</summary>
    public RoundRecord View(uint party) => _views[party];

    public LyingStation Run()
    {
        Harness.Run();
        return this;
    }

    public LyingStation RunThrough(MessageKind broadcast)
    {
        Harness.RunThrough(broadcast);
        return this;
    }

    /// <summary>Signs a broadcast in the round that a party believes in.</summary>
    public Envelope Sign(uint party, MessageKind kind, ByteString body) => RoundHarness.Sign(Consortium.Station, kind, body, View(party).Contexts);

    /// <summary>Tells a party something out of turn; returns its answer, which the station has then.</summary>
    public PartyStep Tell(uint party, MessageKind kind, IMessage body, IEnumerable<Delivery>? deliveries = null) =>
        Tell(party, Sign(party, kind, body.ToByteString()), deliveries);

    /// <inheritdoc cref="Tell(uint, MessageKind, IMessage, IEnumerable{Delivery})"/>
    public PartyStep Tell(uint party, Envelope envelope, IEnumerable<Delivery>? deliveries = null)
    {
        var broadcast = Harness.Wrap(envelope);
        broadcast.Deliveries.Add(deliveries ?? []);
        Believe(party, broadcast.Envelope);
        var step = Harness.Parties[party].Receive(broadcast, Harness.Now);
        if (step.Refusal != RefusalCode.Unspecified) Harness.Refusals.TryAdd(party, step.Refusal);
        foreach (var message in step.Messages) Received(party, message);
        if (step.Vector is { } vector) Unmasker.SawVector(View(party), party, vector.ToArray());
        return step;
    }

    /// <summary>What dealers dealt to a holder, with its path to their signed roots.</summary>
    public IEnumerable<Delivery> DealtTo(uint holder, IEnumerable<uint> dealers) => dealers.Where(dealer => dealer != holder).Select(dealer =>
    {
        var entries = Harness.Parties[dealer].Sent.Last(e => e.Kind == MessageKind.Share).Detached;
        var place = View(holder).Neighbours(dealer).ToList().IndexOf(holder);
        var path = MerkleTree.InclusionProof([.. entries.Select(e => MerkleTree.LeafHash(e.Span))], place);
        return new Delivery { Dealer = dealer, Entry = entries[place], Path = { path.Select(n => ByteString.CopyFrom(n)) } };
    });

    /// <summary>A key of the station's own, to put in the place of a party's.</summary>
    public AgreementKey Plant()
    {
        var key = AgreementKey.Generate();
        Unmasker.Holds(key.PublicKey, peer => key.Agree(peer));
        return key;
    }

    /// <summary>What a party signed last of a kind.</summary>
    public SignedBody SignedBy(uint party, MessageKind kind)
    {
        var sent = Harness.Parties[party].Sent.Last(e => e.Kind == kind);
        return new SignedBody { Body = sent.Body, Signature = sent.Signature };
    }

    /// <summary>What a corrupt party signs in the round that another party believes in.</summary>
    public SignedBody SignedAs(uint corrupt, uint believer, MessageKind kind, IMessage body)
    {
        Assert.Contains(corrupt, _corrupt);
        var signed = RoundHarness.Sign(Consortium.PartyKey(corrupt), kind, body.ToByteString(), View(believer).Contexts);
        return new SignedBody { Body = signed.Body, Signature = signed.Signature };
    }

    /// <summary>These parties left for this reason.</summary>
    public LyingStation Refused(RefusalCode code, params uint[] parties)
    {
        foreach (var party in parties) Assert.Equal((party, code), (party, Harness.Refusals.GetValueOrDefault(party)));
        return this;
    }

    /// <summary>Everybody honest left for this reason.</summary>
    public LyingStation AllRefused(RefusalCode code) => Refused(code, [.. Honest]);

    /// <summary>The round has no total, and nothing that the station received opens anything.</summary>
    public void Stops(AbortReason reason = AbortReason.Unspecified)
    {
        Assert.Null(Round.Total);
        if (reason != AbortReason.Unspecified) Assert.Equal(reason, Round.Abort?.Reason);
        else Assert.NotEqual(RoundState.Done, Round.State);
        OpensNothing();
    }

    /// <summary>The round goes on without those who were lied to; its total is right, and nothing else is opened.</summary>
    public void GoesOnWithout(params uint[] parties)
    {
        Assert.Equal(RoundState.Done, Round.State);
        Assert.Empty(Round.Total!.Survivors.Intersect(parties));
        using var expected = Harness.Expected(Round.Total.Survivors);
        Assert.Equal(expected.Pack(), Round.Total.Packed.ToByteArray());
        OpensNothing();
    }

    /// <summary>
    /// What the station received opens no honest party, and no set of honest parties but the one that t of them agreed to, whether it publishes the total or
    /// not; and no log with a lie in it verifies.
    /// </summary>
    public void OpensNothing() => OpensOnly(Round.Broadcasts.Any(b => b.Kind == MessageKind.Agreed) ? Round.Survivors : []);

    /// <summary>What the station received opens no honest party and no set of honest parties but this one, and no log with a lie in it verifies.</summary>
    public void OpensOnly(IEnumerable<uint> total)
    {
        var allowed = total.Except(_corrupt).ToArray();
        Assert.All(Opened(), set => Assert.True(set.Length > 1 && set.SequenceEqual(allowed), $"The sum of the parties {string.Join(", ", set)} came out."));
        foreach (var (party, lie) in _lies.DistinctBy(l => l.Envelope)) Assert.False(Verifies(lie), $"A log with the {lie.Kind} that party {party} was told verifies.");
    }

    /// <summary>The honest part of each set of parties whose plain sum the station can compute.</summary>
    public IReadOnlyList<uint[]> Opened() =>
        [.. Unmasker.Opened(Harness.Shape, Harness.InputOf).Select(set => set.Except(_corrupt).ToArray()).Where(set => set.Length > 0).DistinctBy(set => string.Join(',', set))];

    public void Dispose()
    {
        Harness.Dispose();
        foreach (var lease in _leases) lease.Dispose();
    }

    private Envelope Propose(uint party, Envelope truth)
    {
        var told = Harness.Wrap(truth.Clone());
        foreach (var lie in _script) told = lie.Of(this, party, told).Single();
        if (told.Envelope.Signature.IsEmpty) told.Envelope.Signature = SignProposal(told.Envelope.Body);
        if (!told.Envelope.Equals(truth)) _lies.Add((party, told.Envelope));
        try
        {
            _views[party] = RoundRecord.Open(Harness.Consortium.Roster, told.Envelope, Harness.Now);
        }
        catch (RefusalException)
        {
            // The party will say the same.
        }

        return told.Envelope;
    }

    private ByteString SignProposal(ByteString body)
    {
        Proposal proposal;
        try
        {
            proposal = Proposal.Parser.ParseFrom(body);
        }
        catch (InvalidProtocolBufferException)
        {
            return ByteString.CopyFrom(new byte[IdentityKey.SignatureSize]);
        }

        // A set that is not one has no hash; what the station would sign over it does not matter.
        var invited = proposal.Invited.Distinct().Order().ToList();
        proposal.Invited.Clear();
        proposal.Invited.Add(invited);
        var contexts = new RoundContexts { Context0 = Digests.Context0(Harness.Consortium.Roster.Hash, proposal) };
        return RoundHarness.Sign(Consortium.Station, MessageKind.Propose, body, contexts).Signature;
    }

    private Envelope Received(uint party, Envelope envelope)
    {
        Unmasker.Saw(View(party), party, envelope.Clone());
        return envelope;
    }

    private List<Broadcast> Told(uint party, Broadcast truth)
    {
        // Who has left believes nothing any more, and who waits for something else in a round of its own cannot be told this there.
        if (Harness.Parties[party].State == PartyRoundState.Ended || !HasReached(View(party), truth.Envelope.Kind)) return [truth];
        var unsigned = truth.Clone();
        unsigned.Envelope.Signature = ByteString.Empty;
        List<Broadcast> told = [unsigned];
        foreach (var lie in _script) told = [.. told.SelectMany(b => lie.Of(this, party, b))];
        foreach (var broadcast in told)
        {
            if (broadcast.Envelope.Signature.IsEmpty) broadcast.Envelope.Signature = Sign(party, broadcast.Envelope.Kind, broadcast.Envelope.Body).Signature;
            Believe(party, broadcast.Envelope);
            if (!broadcast.Envelope.Body.Equals(truth.Envelope.Body) || !IsOurs(broadcast.Envelope)) _lies.Add((party, broadcast.Envelope));
        }

        return told;
    }

    private static bool HasReached(RoundRecord view, MessageKind kind) => kind switch
    {
        MessageKind.Shared => view.Advertised.Count != 0,
        MessageKind.Survivors => view.Shared.Count != 0,
        MessageKind.Agreed or MessageKind.Recovery or MessageKind.Total => view.Survivors.Count != 0,
        _ => true,
    };

    /// <summary>Whether a signature is one that an honest station could have made in this round.</summary>
    private bool IsOurs(Envelope envelope) =>
        Consortium.Station.Public.Verify(Digests.Message(envelope.Kind, Harness.Station.Record.Contexts, envelope.Body.Span), envelope.Signature.Span);

    /// <summary>Follows what a party takes for the round.</summary>
    private void Believe(uint party, Envelope envelope)
    {
        var view = View(party);
        try
        {
            switch (envelope.Kind)
            {
                case MessageKind.Advertised: view.AcceptAdvertised(envelope, joined: null); break;
                case MessageKind.Shared: view.AcceptShared(envelope); break;
                case MessageKind.Survivors: view.AcceptSurvivors(envelope); break;
                default: break;
            }
        }
        catch (RefusalException)
        {
            // So does the party, and is gone.
        }
    }

    /// <summary>Whether the log would verify with this in the place of what it says.</summary>
    private bool Verifies(Envelope lie)
    {
        var at = Harness.Station.Log.FindIndex(e => e.Sender == 0 && e.Envelope.Kind == lie.Kind);
        if (at < 0) return false;
        var replayed = new AggregatorRound(Harness.Consortium.Roster, (_, _) => Harness.Shape);
        try
        {
            foreach (var (entry, i) in Harness.Station.Log.Select((e, i) => (e.Clone(), i)))
            {
                if (i == at) entry.Envelope = lie;
                replayed.Apply(entry);
            }

            if (replayed.Total is not { } said) return false;
            using var total = replayed.Recompute(Harness.Station);
            return PublicBytes.Equal(total.Pack(), said.Packed.Span);
        }
        catch (TranscriptException)
        {
            return false;
        }
    }

    private void Corrupt(uint party)
    {
        var lease = Harness.Consortium.Ring(party).Take(Harness.Now);
        _leases.Add(lease);
        Unmasker.Holds(lease.PublicKey, lease.Agree);
    }
}
