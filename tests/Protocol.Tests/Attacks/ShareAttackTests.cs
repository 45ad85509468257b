using Google.Protobuf;
using SecureAggregation.Protocol.Internal;
using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Tests.Attacks;

/// <summary>A station that lies about who dealt, and what.</summary>
public sealed class ShareAttackTests
{
    private const uint Victim = 1;
    private const uint Corrupt = 5;

    /// <summary>Its masks would then come from corrupt peers only.</summary>
    [Fact]
    public void U2_of_one_party_and_the_colluders_is_refused()
    {
        using var station = new LyingStation(Lie.Without(MessageKind.Shared, 0, 2, 3, 4).To(Victim));
        station.Run().Refused(RefusalCode.Floors, Victim).GoesOnWithout(Victim);
        Assert.DoesNotContain(station.Harness.Parties[Victim].Sent, e => e.Kind == MessageKind.Input);
    }

    [Fact]
    public void U2_shown_differently_to_one_party_opens_nothing_of_it()
    {
        using var station = new LyingStation(Lie.Without(MessageKind.Shared, 4).To(Victim));
        station.RunThrough(MessageKind.Shared);

        // The victim's input is bound to the U2 that it saw, so it counts for nobody else; the others' inputs do not verify for it.
        Assert.Contains((Victim, MessageKind.Input, RejectionCode.BadSignature), station.Harness.Station.Rejected);
        var set = new Survivors();
        set.Inputs.Add(new uint[] { 0, Victim, 2, 3, Corrupt }.Select(p => station.SignedBy(p, MessageKind.Input)));
        Assert.Equal([MessageKind.Agree], station.Tell(Victim, MessageKind.Survivors, set).Messages.Select(m => m.Kind));
        var agreed = new Agreed();
        agreed.Agreements.Add(station.SignedBy(Victim, MessageKind.Agree));
        agreed.Agreements.Add(station.SignedAs(Corrupt, Victim, MessageKind.Agree, new Agree { Party = Corrupt, SurvivorsDigest = ByteString.CopyFrom(station.View(Victim).Contexts.Survivors) }));
        Assert.Empty(station.Tell(Victim, MessageKind.Agreed, agreed).Messages);
        station.Refused(RefusalCode.NoQuorum, Victim).Run().GoesOnWithout(Victim);
    }

    [Fact]
    public void Input_of_a_party_that_saw_another_U2_opens_nothing()
    {
        using var station = new LyingStation(Lie.Without(MessageKind.Shared, 4).To(Victim));
        station.RunThrough(MessageKind.Shared);
        var set = new Survivors();
        set.Inputs.Add(station.Harness.Parties.Keys.Select(p => station.SignedBy(p, MessageKind.Input)));
        var agreed = new Agreed();
        foreach (var party in new uint[] { 0, 2, 3, 4, Corrupt })
        {
            Assert.Equal(MessageKind.Agree, station.Tell(party, MessageKind.Survivors, set).Messages.Single().Kind);
            agreed.Agreements.Add(station.SignedBy(party, MessageKind.Agree));
        }

        // Nobody but party 1 itself could vouch for its vector in this set, and it does not.
        foreach (var party in new uint[] { 0, 2, 3, 4 }) Assert.Empty(station.Tell(party, MessageKind.Agreed, agreed).Messages);
        station.Refused(RefusalCode.BadSignature, 0, 2, 3, 4).Run().Stops(AbortReason.TooFewAgreements);
    }

    [Fact]
    public void Share_of_the_receiver_that_is_left_out_or_altered_is_refused()
    {
        using var without = new LyingStation(Lie.Change<Shared>(MessageKind.Shared, (_, party, m) => m.Shares.RemoveAt((int)party)));
        without.Run().AllRefused(RefusalCode.OwnMessageChanged).Stops(AbortReason.TooFewInputs);

        // Nobody's signature is under a share that the station made up.
        using var altered = new LyingStation(Lie.Change<Shared>(MessageKind.Shared, (_, party, m) => Change(m, party)));
        altered.Run().AllRefused(RefusalCode.BadSignature).Stops(AbortReason.TooFewInputs);
    }

    [Fact]
    public void Commitments_of_another_party_that_are_altered_are_refused()
    {
        using var station = new LyingStation(Lie.Change<Shared>(MessageKind.Shared, (_, party, m) => Change(m, (party + 1) % 5)));
        station.Run().AllRefused(RefusalCode.BadSignature).Stops(AbortReason.TooFewInputs);
    }

    [Fact]
    public void Share_replayed_from_another_round_is_refused()
    {
        using var earlier = new LyingStation(new RoundHarness(Consortium.Of(6), new RoundShape(32, 4), seed: 2), []);
        earlier.RunThrough(MessageKind.Advertised);
        using var station = new LyingStation(Lie.Change<Shared>(MessageKind.Shared, m => m.Shares[4] = earlier.SignedBy(4, MessageKind.Share)));
        station.Run().AllRefused(RefusalCode.BadSignature).Stops(AbortReason.TooFewInputs);
    }

    [Fact]
    public void Dealer_that_advertised_no_key_is_refused()
    {
        using var round = new RoundHarness(Consortium.Of(6), new RoundShape(32, 4), faults: [new Fault(4, FaultKind.Silent, MessageKind.Advertise)]) { CheckReplay = false };
        using var station = new LyingStation(round, [Lie.Change<Shared>(MessageKind.Shared, m =>
        {
            var phantom = Share.Parser.ParseFrom(m.Shares[0].Body);
            phantom.Party = 4;
            m.Shares.Insert(4, new SignedBody { Body = phantom.ToByteString(), Signature = m.Shares[0].Signature });
        })]);
        station.Run();
        Assert.All(new uint[] { 0, 1, 2, 3 }, p => Assert.Contains(round.Refusals[p], new[] { RefusalCode.BadSignature, RefusalCode.BadMessage }));
        station.Stops(AbortReason.TooFewInputs);
    }

    [Fact]
    public void Dealer_that_is_listed_twice_is_refused()
    {
        using var station = new LyingStation(Lie.Change<Shared>(MessageKind.Shared, m => m.Shares.Add(m.Shares[(int)Corrupt].Clone())));
        station.Run().AllRefused(RefusalCode.BadMessage).Stops(AbortReason.TooFewInputs);
    }

    [Theory]
    [InlineData("missing")]
    [InlineData("altered")]
    [InlineData("of another dealer")]
    [InlineData("for another holder")]
    [InlineData("with another's path")]
    [InlineData("without a path")]
    [InlineData("cut short")]
    [InlineData("of the round before")]
    public void Shares_that_are_not_what_the_dealer_signed_for_this_party_are_refused(string how)
    {
        using var earlier = new LyingStation(new RoundHarness(Consortium.Of(6), new RoundShape(32, 4), seed: 2), []);
        earlier.RunThrough(MessageKind.Advertised);
        using var station = new LyingStation(Lie.Deliver((s, party, deliveries) =>
        {
            var first = deliveries[0];
            switch (how)
            {
                case "missing": deliveries.RemoveAt(0); break;
                case "altered": first.Entry = ByteString.CopyFrom([.. first.Entry.Span[..50], (byte)(first.Entry[50] ^ 1), .. first.Entry.Span[51..]]); break;
                case "of another dealer": first.Entry = deliveries[1].Entry; break;
                case "for another holder": first.Entry = Dealt(s, first.Dealer).First(e => e != first.Entry); break;
                case "with another's path":
                    first.Path.Clear();
                    first.Path.Add(deliveries[1].Path);
                    break;
                case "without a path": first.Path.Clear(); break;
                case "cut short": first.Entry = ByteString.CopyFrom(first.Entry.Span[..^1]); break;
                default: first.Entry = Dealt(earlier, first.Dealer).First(e => e.Span[..4].SequenceEqual(first.Entry.Span[..4])); break;
            }
        }));
        station.Run().AllRefused(RefusalCode.BadShares).Stops(AbortReason.TooFewInputs);
    }

    [Fact]
    public void Shares_that_were_meant_for_another_receiver_are_refused()
    {
        // What party 2 is to get goes to party 1: it cannot open what was not sealed for it, and does not take it for its own.
        using var station = new LyingStation(Lie.Deliver((s, _, deliveries) =>
        {
            var others = s.Harness.Station.Round.Deliveries(s.Harness.Station.Round.Broadcasts[^1]).Single(d => d.Party == 2).Broadcast.Deliveries;
            deliveries.Clear();
            deliveries.Add(others);
        }).To(Victim));
        station.Run().Refused(RefusalCode.BadShares, Victim).GoesOnWithout(Victim);
    }

    /// <summary>Nobody sends the numbers of a round; a station that works with others has another context.</summary>
    [Theory]
    [InlineData("threshold")]
    [InlineData("share threshold")]
    [InlineData("graph")]
    public void Lower_threshold_or_thinner_graph_is_refused(string what)
    {
        using var station = new LyingStation(Lie.Instead(MessageKind.Shared, (s, party) =>
        {
            var view = s.View(party);
            var rules = what switch
            {
                "threshold" => view.Rules with { Threshold = 3 },
                "share threshold" => view.Rules with { ShareThreshold = 2 },
                _ => view.Rules with { Degree = 2 },
            };
            var contexts = new RoundContexts
            {
                Context0 = view.Contexts.Context0,
                Context1 = Digests.Context1(view.Contexts.Context0, rules, s.Harness.Parties.Keys.Select(p => s.SignedBy(p, MessageKind.Advertise).Body)),
            };
            return RoundHarness.Sign(Consortium.Station, MessageKind.Shared, s.Harness.Station.Round.Broadcasts[^1].Body, contexts);
        }));
        station.Run().AllRefused(RefusalCode.BadSignature).Stops(AbortReason.TooFewInputs);
    }

    private static Google.Protobuf.Collections.RepeatedField<ByteString> Dealt(LyingStation station, uint dealer) => station.Harness.Parties[dealer].Sent.Single(e => e.Kind == MessageKind.Share).Detached;

    private static void Change(Shared shares, uint party)
    {
        var share = Share.Parser.ParseFrom(shares.Shares[(int)party].Body);
        share.SelfCommitment = ByteString.CopyFrom([.. share.SelfCommitment.Select(b => (byte)(b ^ 1))]);
        shares.Shares[(int)party].Body = share.ToByteString();
    }
}
