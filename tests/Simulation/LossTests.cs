using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Simulation;

/// <summary>A third of the outposts is lost, at every place of a round where they can be.</summary>
public sealed class LossTests
{
    private const int Parties = 100;

    // t = ⌊(100 + 33) / 2⌋ + 1 = 67 must be left: no more can be lost.
    private const int Lost = 33;

    private static readonly MessageKind[] s_said =
        [MessageKind.Join, MessageKind.Advertise, MessageKind.Share, MessageKind.Input, MessageKind.Agree, MessageKind.Unmask, MessageKind.Recover];

    private static readonly MessageKind[] s_heard =
        [MessageKind.Propose, MessageKind.Advertised, MessageKind.Shared, MessageKind.Survivors, MessageKind.Agreed, MessageKind.Recovery, MessageKind.Total];

    /// <summary>
    /// Before and after each message of the outposts, so also between the sending and the answer, and before each broadcast reaches them; all 33 at one place, then
    /// spread over several.
    /// </summary>
    [Fact]
    public void Round_with_100_outposts_survives_the_loss_of_33_at_every_phase_boundary()
    {
        var places = s_said.SelectMany(k => new[] { (k, false), (k, true) }).Concat(s_heard.Select(k => (k, false))).ToList();
        var losses = places.Select(place => Enumerable.Range(0, Lost).Select(i => Loss(i, place)).ToList()).ToList();
        losses.Add([.. Enumerable.Range(0, Lost).Select(i => Loss(i, places[i % places.Count]))]);
        losses.Add([.. Enumerable.Range(0, Lost).Select(i => Loss(i, (i % 2 == 0 ? MessageKind.Share : MessageKind.Unmask, true)))]);
        losses.Add([.. Enumerable.Range(0, Lost).Select(i => Loss(i, (s_said[(i / 11) + 3], false)))]);

        Parallel.ForEach(losses.Chunk(7), chunk =>
        {
            using var world = new World(new Setting { Parties = Parties });
            foreach (var (question, loss) in chunk.Index())
            {
                // Nobody is asked for shares while nobody is silent: one more message is lost then, and one outpost fewer vanishes.
                var recovers = loss.TrueForAll(v => v.At is MessageKind.Recover or MessageKind.Recovery);
                foreach (var vanish in recovers ? loss.Skip(1).Append(new Vanish(0, MessageKind.Unmask, false)) : loss) world.Do(vanish);
                world.Do(new Ask(question, QueryNoise.Distributed));
                world.Do(new Finish(question));
                Assert.True(world.Tally["totals"] == question + 1, $"No total after the loss of {Lost} at {string.Join(", ", loss.Select(v => $"{v.At} {v.Arrives}").Distinct())}: {world.Tally}");
                for (var party = 0; party < Lost; party++)
                {
                    Assert.True(world.Outposts[party].Link.Dark, $"Party {party} did not vanish at {loss[party]}.");
                    world.Do(new Return(party));
                }
            }
        });
    }

    [Fact]
    public void Round_with_100_outposts_and_a_34th_lost_opens_nothing()
    {
        using var world = new World(new Setting { Parties = Parties });
        for (var i = 0; i <= Lost; i++) world.Do(Loss(i, (MessageKind.Agree, false)));
        world.Do(new Ask(0, QueryNoise.Distributed));
        world.Do(new Finish(0));

        Assert.Equal(1, world.Tally["aborted as TooFewAgreements"]);
        Assert.Equal(0, world.Tally["sums that the coalition opened"]);
    }

    private static Vanish Loss(int party, (MessageKind At, bool Arrives) place) => new(party, place.At, place.Arrives);
}
