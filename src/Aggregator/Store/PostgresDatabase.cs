using System.Data;
using System.Globalization;
using System.Net.Sockets;
using Dapper;
using Npgsql;

namespace SecureAggregation.Aggregator.Store;

/// <summary>
/// A PostgreSQL database that belongs to this process: one session writes the transcript and holds the lock that keeps other stations out, so that who has
/// lost the lock cannot write; others read, and write vectors. A session that is lost is opened again at the next use.
/// </summary>
internal sealed class PostgresDatabase : IDisposable
{
    // Any number will do that other programs do not take in the same database; the second half of the lock is the schema.
    private const int LockClass = 0x5ECA;
    private const int Sessions = 24;
    // After a kill the server may need a moment to see that the session of the station before is gone.
    private const string Patience = "5s";

    private readonly NpgsqlDataSource _pool;
    private readonly NpgsqlDataSource _single;
    private readonly Lock _writing = new();
    private readonly bool _readOnly;
    private NpgsqlConnection? _writer;
    private volatile bool _lost;
    private bool _disposed;

    /// <summary>Connects, takes the database for this process, and brings its tables up to date.</summary>
    /// <param name="connectionString">In Npgsql's form.</param>
    /// <param name="readOnly">Only to read, also while a station has it: no lock is taken, nothing is brought up to date, and every write fails.</param>
    /// <exception cref="StoreException">It does not answer, another station has it, or it is newer than this program.</exception>
    public PostgresDatabase(string connectionString, bool readOnly = false)
    {
        _readOnly = readOnly;
        try
        {
            var settings = new NpgsqlConnectionStringBuilder(connectionString);
            if (!settings.ContainsKey("Application Name")) settings.ApplicationName = "secagg-station";
            if (!settings.ContainsKey("Timeout")) settings.Timeout = 5;
            (settings.Pooling, settings.MaxPoolSize) = (true, Sessions);
            // Never the whole string in a message: it may hold a password.
            Name = $"{settings.Host}/{settings.Database ?? settings.Username}";
            _pool = NpgsqlDataSource.Create(settings);
            // The lock ends with its session, so that must not go back to a pool.
            (settings.Pooling, settings.KeepAlive) = (false, 10);
            _single = NpgsqlDataSource.Create(settings);
        }
        catch (ArgumentException e)
        {
            throw new StoreException($"Station:Database is not a connection string: {e.Message} Write e.g. Host=db;Database=station;Username=station;Passfile=/etc/secagg/pgpass.", e)
            {
                IsDisk = true,
            };
        }

        try
        {
            lock (_writing) Try(() => Upgrade(_writer = Take()));
        }
        catch (StoreException e) when (!e.IsNewer)
        {
            Dispose();
            throw new StoreException(e.Message, e) { IsDisk = true };
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Host and database, for messages.</summary>
    public string Name { get; }

    /// <summary>Does something in a transaction of the session that holds the lock, one at a time; it is on disk when this returns.</summary>
    /// <exception cref="StoreException">It failed. If the session was lost while it was committed, nobody knows whether it was.</exception>
    public T Write<T>(Func<NpgsqlConnection, NpgsqlTransaction, T> write)
    {
        lock (_writing)
        {
            return Try(() =>
            {
                ObjectDisposedException.ThrowIf(_disposed, this);
                if (_writer is { FullState: not ConnectionState.Open }) Drop();
                var writer = _writer ??= Take();
                try
                {
                    using var transaction = writer.BeginTransaction();
                    var result = write(writer, transaction);
                    transaction.Commit();
                    return result;
                }
                catch (Exception e) when (IsLost(e))
                {
                    Drop();
                    throw;
                }
            });
        }
    }

    /// <summary>Does something in a session that is not the writer's, and in no transaction. It must be of a kind that may be done twice.</summary>
    /// <exception cref="StoreException">It failed.</exception>
    public T Use<T>(Func<NpgsqlConnection, T> use) => Twice(() =>
    {
        using var connection = Connect();
        return use(connection);
    });

    /// <summary>Rows one after the other, never all of them in memory.</summary>
    /// <exception cref="StoreException">They cannot be read.</exception>
    public IEnumerable<T> Stream<T>(string sql, object parameters)
    {
        var (connection, rows, more) = Twice(() => Begin<T>(sql, parameters));
        using (connection)
        using (rows)
        {
            for (; more; more = Try(rows.MoveNext)) yield return rows.Current;
        }
    }

    public void Dispose()
    {
        lock (_writing)
        {
            _disposed = true;
            Drop();
        }

        _pool.Dispose();
        _single.Dispose();
    }

    private (NpgsqlConnection Connection, IEnumerator<T> Rows, bool More) Begin<T>(string sql, object parameters)
    {
        var connection = Connect();
        try
        {
            var rows = connection.Query<T>(sql, parameters, buffered: false).GetEnumerator();
            return (connection, rows, rows.MoveNext());
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Tries again when the session was lost: perhaps only that one, which had waited in the pool while the server was started again.</summary>
    private T Twice<T>(Func<T> action) => Try(() =>
    {
        try
        {
            return action();
        }
        catch (Exception e) when (IsLost(e) && !_disposed)
        {
            _lost = true;
            return action();
        }
    });

    private NpgsqlConnection Connect()
    {
        if (_lost)
        {
            _lost = false;
            _pool.Clear();
        }

        return _pool.OpenConnection();
    }

    /// <summary>Opens the session that writes, and takes the lock with it.</summary>
    private NpgsqlConnection Take()
    {
        var connection = _single.OpenConnection();
        try
        {
            if (_readOnly)
            {
                connection.Execute("SET default_transaction_read_only = on");
                return connection;
            }

            // The server is to notice within half a minute when this machine has vanished, and to give the lock to the next station.
            connection.Execute($"SET synchronous_commit = on; SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3; SET lock_timeout = '{Patience}'");
            connection.Execute("SELECT pg_advisory_lock(@LockClass, hashtext(current_schema()))", new { LockClass });
            return connection;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.LockNotAvailable)
        {
            var holder = connection.QueryFirstOrDefault<string>(
                """
                SELECT format('session %s from %s since %s UTC', pid, coalesce(host(client_addr), 'this machine'), to_char(backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS'))
                FROM pg_locks JOIN pg_stat_activity USING (pid)
                WHERE locktype = 'advisory' AND granted AND classid::bigint = @LockClass AND objid::bigint = hashtext(current_schema())::bigint & 4294967295
                    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
                """,
                new { LockClass });
            connection.Dispose();
            throw new StoreException($"The database {Name} belongs to another running station ({holder}). Stop that one, or give this one a database or a schema (Search Path) of its own.", e)
            {
                IsDisk = true, IsLost = true,
            };
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private bool Upgrade(NpgsqlConnection connection)
    {
        if (_readOnly)
        {
            SqlScripts.Check("Postgres", connection.QueryFirstOrDefault<int>("SELECT version FROM format"));
            return true;
        }

        connection.Execute("CREATE TABLE IF NOT EXISTS format (id integer PRIMARY KEY CHECK (id = 1), version integer NOT NULL)");
        SqlScripts.Apply(
            connection, "Postgres", connection.QueryFirstOrDefault<int>("SELECT version FROM format"), next => string.Create(
                CultureInfo.InvariantCulture, $"INSERT INTO format (id, version) VALUES (1, {next}) ON CONFLICT (id) DO UPDATE SET version = {next}"));
        return true;
    }

    private void Drop()
    {
        _writer?.Dispose();
        _writer = null;
    }

    /// <summary>Runs something, and says what failed of it in the words of the store.</summary>
    private T Try<T>(Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception e) when (e is NpgsqlException or SocketException or TimeoutException or InvalidOperationException or IOException)
        {
            var lost = IsLost(e);
            _lost |= lost;
            throw new StoreException($"The database {Name}: {e.Message}", e) { IsDisk = lost || IsFull(e), IsLost = lost, IsNewer = e is NewerFormatException };
        }
    }

    private static bool IsFull(Exception e) => e is PostgresException { SqlState: PostgresErrorCodes.DiskFull or PostgresErrorCodes.OutOfMemory };

    /// <summary>
    /// The server cannot be reached, goes down, comes up, or takes no writes for now: the same may work a moment later. Of the server's own errors it is these;
    /// every other failure of the driver is a connection that broke.
    /// </summary>
    private static bool IsLost(Exception e) => e is PostgresException server
        ? server.SqlState.StartsWith("08", StringComparison.Ordinal) || server.SqlState is PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown
            or PostgresErrorCodes.CannotConnectNow or PostgresErrorCodes.TooManyConnections or PostgresErrorCodes.ReadOnlySqlTransaction
        : e is NpgsqlException or SocketException or TimeoutException;
}
