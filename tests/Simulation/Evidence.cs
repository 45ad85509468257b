using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Simulation;

/// <summary>The log of a round that has ended: a replay passes through the states that the station was in, and an auditor accepts the bundle.</summary>
internal static class Evidence
{
    public static void Check(World world, StationRound round)
    {
        var leaves = world.Station.Log.Index().Where(l => l.Item.Round == round.Id).ToList();
        var replayed = round.Replayed(leaves.ConvertAll(l => Entry.Parser.ParseFrom(l.Item.Bytes)));
        if (!Equals(replayed.Total, round.Round.Total) || !Equals(replayed.Abort, round.Round.Abort))
        {
            throw new BrokenInvariantException($"Round {round.Id[..8]}: a replay of its log ends with {replayed.State}, the round with {round.Round.State}.");
        }

        var report = TranscriptVerifier.Verify(
            Bundle(world, round, leaves), new VerifyOptions { ShapeOf = (_, _) => world.Shape, RosterHash = world.Consortium.Roster.Hash, RoundId = Convert.FromHexString(round.Id) });
        if (report.Steps.FirstOrDefault(s => s.Passed == false) is { } failed) throw new BrokenInvariantException($"Round {round.Id[..8]}: its transcript does not verify: {failed}.");
    }

    private static MemoryStream Bundle(World world, StationRound round, List<(int Index, Leaf Item)> leaves)
    {
        var bundle = new MemoryStream();
        var writer = new BundleWriter(bundle);
        var (head, tree) = world.Station.Head();
        writer.WriteHeader(world.Consortium.Roster, head, Convert.FromHexString(round.Id));
        foreach (var (index, leaf) in leaves) writer.WriteEntry(index, leaf.Bytes, tree.InclusionProof(index));
        if (round.Round.State == RoundState.Done)
        {
            foreach (var party in round.Round.Survivors) writer.WriteVector(party, round.Open(party));
        }

        bundle.Position = 0;
        return bundle;
    }
}
