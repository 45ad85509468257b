using SecureAggregation.Party.Config;
using SecureAggregation.Party.Data;

namespace SecureAggregation.Party.Tests.Config;

public sealed class DatasetOptionsTests
{
    [Theory]
    [InlineData("", "no source")]
    [InlineData("\"Csv\": \"a.csv\", \"Url\": \"https://x.example/a.csv\"", "Csv and Url")]
    [InlineData("\"Csv\": \"a.csv\", \"Delimiter\": \"--\"", "Delimiter is \"--\"")]
    [InlineData("\"Csv\": \"a.csv\", \"Encoding\": \"utf-16\"", "\"utf-8\", \"latin1\" or \"windows-1252\"")]
    [InlineData("\"Url\": \"http://files.example/a.csv\"", "must be an https address")]
    [InlineData("\"Url\": \"a.csv\"", "must be an https address")]
    [InlineData("\"S3\": { \"Bucket\": \"b\", \"Region\": \"eu-central-1\" }", "both Bucket and Key")]
    [InlineData("\"S3\": { \"Bucket\": \"b\", \"Key\": \"k\" }", "needs Region")]
    [InlineData("\"S3\": { \"Bucket\": \"b\", \"Key\": \"k\", \"Endpoint\": \"http://s3.example\" }", "S3:Endpoint must be an https address")]
    [InlineData("\"Sqlite\": { \"File\": \"a.db\" }", "both File")]
    [InlineData("\"Sqlite\": { \"File\": \"a.db\", \"Table\": \"t\" }, \"Encoding\": \"latin1\"", "which a database has not")]
    [InlineData("\"Postgres\": { \"Table\": \"t\" }", "one of the two")]
    [InlineData("\"Postgres\": { \"Connection\": \"Host=x;Password=Quill\", \"ConnectionFile\": \"f\", \"Table\": \"t\" }", "one of the two")]
    [InlineData("\"Postgres\": { \"Connection\": \"Host=x;Password=Quill\" }", "Postgres:Table is not set")]
    public void Source_that_breaks_a_rule_is_named_with_rule_and_fix(string json, string rule)
    {
        var error = Assert.Throws<ConfigurationException>(() => Settings.Validate(Read(json)));
        Assert.Contains("Outpost:Datasets:heart", error.Message, StringComparison.Ordinal);
        Assert.Contains(rule, error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("Quill", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("\"Csv\": \"a.csv\", \"Delimiter\": \";\", \"Encoding\": \"latin1\"", typeof(CsvFiles), "/a.csv")]
    [InlineData("\"Url\": \"https://u:p@x.example/a.csv?signature=s\"", typeof(RemoteCsv), "https://x.example/a.csv")]
    [InlineData("\"S3\": { \"Bucket\": \"b\", \"Key\": \"k\", \"Endpoint\": \"http://127.0.0.1:9000\" }", typeof(RemoteCsv), "s3://b/k")]
    [InlineData("\"S3\": { \"Bucket\": \"b\", \"Key\": \"k\", \"Region\": \"eu-central-1\" }", typeof(RemoteCsv), "s3://b/k")]
    [InlineData("\"Sqlite\": { \"File\": \"a.db\", \"Table\": \"t\" }", typeof(SqliteSource), "/a.db: t")]
    [InlineData("\"Postgres\": { \"Connection\": \"Host=x;Password=p\", \"Table\": \"s.t\" }", typeof(PostgresSource), "PostgreSQL: s.t")]
    public void Each_source_is_made_of_its_keys_and_named_without_secrets(string json, Type type, string name)
    {
        var options = Read(json);
        Settings.Validate(options);
        var source = DataSources.From("heart", options.Datasets["heart"]);
        Assert.IsType(type, source);
        Assert.EndsWith(name, source.Name, StringComparison.Ordinal);
    }

    private static OutpostOptions Read(string json)
    {
        using var scratch = new Scratch();
        var file = scratch.Write(
            "outpost.json", $"{{ \"Outpost\": {{ \"Station\": \"https://s:1\", \"Datasets\": {{ \"heart\": {{ \"Schema\": \"h.yaml\"{(json.Length > 0 ? ", " : "")}{json} }} }} }} }}");
        var command = CommandLine.Parse(["--config", file]);
        return Settings.Bind(Settings.Read(command), command);
    }
}
