namespace SecureAggregation.Statistics.Tests;

public sealed class DummyRowsTests
{
    private const string Text = """
        name: clinic
        missing: ["?", "-9"]
        columns:
          full_name: drop
          citizen_id: person_key
          age: { type: integer, from: Alter, low: 18, high: 110 }
          sex: { type: category, codes: { 0: female, 1: male, F: female } }
          stage: { type: category, categories: ["I, early", "II"] }
          oldpeak: { type: number, low: -3, high: 7, resolution: 0.1 }
          open: { type: number }
          seen: { type: date, format: dd.MM.yyyy, low: 2020-01-01, high: 2020-12-31, missing: [01.01.1900] }
        """;

    private static readonly SchemaFile s_schema = SchemaFile.Parse(Text);

    [Fact]
    public void Rows_are_the_same_for_one_seed_and_others_for_another()
    {
        Assert.Equal(Csv(s_schema, 500, 42), Csv(s_schema, 500, 42));
        Assert.NotEqual(Csv(s_schema, 500, 42), Csv(s_schema, 500, 43));
        Assert.StartsWith(Csv(s_schema, 500, 42), Csv(s_schema, 501, 42), StringComparison.Ordinal);
        // Fixed for good: a query that was tried on dummy rows is tried on the same next year.
        Assert.Equal("citizen_id,Alter,sex,stage,oldpeak,open,seen\nDUMMY-0000001,49,1,\"I, early\",1,-9,12.06.2020\nDUMMY-0000001,-9,F,\"I, early\",1.1,51.6,03.07.2020\nDUMMY-0000001,52,1,II,1.8,44,25.10.2020\n", Csv(s_schema, 3, 42));
        // A column that comes or goes leaves the others as they are.
        var without = SchemaFile.Parse(Text.Replace("  open: { type: number }\n", "", StringComparison.Ordinal));
        Assert.Equal(Column(s_schema, "seen"), Column(without, "seen"));
    }

    [Fact]
    public void Every_field_is_what_the_schema_says_and_every_value_occurs()
    {
        var rows = new DummyRows(s_schema, 5000, 1);
        Assert.DoesNotContain("full_name", rows.Header);
        var states = new Dictionary<string, HashSet<string>>(StringComparer.Ordinal);
        var persons = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var fields in rows.Rows())
        {
            persons[fields[0]] = persons.GetValueOrDefault(fields[0]) + 1;
            foreach (var column in s_schema.Schema.Columns)
            {
                var source = s_schema.Source(column.Name);
                var field = fields[rows.Header.ToList().IndexOf(source.Header)];
                var label = 0;
                double number = 0;
                var state = column.IsNumeric ? source.ReadNumber(field, out number) : source.ReadCategory(field, out label);
                Assert.NotEqual(FieldState.Invalid, state);
                if (state == FieldState.Value && column is { IsNumeric: true, Low: { } low, High: { } high }) Assert.InRange(number, low, high);
                var seen = states.TryGetValue(column.Name, out var known) ? known : states[column.Name] = [];
                seen.Add(state == FieldState.Missing ? "missing" : column.IsNumeric ? "value" : column.Categories[label]);
            }
        }

        Assert.Equal(["female", "male", "missing"], states["sex"].Order(StringComparer.Ordinal));
        Assert.Equal(["I, early", "II", "missing"], states["stage"].Order(StringComparer.Ordinal));
        Assert.All(states.Values, s => Assert.Contains("missing", s));
        Assert.Equal([1, 2, 3, 5], persons.SkipLast(1).Select(p => p.Value).Distinct().Order());
        Assert.Equal(90, s_schema.Schema.Column("age").High);
    }

    [Fact]
    public void Query_runs_on_dummy_rows_and_on_a_public_schema_alone()
    {
        const string Query = "dataset: clinic\nepsilon: 100\nmeasures: [count, { mean: age }, { histogram: sex }]\nwhere: { column: seen, ge: 2020-02-01 }\n";
        foreach (var schema in (SchemaFile[])[s_schema, SchemaFile.Of(DatasetSchema.Decode(s_schema.Schema.Encode()))])
        {
            var query = AnalysisQuery.Parse(Query);
            var layout = VectorLayout.Create(query.Resolve(schema.Schema), query.Epsilon, query.Noise, 1);
            using var random = new Testing.SeededRandom(1);
            using var encoder = new RowEncoder(layout, new byte[32], new byte[32]);
            var noise = VectorNoise.Draw(layout, random);
            foreach (var record in new DummyRows(schema, 1000, 42).Records(layout.Analysis)) encoder.Add(record);
            using var vector = encoder.Finish(noise);
            var values = Release.Decode(layout, vector.Values.ToArray(), 1).ToDictionary(s => s.Name, s => s.Value);
            Assert.InRange(values["mean(age)"]!.Value, 45, 63);
            Assert.InRange(values["count"]!.Value, 300, 700);
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(DummyRows.MaxRows + 1)]
    public void Number_of_rows_is_bounded(long rows) => Assert.Throws<ArgumentOutOfRangeException>(() => new DummyRows(s_schema, rows, 1));

    private static string Csv(SchemaFile schema, long rows, ulong seed)
    {
        using var writer = new StringWriter();
        new DummyRows(schema, rows, seed).WriteCsv(writer);
        return writer.ToString();
    }

    private static string[] Column(SchemaFile schema, string header)
    {
        var rows = new DummyRows(schema, 100, 7);
        var at = rows.Header.ToList().IndexOf(header);
        return [.. rows.Rows().Select(r => r[at])];
    }
}
