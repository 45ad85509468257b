using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Party.Link;

/// <summary>A stream that stands. Frames of one caller arrive in the order of its calls.</summary>
internal interface IStationSession
{
    /// <summary>Hands a frame to the transport, waiting while the station does not keep up.</summary>
    /// <exception cref="SessionLostException">The stream is gone; what was to be said is said again on the next one.</exception>
    ValueTask SendAsync(PartyFrame frame, CancellationToken cancellationToken);
}

/// <summary>The stream to the station is gone.</summary>
internal sealed class SessionLostException(string message, Exception? inner = null) : Exception(message, inner);
