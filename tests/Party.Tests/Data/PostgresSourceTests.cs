using SecureAggregation.Party.Config;
using SecureAggregation.Party.Data;
using SecureAggregation.Statistics;
using SecureAggregation.Testing;

namespace SecureAggregation.Party.Tests.Data;

public sealed class PostgresSourceTests(PostgresServer server) : IClassFixture<PostgresServer>
{
    private const string Canary = "Zoe-Quill-4711";

    [PostgresFact]
    public void Values_are_what_their_text_is()
    {
        server.Execute(
            """"
            CREATE TABLE kinds ("Small" smallint, big bigint, "real" real, "double" double precision, "exact" numeric(8,3), any_size numeric, "text" text,
              "char" char(8), flag boolean, day date, "with, ""quotes""" text);
            INSERT INTO kinds VALUES
              (-3, 9007199254740993, 0.1, 0.1, 1.500, 1e400, E' two\nlines, "quoted" \\', 'ab', true, '2024-02-29', ''),
              (NULL, NULL, 'NaN', '-Infinity', NULL, NULL, '', NULL, NULL, NULL, 'ä€𝄞');
            """");
        var source = Source("kinds");
        Assert.Equal(
            ["Small", "big", "real", "double", "exact", "any_size", "text", "char", "flag", "day", "with, \"quotes\""],
            source.ReadHeader(CancellationToken.None));
        using var table = source.Open(Columns("Small", "big", "real", "double", "exact", "text", "char", "flag", "day", "with, \"quotes\""), CancellationToken.None);
        Assert.True(table.Read());
        Assert.Equal(
            ["-3", "9007199254740993", "0.1", "0.1", "1.500", "two\nlines, \"quoted\" \\", "ab", "true", "2024-02-29", ""],
            Fields(table));
        Assert.True(table.Read());
        Assert.Equal(["", "", "NaN", "-Infinity", "", "", "", "", "", "ä€𝄞"], Fields(table));
        Assert.Equal("'PostgreSQL: kinds', row 2", table.Place);
        Assert.False(table.Read());
    }

    [PostgresFact]
    public void Query_without_columns_counts_the_rows()
    {
        server.Execute("CREATE TABLE many AS SELECT NULL::int AS age FROM generate_series(1, 1000)");
        using var table = Source("many").Open(Columns(), CancellationToken.None);
        var rows = 0;
        while (table.Read()) rows++;
        Assert.Equal(1000, rows);
    }

    [PostgresFact]
    public void Column_with_nothing_in_it_is_a_row_for_each()
    {
        server.Execute("CREATE TABLE empties AS SELECT NULL::text AS note FROM generate_series(1, 10)");
        using var table = Source("empties").Open(Columns("note"), CancellationToken.None);
        var rows = 0;
        while (table.Read()) rows += table.Field(0).IsEmpty ? 1 : 0;
        Assert.Equal(10, rows);
    }

    [PostgresFact]
    public void Pass_sees_the_state_at_its_beginning()
    {
        server.Execute("CREATE TABLE moving AS SELECT g AS age, repeat('x', 1000) AS filler FROM generate_series(1, 20000) g; ANALYZE moving");
        using var table = Source("moving").Open(Columns("age", "filler"), CancellationToken.None);
        Assert.True(table.Read());
        server.Execute("INSERT INTO moving SELECT 0, '' FROM generate_series(1, 100); DELETE FROM moving WHERE age > 10000");
        var rows = 1;
        while (table.Read()) rows++;
        Assert.Equal(20_000, rows);
        Assert.Equal(99, table.Percent);
    }

    [PostgresFact]
    public void View_in_a_schema_is_read_and_names_cannot_break_out()
    {
        server.Execute(
            """"
            CREATE SCHEMA clinic; CREATE TABLE clinic."Visits; DROP" (age int); INSERT INTO clinic."Visits; DROP" VALUES (63);
            CREATE VIEW clinic.grown AS SELECT age AS "age""; DROP" FROM clinic."Visits; DROP" WHERE age >= 18;
            """");
        using (var table = Source("clinic.Visits; DROP").Open(Columns("age"), CancellationToken.None)) Assert.True(table.Read());
        using var view = Source("clinic.grown").Open(Columns("age\"; DROP"), CancellationToken.None);
        Assert.True(view.Read());
        Assert.Equal("63", view.Field(0).ToString());
    }

    [PostgresFact]
    public void Nothing_is_written_even_by_a_view_that_would()
    {
        server.Execute(
            """
            CREATE TABLE log (at int); CREATE FUNCTION noted() RETURNS int LANGUAGE sql VOLATILE AS 'INSERT INTO log VALUES (1) RETURNING 1';
            CREATE VIEW writing AS SELECT noted() AS age;
            """);
        var error = Assert.Throws<DataSourceException>(() =>
        {
            using var table = Source("writing").Open(Columns("age"), CancellationToken.None);
            table.Read();
        });
        Assert.Contains("25006", error.Message, StringComparison.Ordinal);
    }

    [PostgresFact]
    public void Rows_that_fail_in_the_server_are_not_quoted()
    {
        server.Execute($"CREATE VIEW failing AS SELECT ('{Canary}' || g)::int AS age FROM generate_series(1, 3) g");
        var error = Assert.Throws<DataSourceException>(() =>
        {
            using var table = Source("failing").Open(Columns("age"), CancellationToken.None);
            table.Read();
        });
        Assert.Contains("22P02", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("Quill", error.ToString(), StringComparison.Ordinal);
    }

    [PostgresFact]
    public void Mistakes_are_told_in_words_and_the_password_never()
    {
        server.Execute("CREATE TABLE \"Case\" (age int); CREATE ROLE guest LOGIN PASSWORD 'guest'");
        Assert.Contains("refuses the user or the password", Fails(server.Connect(PostgresServer.Owner, "wrong" + PostgresServer.Password), "Case"), StringComparison.Ordinal);
        Assert.Contains("GRANT SELECT ON \"Case\"", Fails(server.Connect("guest", "guest"), "Case"), StringComparison.Ordinal);
        Assert.Contains("capitals too", Fails(server.ConnectionString, "case"), StringComparison.Ordinal);
        Assert.Contains("no such database", Fails(server.ConnectionString.Replace("=postgres", "=nowhere", StringComparison.Ordinal), "Case"), StringComparison.Ordinal);
        Assert.Contains("does not answer", Fails($"Host=/nowhere;Username=x;Password={PostgresServer.Password}", "Case"), StringComparison.Ordinal);
        Assert.Contains("is not one", Fails($"Hots=/x;Password={PostgresServer.Password}", "Case"), StringComparison.Ordinal);
    }

    [PostgresFact]
    public void Given_up_pass_ends_while_the_server_still_computes()
    {
        server.Execute("CREATE VIEW endless AS SELECT g AS age FROM generate_series(1, 3) g, LATERAL (SELECT pg_sleep(600)) s");
        using var stop = new CancellationTokenSource();
        var reading = Task.Run(() =>
        {
            using var table = Source("endless").Open(Columns("age"), stop.Token);
            return table.Read();
        });
        while (Running("pg_sleep|endless") == 0) Assert.False(reading.IsCompleted);
        stop.Cancel();
        Assert.ThrowsAny<OperationCanceledException>(() => reading.WaitAsync(TimeSpan.FromSeconds(30)).GetAwaiter().GetResult());
    }

    [PostgresFact]
    public void Pass_that_is_left_after_some_rows_ends_at_once()
    {
        server.Execute("CREATE VIEW slow AS SELECT g AS age, repeat('x', 9000) AS filler, CASE WHEN g > 9 THEN pg_sleep(600)::text END AS \"case\" FROM generate_series(1, 20) g");
        using var table = Source("slow").Open(Columns("age", "filler", "case"), CancellationToken.None);
        Assert.True(table.Read());
    }

    [PostgresFact]
    public void Connection_string_may_stand_in_a_file_that_is_closed_to_others()
    {
        if (OperatingSystem.IsWindows()) return;
        using var scratch = new Scratch();
        server.Execute("CREATE TABLE filed AS SELECT 63 AS age");
        var schema = scratch.Write("clinic.yaml", "name: clinic\none_row_per_person: true\ncolumns:\n  age: { type: integer, low: 0, high: 110 }\n");
        var file = scratch.Write("pg.txt", server.ConnectionString + "\n");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var dataset = Dataset.Open("clinic", new DatasetOptions { Schema = schema, Postgres = new() { ConnectionFile = file, Table = "filed" } });
        dataset.CheckHeader();
        Assert.Equal(1, dataset.CheckRows().Rows);
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.OtherRead);
        Assert.Contains("chmod 600", Assert.Throws<DataSourceException>(dataset.CheckHeader).Message, StringComparison.Ordinal);
    }

    private static List<string> Fields(ITable table) => [.. Enumerable.Range(0, table.Header.Count).Select(i => table.Field(i).ToString())];

    private static Selection Columns(params string[] names) => SqlSelection.Columns(names);

    private static string Fails(string connection, string table)
    {
        var error = Assert.Throws<DataSourceException>(() => new PostgresSource(() => connection, table).ReadHeader(CancellationToken.None));
        Assert.DoesNotContain("Quill", error.ToString(), StringComparison.Ordinal);
        return error.Message;
    }

    private long Running(string pattern)
    {
        using var connection = new Npgsql.NpgsqlConnection(server.ConnectionString);
        connection.Open();
        using var command = new Npgsql.NpgsqlCommand("SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query ~ $1 AND pid <> pg_backend_pid()", connection);
        command.Parameters.Add(new() { Value = pattern });
        return (long)command.ExecuteScalar()!;
    }

    private PostgresSource Source(string table) => new(() => server.ConnectionString, table);
}
