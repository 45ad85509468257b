using System.Data;
using System.Globalization;
using System.Text;
using Npgsql;

namespace SecureAggregation.Party.Data;

/// <summary>
/// A table or view of PostgreSQL, read with <c>COPY … TO STDOUT</c> as CSV inside one read-only transaction that sees one state. So a value is what its text
/// is, as in a file.
/// </summary>
/// <param name="connectionString">Gives the connection string, which may hold a password and is therefore never shown.</param>
/// <param name="table">The table, or schema.table.</param>
internal sealed class PostgresSource(Func<string> connectionString, string table) : IDataSource
{
    private const int ConnectSeconds = 15;

    /// <summary>Also how long the server may look for the next row that passes the filter.</summary>
    private static readonly TimeSpan s_idle = TimeSpan.FromMinutes(10);

    public string Name => $"PostgreSQL: {table}";

    public IReadOnlyList<string> ReadHeader(CancellationToken cancellationToken)
    {
        using var connection = Connect(cancellationToken);
        return [.. Columns(connection, null).Select(c => c.Name)];
    }

    public ITable Open(Selection selection, CancellationToken cancellationToken)
    {
        var connection = Connect(cancellationToken);
        try
        {
            // Given back by the connection's end: nothing was written.
            var transaction = Begin(connection, selection.Ordered);
            var columns = Columns(connection, transaction);
            var header = columns.ConvertAll(c => c.Name);
            var chosen = selection.Columns.Select(c => columns[Headers.Find(header, Name, c.Header)]).Distinct().ToList();
            var dialect = new PostgresDialect(columns.ToDictionary(c => c.Name, StringComparer.Ordinal));
            var where = selection.Filter is { } filter && new SqlFilter(dialect, filter).Condition() is { } condition ? $" WHERE {condition}" : "";
            SetValues(connection, transaction, dialect.Values);
            var fields = chosen.Count == 0 ? "''" : string.Join(", ", chosen.Select(c => c.AsText));
            var rows = where.Length == 0 ? Estimate(connection, transaction) : null;
            // The server may begin to answer only when it has some rows, so that this, too, must be able to end early.
            var copy = (NpgsqlRawCopyStream)Guarded(() => (StreamReader)connection.BeginTextExportAsync(
                $"COPY (SELECT {fields} FROM {SqlNames.QuoteTable(table)}{where}) TO STDOUT (FORMAT csv)", cancellationToken)
                .GetAwaiter().GetResult()).BaseStream;
            var stream = new PulledStream(copy, s_idle, Failure, cancellationToken, () => Abandon(copy));
            return new CopyTable(connection, CsvTable.OpenRows(
                stream, Name, chosen.Count == 0 ? [""] : chosen.ConvertAll(c => c.Name)), rows);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private NpgsqlConnection Connect(CancellationToken cancellationToken)
    {
        NpgsqlConnection connection;
        try
        {
            var settings = new NpgsqlConnectionStringBuilder(connectionString())
            {
                ApplicationName = "secagg-outpost",
                Pooling = false,
                Timeout = ConnectSeconds,
                CommandTimeout = (int)s_idle.TotalSeconds,
                Encoding = "UTF8",
                ClientEncoding = "UTF8",
            };
            connection = new NpgsqlConnection(settings.ToString());
        }
        catch (Exception e) when (e is ArgumentException or FormatException or KeyNotFoundException)
        {
            throw new DataSourceException($"'{Name}': the connection string is not one, e.g. Host=db.example;Database=clinic;Username=outpost;" +
                "Password=…;SSL Mode=VerifyFull; correct the dataset's Postgres in the configuration.");
        }

        try
        {
            Guarded(() =>
            {
                connection.OpenAsync(cancellationToken).GetAwaiter().GetResult();
                return true;
            });
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    private NpgsqlTransaction Begin(NpgsqlConnection connection, bool ordered) => Guarded(() =>
    {
        var transaction = connection.BeginTransaction(IsolationLevel.RepeatableRead);
        // Several workers, or a scan that begins where another one is, would give the rows in another order each time.
        var order = ordered ? "; SET LOCAL synchronize_seqscans = off; SET LOCAL max_parallel_workers_per_gather = 0" : "";
        Run(connection, transaction, "SET TRANSACTION READ ONLY; SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL extra_float_digits = 1" + order);
        return transaction;
    });

    private List<PostgresColumn> Columns(NpgsqlConnection connection, NpgsqlTransaction? transaction) => Guarded(() =>
    {
        using var command = new NpgsqlCommand($"SELECT * FROM {SqlNames.QuoteTable(table)} LIMIT 0", connection, transaction);
        using var reader = command.ExecuteReader();
        return reader.GetColumnSchema().Select(c => new PostgresColumn(
            c.ColumnName, c.PostgresType.DisplayName, c.NumericPrecision, c.NumericScale)).ToList();
    });

    private void SetValues(NpgsqlConnection connection, NpgsqlTransaction transaction, IReadOnlyList<string> values)
    {
        if (values.Count == 0) return;
        var calls = new StringBuilder("SELECT ");
        using var command = new NpgsqlCommand { Connection = connection, Transaction = transaction };
        for (var i = 0; i < values.Count; i++)
        {
            if (i > 0) calls.Append(", ");
            calls.Append(CultureInfo.InvariantCulture, $"set_config('{PostgresDialect.Setting(i)}', ${i + 1}, TRUE)");
            command.Parameters.Add(new NpgsqlParameter { Value = values[i] });
        }

        command.CommandText = calls.ToString();
        Guarded(command.ExecuteNonQuery);
    }

    /// <summary>How many rows the server thinks there are, for progress; null where it does not know, as of a view.</summary>
    private long? Estimate(NpgsqlConnection connection, NpgsqlTransaction transaction) => Guarded(() =>
    {
        using var command = new NpgsqlCommand("SELECT reltuples::int8 FROM pg_class WHERE oid = to_regclass($1)", connection, transaction)
        {
            Parameters = { new NpgsqlParameter { Value = SqlNames.QuoteTable(table) } },
        };
        return command.ExecuteScalar() is long rows and > 0 ? rows : (long?)null;
    });

    private static void Run(NpgsqlConnection connection, NpgsqlTransaction transaction, string sql)
    {
        using var command = new NpgsqlCommand(sql, connection, transaction);
        command.ExecuteNonQuery();
    }

    /// <summary>Ends a copy half way; otherwise it would be read to its end, however long the server takes.</summary>
    private static void Abandon(NpgsqlRawCopyStream copy)
    {
        try
        {
            copy.Cancel();
        }
        catch (Exception e) when (e is NpgsqlException or IOException or OperationCanceledException or ObjectDisposedException)
        {
            // It ends with the server's word on that, or has ended.
        }
    }

    private T Guarded<T>(Func<T> action)
    {
        try
        {
            return action();
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException or IOException or System.Net.Sockets.SocketException)
        {
            throw Failure(e);
        }
    }

    /// <summary>A server's own words may quote a row, so that only its code is told.</summary>
    private DataSourceException Failure(Exception e) => new(e is PostgresException { SqlState: var state }
        ? state switch
        {
            PostgresErrorCodes.InvalidPassword or PostgresErrorCodes.InvalidAuthorizationSpecification =>
                $"'{Name}': the server refuses the user or the password; check the dataset's Postgres in the configuration.",
            PostgresErrorCodes.InvalidCatalogName => $"'{Name}': the server has no such database; check Database in the connection string.",
            PostgresErrorCodes.UndefinedTable or PostgresErrorCodes.InvalidSchemaName =>
                $"'{Name}': there is no such table or view; check the dataset's Postgres:Table. Names are taken as they are written, capitals too.",
            PostgresErrorCodes.InsufficientPrivilege => $"'{Name}': the user may not read it; GRANT SELECT ON {SqlNames.QuoteTable(table)} TO the user.",
            PostgresErrorCodes.QueryCanceled => $"'{Name}': the server ended the query; look at its statement_timeout for this user.",
            _ => $"'{Name}' cannot be read: PostgreSQL error {state}; the server's log says more.",
        }
        : $"'{Name}': the server does not answer, or the connection broke; check Host, Port and SSL Mode in the connection string, and the network.");

    /// <summary>The rows that COPY sends; its end is the connection's.</summary>
    private sealed class CopyTable(NpgsqlConnection connection, CsvTable rows, long? estimate) : ITable
    {
        private const int AllButDone = 99;
        private long _read;

        public IReadOnlyList<string> Header => rows.Header;

        public string Place => rows.Place;

        public int? Percent => estimate is { } all ? (int)Math.Min(AllButDone, _read * 100 / all) : null;

        public bool Read()
        {
            _read++;
            return rows.Read();
        }

        public ReadOnlySpan<char> Field(int column) => rows.Field(column);

        public void Dispose()
        {
            rows.Dispose();
            connection.Dispose();
        }
    }
}
