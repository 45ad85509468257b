using System.Diagnostics.Metrics;
using SecureAggregation.Dashboard.Blazor.Store;

namespace SecureAggregation.Dashboard.Blazor;

/// <summary>The deck's figures, for a collector that listens to the meter of this name; docs/operations.md lists them.</summary>
internal sealed class DeckMeters : IDisposable
{
    public const string Name = "SecureAggregation.Dashboard.Blazor";

    private readonly Meter _meter = new(Name);

    public DeckMeters(DeckStore store)
    {
        _meter.CreateObservableGauge("secagg.dashboard.station.linked", () => store.Current.Link == StationLink.Live ? 1 : 0, null, "1 while the station's events come in");
        _meter.CreateObservableGauge("secagg.dashboard.readers", () => store.Changed.Count, "{reader}", "Open pages, and the deck's own desks, that are told of changes");
    }

    public void Dispose() => _meter.Dispose();
}
