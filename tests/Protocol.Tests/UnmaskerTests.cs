using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Tests;

/// <summary>The tool of the attack tests must be able to succeed: given a little more than a station can have, it reads everybody.</summary>
public sealed class UnmaskerTests
{
    private static readonly RoundShape s_shape = new(32, 4);

    // Of six parties the shares of any three rebuild a secret.
    [Fact]
    public void Shares_of_a_threshold_of_colluders_open_each_party()
    {
        using var station = Played([3, 4, 5]);
        var opened = station.Opened();
        Assert.All(new uint[] { 0, 1, 2 }, party => Assert.Contains(opened, set => set.SequenceEqual([party])));
    }

    [Fact]
    public void Shares_of_one_colluder_fewer_open_nothing_but_the_total()
    {
        using var station = Played([4, 5]);
        Assert.Equal([[0, 1, 2, 3]], station.Opened());
    }

    [Fact]
    public void Seeds_that_leak_open_their_party()
    {
        using var station = Played([5]);
        foreach (var peer in new uint[] { 0, 2, 3, 4 })
        {
            using var seed = station.Harness.PairSeed(1, peer);
            Assert.DoesNotContain(station.Opened(), set => set.SequenceEqual([1u]));
            station.Unmasker.Holds(seed.Span);
        }

        Assert.Contains(station.Opened(), set => set.SequenceEqual([1u]));
    }

    [Fact]
    public void Share_of_the_recovery_seed_of_a_survivor_from_two_holders_and_a_colluder_opens_it()
    {
        using var station = new LyingStation();
        station.RunThrough(MessageKind.Agreed);
        foreach (var holder in new uint[] { 0, 2 })
        {
            var recover = new Recover { Party = holder };
            recover.RecoveryShares.Add(station.Harness.Parties[holder].Held(1).Reveal(station.View(1).Contexts.Context1, 1, holder, Crypto.SharedSecret.RecoverySeed));
            Assert.DoesNotContain(station.Opened(), set => set.SequenceEqual([1u]));
            station.Unmasker.Saw(station.View(1), holder, station.Harness.SignAs(holder, MessageKind.Recover, recover));
        }

        Assert.Contains(station.Opened(), set => set.SequenceEqual([1u]));
    }

    [Fact]
    public void Sealing_key_that_two_holders_and_a_colluder_know_opens_its_dealer()
    {
        using var station = new LyingStation();
        station.RunThrough(MessageKind.Shared);
        foreach (var holder in new uint[] { 0, 2 })
        {
            var complaining = station.Harness.Parties[holder].Sent.Single(e => e.Kind == MessageKind.Input).Clone();
            complaining.Detached.Add(station.Harness.Parties[holder].Dealt().Complain(1).Wire);
            Assert.DoesNotContain(station.Opened(), set => set.SequenceEqual([1u]));
            station.Unmasker.Saw(station.View(1), holder, complaining);
        }

        Assert.Contains(station.Opened(), set => set.SequenceEqual([1u]));
    }

    private static LyingStation Played(uint[] corrupt) =>
        new LyingStation(new RoundHarness(Consortium.Of(6), s_shape) { CheckReplay = false }, [], corrupt).RunThrough(MessageKind.Agreed);
}
