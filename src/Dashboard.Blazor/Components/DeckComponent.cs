using Microsoft.AspNetCore.Components;
using SecureAggregation.Dashboard.Blazor.Store;

namespace SecureAggregation.Dashboard.Blazor.Components;

/// <summary>A component that shows the store: drawn again when its browser's view changed, gone from the subscribers when it is gone.</summary>
public abstract class DeckComponent : ComponentBase, IDisposable
{
    private readonly CancellationTokenSource _leaving = new();
    private IDisposable? _view;
    private IDisposable? _clock;

    protected DeckComponent() => Gone = _leaving.Token;

    [Inject]
    public DeckView Deck { get; set; } = null!;

    [Inject]
    public DeckClock Clock { get; set; } = null!;

    protected DeckState State => Deck.State;

    /// <summary>Cancelled when the component is gone. Taken once: what goes on after a late answer may still ask for it.</summary>
    protected CancellationToken Gone { get; }

    /// <summary>Stands still while paused, and while the station is away: nothing is known of the time since.</summary>
    protected DateTimeOffset Now => Deck.PausedSince ?? (State.Link == StationLink.Offline ? State.AsOf : null) ?? Clock.Now;

    /// <summary>Whether it shows times that pass.</summary>
    protected virtual bool Ticks => false;

    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    protected override void OnInitialized()
    {
        _view = Deck.Changed.Add(Refresh);
        if (Ticks) _clock = Clock.Tick.Add(Tick);
    }

    protected virtual void Dispose(bool disposing)
    {
        _view?.Dispose();
        _clock?.Dispose();
        _leaving.Cancel();
        _leaving.Dispose();
    }

    private void Refresh() => _ = InvokeAsync(StateHasChanged);

    private void Tick()
    {
        if (Deck.PausedSince is null) Refresh();
    }
}
