using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Aggregator.Events;

/// <summary>What needs a person: the newest hundred, each also told to the readers of the event stream.</summary>
internal sealed class AlertBoard(EventHub events, TimeProvider clock)
{
    private const int Kept = 100;

    private readonly Lock _gate = new();
    private readonly LinkedList<AlertView> _alerts = new();

    /// <summary>Newest first.</summary>
    public IReadOnlyList<AlertView> All
    {
        get
        {
            lock (_gate) return [.. _alerts];
        }
    }

    /// <summary>Raises an alert. The same kind about the same round and outpost replaces the older one.</summary>
    public void Raise(string kind, Severity severity, string text, byte[]? roundId = null, string outpost = "")
    {
        var alert = new AlertView
        {
            Id = string.Join('/', new[] { kind, roundId is null ? "" : PublicBytes.Hex(roundId), outpost }.Where(part => part.Length > 0)),
            Severity = severity,
            Text = text,
            TimeMs = (ulong)clock.GetUtcNow().ToUnixTimeMilliseconds(),
            RoundId = Google.Protobuf.ByteString.CopyFrom(roundId ?? []),
            Outpost = outpost,
            Count = 1,
        };
        alert.FirstMs = alert.TimeMs;
        lock (_gate)
        {
            if (_alerts.FirstOrDefault(a => a.Id == alert.Id) is { } older)
            {
                _alerts.Remove(older);
                (alert.FirstMs, alert.Count) = (older.FirstMs, Math.Min(older.Count, uint.MaxValue - 1) + 1);
            }

            _alerts.AddFirst(alert);
            if (_alerts.Count > Kept) _alerts.RemoveLast();
        }

        events.Publish(new Event { Alert = alert });
    }
}
