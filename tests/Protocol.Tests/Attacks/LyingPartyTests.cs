using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Internal;
using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Tests.Attacks;

/// <summary>Corrupt parties, each lie signed with their own keys: the total is right without them, or there is none and they are blamed; nobody else ever is.</summary>
public sealed class LyingPartyTests
{
    private static readonly RoundShape s_shape = new(32, 4);
    private static readonly Outcome s_all = new([0, 1, 2, 3, 4, 5], AbortReason.Unspecified);

    [Fact]
    public void Disputed_pair_leaves_its_mask_out_and_the_total_is_right()
    {
        using var round = new RoundHarness(Consortium.Of(6), s_shape);
        round.Dispute(5, 2);
        round.Run();

        // The corrupt party's state machine balks at the digest that was put in its mouth; the honest five recover its self mask.
        s_all.Check(round, [RefusalCode.OwnMessageChanged]);
        Assert.Empty(Blamed(round));
    }

    [Fact]
    public void Party_that_disputes_with_everybody_is_left_out_and_frames_nobody()
    {
        using var round = new RoundHarness(Consortium.Of(6), s_shape);
        round.Dispute(5, 0, 1, 2, 3, 4);
        round.Run();
        new Outcome([0, 1, 2, 3, 4], AbortReason.Unspecified).Check(round);
    }

    [Fact]
    public void Party_in_more_than_c_disputes_goes_no_further()
    {
        using var round = new RoundHarness(Consortium.Of(6), s_shape);
        round.CorruptEntries(4, (holder, entry) => entry[^1] ^= (byte)(holder == 0 ? 1 : 0));
        round.CorruptEntries(5, (holder, entry) => entry[^1] ^= (byte)(holder == 0 ? 1 : 0));
        round.RunThrough(MessageKind.Advertised);

        // An honest station would leave party 0 out of U2; this one puts it in.
        var shared = new Shared();
        var sharers = round.Parties.Keys.ToList();
        foreach (var dealer in sharers) shared.Shares.Add(Signed(round.Station.Log.Single(e => e.Sender == dealer + 1 && e.Envelope.Kind == MessageKind.Share).Envelope));
        var broadcast = round.Wrap(round.Lie(MessageKind.Shared, shared));
        broadcast.Deliveries.Add(sharers.Skip(1).Select(dealer => Deliver(round, dealer, 0)));
        var step = round.Parties[0].Receive(broadcast, round.Now);
        Assert.Equal(RefusalCode.Disputes, step.Refusal);
        Assert.Equal(MessageKind.Decline, step.Messages.Single().Kind);
    }

    [Fact]
    public void Party_framed_by_more_than_c_others_is_left_out_by_an_honest_station()
    {
        using var round = new RoundHarness(Consortium.Of(7, colluders: 1), s_shape);
        foreach (var corrupt in new uint[] { 5, 6 }) round.CorruptEntries(corrupt, (holder, entry) => entry[^1] ^= (byte)(holder == 0 ? 1 : 0));
        round.Run();
        new Outcome([1, 2, 3, 4, 5, 6], AbortReason.Unspecified).Check(round);
    }

    [Fact]
    public void Dispute_over_a_pre_shared_key_ends_the_round_for_its_holder()
    {
        var key = SecretBytes.Copy(new byte[32]);
        using var round = new RoundHarness(Consortium.Of(6), s_shape)
        {
            OnSetup = s => s with
            {
                PreSharedKeys = s.Index switch { 2 => new Dictionary<uint, SecretBytes> { [5] = key }, 5 => new Dictionary<uint, SecretBytes> { [2] = key }, _ => s.PreSharedKeys },
            },
        };
        round.CorruptEntries(5, (holder, entry) => entry[^1] ^= (byte)(holder == 2 ? 1 : 0));
        round.RunThrough(MessageKind.Shared);
        Assert.Equal(RefusalCode.Disputes, round.Refusals[2]);
        Assert.Single(round.Refusals);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Wrong_seed_in_unmask_is_blamed_and_recovered(bool self)
    {
        using var round = new RoundHarness(Consortium.Of(6), s_shape, faults: [new Fault(0, FaultKind.Silent, MessageKind.Input)]);
        round.Corrupt<Unmask>(5, MessageKind.Unmask, m =>
        {
            if (self) m.SelfSeed = Bytes(32);
            else m.Dropped[0].Seed = Bytes(32);
        });
        round.Run();
        new Outcome([1, 2, 3, 4, 5], AbortReason.Unspecified).Check(round);
        Assert.Contains((5u, MessageKind.Unmask, RejectionCode.WrongSecret), round.Station.Rejected);
        Assert.Equal([5u], Blamed(round));
    }

    [Theory]
    [InlineData(5)]
    [InlineData(31)]
    [InlineData(33)]
    public void Seed_of_another_length_is_refused_though_it_fits_its_commitment(int length)
    {
        using var round = new RoundHarness(Consortium.Of(6), s_shape);
        var seed = Bytes(length);
        round.Corrupt<Share>(5, MessageKind.Share, m => m.SelfCommitment = ByteString.CopyFrom(Commitments.SelfSeed(round.Station.Record.Contexts.Context1, 5, seed.Span)));
        round.Corrupt<Unmask>(5, MessageKind.Unmask, m => m.SelfSeed = seed);
        round.Run();
        Assert.Contains((5u, MessageKind.Unmask, RejectionCode.WrongSecret), round.Station.Rejected);
        Aborts(round, AbortReason.Unrecoverable, BlameCode.WrongSeed);
    }

    [Fact]
    public void Pair_seed_of_another_length_is_refused_though_both_committed_to_it()
    {
        using var round = new RoundHarness(Consortium.Of(6), s_shape, faults: [new Fault(4, FaultKind.Silent, MessageKind.Input)]);
        foreach (var (self, peer) in new[] { (4u, 5u), (5u, 4u) })
        {
            round.CorruptEntries(self, (holder, entry) =>
            {
                if (holder == peer) Commitments.PairSeed(round.Station.Record.Contexts.Context1, 4, 5, [1, 2, 3]).CopyTo(entry, ShareEntry.Size - 64);
            });
        }

        round.Corrupt<Unmask>(5, MessageKind.Unmask, m => m.Dropped.Add(new PairSeed { Neighbour = 4, Seed = Bytes(3) }));
        round.Run();
        Assert.Contains((5u, MessageKind.Unmask, RejectionCode.WrongSecret), round.Station.Rejected);
        Assert.Equal(AbortReason.Unrecoverable, round.Station.Round.Abort!.Reason);
        Assert.Subset(new HashSet<uint> { 4, 5 }, Blamed(round).ToHashSet());
    }

    [Fact]
    public void Wrong_share_in_recover_is_blamed_and_the_others_suffice()
    {
        using var round = new RoundHarness(Consortium.Of(8), s_shape, faults: [new Fault(7, FaultKind.Silent, MessageKind.Unmask)]);
        round.Corrupt<Recover>(0, MessageKind.Recover, m => m.SelfShares[0].Share = Bytes(32));
        round.Run();
        new Outcome([0, 1, 2, 3, 4, 5, 6, 7], AbortReason.Unspecified).Check(round);
        Assert.Contains((0u, MessageKind.Recover, RejectionCode.WrongSecret), round.Station.Rejected);
        Assert.Equal([0u], Blamed(round));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Dealer_whose_shares_give_another_secret_is_blamed_and_the_round_stops(bool self)
    {
        using var round = new RoundHarness(
            Consortium.Of(6), s_shape,
            faults: self ? [new Fault(5, FaultKind.Silent, MessageKind.Unmask)] : [new Fault(5, FaultKind.Silent, MessageKind.Input), new Fault(4, FaultKind.Silent, MessageKind.Unmask)]);
        round.Corrupt<Share>(5, MessageKind.Share, m =>
        {
            if (self) m.SelfCommitment = Bytes(32);
            else m.RecoveryCommitment = Bytes(32);
        });
        round.Run();
        Aborts(round, AbortReason.Unrecoverable, BlameCode.BadSecret);
    }

    [Fact]
    public void Owner_of_a_bad_vault_is_blamed_and_the_round_stops()
    {
        using var round = new RoundHarness(
            Consortium.Of(6), s_shape, faults: [new Fault(5, FaultKind.Silent, MessageKind.Input), new Fault(4, FaultKind.Silent, MessageKind.Unmask)]);
        round.CorruptEntries(5, (_, entry) => entry[150] ^= 1);
        round.Run();
        Aborts(round, AbortReason.Unrecoverable, BlameCode.BadVault);
    }

    [Fact]
    public void Bad_vault_that_nobody_needs_harms_nobody()
    {
        using var round = new RoundHarness(Consortium.Of(6), s_shape, faults: [new Fault(5, FaultKind.Silent, MessageKind.Input)]);
        round.CorruptEntries(5, (_, entry) => entry[150] ^= 1);
        round.Run();
        new Outcome([0, 1, 2, 3, 4], AbortReason.Unspecified).Check(round);
    }

    [Fact]
    public void Conflicting_messages_are_evidence_and_the_first_one_counts()
    {
        using var round = new RoundHarness(Consortium.Of(6), s_shape);
        round.OnSend = (party, e) =>
        {
            if (party != 5 || e.Kind != MessageKind.Advertise) return [e];
            var other = Advertise.Parser.ParseFrom(e.Body);
            other.Fresh = Bytes(32);
            return [e, round.SignAs(5, MessageKind.Advertise, other)];
        };
        round.Run();
        s_all.Check(round);
        Assert.Equal([(5u, MessageKind.Advertise, RejectionCode.Conflict)], round.Station.Rejected);
        Assert.Equal([5u], Blamed(round));
    }

    [Fact]
    public void Evidence_is_kept_up_to_its_limit()
    {
        using var round = new RoundHarness(Consortium.Of(6), s_shape);
        round.OnSend = (party, e) => party == 5 && e.Kind == MessageKind.Join
            ? [.. Enumerable.Range(0, 50).Select(i => new Envelope { Kind = MessageKind.Join, Body = Bytes(i + 1) }), e] : [e];
        round.Run();
        s_all.Check(round);
        Assert.Equal(Limits.Evidence, round.Station.Rejected.Count);
        Assert.Equal(Limits.Evidence, round.Station.Log.Count(e => e.Rejection != RejectionCode.None));
    }

    [Theory]
    [InlineData(MessageKind.Advertise)]
    [InlineData(MessageKind.Share)]
    [InlineData(MessageKind.Input)]
    [InlineData(MessageKind.Agree)]
    [InlineData(MessageKind.Unmask)]
    public void Message_brought_by_the_stream_of_another_party_is_rejected(MessageKind kind)
    {
        // Parties 4 and 5 work together: 4 brings what 5 signed, before 5 or its own message does.
        using var round = new RoundHarness(Consortium.Of(6), s_shape);
        var brought = new List<Offer>();
        round.OnSend = (party, e) =>
        {
            if (party == 5 && e.Kind == kind) brought.Add(round.Station.Offer(4, e, round.Now));
            return party == 4 && e.Kind == kind ? [] : [e];
        };
        round.Run();
        Assert.Equal((OfferOutcome.Reject, RejectionCode.WrongParty), (brought.Single().Outcome, brought.Single().Rejection));
        Assert.DoesNotContain(5u, Blamed(round));
    }

    [Fact]
    public void Stranger_in_a_message_is_the_wrong_party()
    {
        using var round = new RoundHarness(Consortium.Of(6), s_shape);
        round.RunThrough(MessageKind.Propose);
        var offer = round.Station.Round.Consider(4, RoundHarness.Sign(Consortium.PartyKey(4), MessageKind.Unmask, ByteString.Empty, new RoundContexts { Context0 = [], Context2 = [1], Survivors = [1] }), round.Now);
        Assert.Equal(RejectionCode.WrongPhase, offer.Rejection);
        offer = round.Station.Round.Consider(99, new Envelope { Kind = MessageKind.Join }, round.Now);
        Assert.Equal(OfferOutcome.Ignore, offer.Outcome);
    }

    [Fact]
    public void Message_replayed_from_another_round_is_rejected()
    {
        using var earlier = new RoundHarness(Consortium.Of(6), s_shape, seed: 2);
        earlier.Run();
        using var round = new RoundHarness(Consortium.Of(6), s_shape);
        round.OnSend = (party, e) => party == 5 ? [earlier.Parties[5].Sent.First(s => s.Kind == e.Kind), e] : [e];
        round.Run();
        s_all.Check(round);
        Assert.Equal(6, round.Station.Rejected.Count);
        Assert.All(round.Station.Rejected, r => Assert.Equal(RejectionCode.BadSignature, r.Code));
    }

    [Theory]
    [InlineData("no signature")]
    [InlineData("a short signature")]
    [InlineData("another kind")]
    [InlineData("another byte")]
    public void Unsigned_or_altered_message_is_rejected(string how)
    {
        using var round = new RoundHarness(Consortium.Of(6), s_shape);
        round.OnSend = (party, e) =>
        {
            if (party != 5 || e.Kind != MessageKind.Advertise) return [e];
            var changed = e.Clone();
            switch (how)
            {
                case "no signature": changed.Signature = ByteString.Empty; break;
                case "a short signature": changed.Signature = ByteString.CopyFrom(e.Signature.Span[..63]); break;
                case "another kind": changed.Signature = round.SignAs(5, MessageKind.Join, Advertise.Parser.ParseFrom(e.Body)).Signature; break;
                default:
                    var body = Advertise.Parser.ParseFrom(e.Body);
                    body.KeyNotAfter++;
                    changed.Body = body.ToByteString();
                    break;
            }

            return [changed, e];
        };
        round.Run();
        s_all.Check(round);
        Assert.Equal([(5u, MessageKind.Advertise, RejectionCode.BadSignature)], round.Station.Rejected);
        Assert.Empty(Blamed(round));
    }

    [Theory]
    [InlineData(0u, 5u)]
    [InlineData(5u, 0u)]
    public void Party_that_advertises_anothers_key_is_left_out_and_the_owner_is_not_whoever_comes_first(uint copier, uint owner)
    {
        using var round = new RoundHarness(Consortium.Of(6), s_shape);
        using var lease = round.Consortium.Ring(owner).Take(round.Now);
        round.Corrupt<Advertise>(copier, MessageKind.Advertise, m => m.PublicKey = ByteString.CopyFrom(lease.PublicKey));
        round.Run();

        // Whatever it deals, it knows none of the keys of its pairs: it disputes with everybody.
        new Outcome([.. s_all.Survivors.Where(p => p != copier)], AbortReason.Unspecified).Check(round);
        Assert.Empty(round.Station.Rejected);
        Assert.Empty(Blamed(round));
    }

    [Fact]
    public void Key_that_ends_within_the_millisecond_is_judged_as_the_log_will_judge_it()
    {
        // The log keeps milliseconds. Were the judgement of this moment a finer one, a party could make a log that nobody can replay.
        using var round = new RoundHarness(Consortium.Of(6), s_shape);
        round.Advance(TimeSpan.FromMicroseconds(400));
        round.Corrupt<Advertise>(5, MessageKind.Advertise, m => m.KeyNotAfter = (ulong)(Consortium.Start - Limits.ClockSkew).ToUnixTimeSeconds());
        round.RunThrough(MessageKind.Propose);
        round.Station.CheckReplay();
    }

    [Fact]
    public void Message_over_its_limit_does_not_reach_the_decoder()
    {
        using var round = new RoundHarness(Consortium.Of(6), s_shape);
        round.RunThrough(MessageKind.Propose);
        var offer = round.Station.Round.Consider(5, new Envelope { Kind = MessageKind.Join, Body = ByteString.CopyFrom(new byte[Limits.PartyEnvelope(6)]) }, round.Now);
        Assert.Equal(RejectionCode.BadMessage, offer.Rejection);
        Assert.Contains("over its limit", offer.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(MessageKind.Propose)]
    [InlineData(MessageKind.Total)]
    [InlineData(MessageKind.Roster)]
    [InlineData(MessageKind.Act)]
    [InlineData(MessageKind.Unspecified)]
    [InlineData((MessageKind)1000)]
    public void Kind_that_is_not_a_partys_is_rejected(MessageKind kind)
    {
        using var round = new RoundHarness(Consortium.Of(6), s_shape);
        round.RunThrough(MessageKind.Propose);
        Assert.Equal(RejectionCode.BadMessage, round.Station.Round.Consider(5, new Envelope { Kind = kind }, round.Now).Rejection);
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("swapped")]
    [InlineData("altered")]
    public void Entries_that_are_not_under_the_signed_root_are_rejected(string how)
    {
        using var round = new RoundHarness(Consortium.Of(6), s_shape);
        round.OnSend = (party, e) =>
        {
            if (party != 5 || e.Kind != MessageKind.Share) return [e];
            var changed = e.Clone();
            if (how == "missing") changed.Detached.RemoveAt(0);
            else if (how == "swapped") (changed.Detached[0], changed.Detached[1]) = (changed.Detached[1], changed.Detached[0]);
            else changed.Detached[0] = ByteString.CopyFrom([.. changed.Detached[0].Span[..^1], (byte)(changed.Detached[0][^1] ^ 0xff)]);
            return [changed];
        };
        round.Run();
        new Outcome([0, 1, 2, 3, 4], AbortReason.Unspecified).Check(round);
        Assert.Equal([(5u, MessageKind.Share, RejectionCode.BadContent)], round.Station.Rejected);
    }

    [Fact]
    public void Detached_parts_where_none_belong_are_rejected()
    {
        using var round = new RoundHarness(Consortium.Of(6), s_shape);
        round.OnSend = (party, e) =>
        {
            if (party != 5 || e.Kind != MessageKind.Join) return [e];
            var changed = e.Clone();
            changed.Detached.Add(Bytes(3));
            return [changed, e];
        };
        round.Run();
        Assert.Equal([(5u, MessageKind.Join, RejectionCode.BadMessage)], round.Station.Rejected);
        s_all.Check(round);
    }

    [Fact]
    public void Decline_without_a_code_ends_the_wait_for_its_party()
    {
        using var round = new RoundHarness(Consortium.Of(6), s_shape);
        round.OnSend = (party, e) => party != 5 ? [e] : e.Kind == MessageKind.Join ? [round.SignAs(5, MessageKind.Decline, new Decline { Party = 5 })] : [];
        round.Run();
        new Outcome([0, 1, 2, 3, 4], AbortReason.Unspecified).Check(round);
        Assert.Equal(Consortium.Start, round.Now);
        Assert.Equal(PartyState.Declined, round.Station.Round.Progress[5].State);
    }

    [Fact]
    public void Decline_that_names_an_earlier_round_as_the_answer_is_shown_with_it()
    {
        using var round = new RoundHarness(Consortium.Of(6), s_shape);
        var decline = new Decline { Party = 5, Code = RefusalCode.AlreadyAnswered, EarlierRound = Bytes(16) };
        round.OnSend = (party, e) => party != 5 ? [e] : e.Kind == MessageKind.Join ? [round.SignAs(5, MessageKind.Decline, decline)] : [];
        round.Run();
        Assert.Equal("AlreadyAnswered", round.Station.Round.Progress[5].Reason);
        Assert.Equal(decline.EarlierRound, round.Station.Round.Progress[5].EarlierRound);
    }

    [Theory]
    [InlineData(RefusalCode.AlreadyAnswered, 0)]
    [InlineData(RefusalCode.AlreadyAnswered, 15)]
    [InlineData(RefusalCode.Budget, 16)]
    public void Decline_with_an_earlier_round_where_none_belongs_or_without_one_where_one_does_is_rejected(RefusalCode code, int length)
    {
        using var round = new RoundHarness(Consortium.Of(6), s_shape);
        var decline = new Decline { Party = 5, Code = code, EarlierRound = Bytes(length) };
        round.OnSend = (party, e) => party == 5 && e.Kind == MessageKind.Join ? [round.SignAs(5, MessageKind.Decline, decline), e] : [e];
        round.Run();
        Assert.Contains((5u, MessageKind.Decline, RejectionCode.BadContent), round.Station.Rejected);
    }

    [Fact]
    public void Wrong_vector_does_not_hide_what_the_log_convicts_its_sender_of()
    {
        using var round = new RoundHarness(
            Consortium.Of(6), s_shape, faults: [.. Enumerable.Range(0, 4).Select(p => new Fault((uint)p, FaultKind.Silent, MessageKind.Agree))]);
        round.OnSend = (party, e) =>
        {
            if (party != 5 || e.Kind != MessageKind.Advertise) return [e];
            var other = Advertise.Parser.ParseFrom(e.Body);
            other.Fresh = Bytes(32);
            return [e, round.SignAs(5, MessageKind.Advertise, other)];
        };
        round.OnVector = (party, v) => party == 5 ? [.. v.Select(b => (byte)(b ^ 1))] : v;
        round.Run();
        Aborts(round, AbortReason.TooFewAgreements, BlameCode.ConflictingMessages);
    }

    [Fact]
    public void Vector_that_is_not_the_signed_one_counts_for_nothing_and_no_other_is_taken()
    {
        using var round = new RoundHarness(Consortium.Of(6), s_shape);
        round.OnVector = (party, v) =>
        {
            if (party != 5) return v;
            var wrong = v.ToArray();
            wrong[0] ^= 1;
            Assert.False(round.Station.Vector(5, wrong));
            Assert.Null(round.Station.Round.BeginVector(5));
            Assert.False(round.Station.Round.MarkVectorStored(5));
            return v;
        };
        round.Run();
        new Outcome([0, 1, 2, 3, 4], AbortReason.Unspecified).Check(round);
        Assert.Equal([5u], Blamed(round));
    }

    [Fact]
    public void Input_after_the_survivors_are_named_is_ignored()
    {
        using var round = new RoundHarness(Consortium.Of(6), s_shape, faults: [new Fault(5, FaultKind.Silent, MessageKind.Input)]);
        round.RunThrough(MessageKind.Survivors);
        var late = round.Parties[5].Sent.Last(e => e.Kind == MessageKind.Input);
        Assert.Equal(OfferOutcome.Ignore, round.Station.Round.Consider(5, late, round.Now).Outcome);
        Assert.Null(round.Station.Round.BeginVector(5));
        Assert.False(round.Station.Round.MarkVectorStored(5));
    }

    private static void Aborts(RoundHarness round, AbortReason reason, BlameCode code)
    {
        Assert.Equal(RoundState.Aborted, round.Station.Round.State);
        Assert.Null(round.Station.Round.Total);
        Assert.Equal(reason, round.Station.Round.Abort!.Reason);
        Assert.Equal([new Blame { Party = 5, Code = code }], round.Station.Round.Abort.Blamed);
    }

    private static IEnumerable<uint> Blamed(RoundHarness round) =>
        round.Station.Round.Progress.Where(p => p.State == PartyState.Blamed).Select(p => p.Index).Union(round.Station.Round.Abort?.Blamed.Select(b => b.Party) ?? []);

    private static ByteString Bytes(int count) => ByteString.CopyFrom([.. Enumerable.Range(1, count).Select(i => (byte)i)]);

    private static SignedBody Signed(Envelope envelope) => new() { Body = envelope.Body, Signature = envelope.Signature };

    private static Delivery Deliver(RoundHarness round, uint dealer, uint holder)
    {
        var share = round.Station.Log.Single(e => e.Sender == dealer + 1 && e.Envelope.Kind == MessageKind.Share).Envelope;
        var leaves = share.Detached.Select(d => MerkleTree.LeafHash(d.Span)).ToList();
        var position = round.Station.Record.Neighbours(dealer).ToList().IndexOf(holder);
        var delivery = new Delivery { Dealer = dealer, Entry = share.Detached[position] };
        delivery.Path.Add(MerkleTree.InclusionProof(leaves, position).Select(n => ByteString.CopyFrom(n)));
        return delivery;
    }
}
