using System.Collections.Immutable;
using SecureAggregation.Dashboard.Blazor.Store;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Dashboard.Blazor.Model;

public enum AlertState
{
    Open,
    Acknowledged,
    Closed,
}

/// <summary>An alert of the station, and what people did about it.</summary>
public sealed record AlertCase(AlertView Alert, ImmutableArray<AlertNote> Notes)
{
    /// <summary>An alert that is raised again after it was closed is open again; one that was acknowledged is known still.</summary>
    public AlertState State => Notes.LastOrDefault() switch
    {
        null or { Step: AlertStep.Reopened } => AlertState.Open,
        { Step: AlertStep.Closed } last => Alert.TimeMs > last.SeenMs ? AlertState.Open : AlertState.Closed,
        _ => AlertState.Acknowledged,
    };

    /// <summary>How often it was raised; older stations do not count.</summary>
    public uint Count => Math.Max(1, Alert.Count);

    public DateTimeOffset? First => Contract.TimeOrNull(Alert.FirstMs) ?? Last;

    public DateTimeOffset? Last => Contract.TimeOrNull(Alert.TimeMs);

    /// <summary>Whether it came back after somebody had closed it.</summary>
    public bool CameBack => State == AlertState.Open && Notes.LastOrDefault()?.Step == AlertStep.Closed;

    public string Kind => Alert.Id.Split('/')[0];

    public static ImmutableArray<AlertCase> All(IEnumerable<AlertView> alerts, AlertBook book) => [.. alerts.Select(alert => new AlertCase(alert, book.NotesOf(alert)))];
}
