using Google.Protobuf;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Aggregator.Events;

/// <summary>
/// Events in order, of which a newer one about the same round takes the place of the older: each shows the whole round, and that of a round with a thousand
/// outposts is large. Not thread-safe.
/// </summary>
internal sealed class EventTrail
{
    private readonly LinkedList<Event> _events = new();
    private readonly Dictionary<ByteString, LinkedListNode<Event>> _rounds = [];

    public int Count => _events.Count;

    public IEnumerable<Event> All => _events;

    public void Add(Event happened)
    {
        var node = _events.AddLast(happened);
        if (happened.Round is not { } round) return;
        if (_rounds.Remove(round.RoundId, out var older)) _events.Remove(older);
        _rounds.Add(round.RoundId, node);
    }

    /// <summary>Takes the oldest; null when there is none.</summary>
    public Event? Take()
    {
        if (_events.First is not { } first) return null;
        _events.RemoveFirst();
        if (first.Value.Round is { } round) _rounds.Remove(round.RoundId);
        return first.Value;
    }

    public void Clear()
    {
        _events.Clear();
        _rounds.Clear();
    }
}
