using System.Globalization;
using Microsoft.Data.Sqlite;

namespace SecureAggregation.Party.Data;

/// <summary>A table or view of a SQLite file, which is never written to. One statement is one state of the file.</summary>
internal sealed class SqliteSource(string file, string table) : IDataSource
{
    private const int NotADatabase = 26;
    private const int CannotOpen = 14;
    private const int Busy = 5;

    public string Name => $"{file}: {table}";

    /// <summary>What was written and not yet folded into the file stands beside it.</summary>
    public string Stamp() => FileStamp.Of([file, file + "-wal"]);

    public IReadOnlyList<string> ReadHeader(CancellationToken cancellationToken)
    {
        using var connection = Connect();
        return Columns(connection);
    }

    public ITable Open(Selection selection, CancellationToken cancellationToken)
    {
        var connection = Connect();
        try
        {
            var columns = Columns(connection);
            var chosen = selection.Columns.Select(c => columns[Headers.Find(columns, Name, c.Header)]).Distinct().ToList();
            var command = connection.CreateCommand();
            var dialect = new SqliteDialect(command);
            var where = selection.Filter is { } filter && new SqlFilter(dialect, filter).Condition() is { } condition ? $" WHERE {condition}" : "";
            var fields = chosen.Count == 0 ? "NULL" : string.Join(", ", chosen.Select(SqlNames.Quote));
            command.CommandText = $"SELECT {fields} FROM {SqlNames.Quote(table)}{where}";
            return new SqliteTable(connection, command, Guarded(() => command.ExecuteReader()), chosen, this);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Does something with the database; what it says is put in words that quote nothing.</summary>
    /// <exception cref="DataSourceException">It failed.</exception>
    internal T Guarded<T>(Func<T> action)
    {
        try
        {
            return action();
        }
        catch (SqliteException e)
        {
            throw new DataSourceException(e.SqliteErrorCode switch
            {
                NotADatabase => $"'{file}' is not a SQLite database; check the dataset's Sqlite:File in the configuration.",
                CannotOpen => $"'{file}' cannot be opened; check its mode and owner (a database in WAL mode needs its folder to be writable).",
                Busy => $"'{file}' is locked by another program; try again when that is done.",
                var code => string.Create(CultureInfo.InvariantCulture, $"'{Name}' cannot be read: SQLite error {code}."),
            });
        }
    }

    private SqliteConnection Connect()
    {
        if (!File.Exists(file)) throw new DataSourceException($"'{file}' does not exist; check the dataset's Sqlite:File in the configuration.");
        var connection = new SqliteConnection(
            new SqliteConnectionStringBuilder { DataSource = file, Mode = SqliteOpenMode.ReadOnly, Pooling = false }.ToString());
        try
        {
            return Guarded(() =>
            {
                connection.Open();
                using var command = connection.CreateCommand();
                // A view may not call what has effects.
                command.CommandText = "PRAGMA trusted_schema = OFF";
                command.ExecuteNonQuery();
                return connection;
            });
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private List<string> Columns(SqliteConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT name FROM pragma_table_xinfo($table) WHERE hidden <> 1 ORDER BY cid";
        command.Parameters.AddWithValue("$table", table);
        return Guarded(() =>
        {
            using var reader = command.ExecuteReader();
            var names = new List<string>();
            while (reader.Read()) names.Add(reader.GetString(0));
            return names.Count > 0 ? names : throw new DataSourceException(
                $"'{file}' has no table or view '{table}'; check the dataset's Sqlite:Table in the configuration.");
        });
    }
}
