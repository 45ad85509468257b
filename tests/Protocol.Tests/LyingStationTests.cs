using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Internal;
using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Tests;

/// <summary>
/// A station that lies, each lie signed with its own key, against parties that keep to the protocol (docs/protocol.md section 9). Each lie must get
/// its code, and nothing that opens anything.
/// </summary>
public sealed class LyingStationTests : IDisposable
{
    private static readonly RoundShape s_shape = new(32, 4);

    private readonly RoundHarness _round = new(Consortium.Of(6), s_shape);

    private PartyRound Victim => _round.Parties[1];

    private RoundRecord Record => _round.Station.Record;

    public void Dispose() => _round.Dispose();

    [Fact]
    public void Second_survivor_set_is_not_signed()
    {
        _round.RunThrough(MessageKind.Survivors);
        Assert.Equal(PartyRoundState.Agreed, Victim.State);
        var second = Survivors.Parser.ParseFrom(LastBroadcast().Body);
        second.Inputs.RemoveAt(4);
        Refuses(RefusalCode.SecondSurvivorSet, Lie(MessageKind.Survivors, second));
    }

    [Fact]
    public void Second_survivor_set_is_not_signed_after_a_restart()
    {
        _round.RunThrough(MessageKind.Survivors);
        using var restarted = PartyRound.Open(_round.Consortium.Setup(1, 1, _round.Memories[1]), _round.Proposal, _round.Now);
        var step = restarted.Join(s_shape, _round.Now);
        Assert.Equal(RefusalCode.RoundSeen, step.Refusal);
        Assert.Empty(step.Messages);
        Assert.Equal(PartyRoundState.Ended, restarted.State);
        Assert.Empty(restarted.Receive(_round.Wrap(LastBroadcast()), _round.Now).Messages);
    }

    [Fact]
    public void Survivor_set_is_not_signed_when_the_disk_remembers_another()
    {
        _round.RunThrough(MessageKind.Shared);
        _round.Memories[1].TrySignSurvivors(_round.RoundId, new byte[32]);
        _round.Run();
        Assert.Equal(RefusalCode.SecondSurvivorSet, _round.Refusals[1]);
        Assert.DoesNotContain(Victim.Sent, e => e.Kind is MessageKind.Agree or MessageKind.Unmask);
    }

    [Theory]
    [InlineData(new uint[] { 4 }, new uint[] { 0, 4 }, "both seeds of a silent party")]
    [InlineData(new uint[] { 0, 4 }, new uint[] { 0 }, "both seeds of a dropped party")]
    [InlineData(new uint[] { 4 }, new uint[] { 0, 3 }, "the recovery seed of a survivor")]
    [InlineData(new uint[] { 0 }, new uint[] { }, "the self seed of a dropped party")]
    [InlineData(new uint[] { 1, 4 }, new uint[] { 0 }, "the share of the receiver itself")]
    [InlineData(new uint[] { 4, 77 }, new uint[] { 0 }, "the share of a stranger")]
    [InlineData(new uint[] { 4 }, new uint[] { 0, 77 }, "the recovery share of a stranger")]
    public void Recovery_that_asks_for_too_much_gets_no_share(uint[] silent, uint[] dropped, string what)
    {
        using var round = new RoundHarness(
            Consortium.Of(6), s_shape, faults: [new Fault(0, FaultKind.Silent, MessageKind.Input), new Fault(4, FaultKind.Silent, MessageKind.Unmask)]);
        round.RunThrough(MessageKind.Agreed);
        var request = new Recovery();
        request.Silent.Add(silent);
        request.Dropped.Add(dropped);
        var step = round.Parties[1].Receive(round.Wrap(round.Lie(MessageKind.Recovery, request)), round.Now);
        Assert.True(step.Refusal == RefusalCode.BothSecrets, what);
        Assert.Empty(step.Messages);
    }

    [Fact]
    public void Recovery_in_another_order_or_with_a_party_twice_is_refused()
    {
        _round.RunThrough(MessageKind.Agreed);
        var request = new Recovery();
        request.Silent.Add([4, 3, 4]);
        Refuses(RefusalCode.BadMessage, Lie(MessageKind.Recovery, request));
    }

    [Fact]
    public void Second_recovery_request_gets_no_share()
    {
        using var round = new RoundHarness(Consortium.Of(6), s_shape, faults: [new Fault(4, FaultKind.Silent, MessageKind.Unmask)]);
        round.RunThrough(MessageKind.Agreed);
        var (victim, request) = (round.Parties[1], new Recovery());
        request.Silent.Add(4);
        var first = round.Lie(MessageKind.Recovery, request);
        Assert.Equal(MessageKind.Recover, victim.Receive(round.Wrap(first), round.Now).Messages.Single().Kind);
        Assert.Empty(victim.Receive(round.Wrap(first), round.Now).Messages);
        request.Silent.Add(5);
        var step = victim.Receive(round.Wrap(round.Lie(MessageKind.Recovery, request)), round.Now);
        Assert.Equal((RefusalCode.OutOfOrder, 0), (step.Refusal, step.Messages.Count));
    }

    [Fact]
    public void U1_shrunk_below_the_floors_is_refused()
    {
        _round.OnDeliver = (party, b) => [party == 1 && b.Envelope.Kind == MessageKind.Advertised ? Without<Advertised>(b, m => m.Advertisements, Contexts0(), 0, 2, 3, 4) : b];
        _round.Run();
        Assert.Equal(RefusalCode.Floors, _round.Refusals[1]);
        Assert.DoesNotContain(Victim.Sent, e => e.Kind == MessageKind.Share);
    }

    [Fact]
    public void U2_shown_differently_to_one_party_opens_nothing_of_it()
    {
        _round.OnDeliver = (party, b) => [party == 1 && b.Envelope.Kind == MessageKind.Shared ? Without<Shared>(b, m => m.Shares, Record.Contexts, 4) : b];
        _round.Run();

        // The victim's input is bound to the U2 that it saw, so it counts for nobody else; the others' inputs do not verify for it.
        Assert.Contains((1u, MessageKind.Input, RejectionCode.BadSignature), _round.Station.Rejected);
        Assert.Equal(RefusalCode.BadSignature, _round.Refusals[1]);
        Assert.DoesNotContain(Victim.Sent, e => e.Kind is MessageKind.Agree or MessageKind.Unmask);
        new Outcome([0, 2, 3, 4, 5], AbortReason.Unspecified).Check(_round, [RefusalCode.BadSignature]);
    }

    [Fact]
    public void Input_of_a_party_that_saw_another_U2_opens_nothing()
    {
        _round.OnDeliver = (party, b) => [party == 1 && b.Envelope.Kind == MessageKind.Shared ? Without<Shared>(b, m => m.Shares, Record.Contexts, 4) : b];
        _round.RunThrough(MessageKind.Shared);
        var set = new Survivors();
        set.Inputs.Add(Record.Shared.Keys.Select(party => SignedBy(party, MessageKind.Input)));
        var survivors = Lie(MessageKind.Survivors, set);
        Record.AcceptSurvivors(survivors);
        var agreed = new Agreed();
        foreach (var party in new uint[] { 0, 2, 3, 4, 5 })
        {
            Assert.Equal(MessageKind.Agree, _round.Parties[party].Receive(_round.Wrap(survivors), _round.Now).Messages.Single().Kind);
            agreed.Agreements.Add(SignedBy(party, MessageKind.Agree));
        }

        // Nobody but party 1 itself could vouch for its vector in this set, and it does not.
        var step = _round.Parties[2].Receive(_round.Wrap(Lie(MessageKind.Agreed, agreed)), _round.Now);
        Assert.Equal((RefusalCode.BadSignature, 0), (step.Refusal, step.Messages.Count));
    }

    /// <summary>Shares sealed to keys of the station's own give it q, and q opens the vault: so no vector may leave before every key of U1 has been vouched for.</summary>
    [Fact]
    public void Forged_keys_of_parties_that_then_drop_out_get_shares_but_no_vector()
    {
        _round.OnDeliver = (party, b) => b.Envelope.Kind == MessageKind.Advertised ? [] : [b];
        _round.RunThrough(MessageKind.Advertised);
        var forged = new Advertised();
        foreach (var party in _round.Parties.Keys)
        {
            var signed = SignedBy(party, MessageKind.Advertise);
            if (party >= 4)
            {
                using var key = AgreementKey.Generate();
                var advertise = Advertise.Parser.ParseFrom(signed.Body);
                advertise.PublicKey = ByteString.CopyFrom(key.PublicKey);
                signed.Body = advertise.ToByteString();
            }

            forged.Advertisements.Add(signed);
        }

        var record = RoundRecord.Open(_round.Consortium.Roster, _round.Proposal, now: null);
        var advertised = RoundHarness.Sign(Consortium.Station, MessageKind.Advertised, forged.ToByteString(), record.Contexts);
        record.AcceptAdvertised(advertised, joined: null);
        var shared = new Shared();
        foreach (var party in new uint[] { 0, 1, 2, 3 })
        {
            Assert.Equal(MessageKind.Share, _round.Parties[party].Receive(_round.Wrap(advertised), _round.Now).Messages.Single().Kind);
            shared.Shares.Add(SignedBy(party, MessageKind.Share));
        }

        var step = Victim.Receive(_round.Wrap(RoundHarness.Sign(Consortium.Station, MessageKind.Shared, shared.ToByteString(), record.Contexts)), _round.Now);
        Assert.Equal((RefusalCode.BadSignature, (MaskedVector?)null), (step.Refusal, step.Vector));
        Assert.DoesNotContain(Victim.Sent, e => e.Kind == MessageKind.Input);
    }

    [Fact]
    public void Broadcast_of_another_round_is_refused()
    {
        using var other = new RoundHarness(Consortium.Of(6), s_shape, seed: 2);
        other.RunThrough(MessageKind.Advertised);
        _round.OnDeliver = (party, b) => party == 1 && b.Envelope.Kind == MessageKind.Advertised ? [_round.Wrap(other.Station.Round.Broadcasts[1])] : [b];
        _round.Run();
        Assert.Equal(RefusalCode.BadSignature, _round.Refusals[1]);
    }

    [Fact]
    public void Survivors_without_the_receiver_are_not_signed()
    {
        _round.OnDeliver = (party, b) => [party == 1 && b.Envelope.Kind == MessageKind.Survivors ? Without<Survivors>(b, m => m.Inputs, Record.Contexts, 1) : b];
        _round.Run();
        Assert.Equal(RefusalCode.SurvivorSet, _round.Refusals[1]);
        Assert.DoesNotContain(Victim.Sent, e => e.Kind == MessageKind.Agree);
    }

    [Fact]
    public void Agreements_that_are_too_few_or_of_one_party_twice_open_nothing()
    {
        _round.RunThrough(MessageKind.Survivors);
        var set = new Agreed();
        var own = Victim.Sent.Last(e => e.Kind == MessageKind.Agree);
        for (var i = 0; i < 6; i++) set.Agreements.Add(new SignedBody { Body = own.Body, Signature = own.Signature });
        Refuses(RefusalCode.BadMessage, Lie(MessageKind.Agreed, set));
        Assert.False(Victim.Released);
    }

    [Theory]
    [InlineData(MessageKind.Shared)]
    [InlineData(MessageKind.Survivors)]
    [InlineData(MessageKind.Agreed)]
    [InlineData(MessageKind.Recovery)]
    [InlineData(MessageKind.Join)]
    [InlineData(MessageKind.Roster)]
    [InlineData(MessageKind.Unspecified)]
    public void Broadcast_out_of_order_is_refused(MessageKind kind)
    {
        using var party = PartyRound.Open(_round.Consortium.Setup(1, 1), _round.Proposal, _round.Now);
        party.Join(s_shape, _round.Now);
        var step = party.Receive(_round.Wrap(new Envelope { Kind = kind }), _round.Now);
        Assert.Equal(RefusalCode.OutOfOrder, step.Refusal);
        Assert.Equal(MessageKind.Decline, step.Messages.Single().Kind);
        Assert.Equal(PartyRoundState.Ended, party.State);
    }

    [Fact]
    public void Second_proposal_or_advertisement_broadcast_that_differs_is_refused()
    {
        _round.RunThrough(MessageKind.Advertised);
        var second = Advertised.Parser.ParseFrom(LastBroadcast().Body);
        second.Advertisements.RemoveAt(4);
        Refuses(RefusalCode.OutOfOrder, RoundHarness.Sign(Consortium.Station, MessageKind.Advertised, second.ToByteString(), Contexts0()), says: MessageKind.Decline);
    }

    [Fact]
    public void Identical_repeat_of_every_broadcast_is_ignored()
    {
        _round.OnDeliver = (_, b) => [b, b];
        _round.Run();
        new Outcome([0, 1, 2, 3, 4, 5], AbortReason.Unspecified).Check(_round);
        Assert.Empty(_round.Refusals);
    }

    [Fact]
    public void Broadcast_over_its_limit_does_not_reach_the_decoder()
    {
        _round.RunThrough(MessageKind.Propose);
        using var party = PartyRound.Open(_round.Consortium.Setup(1, 1), _round.Proposal, _round.Now);
        party.Join(s_shape, _round.Now);
        var step = party.Receive(_round.Wrap(new Envelope { Kind = MessageKind.Advertised, Body = ByteString.CopyFrom(new byte[Limits.Broadcast(6) + 1]) }), _round.Now);
        Assert.Equal(RefusalCode.BadMessage, step.Refusal);
        Assert.Contains("over its limit", step.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Altered_query_is_refused()
    {
        var proposal = Proposal.Parser.ParseFrom(_round.Proposal.Body);
        var query = Query.Parser.ParseFrom(proposal.Query);
        query.EpsilonMicro *= 2;
        proposal.Query = query.ToByteString();
        Assert.Equal(RefusalCode.BadSignature, OpenCode(proposal));
    }

    [Fact]
    public void Query_is_refused_after_its_release_and_after_its_attempts()
    {
        _round.Run();
        var again = Again(_round.Proposal, 7);
        using (var party = PartyRound.Open(_round.Consortium.Setup(1, 1, _round.Memories[1]), again, _round.Now))
        {
            Assert.Equal(RefusalCode.AlreadyReleased, party.Join(s_shape, _round.Now).Refusal);
        }

        var memory = new MemoryParty();
        var codes = Enumerable.Range(10, 4).Select(i =>
        {
            using var party = PartyRound.Open(_round.Consortium.Setup(1, 1, memory), Again(_round.Proposal, (byte)i), _round.Now);
            return party.Join(s_shape, _round.Now).Refusal;
        });
        Assert.Equal([RefusalCode.Unspecified, RefusalCode.Unspecified, RefusalCode.Unspecified, RefusalCode.AttemptsUsed], codes);
    }

    [Theory]
    [InlineData("suite")]
    [InlineData("round id")]
    [InlineData("no deadline")]
    [InlineData("six deadlines")]
    [InlineData("a deadline of zero")]
    [InlineData("nobody")]
    [InlineData("order")]
    public void Proposal_that_breaks_a_rule_is_refused(string what)
    {
        var proposal = Proposal.Parser.ParseFrom(_round.Proposal.Body);
        switch (what)
        {
            case "suite": proposal.Suite = 2; break;
            case "round id": proposal.RoundId = ByteString.CopyFrom(new byte[15]); break;
            case "no deadline": proposal.DeadlinesMs.Clear(); break;
            case "six deadlines": proposal.DeadlinesMs.RemoveAt(6); break;
            case "a deadline of zero": proposal.DeadlinesMs[3] = 0; break;
            case "nobody": proposal.Invited.Clear(); break;
            default: (proposal.Invited[1], proposal.Invited[2]) = (proposal.Invited[2], proposal.Invited[1]); break;
        }

        Assert.Equal(RefusalCode.BadMessage, OpenCode(proposal));
    }

    [Fact]
    public void Proposal_to_a_stranger_or_to_too_few_is_refused()
    {
        var proposal = Proposal.Parser.ParseFrom(_round.Proposal.Body);
        proposal.Invited.Add(99);
        Assert.Equal(RefusalCode.WrongRoster, OpenCode(proposal));
        proposal.Invited.Clear();
        proposal.Invited.Add([0, 1]);
        Assert.Equal(RefusalCode.Floors, OpenCode(proposal));
    }

    [Fact]
    public void Guard_that_objects_keeps_the_party_from_agreeing()
    {
        using var round = new RoundHarness(Consortium.Of(6), s_shape) { OnSetup = s => s.Index == 1 ? s with { SurvivorGuard = set => set.Count < 6 } : s };
        round.Run();
        Assert.Equal(RefusalCode.Differencing, round.Refusals[1]);
        Assert.DoesNotContain(round.Parties[1].Sent, e => e.Kind is MessageKind.Agree or MessageKind.Decline);
        new Outcome([0, 1, 2, 3, 4, 5], AbortReason.Unspecified).Check(round, [RefusalCode.Differencing]);
    }

    [Fact]
    public void Total_over_another_survivor_set_is_refused()
    {
        _round.OnDeliver = (party, b) =>
        {
            if (party != 1 || b.Envelope.Kind != MessageKind.Total) return [b];
            var total = Total.Parser.ParseFrom(b.Envelope.Body);
            total.Survivors.RemoveAt(0);
            return [_round.Wrap(Lie(MessageKind.Total, total))];
        };
        _round.Run();
        Assert.Equal(RefusalCode.SurvivorSet, _round.Refusals[1]);
    }

    private static Envelope Again(Envelope proposal, byte id)
    {
        var again = Proposal.Parser.ParseFrom(proposal.Body);
        again.RoundId = ByteString.CopyFrom([.. Enumerable.Repeat(id, 16)]);
        return Signed(again, Consortium.Of(6).Roster);
    }

    private static Envelope Signed(Proposal proposal, Roster roster)
    {
        // A set that is not one has no hash; what the station would sign over it does not matter.
        var hashed = proposal.Clone();
        hashed.Invited.Clear();
        hashed.Invited.Add(proposal.Invited.Order());
        return RoundHarness.Sign(Consortium.Station, MessageKind.Propose, proposal.ToByteString(), new RoundContexts { Context0 = Digests.Context0(roster.Hash, hashed) });
    }

    private RefusalCode OpenCode(Proposal proposal) => Assert.Throws<RefusalException>(
        () => PartyRound.Open(_round.Consortium.Setup(1, 1), Signed(proposal, _round.Consortium.Roster), _round.Now)).Code;

    private RoundContexts Contexts0() => new() { Context0 = Digests.Context0(_round.Consortium.Roster.Hash, Proposal.Parser.ParseFrom(_round.Proposal.Body)) };

    private Envelope LastBroadcast() => _round.Station.Round.Broadcasts[^1];

    private Envelope Lie(MessageKind kind, IMessage body) => _round.Lie(kind, body);

    private SignedBody SignedBy(uint party, MessageKind kind)
    {
        var sent = _round.Parties[party].Sent.Last(e => e.Kind == kind);
        return new SignedBody { Body = sent.Body, Signature = sent.Signature };
    }

    /// <summary>The broadcast without some parties' bodies, signed by the station.</summary>
    private Broadcast Without<T>(Broadcast broadcast, Func<T, IList<SignedBody>> list, RoundContexts contexts, params int[] positions)
        where T : IMessage<T>, new()
    {
        var body = new T();
        body.MergeFrom(broadcast.Envelope.Body);
        foreach (var position in positions.OrderDescending()) list(body).RemoveAt(position);
        var changed = broadcast.Clone();
        changed.Envelope = RoundHarness.Sign(Consortium.Station, broadcast.Envelope.Kind, body.ToByteString(), contexts);
        return changed;
    }

    private void Refuses(RefusalCode code, Envelope lie, MessageKind? says = null)
    {
        var step = Victim.Receive(_round.Wrap(lie), _round.Now);
        Assert.Equal(code, step.Refusal);
        Assert.Equal(says is { } kind ? [kind] : [], step.Messages.Select(m => m.Kind));
        Assert.Equal(PartyRoundState.Ended, Victim.State);
    }
}
