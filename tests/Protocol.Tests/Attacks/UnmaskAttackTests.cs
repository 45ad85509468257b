using Google.Protobuf;
using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Tests.Attacks;

/// <summary>A station that asks for seeds and shares that are not its to have.</summary>
public sealed class UnmaskAttackTests
{
    private const uint Victim = 1;
    private const uint Corrupt = 5;
    private static readonly uint[] s_asked = [1, 2, 3];

    [Fact]
    public void Both_seeds_of_a_silent_party_are_not_opened() => AsksTooMuch([4], [0, 4]);

    [Fact]
    public void Both_seeds_of_a_dropped_party_are_not_opened() => AsksTooMuch([0, 4], [0]);

    [Fact]
    public void Recovery_seed_of_a_survivor_is_not_opened() => AsksTooMuch([4], [0, 3]);

    [Fact]
    public void Self_seed_of_a_dropped_party_is_not_opened() => AsksTooMuch([0], []);

    [Fact]
    public void Share_of_the_receiver_itself_is_not_opened() => AsksTooMuch([1, 2, 3, 4], [0]);

    [Fact]
    public void Share_of_a_stranger_is_not_opened()
    {
        AsksTooMuch([4, 77], [0]);
        AsksTooMuch([4], [0, 77]);
    }

    [Fact]
    public void Recovery_out_of_order_or_with_a_party_twice_is_refused()
    {
        AsksTooMuch([4, 3], [0], RefusalCode.BadMessage);
        AsksTooMuch([4, 4], [0], RefusalCode.BadMessage);
        AsksTooMuch([4], [0, 0], RefusalCode.BadMessage);
    }

    [Fact]
    public void Second_recovery_request_gets_no_share()
    {
        using var station = Recovering();
        foreach (var party in s_asked)
        {
            Assert.Equal([MessageKind.Recover], station.Tell(party, MessageKind.Recovery, new Recovery { Silent = { 4 } }).Messages.Select(m => m.Kind));
            Assert.Empty(station.Tell(party, MessageKind.Recovery, new Recovery { Silent = { 4 } }).Messages);
            Assert.Empty(station.Tell(party, MessageKind.Recovery, new Recovery { Silent = { 4 }, Dropped = { 0 } }).Messages);
        }

        station.Refused(RefusalCode.OutOfOrder, s_asked).OpensOnly([1, 2, 3, 4]);
    }

    /// <summary>However the requests differ, what they ask for together is what one could have asked for.</summary>
    [Fact]
    public void Requests_that_differ_by_receiver_open_the_total_and_nothing_else()
    {
        using var station = Recovering();
        station.Tell(1, MessageKind.Recovery, new Recovery { Silent = { 4 }, Dropped = { 0 } });
        station.Tell(2, MessageKind.Recovery, new Recovery { Silent = { 3, 4 } });
        station.Tell(3, MessageKind.Recovery, new Recovery { Silent = { 2 }, Dropped = { 0 } });
        station.OpensOnly([1, 2, 3, 4]);
    }

    [Fact]
    public void Recovery_before_the_agreements_are_out_is_refused()
    {
        using var station = new LyingStation();
        station.RunThrough(MessageKind.Survivors);
        foreach (var party in new uint[] { 0, 1, 2, 3, 4 }) Assert.Empty(station.Tell(party, MessageKind.Recovery, new Recovery { Silent = { Corrupt } }).Messages);
        station.AllRefused(RefusalCode.OutOfOrder).Run().Stops(AbortReason.Unrecoverable);
    }

    [Fact]
    public void Unmask_asked_for_twice_is_answered_once()
    {
        using var repeated = new LyingStation(new Lie(MessageKind.Agreed, (_, _, truth) => [truth, truth.Clone()]));
        repeated.Run();
        Assert.All(repeated.Harness.Parties.Values, p => Assert.Single(p.Sent, e => e.Kind == MessageKind.Unmask));
        Assert.Empty(repeated.Harness.Refusals);

        // By the agreements of others.
        using var station = new LyingStation(Lie.Also<Agreed>(MessageKind.Agreed, m => m.Agreements.RemoveAt(0)));
        station.Run().AllRefused(RefusalCode.OutOfOrder);
        Assert.All(station.Harness.Parties.Values, p => Assert.Single(p.Sent, e => e.Kind == MessageKind.Unmask));
        station.GoesOnWithout();
    }

    [Fact]
    public void Unmask_asked_for_again_after_a_restart_is_not_answered()
    {
        using var round = new RoundHarness(Consortium.Of(6), new RoundShape(32, 4), faults: [new Fault(0, FaultKind.Silent, MessageKind.Input)]) { CheckReplay = false };
        using var station = new LyingStation(round, []);
        station.RunThrough(MessageKind.Agreed);
        foreach (var (party, memory) in round.Memories)
        {
            using var restarted = PartyRound.Open(round.Consortium.Setup(party, 1, memory), round.Proposal, round.Now);
            Assert.Equal(RefusalCode.RoundSeen, restarted.Join(round.Shape, round.Now).Refusal);
            foreach (var broadcast in round.Station.Round.Broadcasts) Assert.Empty(restarted.Receive(round.Wrap(broadcast), round.Now).Messages);
        }

        station.Run().GoesOnWithout(0);
    }

    [Theory]
    [InlineData("too few", RefusalCode.NoQuorum)]
    [InlineData("one party often", RefusalCode.BadMessage)]
    [InlineData("in another order", RefusalCode.BadMessage)]
    [InlineData("one who is no survivor", RefusalCode.BadMessage)]
    [InlineData("to another set", RefusalCode.SurvivorSet)]
    [InlineData("of the round before", RefusalCode.BadSignature)]
    [InlineData("signed by nobody", RefusalCode.BadSignature)]
    [InlineData("signed by the colluder", RefusalCode.BadSignature)]
    public void Agreements_that_are_no_quorum_of_the_survivors_open_nothing(string how, RefusalCode code)
    {
        using var earlier = new LyingStation(new RoundHarness(Consortium.Of(6), new RoundShape(32, 4), seed: 2), []);
        earlier.RunThrough(MessageKind.Survivors);
        using var round = new RoundHarness(Consortium.Of(6), new RoundShape(32, 4), faults: [new Fault(4, FaultKind.Silent, MessageKind.Input)]) { CheckReplay = false };
        using var station = new LyingStation(round, [Lie.Change<Agreed>(MessageKind.Agreed, (s, party, m) =>
        {
            var list = m.Agreements;
            switch (how)
            {
                case "too few":
                    while (list.Count > 3) list.RemoveAt(0);
                    break;
                case "one party often":
                    for (var i = 0; i < list.Count; i++) list[i] = s.SignedBy(party, MessageKind.Agree);
                    break;
                case "in another order": (list[0], list[1]) = (list[1], list[0]); break;
                case "one who is no survivor": list.Insert(4, As(s, party, 4, s.View(party).Contexts.Survivors, signer: 4)); break;
                case "to another set": list[^1] = As(s, party, Corrupt, new byte[32]); break;
                case "of the round before": list[0] = earlier.SignedBy(0, MessageKind.Agree); break;
                case "signed by nobody": list[^1].Signature = ByteString.Empty; break;
                default: list[0] = As(s, party, 0, s.View(party).Contexts.Survivors); break;
            }
        })], corrupt: [4, Corrupt]);
        station.Run().Refused(code, 0, 1, 2, 3);
        Assert.All(round.Parties.Values, p => Assert.False(p.Released));
        station.Stops(AbortReason.Unrecoverable);
    }

    [Fact]
    public void Total_over_another_survivor_set_is_refused()
    {
        using var station = new LyingStation(Lie.Change<Total>(MessageKind.Total, m => m.Survivors.RemoveAt(0)));
        station.Run().AllRefused(RefusalCode.SurvivorSet).OpensNothing();
    }

    [Fact]
    public void Total_that_is_not_the_sum_is_never_verified()
    {
        // The lie is what the harness puts in the place of the true one in the log.
        using var station = new LyingStation(Lie.Change<Total>(MessageKind.Total, m => m.Packed = ByteString.CopyFrom([.. m.Packed.Select((b, i) => i == 0 ? (byte)(b ^ 1) : b)])));
        station.Run().OpensNothing();
    }

    [Fact]
    public void Abort_that_the_station_did_not_sign_in_this_round_is_refused()
    {
        using var earlier = new RoundHarness(Consortium.Of(6), new RoundShape(32, 4), seed: 2);
        earlier.RunThrough(MessageKind.Propose);
        var old = earlier.Station.Round.Cancel(AbortReason.Cancelled, Consortium.Station);
        using var station = new LyingStation();
        station.RunThrough(MessageKind.Shared);
        foreach (var party in s_asked) Assert.Empty(station.Tell(party, old).Messages);
        station.Refused(RefusalCode.BadSignature, s_asked).Run().Stops(AbortReason.TooFewAgreements);
    }

    /// <summary>Everything but b is known of one party: its vector is still nobody's to read. With b it is, so the test could fail.</summary>
    [Fact]
    public void Every_vector_carries_a_self_mask()
    {
        using var station = new LyingStation();
        station.RunThrough(MessageKind.Shared);
        foreach (var party in new uint[] { 0, 1, 2, 3, 4 })
        {
            foreach (var peer in station.Harness.Parties.Keys.Where(p => p != party)) station.Unmasker.Holds(station.Harness.Parties[party].Dealt().PairSeed(peer).Span);
        }

        station.OpensNothing();
        station.Unmasker.Holds(station.Harness.Parties[Victim].Dealt().SelfSeed.Span);
        Assert.Equal([[Victim]], station.Opened());
    }

    /// <summary>Party 0 dropped before its vector and party 4 after it: both lists of a recovery have a rightful member.</summary>
    private static LyingStation Recovering()
    {
        var round = new RoundHarness(
            Consortium.Of(6), new RoundShape(32, 4),
            faults: [new Fault(0, FaultKind.Silent, MessageKind.Input), new Fault(4, FaultKind.Silent, MessageKind.Unmask)]) { CheckReplay = false };
        return new LyingStation(round, []).RunThrough(MessageKind.Agreed);
    }

    private static void AsksTooMuch(uint[] silent, uint[] dropped, RefusalCode code = RefusalCode.BothSecrets)
    {
        using var station = Recovering();
        foreach (var party in s_asked) Assert.Empty(station.Tell(party, MessageKind.Recovery, new Recovery { Silent = { silent }, Dropped = { dropped } }).Messages);
        station.Refused(code, s_asked).Run().Stops(AbortReason.Unrecoverable);
    }

    /// <summary>An agreement of any party, signed by a colluder.</summary>
    private static SignedBody As(LyingStation station, uint believer, uint party, byte[] digest, uint signer = Corrupt) =>
        station.SignedAs(signer, believer, MessageKind.Agree, new Agree { Party = party, SurvivorsDigest = ByteString.CopyFrom(digest) });
}
