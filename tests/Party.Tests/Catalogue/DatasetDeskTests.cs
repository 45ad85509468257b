using System.Text;
using System.Text.Json;
using SecureAggregation.Party.Catalogue;
using SecureAggregation.Party.Config;
using SecureAggregation.Party.Data;
using SecureAggregation.Party.Storage;
using SecureAggregation.Statistics;
using SecureAggregation.Testing;

namespace SecureAggregation.Party.Tests.Catalogue;

public sealed class DatasetDeskTests : IDisposable
{
    private const string Schema = """
        name: heart
        description: Visits
        owner: Ward 3
        access: approval
        one_row_per_person: true
        columns:
          age: { type: integer, low: 0, high: 110, unit: years }
          sex: { type: category, codes: { 0: female, 1: male } }
          seen: { type: date, low: 2020-01-01, high: 2020-12-31 }
        """;

    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Registered_dataset_is_configured_and_its_schema_is_left_to_a_person()
    {
        var csv = new StringBuilder("age,sex\n");
        for (var i = 0; i < 40; i++) csv.Append($"{30 + i},{i % 2}\n");
        _scratch.Write("heart.csv", csv.ToString());
        var config = _scratch.Write("outpost.json", "{ \"Outpost\": { \"Station\": \"https://s:1\", \"Datasets\": { \"colon\": { \"Csv\": \"c.csv\", \"Schema\": \"c.yaml\" } } } }");
        var said = Run("register", "heart", "--csv", _scratch["heart.csv"]);
        Assert.Contains("complete it by hand", said, StringComparison.Ordinal);
        var options = Settings.Bind(Settings.Read(CommandLine.Parse(["--config", config])), CommandLine.Parse(["--config", config]));
        Assert.Equal("https://s:1", options.Station);
        Assert.Equal(["colon", "heart"], options.Datasets.Keys.Order(StringComparer.Ordinal));
        Assert.Equal((_scratch["heart.csv"], _scratch["heart.yaml"]), (options.Datasets["heart"].Csv, options.Datasets["heart"].Schema));
        // A person has to say whose a row is.
        Assert.Throws<DataSourceException>(() => Run("check", "heart"));
        File.WriteAllText(_scratch["heart.yaml"], File.ReadAllText(_scratch["heart.yaml"]).Replace("# one_row", "one_row", StringComparison.Ordinal));
        Assert.Contains("40 rows read", Run("check", "heart"), StringComparison.Ordinal);

        // Nothing that is there is overwritten.
        var (before, schema) = (File.ReadAllText(config), File.ReadAllText(_scratch["heart.yaml"]));
        Assert.Contains("already", Assert.Throws<ConfigurationException>(() => Run("register", "heart", "--csv", _scratch["heart.csv"])).Message, StringComparison.Ordinal);
        File.WriteAllText(_scratch["other.yaml"], "mine");
        Assert.Contains("say --schema", Assert.Throws<ConfigurationException>(() => Run("register", "other", "--csv", _scratch["heart.csv"])).Message, StringComparison.Ordinal);
        Assert.Throws<DataSourceException>(() => Run("register", "other", "--csv", _scratch["heart.csv"], "--schema", _scratch["other.yaml"]));
        Assert.Equal((before, schema, "mine"), (File.ReadAllText(config), File.ReadAllText(_scratch["heart.yaml"]), File.ReadAllText(_scratch["other.yaml"])));
    }

    [Fact]
    public void Schema_that_is_there_is_used_and_a_configuration_is_made_where_there_is_none()
    {
        _scratch.Write("heart.csv", "age,sex,seen\n50,0,2020-02-03\n");
        _scratch.Write("mine.yaml", Schema);
        Assert.Contains("fits its header", Run("register", "heart", "--csv", _scratch["heart.csv"], "--schema", _scratch["mine.yaml"]), StringComparison.Ordinal);
        Assert.Contains("1 rows read", Run("check", "heart"), StringComparison.Ordinal);
        Assert.Contains("an age", Run("check", "heart"), StringComparison.Ordinal);
        _scratch.Write("outpost.json", "{ // by hand\n}");
        Assert.Contains("comments", Assert.Throws<ConfigurationException>(() => Run("register", "b", "--csv", _scratch["heart.csv"])).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void List_show_and_versions_tell_what_is_known_and_no_exact_size()
    {
        Configure(data: "age,sex,seen\n" + string.Concat(Enumerable.Range(0, 1234).Select(i => $"{30 + (i % 40)},{i % 2},2020-02-{(i % 28) + 1:00}\n")));
        Assert.Contains("not read yet", Run("list"), StringComparison.Ordinal);
        Assert.Contains("has not been read yet", Run("versions", "heart"), StringComparison.Ordinal);
        using (var store = OutpostStore.Open(_scratch["state"]))
        using (var secret = PartySecret.Open(_scratch["state"], new SeededRandom(1)))
        {
            var catalogue = new DataCatalogue(store, secret, new ManualTimeProvider());
            var dataset = Dataset.Open("heart", new DatasetOptions { Csv = _scratch["heart.csv"], Schema = _scratch["heart.yaml"] });
            catalogue.Observe("heart", dataset.CheckRows());
            // Beside a running outpost.
            foreach (var text in (string[])[Run("list"), Run("show", "heart"), Run("versions", "heart"), Run("list", "--json"), Run("show", "heart", "--json"), Run("versions", "heart", "--json")])
                Assert.DoesNotContain("1234", text, StringComparison.Ordinal);
        }

        Assert.Contains("approval", Run("list"), StringComparison.Ordinal);
        Assert.Contains("2026-01-01T00:00:00Z", Run("versions", "heart"), StringComparison.Ordinal);
        var shown = Run("show", "heart");
        Assert.Contains("90 or more", shown, StringComparison.Ordinal);
        Assert.Contains("2020-12-31", shown, StringComparison.Ordinal);
        Assert.Contains("female | male", shown, StringComparison.Ordinal);
        Assert.Equal(1, JsonDocument.Parse(Run("show", "heart", "--json")).RootElement.GetProperty("version").GetInt32());
        Assert.Contains("no dataset 'hart'", Assert.Throws<ConfigurationException>(() => Run("show", "hart")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Dummy_rows_are_made_without_data_and_read_by_the_same_schema()
    {
        Configure(data: null);
        Assert.False(File.Exists(_scratch["heart.csv"]));
        var csv = Run("dummy", "heart", "--rows", "300", "--seed", "42");
        Assert.Equal(csv, Run("dummy", "heart", "--rows", "300", "--seed", "42"));
        Assert.Contains("300 rows", Run("dummy", "heart", "--rows", "300", "--seed", "42", "--out", _scratch["dummy.csv"]), StringComparison.Ordinal);
        Assert.Equal(csv, File.ReadAllText(_scratch["dummy.csv"]));
        Assert.Throws<ConfigurationException>(() => Run("dummy", "heart", "--out", _scratch["dummy.csv"]));
        Assert.False(Directory.Exists(_scratch["state"]));

        var dataset = Dataset.Open("heart", new DatasetOptions { Csv = _scratch["dummy.csv"], Schema = _scratch["heart.yaml"] });
        dataset.CheckHeader();
        Assert.Equal(300, dataset.CheckRows().Rows);
    }

    [Theory]
    [InlineData("dataset needs one of", "dataset", "remove")]
    [InlineData("needs a name", "dataset", "show")]
    [InlineData("needs --csv", "dataset", "register", "heart")]
    [InlineData("--rows is '0'", "dataset", "dummy", "heart", "--rows", "0")]
    [InlineData("--seed is 'x'", "dataset", "dummy", "heart", "--seed", "x")]
    [InlineData("'--rows' is not an argument", "dataset", "show", "heart", "--rows", "3")]
    [InlineData("needs a value", "dataset", "show", "heart", "--config")]
    public void Wrong_words_are_told(string message, params string[] arguments) =>
        Assert.Contains(message, Assert.Throws<ConfigurationException>(() => DatasetDeskOptions.Parse(arguments)).Message, StringComparison.Ordinal);

    private void Configure(string? data)
    {
        if (data is not null) _scratch.Write("heart.csv", data);
        _scratch.Write("heart.yaml", Schema);
        _scratch.Write("outpost.json", "{ \"Outpost\": { \"State\": \"state\", \"Datasets\": { \"heart\": { \"Csv\": \"heart.csv\", \"Schema\": \"heart.yaml\" } } } }");
    }

    private string Run(params string[] arguments)
    {
        using var output = new StringWriter();
        DatasetDesk.Run(DatasetDeskOptions.Parse(["dataset", .. arguments, "--config", _scratch["outpost.json"]]), new ManualTimeProvider(), output);
        return output.ToString();
    }
}
