using Google.Protobuf;
using SecureAggregation.Protocol.Internal;
using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Tests.Attacks;

/// <summary>A station and parties that lie about who is whose neighbour. Nobody sends the graph, so every lie is one about messages.</summary>
public sealed class SparseAttackTests : IDisposable
{
    private readonly List<Fault> _faults = [];
    private readonly RoundHarness _round;

    public SparseAttackTests() => _round = new RoundHarness(Consortium.Of(132, colluders: 2, sparse: 100), new RoundShape(32, 5), faults: _faults) { CheckReplay = false };

    private RoundRecord Record => _round.Station.Record;

    public void Dispose() => _round.Dispose();

    [Fact]
    public void Station_with_another_graph_or_threshold_has_other_contexts_and_gets_nothing()
    {
        _round.RunThrough(MessageKind.Advertised);
        var bodies = Advertised.Parser.ParseFrom(_round.Station.Round.Broadcasts[^1].Body).Advertisements.Select(a => a.Body).ToList();
        var shared = new Shared();
        foreach (var party in _round.Parties.Values) shared.Shares.Add(Signed(party.Sent.Single(m => m.Kind == MessageKind.Share)));
        RoundRules[] lies =
            [Record.Rules with { Degree = Record.Rules.Degree + 2 }, Record.Rules with { ShareThreshold = 2 }, Record.Rules with { Threshold = 3 }];
        foreach (var (lie, party) in lies.Zip(_round.Parties.Values))
        {
            var contexts = new RoundContexts { Context0 = Record.Contexts.Context0, Context1 = Digests.Context1(Record.Contexts.Context0, lie, bodies) };
            var step = party.Receive(_round.Wrap(RoundHarness.Sign(Consortium.Station, MessageKind.Shared, shared.ToByteString(), contexts)), _round.Now);
            Assert.Equal(RefusalCode.BadSignature, step.Refusal);
            Assert.Equal([MessageKind.Decline], step.Messages.Select(m => m.Kind));
        }
    }

    [Fact]
    public void Recovery_opens_shares_of_neighbours_only_and_a_party_without_any_says_nothing()
    {
        _round.RunThrough(MessageKind.Advertised);
        var ring = Record.Graph.Ring;
        _faults.AddRange([new Fault(ring[0], FaultKind.Silent, MessageKind.Input), new Fault(ring[60], FaultKind.Silent, MessageKind.Unmask)]);
        _round.RunThrough(MessageKind.Agreed);
        var request = new Recovery { Silent = { ring[60] }, Dropped = { ring[0] } };
        var lie = _round.Wrap(_round.Lie(MessageKind.Recovery, request));
        var half = Record.Rules.Degree / 2;
        Assert.Equal(([ring[60]], []), Opened(ring[60 - half]));
        Assert.Equal(([], [ring[0]]), Opened(ring[half]));
        Assert.Null(Opened(ring[half + 1]));
        Assert.Equal(PartyRoundState.Unmasked, _round.Parties[ring[half + 1]].State);

        (uint[] Own, uint[] Recovery)? Opened(uint party) =>
            _round.Parties[party].Receive(lie, _round.Now) is { Refusal: RefusalCode.Unspecified, Messages: var messages } && messages is [var only]
                && Recover.Parser.ParseFrom(only.Body) is var recover
                ? ([.. recover.SelfShares.Select(s => s.Dealer)], [.. recover.RecoveryShares.Select(s => s.Dealer)])
                : null;
    }

    [Fact]
    public void Secrets_of_strangers_on_the_graph_are_not_taken_and_the_round_does_without_their_bearers()
    {
        _round.RunThrough(MessageKind.Advertised);
        var ring = Record.Graph.Ring;
        var (dropped, silent, liar, bearer) = (ring[0], ring[60], ring[30], ring[61]);
        _faults.AddRange([new Fault(dropped, FaultKind.Silent, MessageKind.Input), new Fault(silent, FaultKind.Silent, MessageKind.Unmask)]);
        _round.Corrupt<Unmask>(liar, MessageKind.Unmask, m => m.Dropped.Add(new PairSeed { Neighbour = dropped, Seed = ByteString.CopyFrom(new byte[32]) }));
        _round.Corrupt<Recover>(bearer, MessageKind.Recover, m => m.RecoveryShares.Add(new RevealedShare(m.SelfShares[0]) { Dealer = ring[1] }));
        _round.Run();
        new Outcome([.. ring.Where(p => p != dropped).Order()], AbortReason.Unspecified).Check(_round);
        Assert.Equal(
            [(liar, MessageKind.Unmask, RejectionCode.WrongSecret), (bearer, MessageKind.Recover, RejectionCode.BadMessage)], _round.Station.Rejected);
        var recovery = Recovery.Parser.ParseFrom(_round.Station.Round.Broadcasts.Single(b => b.Kind == MessageKind.Recovery).Body);
        Assert.Equal(((uint[])[silent, liar]).Order(), recovery.Silent);
        Assert.Empty(recovery.Dropped);
    }

    [Fact]
    public void Disputes_with_neighbours_count_up_to_the_corrupt_ones_that_an_honest_party_can_have()
    {
        _round.RunThrough(MessageKind.Propose);
        var most = GraphParameters.For(132, 2, 100)!.Value.ShareThreshold - 1;
        Assert.Equal(2, most);

        // One party disputes with all its neighbours and is left out; another with two of them, whose masks are then not in.
        _round.CorruptEntries(5, (_, entry) => entry[^1] ^= 1);
        uint[] others = [];
        _round.CorruptEntries(9, (holder, entry) =>
        {
            if (others.Length == 0) others = [.. Record.Neighbours(9).Where(v => v != 5).Take(2)];
            if (others.Contains(holder)) entry[^1] ^= 1;
        });
        _round.RunThrough(MessageKind.Shared);
        Assert.Equal(Enumerable.Range(0, 132).Select(i => (uint)i).Where(p => p != 5), Record.Shared.Keys);
        Assert.DoesNotContain(_round.Refusals.Keys, p => p != 9);
    }

    private static SignedBody Signed(Envelope envelope) => new() { Body = envelope.Body, Signature = envelope.Signature };
}
