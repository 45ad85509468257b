using Google.Protobuf;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Aggregator.Events;

/// <summary>
/// Events in order, of which a newer one about the same round or outpost takes the place of the older: each shows the whole of it, and that of a round with a
/// thousand outposts is large. Not thread-safe.
/// </summary>
internal sealed class EventTrail
{
    private readonly LinkedList<Event> _events = new();
    private readonly Dictionary<object, LinkedListNode<Event>> _subjects = [];

    public int Count => _events.Count;

    public IEnumerable<Event> All => _events;

    public void Add(Event happened)
    {
        var node = _events.AddLast(happened);
        if (Subject(happened) is not { } subject) return;
        if (_subjects.Remove(subject, out var older)) _events.Remove(older);
        _subjects.Add(subject, node);
    }

    /// <summary>Takes the oldest; null when there is none.</summary>
    public Event? Take()
    {
        if (_events.First is not { } first) return null;
        _events.RemoveFirst();
        if (Subject(first.Value) is { } subject) _subjects.Remove(subject);
        return first.Value;
    }

    public void Clear()
    {
        _events.Clear();
        _subjects.Clear();
    }

    private static object? Subject(Event happened) => happened.Round?.RoundId ?? (object?)happened.Outpost?.Index;
}
