using Microsoft.Data.Sqlite;
using SecureAggregation.Party.Config;
using SecureAggregation.Party.Data;

namespace SecureAggregation.Party.Tests.Data;

public sealed class SqliteSourceTests : IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Table_and_view_are_read_as_their_values_text()
    {
        var file = Create("clinic.db", "PRAGMA encoding = 'UTF-16le'; CREATE TABLE t (age INTEGER, chol REAL, \"na\"\"me\" TEXT, raw BLOB, twice AS (age * 2));" +
            "INSERT INTO t VALUES (9007199254740993, 0.30000000000000004, ' ä€𝄞 ', x'31'), (NULL, 1e300, '', NULL); CREATE VIEW v AS SELECT age FROM t WHERE age > 0");
        var source = new SqliteSource(file, "t");
        Assert.Equal(["age", "chol", "na\"me", "raw", "twice"], source.ReadHeader(CancellationToken.None));
        using (var table = source.Open(SqlSelection.Columns("chol", "na\"me", "age", "raw"), CancellationToken.None))
        {
            Assert.True(table.Read());
            Assert.Equal(["0.30000000000000004", "ä€𝄞", "9007199254740993", "\uFFFD"], Fields(table));
            Assert.True(table.Read());
            Assert.Equal(["1E+300", "", "", ""], Fields(table));
            Assert.Contains("row 2", table.Place, StringComparison.Ordinal);
            Assert.False(table.Read());
        }

        using var view = new SqliteSource(file, "v").Open(SqlSelection.Columns("age"), CancellationToken.None);
        Assert.True(view.Read());
        Assert.False(view.Read());
    }

    [Fact]
    public void File_is_never_written_to()
    {
        var file = Create("clinic.db", "CREATE TABLE t (age)");
        var before = File.ReadAllBytes(file);
        using (var table = new SqliteSource(file, "t").Open(SqlSelection.Columns("age"), CancellationToken.None)) Assert.False(table.Read());
        Assert.Equal(before, File.ReadAllBytes(file));
        Assert.Equal([file], Directory.GetFiles(_scratch.Folder));
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(file, UnixFileMode.UserRead);
        Assert.Equal(["age"], new SqliteSource(file, "t").ReadHeader(CancellationToken.None));
    }

    [Fact]
    public void Mistakes_are_named()
    {
        var file = Create("clinic.db", "CREATE TABLE t (age)");
        Fails(_scratch["none.db"], "t", "does not exist");
        Fails(file, "u", "no table or view 'u'");
        Fails(file, "t\"; DROP TABLE t; --", "no table or view");
        Fails(_scratch.Write("text.db", new string('x', 5000)), "t", "is not a SQLite database");
        var error = Assert.Throws<DataSourceException>(() => new SqliteSource(file, "t").Open(SqlSelection.Columns("Age"), CancellationToken.None));
        Assert.Contains("nearest is 'age'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Dataset_reads_a_table_with_its_columns_as_the_header()
    {
        var file = Create("clinic.db", "CREATE TABLE t (age, sex, full_name); INSERT INTO t VALUES (63, 1, 'x'), (40.0, '0', 'x'), ('?', NULL, 'x')");
        var dataset = Dataset.Open("clinic", new DatasetOptions
        {
            Sqlite = new() { File = file, Table = "t" },
            Schema = _scratch.Write("clinic.yaml", "name: clinic\none_row_per_person: true\ncolumns:\n  age: { type: integer, missing: [ \"?\" ] }\n" +
                "  sex: { type: category, codes: { \"0\": female, \"1\": male } }\n"),
        });
        Assert.Equal(3, dataset.CheckRows().Rows);
        Assert.Contains("full_name: drop", Assert.Throws<DataSourceException>(dataset.CheckHeader).Message, StringComparison.Ordinal);
    }

    private static List<string> Fields(ITable table) => [.. Enumerable.Range(0, table.Header.Count).Select(i => table.Field(i).ToString())];

    private static void Fails(string file, string table, string rule)
    {
        var error = Assert.Throws<DataSourceException>(() => new SqliteSource(file, table).ReadHeader(CancellationToken.None));
        Assert.Contains(rule, error.Message, StringComparison.Ordinal);
    }

    private string Create(string name, string sql)
    {
        using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = _scratch[name], Pooling = false }.ToString());
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
        return _scratch[name];
    }
}
