using System.Globalization;
using Dapper;
using Microsoft.Data.Sqlite;
using SecureAggregation.Crypto;

namespace SecureAggregation.Aggregator.Store;

/// <summary>The transcript in one SQLite file: write-ahead log, synchronous=FULL, one writer and any number of readers.</summary>
internal sealed class SqliteTranscriptStore : ITranscriptStore
{
    private readonly string _path;
    private readonly string _readers;
    private readonly SqliteConnection _writer;
    private readonly Lock _writing = new();

    /// <summary>Opens the file, or makes it, and brings its tables up to date.</summary>
    /// <param name="path">The file.</param>
    /// <param name="readOnly">Only to read, also while a station writes: nothing is made or brought up to date, and every write fails.</param>
    /// <exception cref="StoreException">It cannot be opened, or it is no transcript.</exception>
    public SqliteTranscriptStore(string path, bool readOnly = false)
    {
        _path = path;
        var ahead = new FileInfo(path + "-wal");
        Recovered = ahead.Exists ? ahead.Length : 0;
        _readers = new SqliteConnectionStringBuilder { DataSource = path, Mode = SqliteOpenMode.ReadOnly, DefaultTimeout = 10 }.ToString();
        var mode = readOnly ? SqliteOpenMode.ReadOnly : SqliteOpenMode.ReadWriteCreate;
        _writer = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Mode = mode, Pooling = false, DefaultTimeout = 10 }.ToString());
        try
        {
            Try(() =>
            {
                _writer.Open();
                if (!readOnly) _writer.Execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
                var version = _writer.QuerySingle<int>("PRAGMA user_version");
                if (readOnly) SqlScripts.Check("Sqlite", version);
                else SqlScripts.Apply(_writer, "Sqlite", version, next => string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version = {next}"));
            });
        }
        catch
        {
            _writer.Dispose();
            throw;
        }
    }

    public long Recovered { get; }

    public void Append(IReadOnlyList<StoredEntry> entries, StoredHead head) => Write(transaction =>
    {
        Insert(entries, transaction);
        _writer.Execute("INSERT OR REPLACE INTO head (id, size, root, note) VALUES (1, @Size, @Root, @Note)", head, transaction);
    });

    public StoredHead? Head() => Read(c => c.QueryFirstOrDefault<StoredHead>("SELECT size, root, note FROM head"));

    public void Probe() => Read(c => c.QueryFirstOrDefault<long>("SELECT size FROM head"));

    public long Count() => Read(c => c.QuerySingle<long>("SELECT COUNT(*) FROM entries"));

    public IEnumerable<StoredEntry> Read(long start, long limit) => Stream(
        "SELECT idx AS \"Index\", round_id AS RoundId, leaf AS Leaf, leaf_hash AS LeafHash FROM entries WHERE idx >= @start ORDER BY idx LIMIT @limit",
        new { start, limit });

    public IEnumerable<StoredEntry> ReadRound(byte[] roundId) => Stream(
        "SELECT idx AS \"Index\", round_id AS RoundId, leaf AS Leaf, leaf_hash AS LeafHash FROM entries WHERE round_id = @roundId ORDER BY idx",
        new { roundId });

    public IReadOnlyList<byte[]> Rounds() => Read(c => c.Query<byte[]>(
        "SELECT round_id FROM entries WHERE length(round_id) > 0 GROUP BY round_id ORDER BY MIN(idx)").AsList());

    public void Cut(long size) => Write(transaction => _writer.Execute("DELETE FROM entries WHERE idx >= @size", new { size }, transaction));

    public void SaveCheckpoint(StoredHead checkpoint) => Write(transaction => _writer.Execute(
        "INSERT OR IGNORE INTO checkpoints (size, root, note) VALUES (@Size, @Root, @Note)", checkpoint, transaction));

    public void SaveCosignature(StoredCosignature cosignature) => Write(transaction => _writer.Execute(
        "INSERT OR IGNORE INTO cosignatures (size, party, signature) VALUES (@Size, @Party, @Signature)", cosignature, transaction));

    public IReadOnlyList<StoredHead> Checkpoints(long from, long to) => Read(c => c.Query<StoredHead>(
        "SELECT size, root, note FROM checkpoints WHERE size BETWEEN @from AND @to ORDER BY size", new { from, to }).AsList());

    public IReadOnlyList<StoredCosignature> Cosignatures(long from, long to) => Read(c => c.Query<StoredCosignature>(
        "SELECT size, party, signature FROM cosignatures WHERE size BETWEEN @from AND @to ORDER BY size, party", new { from, to }).AsList());

    public void SaveView(byte[] roundId, byte[] view) => Write(transaction => _writer.Execute(
        "INSERT OR REPLACE INTO views (round_id, view) VALUES (@roundId, @view)", new { roundId, view }, transaction));

    public byte[]? View(byte[] roundId) => Read(c => c.QueryFirstOrDefault<byte[]>("SELECT view FROM views WHERE round_id = @roundId", new { roundId }));

    public void Dispose()
    {
        // Readers first: the last connection to close must be one that may write, for it folds the write-ahead log into the file.
        using (var readers = new SqliteConnection(_readers)) SqliteConnection.ClearPool(readers);
        lock (_writing) _writer.Dispose();
    }

    /// <summary>Leaves one file that can be read where nothing can be written; the store is closed by it.</summary>
    public void Seal()
    {
        using (var readers = new SqliteConnection(_readers)) SqliteConnection.ClearPool(readers);
        Try(() => _writer.Execute("PRAGMA journal_mode = DELETE"));
        Dispose();
    }

    /// <summary>PRAGMA synchronous (2 = FULL) and journal_mode as the writing connection has them.</summary>
    internal (long Synchronous, string Journal) Durability() =>
        (_writer.QuerySingle<long>("PRAGMA synchronous"), _writer.QuerySingle<string>("PRAGMA journal_mode"));

    /// <summary>Lets the file grow no further than so many pages, as a full disk would.</summary>
    internal void LimitPages(int pages) => _writer.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA max_page_count = {pages}"));

    /// <summary>One prepared statement for all entries: compiling it anew for each takes most of the time of a large append.</summary>
    private void Insert(IReadOnlyList<StoredEntry> entries, SqliteTransaction transaction)
    {
        using var insert = _writer.CreateCommand();
        (insert.Transaction, insert.CommandText) = (transaction, "INSERT INTO entries (idx, round_id, leaf, leaf_hash) VALUES ($index, $round, $leaf, $hash)");
        var (index, round) = (insert.Parameters.Add("$index", SqliteType.Integer), insert.Parameters.Add("$round", SqliteType.Blob));
        var (leaf, hash) = (insert.Parameters.Add("$leaf", SqliteType.Blob), insert.Parameters.Add("$hash", SqliteType.Blob));
        foreach (var entry in entries)
        {
            (index.Value, round.Value, leaf.Value, hash.Value) = (entry.Index, entry.RoundId, entry.Leaf, entry.LeafHash);
            insert.ExecuteNonQuery();
        }
    }

    private void Write(Action<SqliteTransaction> write)
    {
        lock (_writing)
        {
            Try(() =>
            {
                using var transaction = _writer.BeginTransaction();
                write(transaction);
                transaction.Commit();
            });
        }
    }

    private T Read<T>(Func<SqliteConnection, T> read)
    {
        T result = default!;
        Try(() =>
        {
            using var connection = new SqliteConnection(_readers);
            connection.Open();
            result = read(connection);
        });
        return result;
    }

    private IEnumerable<StoredEntry> Stream(string sql, object parameters)
    {
        using var connection = new SqliteConnection(_readers);
        IEnumerator<StoredEntry> rows = null!;
        Try(() =>
        {
            connection.Open();
            rows = connection.Query<StoredEntry>(sql, parameters, buffered: false).GetEnumerator();
        });
        using (rows)
        {
            while (true)
            {
                var more = false;
                Try(() => more = rows.MoveNext());
                if (!more) yield break;
                yield return rows.Current;
            }
        }
    }

    // READONLY, IOERR, FULL, CANTOPEN: the file may be what it should be, but cannot be used where it is.
    private static bool IsDisk(Exception e) => e is (IOException and not NewerFormatException) or UnauthorizedAccessException or SqliteException { SqliteErrorCode: 8 or 10 or 13 or 14 };

    private void Try(Action action)
    {
        try
        {
            action();
        }
        catch (Exception e) when (e is SqliteException or IOException or UnauthorizedAccessException or ObjectDisposedException)
        {
            throw new StoreException($"The transcript {_path}: {e.Message}", e) { IsDisk = IsDisk(e), IsNewer = e is NewerFormatException };
        }
    }
}
