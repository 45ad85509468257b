namespace SecureAggregation.Dashboard.Blazor.Store;

/// <summary>One browser's view of the store: throttled, and still while its user paused it.</summary>
public sealed class DeckView : IDisposable
{
    /// <summary>Fast enough to look live, slow enough that a burst of events is one update.</summary>
    public static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private readonly DeckStore _store;
    private readonly TimeProvider _time;
    private readonly Throttler _throttler;
    private readonly IDisposable _subscription;
    private DeckState? _frozen;
    private int _held;

    public DeckView(DeckStore store, TimeProvider time)
    {
        (_store, _time) = (store, time);
        _throttler = new Throttler(time, Interval, Changed.Tell);
        _subscription = store.Changed.Add(OnStore);
    }

    /// <summary>Told on any thread; components go through InvokeAsync.</summary>
    public Subscribers Changed { get; } = new();

    public DeckState State => _frozen ?? _store.Current;

    public DateTimeOffset? PausedSince { get; private set; }

    /// <summary>Updates that came while paused.</summary>
    public int Held => Volatile.Read(ref _held);

    public void TogglePause()
    {
        if (PausedSince is null)
        {
            _frozen = _store.Current;
            PausedSince = _time.GetUtcNow();
        }
        else
        {
            _frozen = null;
            PausedSince = null;
        }

        Volatile.Write(ref _held, 0);
        Changed.Tell();
    }

    public void Dispose()
    {
        _subscription.Dispose();
        _throttler.Dispose();
    }

    private void OnStore()
    {
        if (_frozen is not null) Interlocked.Increment(ref _held);
        _throttler.Trigger();
    }
}
