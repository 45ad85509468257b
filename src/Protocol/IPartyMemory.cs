using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol;

/// <summary>The head of the log that a party saw last.</summary>
/// <param name="Size">Entries.</param>
/// <param name="Root">Root of the tree, 32 bytes.</param>
public sealed record LogPosition(long Size, byte[] Root);

/// <summary>
/// What a party must still know after a restart. Every call returns only when the fact is on disk: a party that forgot would answer twice.
/// </summary>
public interface IPartyMemory
{
    /// <summary>
    /// Remembers that a round of a query begins. <see cref="RefusalCode.Unspecified"/> if it may; <see cref="RefusalCode.RoundSeen"/>,
    /// <see cref="RefusalCode.AttemptsUsed"/> or <see cref="RefusalCode.AlreadyReleased"/> if not, and then nothing is stored.
    /// </summary>
    RefusalCode TryBeginRound(byte[] roundId, byte[] queryId, uint attemptsAllowed);

    /// <summary>Remembers the one survivor set that is signed in a round; false if one was signed before.</summary>
    bool TrySignSurvivors(byte[] roundId, byte[] digest);

    /// <summary>Remembers, before it leaves, that this party unmasks its vector: the query's answer is out.</summary>
    void MarkReleased(byte[] roundId, byte[] queryId);

    /// <summary>The head of the station's log that was seen last, or null.</summary>
    LogPosition? LastHead { get; }

    /// <summary>Remembers a head that extends the last one.</summary>
    void StoreHead(LogPosition head);
}
