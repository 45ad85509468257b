using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Tests;

/// <summary>Each party signs what its ledger was charged, and nobody takes less than the query costs.</summary>
public sealed class ChargeTests
{
    private const ulong Cost = 500_000;
    private static readonly Consortium s_consortium = Consortium.Of(5);
    private static readonly RoundShape s_shape = new(32, 5);

    [Theory]
    [InlineData(QueryNoise.Local, Cost, true)]
    [InlineData(QueryNoise.Local, 3 * Cost, true)]
    [InlineData(QueryNoise.Local, Cost - 1, false)]
    [InlineData(QueryNoise.Distributed, Cost, true)]
    [InlineData(QueryNoise.Distributed, 0, false)]
    [InlineData(QueryNoise.None, 0, true)]
    [InlineData(QueryNoise.None, 1, false)]
    public void Input_is_taken_if_its_charge_is_that_of_the_query(QueryNoise noise, ulong charged, bool taken)
    {
        using var harness = new RoundHarness(s_consortium, s_shape, query: q => q.Noise = noise);
        harness.Corrupt<Input>(2, MessageKind.Input, input => input.ChargedMicro = charged);
        harness.Run();

        Assert.Equal(RoundState.Done, harness.Station.Round.State);
        Assert.Equal(taken, harness.Station.Round.Survivors.Contains(2u));
        if (!taken) Assert.Contains((2u, MessageKind.Input, RejectionCode.BadContent), harness.Station.Rejected);
    }

    [Fact]
    public void Party_refuses_survivors_of_whom_one_was_charged_too_little()
    {
        using var harness = new RoundHarness(s_consortium, s_shape);
        harness.OnDeliver = (party, broadcast) =>
        {
            if (party != 1 || broadcast.Envelope.Kind != MessageKind.Survivors) return [broadcast];
            var survivors = Survivors.Parser.ParseFrom(broadcast.Envelope.Body);
            var input = Input.Parser.ParseFrom(survivors.Inputs[2].Body);
            input.ChargedMicro = Cost - 1;
            var signed = harness.SignAs(2, MessageKind.Input, input);
            survivors.Inputs[2] = new SignedBody { Body = signed.Body, Signature = signed.Signature };
            return [harness.Wrap(harness.Lie(MessageKind.Survivors, survivors))];
        };
        harness.Run();

        Assert.Equal(RefusalCode.BadMessage, harness.Refusals[1]);
    }

    [Fact]
    public void Party_that_was_charged_less_than_the_query_costs_sends_nothing()
    {
        using var harness = new RoundHarness(s_consortium, s_shape);
        using var party = PartyRound.Open(s_consortium.Setup(1, 1), harness.Proposal, harness.Now);
        party.Join(s_shape, harness.Now);
        using var input = harness.InputOf(1);

        Assert.Equal(Cost, party.Question.ChargeMicro);
        Assert.Throws<ArgumentOutOfRangeException>(() => party.ProvideInput(input, Cost - 1));
    }
}
