using SecureAggregation.Party.Config;
using SecureAggregation.Party.Data;
using SecureAggregation.Statistics;

namespace SecureAggregation.Party.Tests.Catalogue;

public sealed class IdentifierCheckTests : IDisposable
{
    private const string Secret = "ann.quill@clinic.example";

    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Column_whose_values_identify_stops_the_start_by_lines_to_add_and_no_field()
    {
        var dataset = Open($"k,contact,when,age\n1,{Secret},2020-03-01,50\n2,b@c.example,2020-03-02,51\n", "");
        dataset.CheckHeader();
        var error = Assert.Throws<DataSourceException>(() => dataset.CheckRows()).Message;
        Assert.Contains("2 columns", error, StringComparison.Ordinal);
        Assert.Contains("  contact: drop          # email addresses: values hold e-mail addresses", error, StringComparison.Ordinal);
        Assert.Contains("  when: drop          # dates: values are dates finer than a year", error, StringComparison.Ordinal);
        Assert.Contains("'type: date'", error, StringComparison.Ordinal);
        Assert.DoesNotContain("quill", error, StringComparison.Ordinal);
        Assert.DoesNotContain("2020", error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("contact: drop, when: drop")]
    [InlineData("contact: person_key, when: drop")]
    [InlineData("contact: drop, when: { type: date, low: 2020-01-01, high: 2020-12-31 }")]
    public void Column_that_somebody_has_decided_about_is_not_looked_at(string columns) =>
        Assert.Equal(1, Open($"k,contact,when,age\n1,{Secret},2020-03-01,50\n", columns).CheckRows().Rows);

    [Fact]
    public void Used_column_is_stopped_by_its_name_and_passes_with_a_reason()
    {
        const string Csv = "k,age,visit_date,device_id\n1,50,2020-03-01,7\n";
        var error = Assert.Throws<DataSourceException>(
            Open(Csv, "visit_date: { type: date, low: 2020-01-01, high: 2020-12-31 }, device_id: { type: integer }").CheckHeader).Message;
        Assert.Contains("device_id: drop          # device identifiers; or keep it and add to it 'not_identifying: <why>'", error, StringComparison.Ordinal);
        Assert.DoesNotContain("visit_date", error, StringComparison.Ordinal);
        Open(Csv, "visit_date: drop, device_id: { type: integer, not_identifying: kind of scanner }").CheckHeader();
    }

    [Fact]
    public void Sqlite_columns_that_nobody_mentions_are_looked_at_too()
    {
        using (var connection = new Microsoft.Data.Sqlite.SqliteConnection($"Data Source={_scratch["d.db"]};Pooling=False"))
        {
            SQLitePCL.Batteries_V2.Init();
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = $"CREATE TABLE visits (k, age, contact); INSERT INTO visits VALUES (1, 50, '{Secret}')";
            command.ExecuteNonQuery();
        }

        var options = new DatasetOptions { Sqlite = new() { File = _scratch["d.db"], Table = "visits" }, Schema = Schema("") };
        Assert.Contains("contact: drop", Assert.Throws<DataSourceException>(() => Dataset.Open("d", options).CheckRows()).Message, StringComparison.Ordinal);
        var dropped = new DatasetOptions { Sqlite = options.Sqlite, Schema = Schema("contact: drop") };
        var (first, again) = (Dataset.Open("d", dropped).CheckRows(), Dataset.Open("d", dropped).CheckRows());
        Assert.Equal(first.Hash, again.Hash);
    }

    private Dataset Open(string csv, string columns) =>
        Dataset.Open("d", new DatasetOptions { Csv = _scratch.Write("d.csv", csv), Schema = Schema(columns) });

    private string Schema(string columns) => _scratch.Write(
        "d.yaml",
        "name: d\n" + (columns.Contains("person_key", StringComparison.Ordinal) ? "" : "one_row_per_person: true\n")
            + $"columns: {{ age: {{ type: integer, low: 0, high: 90 }}{(columns.Length > 0 ? ", " : "")}{columns} }}\n");
}
