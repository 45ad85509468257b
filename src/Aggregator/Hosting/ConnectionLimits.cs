using System.Numerics;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using SecureAggregation.Protocol;

namespace SecureAggregation.Aggregator.Hosting;

/// <summary>
/// How many connections there may be and how much each may send ahead of what the station has taken. A wide window saves round trips, but what all windows
/// hold together is the station's memory when everybody uploads at once, so it is divided among the roster's parties.
/// </summary>
internal static class ConnectionLimits
{
    private const int AllWindows = 128 * 1024 * 1024;
    private const int LeastWindow = 128 * 1024;
    private const int MostWindow = 8 * 1024 * 1024;

    // Beside a stream of vectors there may be small calls on the same connection.
    private const int BesideStream = 128 * 1024;
    private const int BuffersOfWindow = 16;
    private const int LeastBuffer = 4 * 1024;
    private const int MostBuffer = 32 * 1024;
    private const int InputBuffer = 256 * 1024;
    private const int Streams = 100;

    /// <summary>Connections of one party: it may come back before its old one is known to be dead, and people look at rounds with the same key.</summary>
    public const int PerParty = 8;

    /// <summary>Connections of one coordinator or auditor: they run dashboards and scripts.</summary>
    public const int PerOfficer = 16;

    /// <summary>Connections of all others together, who may ask for nothing but the station's health.</summary>
    public const int Strangers = 64;

    // Of whom TLS has not shown yet who they are; it has ten seconds for that.
    private const int Handshakes = 1024;

    /// <summary>Connections in all, unless the options say otherwise; <see cref="ConnectionGate"/> divides them.</summary>
    public static int Connections(Roster roster) =>
        (PerParty * roster.Parties.Count) + (PerOfficer * (roster.Coordinators.Count + roster.Auditors.Count)) + Strangers + Handshakes;

    /// <summary>Bytes of one stream that may wait at the station.</summary>
    public static int Window(int parties) => Math.Clamp(AllWindows / parties, LeastWindow, MostWindow);

    /// <summary>Bytes of a buffer of a connection. Each pipe that a connection's bytes pass has one that is not full, so all of them are small beside the window.</summary>
    public static int Buffer(int parties) => Math.Clamp((int)BitOperations.RoundUpToPowerOf2((uint)Window(parties)) / BuffersOfWindow, LeastBuffer, MostBuffer);

    /// <summary>Divides the memory of all windows among the parties of a roster, for connections that are opened from now on.</summary>
    public static void Share(KestrelServerLimits limits, int parties)
    {
        limits.Http2.InitialStreamWindowSize = Window(parties);
        limits.Http2.InitialConnectionWindowSize = Window(parties) + BesideStream;
    }

    public static void Apply(KestrelServerLimits limits, int parties)
    {
        Share(limits, parties);
        limits.MaxConcurrentUpgradedConnections = 0;
        limits.MaxRequestBufferSize = InputBuffer;
        limits.Http2.MaxStreamsPerConnection = Streams;
        limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(30);
        // Bodies are unbounded streams of bounded messages.
        limits.MaxRequestBodySize = null;
        limits.MinRequestBodyDataRate = null;
        limits.MinResponseDataRate = null;
    }
}
