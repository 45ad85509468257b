using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Party.Link;

/// <summary>What the link to the station hands its frames to. It outlives the streams.</summary>
internal interface IStationRounds
{
    /// <summary>A stream stands: from now on the rounds speak there.</summary>
    void Attach(IStationSession session);

    /// <summary>A stream is gone.</summary>
    void Detach(IStationSession session);

    ValueTask ReceiveAsync(Broadcast broadcast, CancellationToken cancellationToken);

    ValueTask ReceiveAsync(Publication publication, CancellationToken cancellationToken);

    /// <summary>Every open round says again what it said, in the same bytes: on an earlier stream some of it may have been lost.</summary>
    void Repeat();

    /// <summary>When everything that has come so far has been dealt with, and what was to be said about it is on its way.</summary>
    Task SettleAsync();

    /// <summary>
    /// Joins no round any more, and waits for those under way; those that have not ended after the grace are left, with a word to the station where the protocol
    /// has one. When this returns, what was to be said has been handed to the stream.
    /// </summary>
    Task LeaveAsync(TimeSpan grace, CancellationToken cancellationToken);

    /// <summary>Forgets what is over; called from time to time, also while no stream stands.</summary>
    void Sweep();

    IReadOnlyList<RoundStatus> Snapshot();
}
