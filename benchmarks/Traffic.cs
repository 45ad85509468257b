using System.Collections.Concurrent;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Benchmarks;

/// <summary>Bytes that each party sends and receives, without the framing of a network.</summary>
internal sealed class Traffic
{
    private readonly ConcurrentDictionary<int, long> _up = new();
    private readonly ConcurrentDictionary<int, long> _down = new();

    public long LargestUp => _up.Values.Max();

    public long LargestDown => _down.Values.Max();

    /// <summary>Seeds that survivors have shown; the station makes a mask of each.</summary>
    public long RevealedSeeds { get; private set; }

    public void Up(int party, Envelope message)
    {
        Up(party, message.CalculateSize());
        if (message.Kind == MessageKind.Unmask) RevealedSeeds += 1 + Unmask.Parser.ParseFrom(message.Body).Dropped.Count;
    }

    public void Up(int party, long bytes) => _up.AddOrUpdate(party, bytes, (_, sum) => sum + bytes);

    public void Down(int party, Broadcast broadcast)
    {
        var bytes = broadcast.CalculateSize();
        _down.AddOrUpdate(party, bytes, (_, sum) => sum + bytes);
    }
}
