using static System.Threading.Timeout;

namespace Grpc.Wire;

/// <summary>Calls back once, not before the deadline by the same clock, however far away it is.</summary>
internal sealed class DeadlineTimer : IDisposable
{
    // What a timer of the framework takes at most, rounded down; a later deadline takes several turns.
    private static readonly TimeSpan s_turn = TimeSpan.FromDays(40);
    private readonly ITimer _timer;

    public DeadlineTimer(TimeProvider clock, DateTimeOffset deadline, Action expired)
    {
        _timer = clock.CreateTimer(_ => Turn(clock, deadline, expired), null, InfiniteTimeSpan, InfiniteTimeSpan);
        Arm(deadline - clock.GetUtcNow());
    }

    public void Dispose() => _timer.Dispose();

    private void Turn(TimeProvider clock, DateTimeOffset deadline, Action expired)
    {
        var left = deadline - clock.GetUtcNow();
        if (left > TimeSpan.Zero) Arm(left);
        else expired();
    }

    // Timers count whole milliseconds and cut the rest off, so one is added: early would mean one more turn.
    private void Arm(TimeSpan left) =>
        _timer.Change(
            left <= TimeSpan.Zero ? TimeSpan.Zero : left > s_turn ? s_turn : left + TimeSpan.FromMilliseconds(1),
            InfiniteTimeSpan);
}
