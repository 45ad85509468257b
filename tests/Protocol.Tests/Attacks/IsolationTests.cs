using System.Reflection;
using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Internal;
using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Tests.Attacks;

/// <summary>
/// On the sparse graph a station can take exactly those out of the survivors whose masks keep an honest party or a group of them apart from the colluders.
/// The neighbourhood rule of phase 4 stops it (docs/adr/0010).
/// </summary>
public sealed class IsolationTests : IDisposable
{
    private static readonly RoundShape s_shape = new(32, 5);

    private readonly RoundHarness _round = new(Consortium.Of(132, colluders: 2, sparse: 100), s_shape) { CheckReplay = false };

    private RoundRecord Record => _round.Station.Record;

    public void Dispose() => _round.Dispose();

    [Fact]
    public void Station_that_drops_the_honest_neighbours_of_a_victim_reads_the_victim_where_nobody_keeps_the_rule()
    {
        _round.RunThrough(MessageKind.Shared);
        var (victim, colluders, survivors) = Isolate();
        foreach (var party in _round.Parties.Values) SwitchRuleOff(RecordOf(party));
        SwitchRuleOff(Record);
        var unmask = Unmask.Parser.ParseFrom(Play(survivors, victim).Single(m => m.Kind == MessageKind.Unmask).Body);

        // What the station has: the masked vector, the victim's own seeds by its Unmask, and those of its pairs with the colluders by them.
        using var vector = RingVector.Unpack(s_shape.Bits, s_shape.Length, _round.Station.Blob(victim));
        using var masks = new MaskBatch();
        Remove(masks, unmask.SelfSeed.Span, MaskSign.Add);
        foreach (var pair in unmask.Dropped) Remove(masks, pair.Seed.Span, pair.Neighbour > victim ? MaskSign.Add : MaskSign.Subtract);
        foreach (var colluder in colluders)
        {
            using var seed = _round.PairSeed(colluder, victim);
            Remove(masks, seed.Span, colluder > victim ? MaskSign.Add : MaskSign.Subtract);
        }

        masks.ApplyTo(vector);
        using var input = _round.InputOf(victim);
        Assert.Equal(input.Pack(), vector.Pack());
    }

    [Fact]
    public void Station_that_drops_the_honest_neighbours_of_a_victim_gets_no_word_from_anybody()
    {
        _round.RunThrough(MessageKind.Shared);
        var (victim, _, survivors) = Isolate();
        var lie = _round.Lie(MessageKind.Survivors, Inputs(survivors));
        foreach (var party in survivors) Refuses(party, lie);
        Assert.Contains(victim, survivors);
    }

    [Fact]
    public void Station_that_cuts_the_ring_in_two_gets_no_word_from_either_part()
    {
        _round.RunThrough(MessageKind.Shared);
        var (ring, half) = (Record.Graph.Ring, Record.Rules.Degree / 2);

        // All sent their vectors, and with two gaps of k/2 the sums of both parts come out one by one. Whoever stands before a gap has no successor.
        var survivors = ring.Where((_, i) => i % 66 >= half).ToHashSet();
        Assert.True(survivors.Count >= Record.Rules.Threshold);
        var lie = _round.Lie(MessageKind.Survivors, Inputs(survivors));
        Refuses(ring[half], lie);
        Refuses(ring[66 + half], lie);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Honest_station_opens_the_sum_around_one_hole_and_nothing_around_two(int holes)
    {
        var faults = new List<Fault>();
        using var round = new RoundHarness(_round.Consortium, s_shape, faults: faults) { CheckReplay = false };
        round.RunThrough(MessageKind.Advertised);
        var (ring, half) = (round.Station.Record.Graph.Ring, round.Station.Record.Rules.Degree / 2);
        faults.AddRange(Enumerable.Range(0, holes * half).Select(i => new Fault(ring[20 + (i % half) + (50 * (i / half))], FaultKind.Silent, MessageKind.Input)));
        round.Run();
        (holes == 1 ? Outcome.Of(round.Consortium.Roster, faults) : new Outcome([], AbortReason.GraphCut)).Check(round);
        round.Station.CheckReplay();
    }

    /// <summary>A victim, two of its neighbours who collude, and everybody but its other neighbours.</summary>
    private (uint Victim, uint[] Colluders, HashSet<uint> Survivors) Isolate()
    {
        const uint victim = 7;
        var colluders = Record.Neighbours(victim).Take(2).ToArray();
        var survivors = Record.Shared.Keys.Except(Record.Neighbours(victim)).Union(colluders).ToHashSet();
        Assert.True(survivors.Count >= Record.Rules.Threshold);
        return (victim, colluders, survivors);
    }

    private Survivors Inputs(IReadOnlySet<uint> survivors)
    {
        var set = new Survivors();
        foreach (var party in survivors.Order())
        {
            var input = _round.Parties[party].Sent.Single(m => m.Kind == MessageKind.Input);
            set.Inputs.Add(new SignedBody { Body = input.Body, Signature = input.Signature });
        }

        return set;
    }

    private void Refuses(uint party, Envelope lie)
    {
        var step = _round.Parties[party].Receive(_round.Wrap(lie), _round.Now);
        Assert.Equal(RefusalCode.SurvivorSet, step.Refusal);
        Assert.Contains("successors", step.Detail, StringComparison.Ordinal);
        Assert.Empty(step.Messages);
        Assert.DoesNotContain(_round.Parties[party].Sent, m => m.Kind is MessageKind.Agree or MessageKind.Unmask);
    }

    /// <summary>Phases 4 and 5 by a station that has its own survivors: what one party says at the end of them.</summary>
    private IReadOnlyList<Envelope> Play(IReadOnlySet<uint> survivors, uint last)
    {
        var announced = _round.Lie(MessageKind.Survivors, Inputs(survivors));
        var agreed = new Agreed();
        foreach (var party in survivors.Order())
        {
            var agree = _round.Parties[party].Receive(_round.Wrap(announced), _round.Now).Messages.Single();
            agreed.Agreements.Add(new SignedBody { Body = agree.Body, Signature = agree.Signature });
        }

        Record.AcceptSurvivors(announced);
        return _round.Parties[last].Receive(_round.Wrap(_round.Lie(MessageKind.Agreed, agreed)), _round.Now).Messages;
    }

    private void Remove(MaskBatch masks, ReadOnlySpan<byte> seed, MaskSign put)
    {
        using var key = PairKeys.Mask(seed, Record.Contexts.Context2);
        masks.Add(key.Span, put == MaskSign.Add ? MaskSign.Subtract : MaskSign.Add);
    }

    private static RoundRecord RecordOf(PartyRound party) => (RoundRecord)Field(party, "_record").GetValue(party)!;

    /// <summary>The software as it would be without the rule; there is no switch for it.</summary>
    private static void SwitchRuleOff(RoundRecord record) => Field(record.Graph, "_rules").SetValue(record.Graph, record.Rules with { SuccessorFloor = 0 });

    private static FieldInfo Field(object owner, string name) => owner.GetType().GetField(name, BindingFlags.Instance | BindingFlags.NonPublic)!;
}
