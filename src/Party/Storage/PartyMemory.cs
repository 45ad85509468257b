using Dapper;
using Microsoft.Data.Sqlite;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Party.Storage;

/// <summary>
/// What the protocol must still know after a restart: rounds seen, attempts, survivor sets signed, releases, the log's head, the roster's
/// epoch.
/// </summary>
internal sealed class PartyMemory(OutpostStore store, TimeProvider clock) : IPartyMemory
{
    public LogPosition? LastHead => store.Read(connection =>
        connection.QueryFirstOrDefault<Head>("SELECT size AS Size, root AS Root FROM log_head") is { } head
            ? new LogPosition(head.Size, head.Root)
            : null);

    public RefusalCode TryBeginRound(byte[] roundId, byte[] queryId, uint attemptsAllowed) => store.Write((connection, transaction) =>
    {
        var code = MayBegin(connection, transaction, roundId, queryId, attemptsAllowed);
        if (code != RefusalCode.Unspecified) return code;
        connection.Execute(
            "INSERT INTO rounds (round_id, query_id, at_ms) VALUES (@roundId, @queryId, @at)",
            new { roundId, queryId, at = clock.GetUtcNow().ToUnixTimeMilliseconds() },
            transaction);
        return RefusalCode.Unspecified;
    });

    /// <summary>Whether this outpost has ever taken part in a round.</summary>
    public bool HasSeen(byte[] roundId) =>
        store.Read(connection =>
            connection.ExecuteScalar<long>("SELECT count(*) FROM rounds WHERE round_id = @roundId", new { roundId }) > 0);

    /// <summary>What <see cref="TryBeginRound"/> would say; nothing is stored.</summary>
    public RefusalCode MayBegin(byte[] roundId, byte[] queryId, uint attemptsAllowed) =>
        store.Read(connection => MayBegin(connection, null, roundId, queryId, attemptsAllowed));

    public bool TrySignSurvivors(byte[] roundId, byte[] digest) => store.Write((connection, transaction) =>
        connection.Execute("UPDATE rounds SET survivors = @digest WHERE round_id = @roundId AND survivors IS " +
            "NULL", new { roundId, digest }, transaction) == 1);

    public void MarkReleased(byte[] roundId, byte[] queryId) => store.Write((connection, transaction) =>
        connection.Execute(
            "UPDATE rounds SET released = 1 WHERE round_id = @roundId AND query_id = @queryId", new { roundId, queryId }, transaction) == 1
            ? true
            : throw new StoreException("A release was to be recorded for a round that was never begun."));

    public void StoreHead(LogPosition head) => store.Write((connection, transaction) =>
        connection.Execute(
            "INSERT INTO log_head (only, size, root) VALUES (1, @Size, @Root) ON CONFLICT (only) DO UPDATE SET size = @Size, root = @Root",
            new { head.Size, head.Root },
            transaction));

    /// <summary>
    /// Holds a head that this outpost's key has cosigned against the last one stored, which is stored before any is cosigned. True if the state does not know it;
    /// from then on the ledger lacks debits (<see cref="Ledger.IsBehind"/>).
    /// </summary>
    public bool IsBehind(LogPosition cosigned) => store.Write((connection, transaction) =>
    {
        var last = connection.QueryFirstOrDefault<Head>("SELECT size AS Size, root AS Root FROM log_head", transaction: transaction) ?? new Head();
        if (cosigned.Size < last.Size || (cosigned.Size == last.Size && PublicBytes.Equal(cosigned.Root, last.Root))) return false;
        connection.Execute(
            "INSERT INTO behind (only, size, root) VALUES (1, @Size, @Root) ON CONFLICT (only) DO UPDATE SET size = @Size, root = @Root",
            new { cosigned.Size, cosigned.Root },
            transaction);
        return true;
    });

    /// <summary>
    /// Remembers the roster in force; false if a later epoch, or another roster of the same epoch, was in force here before.
    /// </summary>
    public bool TryAcceptEpoch(Protocol.Roster roster) => store.Write((connection, transaction) =>
    {
        var known = connection.QueryFirstOrDefault<Epoch>("SELECT epoch AS Number, hash AS Hash FROM epoch", transaction: transaction);
        if (known is not null && (known.Number > (long)roster.Epoch || (known.Number == (long)roster.Epoch && !PublicBytes.Equal(
            known.Hash, roster.Hash))))
            return false;
        connection.Execute(
            "INSERT INTO epoch (only, epoch, hash) VALUES (1, @Number, @Hash) ON CONFLICT (only) DO UPDATE SET epoch = @Number, hash = " +
                "@Hash",
            new Epoch { Number = (long)roster.Epoch, Hash = roster.Hash },
            transaction);
        return true;
    });

    private static RefusalCode MayBegin(
        SqliteConnection connection, SqliteTransaction? transaction, byte[] roundId, byte[] queryId, uint attemptsAllowed)
    {
        long Count(string where) =>
            connection.ExecuteScalar<long>($"SELECT count(*) FROM rounds WHERE {where}", new { roundId, queryId }, transaction);
        if (Count("round_id = @roundId") > 0) return RefusalCode.RoundSeen;
        if (Count("query_id = @queryId AND released = 1") > 0) return RefusalCode.AlreadyReleased;
        return Count("query_id = @queryId") >= attemptsAllowed ? RefusalCode.AttemptsUsed : RefusalCode.Unspecified;
    }

    private sealed class Head
    {
        public long Size { get; set; }

        public byte[] Root { get; set; } = [];
    }

    private sealed class Epoch
    {
        public long Number { get; set; }

        public byte[] Hash { get; set; } = [];
    }
}
