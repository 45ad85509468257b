using SecureAggregation.Party.Config;
using SecureAggregation.Party.Data;
using SecureAggregation.Privacy;
using SecureAggregation.Statistics;
using SecureAggregation.Testing;
using Xunit.Abstractions;

namespace SecureAggregation.Party.Tests.Data;

public sealed class DatasetTests(ITestOutputHelper output) : IDisposable
{
    private const string Canary = "Zoe-Quill-4711";

    private const string Schema =
        """
        name: clinic
        one_row_per_person: true
        columns:
          citizen_id: drop
          full_name: drop
          age: { type: integer, low: 0, high: 110, missing: [ "?" ] }
          sex: { type: category, codes: { "0": female, "1": male } }
          chol: { type: number, low: 100, high: 400, missing: [ "0" ] }
        """;

    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Rows_are_added_up_as_the_schema_says()
    {
        var dataset = Open(
            $"""
             citizen_id,full_name,age,sex,chol,note
             1,{Canary},40,0,200.5,x
             2,{Canary},?,1,0,x
             3,"{Canary}, Jr",63.0,1.0,150,x
             4,{Canary},200,1,,x
             """);
        dataset.CheckHeader();
        Assert.Equal(4, dataset.CheckRows().Rows);
        var query = AnalysisQuery.Parse("name: q\ndataset: clinic\nepsilon: 100\nmeasures: [ count, { sum: age }, { sum: chol } ]\n");
        var values = Release(dataset, query);
        Near(4, values["count"], 0.3);
        // Everybody of 90 or more is 90.
        Near(40 + 63 + 90, values["sum(age)"], 12);
        Near(350.5, values["sum(chol)"], 30);
    }

    [Fact]
    public void Header_without_rows_is_no_rows_and_a_warning()
    {
        var dataset = Open("citizen_id,full_name,age,sex,chol\n");
        Assert.Equal(0, dataset.CheckRows().Rows);
        var warnings = new List<string>();
        var query = AnalysisQuery.Parse("name: q\ndataset: clinic\nepsilon: 1\nmeasures: [ count ]\n");
        Near(0, Release(dataset, query, warnings: warnings)["count"], 30);
        Assert.Contains("clinic.csv' has columns and no rows", Assert.Single(warnings), StringComparison.Ordinal);
    }

    public static TheoryData<string, string, string> BadFields { get; } = new()
    {
        { "age", $"1,x,{Canary},1,200", "not a whole number" },
        { "age", "1,x,40.5,1,200", "not a whole number" },
        { "sex", $"1,x,40,{Canary},200", "categories or codes" },
        { "sex", "1,x,40,4711,200", "categories or codes" },
        { "chol", $"1,x,40,1,{Canary}", "not a number" },
        { "chol", "1,x,40,1,NaN", "not a number" },
    };

    [Theory]
    [MemberData(nameof(BadFields))]
    public void Field_that_is_not_what_the_schema_says_is_told_by_line_and_column_and_never_quoted(string column, string row, string rule)
    {
        var dataset = Open($"citizen_id,full_name,age,sex,chol\n0,x,1,1,200\n{row}\n");
        var query = AnalysisQuery.Parse($"name: q\ndataset: clinic\nepsilon: 1\nmeasures: [ " +
            $"{(column == "sex" ? "{ histogram: sex }" : $"{{ sum: {column} }}")} ]\n");
        // A check of the file fails; a query goes on with the field as missing, so that what the station sees does not depend on it.
        var told = new List<string>();
        Release(dataset, query, told);
        told.Add(Assert.Throws<DataSourceException>(() => dataset.CheckRows()).ToString());
        Assert.Equal(2, told.Count);
        foreach (var text in told)
        {
            Assert.Contains($"line 3, column '{column}'", text, StringComparison.Ordinal);
            Assert.Contains(rule, text, StringComparison.Ordinal);
            Assert.Contains("'missing:'", text, StringComparison.Ordinal);
            Assert.DoesNotContain("Quill", text, StringComparison.Ordinal);
            Assert.DoesNotContain("4711", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Check_tells_each_columns_first_bad_line_and_how_many()
    {
        var dataset = Open("citizen_id,full_name,age,sex,chol\n0,x,a,1,200\n0,x,b,9,200\n0,x,c,1,200\n");
        var lines = Assert.Throws<DataSourceException>(() => dataset.CheckRows()).Message.Split(Environment.NewLine);
        Assert.Equal(2, lines.Length);
        Assert.Contains("line 2, column 'age'", lines[0], StringComparison.Ordinal);
        Assert.EndsWith("(so in 3 rows)", lines[0], StringComparison.Ordinal);
        Assert.Contains("line 3, column 'sex'", lines[1], StringComparison.Ordinal);
    }

    [Fact]
    public void Column_that_is_not_in_the_file_is_named_with_the_nearest_header()
    {
        var error = Assert.Throws<DataSourceException>(Open("citizen_id,full_name,Age,sex,chol\n").CheckHeader);
        Assert.Contains("no column 'age'", error.Message, StringComparison.Ordinal);
        Assert.Contains("nearest is 'Age'", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void First_row_of_a_file_without_header_is_not_shown()
    {
        var error = Assert.Throws<DataSourceException>(Open($"1,{Canary},63,0,200\n").CheckHeader);
        Assert.Contains("header line missing", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("Quill", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Identifier_column_that_is_not_mapped_stops_the_outpost_by_name_class_and_line_to_add()
    {
        var error = Assert.Throws<DataSourceException>(Open("citizen_id,full_name,age,sex,chol,Patient E-Mail,mrn\n").CheckHeader);
        Assert.Contains("2 columns", error.Message, StringComparison.Ordinal);
        Assert.Contains("\"Patient E-Mail\": drop", error.Message, StringComparison.Ordinal);
        Assert.Contains("email addresses", error.Message, StringComparison.Ordinal);
        Assert.Contains("  mrn: drop", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("citizen_id", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Identifier_column_cannot_be_declared_to_be_used()
    {
        var dataset = Open("mrn\n1\n", "name: clinic\none_row_per_person: true\ncolumns:\n  mrn: { type: integer }\n");
        Assert.Contains("mrn: drop", Assert.Throws<DataSourceException>(dataset.CheckHeader).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Person_key_bounds_the_rows_of_a_person_and_must_be_there()
    {
        const string Keyed = "name: clinic\ncolumns:\n  mrn: person_key\n  age: { type: integer, low: 0, high: 110 }\n";
        var query = AnalysisQuery.Parse("name: q\ndataset: clinic\nepsilon: 100\nmeasures: [ count ]\n");
        Near(2, Release(Open("mrn,age\na,1\na,2\na,3\nb,4\n", Keyed), query)["count"], 0.3);
        var told = new List<string>();
        // Rows that are nobody's do not count: taken for one person's, taking out one of the people behind them would let another's in.
        Near(1, Release(Open("mrn,age\na,1\n,2\n,3\n", Keyed), query, told)["count"], 0.3);
        Assert.Contains("line 3: the person key is empty", told[0], StringComparison.Ordinal);
        const string Coded = "name: clinic\nmissing: [ \"?\", \"-9\" ]\ncolumns:\n  mrn: person_key\n  age: { type: integer, low: 0, high: 110 }\n";
        Near(1, Release(Open("mrn,age\na,1\n?,2\n-9.0,3\n  ,4\n", Coded), query, [])["count"], 0.3);
        foreach (var row in (string[])[",2", "?,2", "-9,2", " ,2"])
            Assert.Throws<DataSourceException>(() => Open($"mrn,age\na,1\n{row}\n", Coded).CheckRows());
    }

    [Theory]
    [InlineData("name: other\none_row_per_person: true\ncolumns:\n  age: { type: integer }\n", "'other' there and 'clinic'")]
    [InlineData("name: clinic\none_row_per_person: true\ncolumns:\n  age: { type: integer, low: 9, high: 1 }\n", "reversed")]
    [InlineData("name: clinic\ncolumns:\n  age: { type: integer }\n", "one_row_per_person")]
    [InlineData("name: clinic\none_row_per_person: true\ncolums:\n  age: { type: integer }\n", "colum")]
    public void Mistake_in_the_schema_is_told_with_the_files_name(string schema, string rule)
    {
        var error = Assert.Throws<DataSourceException>(() => Open("age\n", schema));
        Assert.Contains("clinic.yaml", error.Message, StringComparison.Ordinal);
        Assert.Contains(rule, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Heart_clinics_add_up_to_the_published_totals()
    {
        if (HeartFolder() is not { } folder) return;
        const string Heart =
            """
            name: clinic
            one_row_per_person: true
            missing: [ "?", "-9" ]
            columns:
              age: { type: integer, low: 20, high: 80 }
              sex: { type: category, codes: { "0": female, "1": male } }
              chol: { type: number, low: 80, high: 620, missing: [ "0" ] }
            """;
        var query = AnalysisQuery.Parse("name: q\ndataset: clinic\nepsilon: 100\nmeasures: [ count, { sum: age }, { count: chol }, { " +
            "histogram: sex } ]\n");
        var totals = new Dictionary<string, double>();
        foreach (var clinic in new[] { "cleveland", "hungarian", "switzerland", "va" })
        {
            var dataset = OpenFile(Path.Combine(folder, clinic + ".csv"), Heart);
            dataset.CheckHeader();
            dataset.CheckRows();
            foreach (var (name, value) in Release(dataset, query)) totals[name] = totals.GetValueOrDefault(name) + value;
        }

        Near(920, totals["count"], 2);
        Near(49_230, totals["sum(age)"], 40);
        Near(718, totals["count(chol)"], 3);
        Near(726, totals["Histogram/[male]"], 2);
    }

    private string? HeartFolder()
    {
        var root = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(root, "SecureAggregation.sln"))) root = Path.GetDirectoryName(root)!;
        // A worktree lies one deeper than the repository.
        var folder = new[] { "../shared/data/heart", "../../shared/data/heart" }.Select(p => Path.GetFullPath(Path.Combine(root, p)))
            .FirstOrDefault(Directory.Exists);
        if (folder is null)
            output.WriteLine($"Skipped: there is no ../shared/data/heart beside {root}; the test reads real rows from there.");
        return folder;
    }

    private static Dictionary<string, double> Release(Dataset dataset, AnalysisQuery query, List<string>? problems = null, List<string>? warnings = null)
    {
        var layout = VectorLayout.Create(query.Resolve(dataset.Schema.Schema), new MicroEpsilon(100_000_000), NoiseMode.Local, 3);
        using var noise = VectorNoise.Draw(layout, new SeededRandom(1));
        using var vector = dataset.Sum(layout, noise, new byte[32], new byte[32], p => problems?.Add(p), _ => { }, CancellationToken.None, w => warnings?.Add(w));
        return Statistics.Release.Decode(layout, vector.Values.ToArray(), 1, new ReleaseOptions(MinimumCohort: 0))
            .Where(r => r.Value is not null)
            .ToDictionary(r => r.Bin.Length == 0 ? r.Name : $"{r.Kind}/{r.Bin}", r => r.Value!.Value);
    }

    private static void Near(double expected, double actual, double within) => Assert.InRange(actual, expected - within, expected + within);

    private Dataset Open(string csv, string schema = Schema) => OpenFile(_scratch.Write("clinic.csv", csv), schema);

    private Dataset OpenFile(string csv, string schema) =>
        Dataset.Open("clinic", new DatasetOptions { Csv = csv, Schema = _scratch.Write("clinic.yaml", schema) });
}
