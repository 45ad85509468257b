namespace SecureAggregation.Dashboard.Blazor.Store;

/// <summary>Runs an action at most once an interval however often it is asked to: at once when it was quiet, else once at the interval's end.</summary>
public sealed class Throttler : IDisposable
{
    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly TimeSpan _interval;
    private readonly Action _action;
    private readonly ITimer _timer;
    private DateTimeOffset _last = DateTimeOffset.MinValue;
    private bool _waiting;
    private bool _disposed;

    public Throttler(TimeProvider time, TimeSpan interval, Action action)
    {
        (_time, _interval, _action) = (time, interval, action);
        _timer = time.CreateTimer(_ => Fire(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public void Trigger()
    {
        lock (_gate)
        {
            if (_disposed || _waiting) return;
            var quiet = _time.GetUtcNow() - _last;
            if (quiet < _interval)
            {
                _waiting = true;
                _timer.Change(_interval - quiet, Timeout.InfiniteTimeSpan);
                return;
            }

            _last = _time.GetUtcNow();
        }

        _action();
    }

    public void Dispose()
    {
        lock (_gate) _disposed = true;
        _timer.Dispose();
    }

    private void Fire()
    {
        lock (_gate)
        {
            if (_disposed || !_waiting) return;
            _waiting = false;
            _last = _time.GetUtcNow();
        }

        _action();
    }
}
