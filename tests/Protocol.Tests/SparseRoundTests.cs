using Google.Protobuf;
using SecureAggregation.Protocol.Internal;
using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Tests;

/// <summary>Whole rounds on the sparse graph. Few of them: each has to check the signatures of everybody by everybody.</summary>
public sealed class SparseRoundTests
{
    private const int Parties = 132;
    private static readonly RoundShape s_shape = new(32, 5);

    private static Consortium Sparse => Consortium.Of(Parties, colluders: 2, sparse: 100);

    [Fact]
    public void Round_with_dropouts_in_every_phase_opens_the_sum_of_the_survivors()
    {
        List<Fault> faults = [.. Fault.Said.Skip(1).SelectMany((kind, i) => new[] { (7 * i) + 1, (11 * i) + 60 }.Select(p => new Fault((uint)p, FaultKind.Silent, kind)))];
        using var round = new RoundHarness(Sparse, s_shape, faults: faults) { CheckReplay = false };
        round.RunThrough(MessageKind.Advertised);
        var rules = round.Station.Round.Rules;
        Assert.Equal(GraphParameters.For(Parties - 2, 2, 100), new GraphParameters(rules.Degree, rules.ShareThreshold, rules.SuccessorFloor));
        Assert.All(round.Parties.Values.Where(p => p.Sent.Count > 2), p => Assert.Equal(rules.Degree, p.Sent.Single(m => m.Kind == MessageKind.Share).Detached.Count));
        round.Run();
        round.Station.CheckReplay();
        Outcome.Of(round.Consortium.Roster, faults).Check(round);
        using var total = round.Station.Replayed().Recompute(round.Station);
        Assert.Equal(round.Station.Round.Total!.Packed.ToByteArray(), total.Pack());
    }
}
