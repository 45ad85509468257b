namespace SecureAggregation.Cli.Tests;

public sealed class DummyTests : IDisposable
{
    private const string Schema = "name: d\ncolumns:\n  id: person_key\n  score: { type: integer, low: 0, high: 20 }\n  sex: { type: category, codes: { 0: female, 1: male } }\n";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Rows_are_made_from_the_schema_alone()
    {
        File.WriteAllText(_folder["schema.yaml"], Schema);
        var shown = await Run.Of("dataset", "dummy", _folder["schema.yaml"], "--rows", "20", "--seed", "7");
        Assert.Equal((ExitCode.Ok, ""), (shown.Code, shown.Error));
        Assert.Equal(21, shown.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.StartsWith("id,score,sex\n", shown.Output, StringComparison.Ordinal);
        var written = await Run.Of("dataset", "dummy", _folder["schema.yaml"], "--rows", "20", "--seed", "7", "--out", _folder["dummy.csv"], "--json");
        Assert.Equal(20, written.Json.GetProperty("rows").GetInt32());
        Assert.Equal(shown.Output, File.ReadAllText(_folder["dummy.csv"]));
        var again = await Run.Of("dataset", "dummy", _folder["schema.yaml"], "--out", _folder["dummy.csv"]);
        Assert.Equal(ExitCode.BadInput, again.Code);
        Assert.Contains("exists already", again.Error, StringComparison.Ordinal);
        Assert.Equal(shown.Output, File.ReadAllText(_folder["dummy.csv"]));
        Assert.Equal(ExitCode.BadInput, (await Run.Of("dataset", "dummy", _folder["schema.yaml"], "--rows", "0")).Code);
    }

    [Fact]
    public async Task Derived_columns_and_regressions_over_several_rounds_run_on_dummy_rows()
    {
        File.WriteAllText(
            _folder["schema.yaml"],
            "name: d\none_row_per_person: true\ncolumns:\n  ill: { type: category, categories: [\"no\", \"yes\"] }\n  born: { type: date, low: 1930-01-01, high: 2000-12-31 }\n  score: { type: integer, low: 0, high: 20 }\n");
        File.WriteAllText(
            _folder["q.yaml"],
            "dataset: d\nepsilon: 100\nderive:\n  years: { age: { from: born, to: 2026-01-01 } }\nmeasures: [{ mean: years }]\nschema: schema.yaml\n");
        var ages = await Run.Of("query", "run", _folder["q.yaml"], "--dummy", "--json");
        Assert.True(ages.Code == ExitCode.Ok, ages.Error);
        Assert.InRange(ages.Json.GetProperty("statistics").EnumerateArray().First(s => s.GetProperty("name").GetString() == "mean(years)").GetProperty("value").GetDouble(), 55, 65);
        File.WriteAllText(_folder["m.yaml"], "dataset: d\nepsilon: 100\nmeasures: [{ logistic: { outcome: ill, predictors: [score] } }]\nschema: schema.yaml\n");
        var fit = await Run.Of("query", "run", _folder["m.yaml"], "--dummy", "--rows", "3000", "--json");
        Assert.True(fit.Code == ExitCode.Ok, fit.Error);
        Assert.Contains("rounds", fit.Json.GetProperty("remark").GetString()!, StringComparison.Ordinal);
        Assert.NotEqual(0, fit.Json.GetProperty("statistics").GetArrayLength());
    }

    [Fact]
    public async Task Query_runs_on_dummy_rows_without_station_or_key_and_says_so()
    {
        File.WriteAllText(_folder["schema.yaml"], Schema);
        File.WriteAllText(_folder["q.yaml"], "dataset: d\nepsilon: 50\nmeasures: [count, { mean: score }]\ngroup_by: { sex: }\nschema: schema.yaml\n");
        var run = await Run.Of("query", "run", _folder["q.yaml"], "--dummy", "--parties", "3", "--rows", "400", "--json");
        Assert.Equal((ExitCode.Ok, ""), (run.Code, run.Error));
        Assert.True(run.Json.GetProperty("dummy").GetBoolean());
        var statistics = run.Json.GetProperty("statistics").EnumerateArray().ToDictionary(s => s.GetProperty("name").GetString()!, s => s.GetProperty("value").GetDouble());
        // One row of each of about 600 persons, less those without a sex.
        Assert.InRange(statistics["count"], 400, 800);
        Assert.InRange(statistics["mean(score)"], 8, 12);
        Assert.Contains("count{sex=male}", statistics.Keys);
        var shown = await Run.Of("query", "run", _folder["q.yaml"], "--dummy");
        Assert.Equal(2, shown.Output.Split("DUMMY DATA").Length - 1);
    }
}
