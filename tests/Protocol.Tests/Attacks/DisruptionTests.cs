using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Tests.Attacks;

/// <summary>What one party can do to the others: no more than not to take part.</summary>
public sealed class DisruptionTests
{
    private static readonly RoundShape s_shape = new(32, 4);

    [Theory]
    [InlineData(-299)]
    [InlineData(3600 + 299)]
    public void A_key_that_is_just_within_its_life_when_it_comes_stays_so_for_the_round(int secondsFromNow)
    {
        // Party 3 keeps everybody waiting, so that the key of party 4 is out of its time when the phase closes.
        using var harness = new RoundHarness(Consortium.Of(5), s_shape, faults: [new Fault(3, FaultKind.Silent, MessageKind.Advertise)]);
        harness.Corrupt<Advertise>(4, MessageKind.Advertise, m => m.KeyNotAfter = (ulong)(harness.Now.ToUnixTimeSeconds() + secondsFromNow));

        harness.Run();

        Assert.Equal([0u, 1u, 2u, 4u], harness.Station.Round.Total!.Survivors);
        Assert.Empty(harness.Refusals);
    }

    [Fact]
    public void An_unknown_field_outside_of_the_signed_body_never_reaches_the_log()
    {
        using var harness = new RoundHarness(Consortium.Of(5), s_shape);
        harness.OnSend = (party, e) =>
            party == 4 && e.Kind == MessageKind.Join ? [Envelope.Parser.ParseFrom([.. Google.Protobuf.MessageExtensions.ToByteArray(e), 0x78, 0x01])] : [e];

        harness.Run();

        Assert.Equal([0u, 1u, 2u, 3u], harness.Station.Round.Total!.Survivors);
        foreach (var entry in harness.Station.Log)
        {
            var leaf = Google.Protobuf.MessageExtensions.ToByteArray(entry);
            Canonical.Decode(Entry.Parser, leaf, leaf.Length);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void One_party_that_disputes_with_everybody_is_left_out_alone(int colluders)
    {
        using var harness = new RoundHarness(Consortium.Of(7, colluders), s_shape);
        harness.CorruptEntries(6, (_, entry) => entry[^1] ^= 1);

        harness.Run();

        Assert.Equal(RoundState.Done, harness.Station.Round.State);
        Assert.Equal([0u, 1u, 2u, 3u, 4u, 5u], harness.Station.Round.Total!.Survivors);
        using var expected = harness.Expected([0, 1, 2, 3, 4, 5]);
        Assert.Equal(expected.Pack(), harness.Station.Round.Total.Packed.ToByteArray());
    }
}
