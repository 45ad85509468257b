using System.Data;
using System.Globalization;
using System.Reflection;
using Dapper;
using Microsoft.Data.Sqlite;

namespace SecureAggregation.Party.Storage;

/// <summary>
/// The outpost's durable state in one SQLite file. Every write is one transaction that is on disk when the call returns
/// (write-ahead log, synchronous = FULL), so what was recorded before a crash is recorded after it. One process at a time.
/// Thread-safe.
/// </summary>
internal sealed class OutpostStore : IDisposable
{
    public const string FileName = "outpost.db";
    private const string LockName = "lock";

    private readonly Lock _gate = new();
    private readonly FileStream? _lock;
    private readonly SqliteConnection _connection;

    private OutpostStore(string folder, FileStream? fileLock, SqliteConnection connection)
    {
        Folder = folder;
        _lock = fileLock;
        _connection = connection;
    }

    /// <summary>The state directory.</summary>
    public string Folder { get; }

    /// <summary>Opens the state directory, making it if it is not there.</summary>
    /// <exception cref="StoreException">It cannot be made, another outpost uses it, or the file is damaged or of a newer
    /// version.</exception>
    public static OutpostStore Open(string directory)
    {
        SQLitePCL.Batteries_V2.Init();
        var fileLock = TakeLock(directory);
        var path = Path.Combine(directory, FileName);
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ToString());
        try
        {
            connection.Open();
            connection.Execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = " +
                "OFF;");
            if (connection.ExecuteScalar<string>("PRAGMA quick_check(1)") is not "ok")
                throw new StoreException($"'{path}' is damaged. Keep the file, and ask the consortium before you start with an empty " +
                    "ledger: that would forget what was spent.");
            Migrate(connection, path);
            return new OutpostStore(directory, fileLock, connection);
        }
        catch (Exception e)
        {
            connection.Dispose();
            fileLock.Dispose();
            if (e is SqliteException)
                throw new StoreException($"'{path}' cannot be opened as the outpost's database ({Reason((SqliteException)e)}).", e);
            throw;
        }
    }

    /// <summary>Runs reads that belong together.</summary>
    /// <exception cref="StoreException">The database failed.</exception>
    public T Read<T>(Func<SqliteConnection, T> query) => Guarded(() => query(_connection));

    /// <summary>Runs a change as one transaction; it is on disk on return, or not at all when an exception is thrown.</summary>
    /// <exception cref="StoreException">The database failed, e.g. because the disk is full.</exception>
    public T Write<T>(Func<SqliteConnection, SqliteTransaction, T> change) => Guarded(() =>
    {
        using var transaction = _connection.BeginTransaction(deferred: false);
        var result = change(_connection, transaction);
        transaction.Commit();
        return result;
    });

    public void Dispose()
    {
        lock (_gate) _connection.Dispose();
        _lock?.Dispose();
    }

    /// <summary>Opens the state directory of an outpost that may be running, for its operator's commands: nothing is made or upgraded.</summary>
    /// <exception cref="StoreException">There is none, or it is of another version of this program.</exception>
    public static OutpostStore OpenBeside(string directory)
    {
        SQLitePCL.Batteries_V2.Init();
        var path = Path.Combine(directory, FileName);
        if (!File.Exists(path))
            throw new StoreException($"'{directory}' is not the state directory of an outpost that has ever run; name it with --state DIR, or the configuration with --config FILE.");
        var connection = new SqliteConnection(
            new SqliteConnectionStringBuilder { DataSource = path, Pooling = false, Mode = SqliteOpenMode.ReadWrite }.ToString());
        try
        {
            connection.Open();
            connection.Execute("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;");
            var (version, known) = (connection.ExecuteScalar<int>("PRAGMA user_version"), Scripts().Count);
            return version == known
                ? new OutpostStore(directory, null, connection)
                : throw new StoreException($"'{path}' has version {version}, and this program works with {known}; run the outpost with this program first, it upgrades the file.");
        }
        catch (Exception e)
        {
            connection.Dispose();
            if (e is SqliteException failed) throw new StoreException($"'{path}' cannot be opened as the outpost's database ({Reason(failed)}).", e);
            throw;
        }
    }

    private static FileStream TakeLock(string directory)
    {
        try
        {
            Directory.CreateDirectory(directory);
            if (!OperatingSystem.IsWindows())
                File.SetUnixFileMode(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            return new FileStream(Path.Combine(directory, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new StoreException($"State directory '{directory}' may not be written by this user; give it to the outpost's user " +
                "(mode 0700).", e);
        }
        catch (IOException e)
        {
            throw new StoreException(
                $"State directory '{directory}' cannot be used: another outpost runs on it, or the disk is full or not there. " +
                "Two outposts must never share one: each would spend the same budget.",
                e)
            {
                InUse = File.Exists(Path.Combine(directory, LockName)),
            };
        }
    }

    private static void Migrate(SqliteConnection connection, string path)
    {
        var scripts = Scripts();
        var version = connection.ExecuteScalar<int>("PRAGMA user_version");
        if (version > scripts.Count)
            throw new StoreException($"'{path}' has version {version}; this program knows versions up to {scripts.Count}. Install the " +
                "newer program again.");
        if (version == scripts.Count) return;
        using var transaction = connection.BeginTransaction(deferred: false);
        foreach (var script in scripts.Skip(version)) connection.Execute(script, transaction: transaction);
        connection.Execute(string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version = {scripts.Count}"), transaction: transaction);
        transaction.Commit();
    }

    /// <summary>The numbered scripts embedded in this program, in order; the n-th leads to version n.</summary>
    private static List<string> Scripts()
    {
        var assembly = Assembly.GetExecutingAssembly();
        var scripts = new List<string>();
        foreach (var name in assembly.GetManifestResourceNames().Where(n => n.EndsWith(".sql", StringComparison.Ordinal))
            .Order(StringComparer.Ordinal))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(name)!);
            scripts.Add(reader.ReadToEnd());
        }

        return scripts;
    }

    private static string Reason(SqliteException e) => e.SqliteErrorCode switch
    {
        5 or 6 => "another program has it open",
        8 => "it is read-only",
        10 => "the disk failed",
        11 or 26 => "it is damaged, or not a database",
        13 => "the disk is full",
        14 => "it cannot be opened",
        var code => string.Create(CultureInfo.InvariantCulture, $"SQLite error {code}"),
    };

    private T Guarded<T>(Func<T> action)
    {
        lock (_gate)
        {
            try
            {
                return action();
            }
            catch (SqliteException e)
            {
                throw new StoreException($"The outpost's database failed ({Reason(e)}); nothing was recorded.", e);
            }
            catch (Exception e) when (e is DataException or OverflowException or InvalidCastException)
            {
                throw new StoreException("The outpost's database holds a value that this program never writes: the file is damaged, or was changed by hand. Keep it and tell the consortium.", e);
            }
        }
    }
}
