using SecureAggregation.Cli.Demo;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Statistics;

namespace SecureAggregation.Cli.Tests;

public sealed class DemoPartsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Theory]
    [InlineData("a,b\n1,2\n", "a|b/1|2")]
    [InlineData("a,b\r\n1,2\r\n", "a|b/1|2")]
    [InlineData("a,b\n1,2", "a|b/1|2")]
    [InlineData("a,b\n\"x, y\",\"he said \"\"no\"\"\"\n", "a|b/x, y|he said \"no\"")]
    [InlineData("a,b\n\"two\nlines\",\n\n,3\n", "a|b/two\nlines|/|3")]
    [InlineData("", "")]
    public void Csv_is_read_as_rfc_4180_has_it(string text, string rows) =>
        Assert.Equal(rows, string.Join('/', CsvRows.Read(new StringReader(text)).Select(r => string.Join('|', r))));

    [Theory]
    [InlineData("Ganymede@masked-input", "Ganymede", RoundPhase.Input)]
    [InlineData("ganymede@recovery", "Ganymede", RoundPhase.Recover)]
    public void Loss_names_an_outpost_and_a_phase(string text, string outpost, RoundPhase phase) =>
        Assert.Equal(new Loss(outpost, phase), Loss.Parse(text, ["Mars", "Ganymede"]));

    [Theory]
    [InlineData("Ganymede")]
    [InlineData("Pluto@join")]
    [InlineData("Mars@lunch")]
    public void Loss_of_something_else_is_refused(string text) =>
        Assert.Equal(ExitCode.BadInput, Assert.Throws<CliException>(() => Loss.Parse(text, ["Mars", "Ganymede"])).Code);

    /// <summary>The truth of the made rows, known from how they were made, against the truth read back from the clinics' files through the schema: two ways, one number.</summary>
    [Fact]
    public void Made_truth_and_pooled_truth_agree_on_every_number_of_the_demo()
    {
        var plan = DemoPlan.OfMadeClinics(_folder.Path, 11);
        var schema = QueryFiles.ReadSchema(plan.SchemaFile);
        var survivors = new HashSet<string> { "Mars", "Europa", "Callisto" };
        var compared = 0;
        foreach (var query in plan.Queries)
        {
            var rows = plan.Clinics.Where(c => survivors.Contains(c.Name)).Select(c => (IReadOnlyList<PooledRow>)PooledTruth.Read(c.CsvPath, schema, query.Analysis)).ToList();
            var layout = VectorLayout.Create(query.Analysis, query.Query.Epsilon, NoiseMode.Local, 5);
            var names = Release.Decode(layout, new Int128[layout.Length], 5, new ReleaseOptions(MinimumCohort: 0));
            foreach (var statistic in names)
            {
                Assert.Equal(query.Truth(survivors, statistic), PooledTruth.Of(rows, query.Analysis, statistic), 6);
                compared++;
            }
        }

        Assert.True(compared >= 35, $"only {compared} numbers were compared");
    }

    [Fact]
    public void Schema_is_inferred_for_the_named_columns_only_and_says_so()
    {
        foreach (var name in (string[])["a", "b", "c"])
            File.WriteAllText(_folder[name + ".csv"], "full_name,age,sex,weight\nAda Lund,44,F,61.5\nJo Dahl,?,M,\nEl Kaya,-9,F,70\n");
        var query = AnalysisQuery.Parse("dataset: clinic\nepsilon: 1\nmeasures: [{ mean: age, low: 0, high: 100 }, { histogram: sex }]\n");
        var notes = new List<string>();

        var schema = SchemaFile.Parse(SchemaInference.Infer(FolderData.Clinics(_folder.Path), [query], notes.Add));

        Assert.Equal(["age", "sex"], schema.Schema.Columns.Select(c => c.Name));
        Assert.Equal(ColumnType.Integer, schema.Schema.Column("age").Type);
        Assert.Equal(["F", "M"], schema.Schema.Column("sex").Categories);
        Assert.Equal([ColumnRole.Drop, ColumnRole.Drop], schema.Sources.Where(s => s.Role != ColumnRole.Use).Select(s => s.Role));
        Assert.Contains("one row is one person", Assert.Single(notes), StringComparison.Ordinal);
    }

    [Fact]
    public void Column_that_identifies_persons_is_never_inferred()
    {
        foreach (var name in (string[])["a", "b", "c"]) File.WriteAllText(_folder[name + ".csv"], "citizen_id,age\n1,44\n");
        var query = AnalysisQuery.Parse("dataset: clinic\nepsilon: 1\nmeasures: [{ histogram: citizen_id }]\n");

        var refused = Assert.Throws<CliException>(() => SchemaInference.Infer(FolderData.Clinics(_folder.Path), [query], _ => { }));

        Assert.Contains("identifies persons", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Schema_inside_a_query_becomes_a_file_of_its_own()
    {
        const string Query = "dataset: d\nepsilon: 1\nmeasures: [count]\nschema:\n  name: d\n  one_row_per_person: true\n  columns:\n    age: { type: integer, low: 0, high: 9, missing: [\"-9\"] }\n";

        var schema = SchemaFile.Parse(InlineSchema.Cut(Query));

        Assert.Equal("d", schema.Schema.Name);
        Assert.Equal(FieldState.Missing, schema.Source("age").ReadNumber("-9.0", out _));
    }

    [Fact]
    public void Folder_with_two_files_is_no_consortium()
    {
        foreach (var name in (string[])["a", "b"]) File.WriteAllText(_folder[name + ".csv"], "age\n1\n");

        Assert.Contains("at least 3 parties", Assert.Throws<CliException>(() => FolderData.Clinics(_folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Decode_refuses_what_it_does_not_know()
    {
        File.WriteAllText(_folder["x"], "neither");

        var run = await Run.Of("decode", _folder["x"]);

        Assert.Equal(ExitCode.BadInput, run.Code);
        Assert.Contains("neither a bundle", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Query_plan_says_what_each_outpost_would_send_and_how_wide_intervals_will_be()
    {
        var plan = DemoPlan.OfMadeClinics(_folder.Path, 11);
        var run = await Run.Of("query", "plan", _folder["1-patients-by-sex.yaml"], "--schema", plan.SchemaFile, "--json");

        Assert.True(run.Code == ExitCode.Ok, run.Error);
        Assert.Equal(8, run.Json.GetProperty("cells").GetInt32());
        Assert.Equal(1, run.Json.GetProperty("epsilon").GetDouble());
        Assert.Equal(1, run.Json.GetProperty("blocks").EnumerateArray().Sum(b => b.GetProperty("epsilon").GetDouble()), 9);
        var count = run.Json.GetProperty("widths").EnumerateArray().First(w => w.GetProperty("measure").GetString() == "count");
        Assert.True(count.GetProperty("local").GetDouble() > count.GetProperty("central").GetDouble());

        var wanted = await Run.Of("query", "plan", _folder["1-patients-by-sex.yaml"], "--schema", plan.SchemaFile, "--width", "count=2", "--json");
        Assert.True(wanted.Code == ExitCode.Ok, wanted.Error);
        Assert.True(wanted.Json.GetProperty("epsilon").GetDouble() > 1);
        var wrong = await Run.Of("query", "plan", _folder["1-patients-by-sex.yaml"], "--schema", plan.SchemaFile, "--width", "mean(weight)=2");
        Assert.Equal(ExitCode.BadInput, wrong.Code);
        Assert.Contains("has no measure 'mean(weight)'", wrong.Error, StringComparison.Ordinal);
    }

    public void Dispose() => _folder.Dispose();
}
