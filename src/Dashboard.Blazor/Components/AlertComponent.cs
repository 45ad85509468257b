using System.Collections.Immutable;
using Microsoft.AspNetCore.Components;
using SecureAggregation.Dashboard.Blazor.Model;
using SecureAggregation.Dashboard.Blazor.Store;

namespace SecureAggregation.Dashboard.Blazor.Components;

/// <summary>A component that shows alerts. What people do about them is shown at once, on a paused page too.</summary>
public abstract class AlertComponent : DeckComponent
{
    private IDisposable? _book;

    [Inject]
    public AlertBook Book { get; set; } = null!;

    protected ImmutableArray<AlertCase> Cases => AlertCase.All(State.Alerts, Book);

    protected int OpenAlerts => Cases.Count(alert => alert.State == AlertState.Open);

    protected override void OnInitialized()
    {
        base.OnInitialized();
        _book = Book.Changed.Add(() => _ = InvokeAsync(StateHasChanged));
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        _book?.Dispose();
    }
}
