namespace SecureAggregation.Aggregator.Hosting;

/// <summary>The station's time and the moment of its start.</summary>
internal sealed class StationClock(TimeProvider clock)
{
    public ulong StartedMs { get; } = (ulong)clock.GetUtcNow().ToUnixTimeMilliseconds();

    public ulong NowMs => (ulong)clock.GetUtcNow().ToUnixTimeMilliseconds();
}
