namespace SecureAggregation.Dashboard.Blazor.Store;

/// <summary>One tick a second for everything on the pages that says how long ago, or how long still.</summary>
public sealed class DeckClock : IDisposable
{
    private static readonly TimeSpan s_second = TimeSpan.FromSeconds(1);
    private readonly TimeProvider _time;
    private readonly ITimer _timer;

    public DeckClock(TimeProvider time)
    {
        _time = time;
        _timer = time.CreateTimer(_ => Tick.Tell(), null, s_second, s_second);
    }

    public Subscribers Tick { get; } = new();

    public DateTimeOffset Now => _time.GetUtcNow();

    public void Dispose() => _timer.Dispose();
}
