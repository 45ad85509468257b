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

    /// <summary>Not a bug of the protocol but of the invariant: who disputes the one pair that is asked about holds no shares, and is not asked.</summary>
    [Fact]
    public void A_party_that_holds_no_shares_of_a_liar_is_not_waited_for() => Holds(new Plan(
        new Setting { Parties = 5, Colluders = 1, MinSurvivors = 4, Bits = 36, Corrupt = [3] },
        [
            new LieOf(3, PartyLie.WrongSelfCommitment, 3),
            new LieOf(3, PartyLie.DisputedSealKeys, 4),
            new LieOf(3, PartyLie.ShortVector, 0),
            new LieOf(3, PartyLie.WrongSelfSeed, 1),
            new Ask(0, QueryNoise.Distributed, 0),
            new Run(37, 26),
            new Run(12, 0),
            new Ask(0, QueryNoise.Local, 0),
            new Run(69, 0),
            new GoDark(1),
        ]));

    /// <summary>Not a bug of the protocol but of the liar: it had nothing to tell an outpost that came back to an old state, and fell.</summary>
    [Fact]
    public void A_station_that_isolates_leaves_an_outpost_alone_that_is_not_so_far() => Holds(new Plan(
        new Setting { Parties = 4, Colluders = 1, Bits = 43 },
        [
            new Ask(0, QueryNoise.None, 0),
            new Run(19, 17),
            new GoDark(0),
            new Finish(0),
            new Return(0),
            new Run(2, 0),
            new RollBack(1),
            new Isolate(1, 1),
        ]));

    private static void Holds(Plan plan) => Assert.Null(Simulator.Failure(plan));
}
