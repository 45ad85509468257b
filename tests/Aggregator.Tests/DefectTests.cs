using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Aggregator.Tests;

/// <summary>The station itself is wrong somewhere. The fault is put in where a broadcast has just been sent: the log line about it throws.</summary>
public sealed class DefectTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Defect_ends_its_round_visibly_and_frees_its_place(int faults)
    {
        // The second fault hits the abort that the first one leads to.
        await using var scene = await RoundScene.Open(3, change: s => s.Options.Limits.RunningRounds = 1);
        var left = faults;
        scene.Station.Logs.Before = id =>
        {
            if (id == 1201 && Interlocked.Decrement(ref left) >= 0) throw new InvalidOperationException("a defect");
        };
        var round = await scene.Ask();
        var view = await scene.Until(round, v => v.State != RoundState.Running);
        Assert.Equal((RoundState.Aborted, "The station had an internal error; see its log."), (view.State, view.Failure));
        Assert.True(scene.Station.Logs.Has(1212));
        Assert.Contains(scene.Station.Entries(), e => e.Envelope.Kind == MessageKind.Abort);
        var consortium = await scene.Coordinator.GetConsortiumAsync(new GetConsortiumRequest()).ResponseAsync.Guard();
        Assert.Contains(consortium.Alerts, a => a.Severity == Severity.Critical && a.RoundId == round);

        var next = await scene.Ask(2);
        await scene.Until(next, v => v.State == RoundState.Done);

        await scene.Station.Stop();
        await scene.StartStation();
        view = await scene.View(round);
        Assert.Equal((RoundState.Aborted, "The station had an internal error; see its log."), (view.State, view.Failure));
    }
}
