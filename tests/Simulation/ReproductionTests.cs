using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Simulation;

/// <summary>Plans that broke an invariant once, as they were printed. Whatever else changes, they must not again.</summary>
public sealed class ReproductionTests
{
    /// <summary>Asked for other shares than the log says, an honest party signed an answer that convicted it of a bad share.</summary>
    [Fact]
    public void A_station_that_asks_one_party_for_other_shares_cannot_have_it_convicted() => Holds(new Plan(
        new Setting { Parties = 7, Colluders = 2, Bits = 38, Corrupt = [0] },
        [
            new LieTo(1, StationLie.OtherRecovery, 5),
            new Ask(0, QueryNoise.Distributed, 0),
            new LieTo(2, StationLie.RepeatedAgreement, 2),
        ]));

    private static void Holds(Plan plan) => Assert.Null(Simulator.Failure(plan));
}
