using FsCheck;
using FsCheck.Fluent;
using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Internal;
using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Tests;

/// <summary>
/// Who deals badly, and who complains without reason, is convicted by the log and by name; the round goes on with everybody else, and nobody honest is ever
/// blamed. The tests have a roster of their own: who complains gets a new agreement key.
/// </summary>
public sealed class LyingDealerTests
{
    private static readonly RoundShape s_shape = new(32, 4);
    private static readonly Consortium s_consortium = Consortium.Of(8, colluders: 2, minHonest: 3);
    private static readonly uint[] s_all = [0, 1, 2, 3, 4, 5, 6, 7];

    [Theory]
    [InlineData(0u, false)]
    [InlineData(0u, true)]
    [InlineData(7u, false)]
    [InlineData(7u, true)]
    public void Dealer_of_shares_that_do_not_open_or_do_not_fit_is_convicted_and_its_holder_stays(uint dealer, bool opens)
    {
        // Party 0 has its vector in before anybody complains, party 7 after everybody did.
        using var round = Round();
        round.DealBadly(dealer, opens, 3);
        round.Run();

        Ends(round, [.. s_all.Except([dealer])], (dealer, BlameCode.BadDealing));
        Assert.Empty(round.Station.Rejected);
        Assert.Equal(0, round.Station.Opened);
    }

    [Fact]
    public void Two_dealers_are_convicted_by_one_holder()
    {
        using var round = Round();
        round.DealBadly(2, opens: false, 5);
        round.DealBadly(6, opens: true, 5);
        round.Run();
        Ends(round, [0, 1, 3, 4, 5, 7], (2, BlameCode.BadDealing), (6, BlameCode.BadDealing));
        Assert.Equal(2, round.Station.Log.Single(e => e.Sender == 6 && e.Envelope.Kind == MessageKind.Input).Envelope.Detached.Count);
    }

    [Fact]
    public void Silent_survivor_is_recovered_without_the_shares_that_did_not_open()
    {
        using var round = Round(new Fault(5, FaultKind.Silent, MessageKind.Unmask));
        round.DealBadly(7, opens: false, 1);
        round.Run();
        Ends(round, [0, 1, 2, 3, 4, 5, 6], (7, BlameCode.BadDealing));
        var answer = Recover.Parser.ParseFrom(round.Station.Log.Single(e => e.Sender == 2 && e.Envelope.Kind == MessageKind.Recover).Envelope.Body);
        Assert.Equal([5u], answer.SelfShares.Select(s => s.Dealer));
        Assert.Empty(answer.RecoveryShares);
    }

    [Fact]
    public void Holder_in_a_disputed_pair_is_asked_for_nothing_of_the_other()
    {
        using var round = Round(new Fault(5, FaultKind.Silent, MessageKind.Unmask), new Fault(7, FaultKind.Silent, MessageKind.Input));
        round.Dispute(7, 1, 5);
        round.Run();
        Ends(round, [0, 1, 2, 3, 4, 5, 6]);
        Assert.Equal([(1u, 7u), (5u, 7u)], round.Station.Round.Disputes);
        Assert.Empty(Recovery.Parser.ParseFrom(round.Station.Log.Single(e => e.Envelope.Kind == MessageKind.Recovery).Envelope.Body).Dropped);
    }

    [Fact]
    public void Shares_of_a_disputed_pair_are_not_opened_and_nobody_complains_of_them()
    {
        using var round = Round();
        round.DealBadly(7, opens: false, 1);
        round.Dispute(7, 1);
        round.Run();
        Assert.Equal(RoundState.Done, round.Station.Round.State);
        Assert.Empty(round.Station.Round.Total!.Blamed);
    }

    [Theory]
    [InlineData("shares that open")]
    [InlineData("another key")]
    [InlineData("another digest")]
    [InlineData("the key of the other direction")]
    [InlineData("itself")]
    [InlineData("a stranger")]
    [InlineData("everybody")]
    public void False_complaint_convicts_who_complains(string of)
    {
        using var round = Round();
        round.Complain(6, _ => of switch
        {
            "shares that open" => [round.ComplaintAbout(6, 2)],
            "another key" => [Complaint.Create(2, Flipped(round.ComplaintAbout(6, 2).SealKey), round.ComplaintAbout(6, 2).Sibling)],
            "another digest" => [Complaint.Create(2, round.ComplaintAbout(6, 2).SealKey, Flipped(round.ComplaintAbout(6, 2).Sibling))],
            "the key of the other direction" => [Complaint.Create(2, new byte[16], round.ComplaintAbout(6, 2).Sibling)],
            "itself" => [Complaint.Create(6, new byte[16], new byte[32])],
            "a stranger" => [Complaint.Create(99, new byte[16], new byte[32])],
            _ => s_all.Except([6u]).Select(dealer => round.ComplaintAbout(6, dealer)),
        });
        round.Run();

        Ends(round, [0, 1, 2, 3, 4, 5, 7], (6, BlameCode.FalseComplaint));
        Assert.Equal([(6u, MessageKind.Input, RejectionCode.WrongSecret)], round.Station.Rejected);
    }

    [Fact]
    public void Complaint_in_a_disputed_pair_is_false()
    {
        using var round = Round();
        round.Dispute(6, 2);
        round.Complain(6, _ => [round.ComplaintAbout(6, 2)]);
        round.Run();
        Ends(round, [0, 1, 2, 3, 4, 5, 7], (6, BlameCode.FalseComplaint));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Complaint_that_comes_twice_or_out_of_order_is_rejected_and_its_dealer_stays(bool twice)
    {
        using var round = Round();
        round.OnSend = (party, e) =>
        {
            if (party != 6 || e.Kind != MessageKind.Input) return [e];
            var (first, second) = (round.ComplaintAbout(6, 4), round.ComplaintAbout(6, twice ? 4u : 2u));
            var input = new Input(Input.Parser.ParseFrom(e.Body)) { ComplaintsRoot = Complaint.Root([first.Wire, second.Wire]) };
            var signed = round.SignAs(6, MessageKind.Input, input);
            signed.Detached.Add([first.Wire, second.Wire]);
            return [signed];
        };
        round.Run();
        Ends(round, [0, 1, 2, 3, 4, 5, 7]);
        Assert.Equal([(6u, MessageKind.Input, RejectionCode.BadContent)], round.Station.Rejected);
    }

    [Fact]
    public void Bad_dealer_that_complains_falsely_of_its_holder_is_convicted_of_both_and_the_holder_of_nothing()
    {
        using var round = Round();
        round.DealBadly(6, opens: true, 2);
        round.Complain(6, _ => [round.ComplaintAbout(6, 2)]);
        round.Run();
        Ends(round, [0, 1, 2, 3, 4, 5, 7], (6, BlameCode.BadDealing));
    }

    [Fact]
    public void Holder_that_complains_uses_its_agreement_key_for_no_further_round()
    {
        using var before = s_consortium.Ring(3).Take(Consortium.Start);
        var key = before.PublicKey;
        using (var round = Round())
        {
            round.DealBadly(7, opens: false, 3);
            round.Run();
        }

        using var after = s_consortium.Ring(3).Take(Consortium.Start);
        Assert.NotEqual(key, after.PublicKey);
    }

    [Fact]
    public void Station_that_keeps_a_convicted_dealer_among_the_survivors_makes_a_transcript_that_fails()
    {
        using var round = Round();
        round.DealBadly(0, opens: false, 3);
        round.RunThrough(MessageKind.Shared);
        var survivors = new Survivors();
        foreach (var party in s_all)
        {
            var sent = round.Parties[party].Sent.Last(e => e.Kind == MessageKind.Input);
            survivors.Inputs.Add(new SignedBody { Body = sent.Body, Signature = sent.Signature });
        }

        var error = Assert.Throws<TranscriptException>(() => round.Station.Broadcast(round.Lie(MessageKind.Survivors, survivors), round.Now));
        Assert.Contains("party-0", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Copier_of_a_key_that_copies_the_commitments_of_its_pairs_too_is_convicted()
    {
        // With the station's help it sees what the others deal before it does: it disputes with nobody, and still knows no key.
        using var round = Round();
        using var lease = s_consortium.Ring(7).Take(round.Now);
        round.Corrupt<Advertise>(0, MessageKind.Advertise, m => m.PublicKey = ByteString.CopyFrom(lease.PublicKey));
        round.CorruptEntries(0, (holder, entry) => round.Parties[holder].Dealt().EntryFor(0).Wire.Span[^64..].CopyTo(entry.AsSpan(entry.Length - 64)));
        var late = new List<Envelope>();
        round.OnSend = LastOf(round.OnSend, late);
        round.RunThrough(MessageKind.Advertised);
        foreach (var share in late.SelectMany(e => round.OnSend(100, e))) round.Station.Offer(0, share, round.Now);
        round.Run();
        Ends(round, [1, 2, 3, 4, 5, 6, 7], (0, BlameCode.BadDealing));

        // The copier's Share waits until all others are there.
        static Func<uint, Envelope, IEnumerable<Envelope>> LastOf(Func<uint, Envelope, IEnumerable<Envelope>> send, List<Envelope> held) => (party, e) =>
        {
            if (party == 100) return send(0, e);
            if (party != 0 || e.Kind != MessageKind.Share) return send(party, e);
            held.Add(e);
            return [];
        };
    }

    [Fact]
    public void Wrong_vector_is_in_the_log_and_named_by_the_total()
    {
        using var round = Round();
        round.OnVector = (party, v) => party == 5 ? [.. v.Select(b => (byte)(b ^ 1))] : v;
        round.Run();
        Ends(round, [0, 1, 2, 3, 4, 6, 7], (5, BlameCode.VectorMismatch));
        var fault = VectorFault.Parser.ParseFrom(round.Station.Log.Single(e => e.Envelope.Kind == MessageKind.VectorFault).Envelope.Body);
        Assert.Equal(5u, fault.Party);
        Assert.DoesNotContain(round.Station.Round.Broadcasts, b => b.Kind == MessageKind.VectorFault);
    }

    [Theory]
    [InlineData("by another key")]
    [InlineData("of nobody's")]
    [InlineData("without a digest")]
    [InlineData("too late")]
    [InlineData("twice")]
    public void Vector_fault_that_does_not_follow_is_refused(string how)
    {
        using var round = Round(new Fault(5, FaultKind.NoVector, MessageKind.Input));
        round.RunThrough(how == "too late" ? MessageKind.Survivors : MessageKind.Shared);
        var fault = new VectorFault { Party = how == "of nobody's" ? 99u : 5, ReceivedDigest = ByteString.CopyFrom(new byte[how == "without a digest" ? 0 : 32]) };
        var envelope = how == "by another key" ? round.SignAs(4, MessageKind.VectorFault, fault) : round.Lie(MessageKind.VectorFault, fault);
        if (how == "twice") round.Station.Broadcast(envelope, round.Now);
        Assert.Throws<TranscriptException>(() => round.Station.Broadcast(envelope, round.Now));
    }

    [Fact]
    public void Judgement_holds_only_for_what_was_judged()
    {
        using var round = Round();
        round.RunThrough(MessageKind.Propose);
        var (good, bad) = (round.Parties[0].Sent[1], round.Parties[0].Sent[1].Clone());
        bad.Signature = ByteString.CopyFrom(new byte[64]);
        var fresh = new AggregatorRound(s_consortium.Roster, (_, _) => s_shape);
        foreach (var entry in round.Station.Log.TakeWhile(e => e.Envelope.Kind != MessageKind.Advertise)) fresh.Apply(entry);
        var offer = fresh.Consider(0, good, round.Now);

        Assert.Equal(OfferOutcome.Accept, offer.Outcome);
        Assert.Throws<TranscriptException>(() => fresh.Apply(Entry(bad), offer));
        fresh.Apply(Entry(good), offer);
        Assert.Throws<TranscriptException>(() => fresh.Apply(Entry(good), offer));

        Entry Entry(Envelope envelope) => new() { Sender = 1, TimeMs = (ulong)round.Now.ToUnixTimeMilliseconds(), Envelope = envelope };
    }

    [Fact]
    public void Random_lies_of_the_corrupt_never_blame_the_honest_and_never_make_a_wrong_total() => Testing.Property.Holds(
        Arb.From(
            from seed in Gen.Choose(1, int.MaxValue)
            from restart in Gen.Frequency((5, Gen.Constant(false)), (1, Gen.Constant(true)))
            from silent in Gen.Frequency((1, Gen.Constant(-1)), (1, Gen.Choose(0, 7)))
            from at in Gen.Elements(MessageKind.Input, MessageKind.Agree, MessageKind.Unmask)
            from lies in Gen.Choose(1, 4).SelectMany(n => Gen.ArrayOf(LieGen, n))
            select new Case((ulong)seed, restart, silent, at, lies),
            c => c.Lies.Select((_, i) => c with { Lies = [.. c.Lies.Where((_, j) => j != i)] })),
        c =>
        {
            using var round = new RoundHarness(
                s_consortium, s_shape, c.Seed, c.Silent < 0 ? [] : [new Fault((uint)c.Silent, FaultKind.Silent, c.At)]) { RestartAlways = c.Restart };
            foreach (var lie in c.Lies.DistinctBy(l => (l.Party, l.What))) lie.Tell(round);
            round.Run();
            var station = round.Station.Round;
            var blamed = (station.Total?.Blamed ?? station.Abort!.Blamed).Select(b => b.Party).ToList();

            Assert.Empty(blamed.Except([Lie.One, Lie.Other]));
            Assert.Equal(blamed, station.Progress.Where(p => p.State == PartyState.Blamed).Select(p => p.Index).Union(blamed).Order());
            if (station.Total is not { } total) return true;
            Assert.Empty(s_all.Where(p => p is not (Lie.One or Lie.Other) && p != c.Silent).Except(total.Survivors));
            using var expected = round.Expected(total.Survivors);
            Assert.Equal(expected.Pack(), total.Packed.ToByteArray());
            return true;
        },
        cases: 60);

    private static Gen<Lie> LieGen =>
        from party in Gen.Elements(Lie.One, Lie.Other)
        from about in Gen.Elements(s_all.Except([Lie.One, Lie.Other]))
        from what in Gen.Elements(Enum.GetValues<LieKind>())
        select new Lie(party, about, what);

    private static RoundHarness Round(params Fault[] faults) => new(s_consortium, s_shape, faults: faults);

    private static void Ends(RoundHarness round, uint[] survivors, params (uint Party, BlameCode Code)[] blamed)
    {
        var station = round.Station.Round;
        Assert.True(station.State == RoundState.Done, $"The round was aborted: {station.Abort}");
        Assert.Equal(survivors, station.Total!.Survivors);
        using var expected = round.Expected(survivors);
        Assert.Equal(expected.Pack(), station.Total.Packed.ToByteArray());
        Assert.Equal(blamed, station.Total.Blamed.Select(b => (b.Party, b.Code)));
        Assert.Equal(blamed.Select(b => b.Party), station.Progress.Where(p => p.State == PartyState.Blamed).Select(p => p.Index));
    }

    private static byte[] Flipped(ReadOnlySpan<byte> bytes)
    {
        var flipped = bytes.ToArray();
        flipped[0] ^= 1;
        return flipped;
    }

    private enum LieKind { DoesNotOpen, DoesNotFit, Dispute, FalseComplaint, OtherKey, WrongVector, WrongSelfSeed, WrongShare, SelfCommitment, RecoveryCommitment, Vault, TwoInputs, CopiedKey }

    private sealed record Case(ulong Seed, bool Restart, int Silent, MessageKind At, Lie[] Lies)
    {
        public override string ToString() => $"seed {Seed}, restart {Restart}, party {Silent} silent from {At}: {string.Join("; ", Lies.AsEnumerable())}";
    }

    /// <summary>One lie of a corrupt party.</summary>
    private sealed record Lie(uint Party, uint About, LieKind What)
    {
        public const uint One = 1;
        public const uint Other = 6;

        public void Tell(RoundHarness round)
        {
            switch (What)
            {
                case LieKind.DoesNotOpen: round.DealBadly(Party, opens: false, About); break;
                case LieKind.DoesNotFit: round.DealBadly(Party, opens: true, About); break;
                case LieKind.Dispute: round.Dispute(Party, About); break;
                case LieKind.FalseComplaint: round.Complain(Party, own => [.. own.Where(c => c.Dealer != About).Append(round.ComplaintAbout(Party, About)).OrderBy(c => c.Dealer)]); break;
                case LieKind.OtherKey: round.Complain(Party, own => [.. own.Where(c => c.Dealer != About).Append(Complaint.Create(About, new byte[16], new byte[32])).OrderBy(c => c.Dealer)]); break;
                case LieKind.WrongVector:
                    var before = round.OnVector;
                    round.OnVector = (party, v) => party == Party ? [(byte)(v[0] ^ 1), .. v[1..]] : before(party, v);
                    break;
                case LieKind.WrongSelfSeed: round.Corrupt<Unmask>(Party, MessageKind.Unmask, m => m.SelfSeed = Other32); break;
                case LieKind.WrongShare: round.Corrupt<Recover>(Party, MessageKind.Recover, m => m.SelfShares.Concat(m.RecoveryShares).First().Share = Other32); break;
                case LieKind.SelfCommitment: round.Corrupt<Share>(Party, MessageKind.Share, m => m.SelfCommitment = Other32); break;
                case LieKind.RecoveryCommitment: round.Corrupt<Share>(Party, MessageKind.Share, m => m.RecoveryCommitment = Other32); break;
                case LieKind.Vault: round.CorruptEntries(Party, (_, entry) => entry[150] ^= 1); break;
                case LieKind.CopiedKey:
                    using (var lease = s_consortium.Ring(About).Take(round.Now))
                    {
                        var key = ByteString.CopyFrom(lease.PublicKey);
                        round.Corrupt<Advertise>(Party, MessageKind.Advertise, m => m.PublicKey = key);
                    }

                    break;
                default:
                    var send = round.OnSend;
                    round.OnSend = (party, e) => send(party, e).SelectMany(said => party == Party && said.Kind == MessageKind.Input
                        ? [said, round.SignAs(Party, MessageKind.Input, new Input(Input.Parser.ParseFrom(said.Body)) { InputCommitment = Other32, ComplaintsRoot = ByteString.Empty })]
                        : new[] { said });
                    break;
            }
        }

        private static ByteString Other32 => ByteString.CopyFrom([.. Enumerable.Range(7, 32).Select(i => (byte)i)]);
    }
}
