using System.Security.Cryptography;

namespace SecureAggregation.Party.Link;

/// <summary>
/// Waits between attempts to connect: doubled each time up to a limit, each drawn from its upper half, so that the outposts
/// of a consortium do not all come back in the same instant after the station was away.
/// </summary>
internal sealed class Backoff(TimeSpan first, TimeSpan longest, RandomNumberGenerator random)
{
    private const int Steps = 1 << 16;

    private readonly TimeSpan _first = first;
    private TimeSpan _next = first;

    /// <summary>The next wait.</summary>
    public TimeSpan Next()
    {
        var ceiling = _next;
        _next = _next >= longest / 2 ? longest : _next * 2;
        Span<byte> bytes = stackalloc byte[2];
        random.GetBytes(bytes);
        var part = BitConverter.ToUInt16(bytes);
        return (ceiling / 2) + TimeSpan.FromTicks(ceiling.Ticks / 2 / Steps * part);
    }

    /// <summary>The connection has stood for a while: the next failure begins at the first wait again.</summary>
    public void Reset() => _next = _first;
}
