using System.Data;
using Dapper;
using Npgsql;
using NpgsqlTypes;
using SecureAggregation.Crypto;

namespace SecureAggregation.Aggregator.Store;

/// <summary>The transcript in a PostgreSQL database.</summary>
internal sealed class PostgresTranscriptStore(PostgresDatabase database) : ITranscriptStore
{
    /// <summary>The server reads its own back.</summary>
    public long Recovered => 0;

    public void Append(IReadOnlyList<StoredEntry> entries, StoredHead head) => database.Write((connection, transaction) =>
    {
        if (entries.Count > 0) Copy(connection, entries);
        // Only on top of what this station wrote last: somebody else who writes here, lock or not, must not be built upon.
        var before = head.Size - entries.Count;
        var parameters = new { head.Size, head.Root, head.Note, before };
        var written = connection.Execute("UPDATE head SET size = @Size, root = @Root, note = @Note WHERE id = 1 AND size = @before", parameters, transaction);
        if (written == 0 && before == 0) written = connection.Execute("INSERT INTO head (id, size, root, note) VALUES (1, @Size, @Root, @Note)", parameters, transaction);
        if (written == 0) throw new StoreException($"The database {database.Name}: its head is not at size {before} any more; something else than this station writes to it.");
        return written;
    });

    /// <summary>Read by the session that writes: an append whose answer was lost is then over, one way or the other.</summary>
    public StoredHead? Head() => database.Write((connection, transaction) =>
        connection.QueryFirstOrDefault<StoredHead>("SELECT size, root, note FROM head", transaction: transaction));

    public void Probe() => database.Use(c => c.QueryFirstOrDefault<long>("SELECT size FROM head"));

    public long Count() => database.Use(c => c.QuerySingle<long>("SELECT COUNT(*) FROM entries"));

    public IEnumerable<StoredEntry> Read(long start, long limit) => database.Stream<StoredEntry>(
        "SELECT idx AS Index, round_id AS RoundId, leaf AS Leaf, leaf_hash AS LeafHash FROM entries WHERE idx >= @start ORDER BY idx LIMIT @limit",
        new { start, limit });

    public IEnumerable<StoredEntry> ReadRound(byte[] roundId) => database.Stream<StoredEntry>(
        "SELECT idx AS Index, round_id AS RoundId, leaf AS Leaf, leaf_hash AS LeafHash FROM entries WHERE round_id = @roundId ORDER BY idx",
        new { roundId });

    public IReadOnlyList<byte[]> Rounds() => database.Use(c => c.Query<byte[]>(
        "SELECT round_id FROM entries WHERE length(round_id) > 0 GROUP BY round_id ORDER BY MIN(idx)").AsList());

    public void Cut(long size) => Write("DELETE FROM entries WHERE idx >= @size", new { size });

    public void SaveCheckpoint(StoredHead checkpoint) =>
        Write("INSERT INTO checkpoints (size, root, note) VALUES (@Size, @Root, @Note) ON CONFLICT DO NOTHING", checkpoint);

    public void SaveCosignature(StoredCosignature cosignature) =>
        Write("INSERT INTO cosignatures (size, party, signature) VALUES (@Size, @Party, @Signature) ON CONFLICT DO NOTHING", cosignature);

    public IReadOnlyList<StoredHead> Checkpoints(long from, long to) => database.Use(c => c.Query<StoredHead>(
        "SELECT size, root, note FROM checkpoints WHERE size BETWEEN @from AND @to ORDER BY size", new { from, to }).AsList());

    public IReadOnlyList<StoredCosignature> Cosignatures(long from, long to) => database.Use(c => c.Query<StoredCosignature>(
        "SELECT size, party, signature FROM cosignatures WHERE size BETWEEN @from AND @to ORDER BY size, party", new { from, to }).AsList());

    public void SaveView(byte[] roundId, byte[] view) =>
        Write("INSERT INTO views (round_id, view) VALUES (@roundId, @view) ON CONFLICT (round_id) DO UPDATE SET view = @view", new { roundId, view });

    public byte[]? View(byte[] roundId) => database.Use(c => c.QueryFirstOrDefault<byte[]>("SELECT view FROM views WHERE round_id = @roundId", new { roundId }));

    public void Dispose() => database.Dispose();

    private static void Copy(NpgsqlConnection connection, IReadOnlyList<StoredEntry> entries)
    {
        using var rows = connection.BeginBinaryImport("COPY entries (idx, round_id, leaf, leaf_hash) FROM STDIN (FORMAT BINARY)");
        foreach (var entry in entries)
        {
            rows.StartRow();
            rows.Write(entry.Index, NpgsqlDbType.Bigint);
            rows.Write(entry.RoundId, NpgsqlDbType.Bytea);
            rows.Write(entry.Leaf, NpgsqlDbType.Bytea);
            rows.Write(entry.LeafHash, NpgsqlDbType.Bytea);
        }

        rows.Complete();
    }

    private void Write(string sql, object parameters) => database.Write((connection, transaction) => connection.Execute(sql, parameters, transaction));
}
