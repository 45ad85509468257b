using SecureAggregation.Aggregator.Events;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Aggregator.Tests;

public sealed class AlertBoardTests
{
    [Fact]
    public void Same_alert_again_keeps_its_first_time_and_counts()
    {
        var clock = new ManualTimeProvider();
        var board = new AlertBoard(new EventHub(clock, 8, 8), clock);
        var first = (ulong)clock.GetUtcNow().ToUnixTimeMilliseconds();
        board.Raise("gone", Severity.Warning, "first", outpost: "Mars");
        board.Raise("gone", Severity.Warning, "another", outpost: "Titan");
        clock.Advance(TimeSpan.FromMinutes(3));
        board.Raise("gone", Severity.Critical, "second", outpost: "Mars");
        var alert = board.All[0];
        Assert.Equal(("gone/Mars", "second", first, first + 180_000, 2u), (alert.Id, alert.Text, alert.FirstMs, alert.TimeMs, alert.Count));
        Assert.Equal((2, first, 1u), (board.All.Count, board.All[1].FirstMs, board.All[1].Count));
    }
}
