using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Tests;

public sealed class RoundTests
{
    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(7)]
    public void Round_without_faults_opens_the_plain_sum(int parties) => Play(parties, new RoundShape(32, 5), []);

    internal static void Play(int parties, RoundShape shape, IReadOnlyList<Fault> faults, ulong seed = 1, bool restart = false)
    {
        using var harness = new RoundHarness(Consortium.Of(parties), shape, seed, faults) { RestartAlways = restart, CheckReplay = parties <= 8 };
        harness.Run();
        if (parties > 8) harness.Station.CheckReplay();
        Outcome.Of(harness.Consortium.Roster, faults).Check(harness);
    }
}
