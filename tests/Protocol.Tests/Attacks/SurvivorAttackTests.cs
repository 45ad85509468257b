using Google.Protobuf;
using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Tests.Attacks;

/// <summary>A station that lies about who survived.</summary>
public sealed class SurvivorAttackTests
{
    private const uint Victim = 1;
    private const uint Corrupt = 5;

    [Fact]
    public void Second_survivor_set_is_not_signed()
    {
        using var station = new LyingStation(Lie.Also<Survivors>(MessageKind.Survivors, m => m.Inputs.RemoveAt(4)));
        station.Run().AllRefused(RefusalCode.SecondSurvivorSet).Stops(AbortReason.Unrecoverable);
        Assert.All(station.Harness.Parties.Values, p => Assert.Single(p.Sent, e => e.Kind == MessageKind.Agree));
    }

    [Fact]
    public void Second_survivor_set_is_not_signed_after_a_restart()
    {
        using var station = new LyingStation();
        station.RunThrough(MessageKind.Survivors);
        var (harness, second) = (station.Harness, Survivors.Parser.ParseFrom(station.Harness.Station.Round.Broadcasts[^1].Body));
        second.Inputs.RemoveAt(4);
        foreach (var (party, memory) in harness.Memories)
        {
            using var restarted = PartyRound.Open(harness.Consortium.Setup(party, 1, memory), harness.Proposal, harness.Now);
            var step = restarted.Join(harness.Shape, harness.Now);
            Assert.Equal((RefusalCode.RoundSeen, 0), (step.Refusal, step.Messages.Count));
            Assert.Empty(restarted.Receive(harness.Wrap(station.Sign(party, MessageKind.Survivors, second.ToByteString())), harness.Now).Messages);
            harness.Parties[party].Dispose();
        }

        station.Run().Stops(AbortReason.Unrecoverable);
    }

    [Fact]
    public void Survivor_set_is_not_signed_when_the_disk_remembers_another()
    {
        using var station = new LyingStation();
        station.RunThrough(MessageKind.Shared);
        foreach (var memory in station.Harness.Memories.Values) memory.TrySignSurvivors(station.Harness.RoundId, new byte[32]);
        station.Run().AllRefused(RefusalCode.SecondSurvivorSet).Stops(AbortReason.TooFewAgreements);
    }

    /// <summary>Three honest parties and the colluder are t: they open theirs. The two others, with the same colluder, are fewer and open nothing.</summary>
    [Fact]
    public void Split_survivor_views_open_one_set_at_most()
    {
        using var station = Split(([0, Victim], 4), ([2, 3, 4], 0));
        Assert.All(new uint[] { 0, Victim }, p => Assert.Empty(Agreed(station, p, [0, Victim, Corrupt]).Messages));
        var unmasked = new uint[] { 2, 3, 4 }.Select(p => Agreed(station, p, [2, 3, 4, Corrupt]).Messages.Single(m => m.Kind == MessageKind.Unmask)).ToList();

        // Party 1 is in their set as well and never says b; the three have enough shares of it.
        foreach (var party in new uint[] { 2, 3, 4 }) station.Tell(party, MessageKind.Recovery, new Recovery { Silent = { Victim, Corrupt }, Dropped = { 0 } });
        Assert.Equal(3, unmasked.Count);
        station.Refused(RefusalCode.NoQuorum, 0, Victim);
        Assert.Equal([[Victim, 2, 3, 4]], station.Opened());
        station.OpensOnly([Victim, 2, 3, 4]);
    }

    [Fact]
    public void Split_survivor_views_of_two_and_two_open_neither()
    {
        using var station = Split(([0, Victim], 4), ([2, 3], 0));
        foreach (var party in new uint[] { 0, Victim }) Assert.Empty(Agreed(station, party, [0, Victim, Corrupt]).Messages);
        foreach (var party in new uint[] { 2, 3 }) Assert.Empty(Agreed(station, party, [2, 3, Corrupt]).Messages);
        station.Refused(RefusalCode.NoQuorum, 0, Victim, 2, 3).Run().Stops();
    }

    [Fact]
    public void Agreements_of_both_views_together_are_refused()
    {
        using var station = Split(([0, Victim], 4), ([2, 3, 4], 0));
        foreach (var party in new uint[] { 1, 2, 3 }) Assert.Empty(Agreed(station, party, [1, 2, 3, Corrupt]).Messages);
        station.Refused(RefusalCode.SurvivorSet, 1, 2, 3).OpensNothing();
    }

    [Fact]
    public void Survivors_without_the_receiver_are_not_signed()
    {
        using var station = new LyingStation(Lie.Change<Survivors>(MessageKind.Survivors, (_, party, m) => m.Inputs.RemoveAt((int)party)));
        station.Run().AllRefused(RefusalCode.SurvivorSet).Stops(AbortReason.TooFewAgreements);
    }

    [Fact]
    public void Other_vector_of_the_receiver_is_refused()
    {
        using var station = new LyingStation(Lie.Change<Survivors>(MessageKind.Survivors, (_, party, m) => Change(m, party)));
        station.Run().AllRefused(RefusalCode.OwnMessageChanged).Stops(AbortReason.TooFewAgreements);
    }

    [Fact]
    public void Other_vector_of_another_party_is_agreed_to_and_opens_nothing()
    {
        // Everybody but party 4 can sign the set; none of their agreements vouches for the vector of party 4.
        using var station = new LyingStation(Lie.Change<Survivors>(MessageKind.Survivors, m => Change(m, 4)));
        station.RunThrough(MessageKind.Survivors);
        foreach (var party in new uint[] { 0, 1, 2, 3 }) Assert.Empty(Agreed(station, party, [0, 1, 2, 3, Corrupt]).Messages);
        station.Refused(RefusalCode.BadSignature, 0, 1, 2, 3).Refused(RefusalCode.OwnMessageChanged, 4).Run().Stops();
    }

    [Fact]
    public void Fewer_survivors_than_the_threshold_are_not_signed()
    {
        using var station = new LyingStation(Lie.Change<Survivors>(MessageKind.Survivors, (_, party, m) =>
        {
            foreach (var input in m.Inputs.Where(i => Input.Parser.ParseFrom(i.Body).Party is var p && p != party && p != Corrupt).Take(3).ToList()) m.Inputs.Remove(input);
        }));
        station.Run().AllRefused(RefusalCode.SurvivorSet).Stops(AbortReason.TooFewAgreements);
    }

    [Theory]
    [InlineData("twice")]
    [InlineData("in another order")]
    [InlineData("who dealt nothing")]
    public void Survivor_who_is_listed_twice_out_of_order_or_dealt_nothing_is_refused(string how)
    {
        using var round = new RoundHarness(Consortium.Of(6), new RoundShape(32, 4), faults: [new Fault(4, FaultKind.Silent, MessageKind.Share)]) { CheckReplay = false };
        using var station = new LyingStation(round, [Lie.Change<Survivors>(MessageKind.Survivors, m =>
        {
            if (how == "twice") m.Inputs.Add(m.Inputs[^1].Clone());
            else if (how == "in another order") (m.Inputs[0], m.Inputs[1]) = (m.Inputs[1], m.Inputs[0]);
            else m.Inputs.Insert(4, Phantom(m.Inputs[0], 4));
        })]);
        station.Run().Refused(RefusalCode.SurvivorSet, 0, 1, 2, 3).Stops(AbortReason.TooFewAgreements);
    }

    [Fact]
    public void Guard_that_objects_keeps_the_party_from_agreeing()
    {
        using var round = new RoundHarness(Consortium.Of(6), new RoundShape(32, 4)) { CheckReplay = false, OnSetup = s => s with { SurvivorGuard = set => set.Count < 6 } };
        using var station = new LyingStation(round, []);
        station.Run().AllRefused(RefusalCode.Differencing).Stops(AbortReason.TooFewAgreements);
    }

    /// <summary>
    /// The station has the vector of a party that it left out, and is told each of its pair seeds: what is left is b, and nobody opens that, nor takes the
    /// vector in any more.
    /// </summary>
    [Fact]
    public void Vector_that_is_kept_back_until_the_seeds_are_out_stays_masked()
    {
        using var round = new RoundHarness(Consortium.Of(6), new RoundShape(32, 4), faults: [new Fault(4, FaultKind.LateVector, MessageKind.Input)]) { CheckReplay = false };
        using var station = new LyingStation(round, []);
        station.RunThrough(MessageKind.Shared);
        var selfSeed = round.Parties[4].Dealt().SelfSeed.Span.ToArray();
        station.RunThrough(MessageKind.Agreed);
        Assert.Equal(4, round.Station.Record.Survivors.Keys.Count(p => p != Corrupt));
        Assert.All(new uint[] { 0, 1, 2, 3 }, p => Assert.Equal([4u], Unmask.Parser.ParseFrom(station.SignedBy(p, MessageKind.Unmask).Body).Dropped.Select(d => d.Neighbour)));
        foreach (var party in new uint[] { 0, 1, 2, 3 }) Assert.Empty(station.Tell(party, MessageKind.Recovery, new Recovery { Silent = { 4 } }).Messages);
        station.Refused(RefusalCode.BothSecrets, 0, 1, 2, 3).Run().GoesOnWithout(4);

        // With b it would come out, so the test could fail.
        station.Unmasker.Holds(selfSeed);
        Assert.Contains(station.Opened(), set => set is [4]);
    }

    [Fact]
    public void Vector_that_comes_after_the_survivors_are_named_is_never_written()
    {
        using var round = new RoundHarness(Consortium.Of(6), new RoundShape(32, 4), faults: [new Fault(4, FaultKind.Silent, MessageKind.Input)]) { CheckReplay = false };
        using var station = new LyingStation(round, []);
        station.RunThrough(MessageKind.Survivors);
        Assert.Equal(OfferOutcome.Ignore, round.Station.Round.Consider(4, round.Parties[4].Sent.Last(e => e.Kind == MessageKind.Input), round.Now).Outcome);
        Assert.Null(round.Station.Round.BeginVector(4));
        Assert.False(round.Station.Round.MarkVectorStored(4));
        station.Run().GoesOnWithout(4);
    }

    /// <summary>Tells two groups two sets, each without one party, and has their agreements.</summary>
    private static LyingStation Split((uint[] Told, uint Without) one, (uint[] Told, uint Without) other)
    {
        var station = new LyingStation();
        station.RunThrough(MessageKind.Shared);
        foreach (var (told, without) in new[] { one, other })
        {
            var set = new Survivors();
            set.Inputs.Add(station.Harness.Parties.Keys.Where(p => p != without).Select(p => station.SignedBy(p, MessageKind.Input)));
            foreach (var party in told) Assert.Equal([MessageKind.Agree], station.Tell(party, MessageKind.Survivors, set).Messages.Select(m => m.Kind));
        }

        return station;
    }

    /// <summary>Tells a party who agreed: the honest by their own word, the colluder to whatever this party signed.</summary>
    private static PartyStep Agreed(LyingStation station, uint party, uint[] by)
    {
        var agreed = new Agreed();
        agreed.Agreements.Add(by.Select(p => p == Corrupt
            ? station.SignedAs(p, party, MessageKind.Agree, new Agree { Party = p, SurvivorsDigest = ByteString.CopyFrom(station.View(party).Contexts.Survivors) })
            : station.SignedBy(p, MessageKind.Agree)));
        return station.Tell(party, MessageKind.Agreed, agreed);
    }

    private static void Change(Survivors survivors, uint party)
    {
        var input = Input.Parser.ParseFrom(survivors.Inputs[(int)party].Body);
        input.VectorDigest = ByteString.CopyFrom([.. input.VectorDigest.Select(b => (byte)(b ^ 1))]);
        survivors.Inputs[(int)party].Body = input.ToByteString();
    }

    private static SignedBody Phantom(SignedBody of, uint party)
    {
        var input = Input.Parser.ParseFrom(of.Body);
        input.Party = party;
        return new SignedBody { Body = input.ToByteString(), Signature = of.Signature };
    }
}
