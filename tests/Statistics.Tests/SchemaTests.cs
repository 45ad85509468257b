namespace SecureAggregation.Statistics.Tests;

public sealed class SchemaTests
{
    private const string Text = """
        name: clinic
        missing: ["?", "-9"]
        columns:
          full_name: drop
          citizen_id: person_key
          age: { type: integer, from: Alter, low: 0, high: 110, unit: years }
          sex: { type: category, codes: { 0: female, 1: male, F: female } }
          stage: { type: category, categories: ["1", "2"] }
          chol: { type: number, missing: [0], low: 50, high: 600 }
        """;

    [Fact]
    public void Local_mapping_stays_out_of_the_public_schema()
    {
        var file = SchemaFile.Parse(Text);
        Assert.Equal(RowRule.PersonKey, file.Schema.RowRule);
        Assert.Equal("citizen_id", file.PersonKey!.Header);
        Assert.Equal(["age", "sex", "stage", "chol"], file.Schema.Columns.Select(c => c.Name));
        Assert.Equal(["female", "male"], file.Schema.Column("sex").Categories);
        var bytes = file.Schema.Encode();
        Assert.Equal(bytes, DatasetSchema.Decode(bytes).Encode());
        foreach (var secret in (string[])["full_name", "citizen_id", "Alter", "-9"])
        {
            Assert.Equal(-1, bytes.AsSpan().IndexOf(System.Text.Encoding.UTF8.GetBytes(secret)));
        }

        Assert.Throws<AnalysisException>(() => DatasetSchema.Decode([.. bytes, 0xF8, 0x01, 0x01]));
        Assert.Throws<AnalysisException>(() => DatasetSchema.Decode(bytes.AsSpan(1)));
    }

    [Theory]
    [InlineData("63", FieldState.Value, 63)]
    [InlineData(" 63.0 ", FieldState.Value, 63)]
    [InlineData("6.3e1", FieldState.Value, 63)]
    [InlineData("", FieldState.Missing, 0)]
    [InlineData("?", FieldState.Missing, 0)]
    [InlineData("-9.0", FieldState.Missing, 0)]
    [InlineData("63.5", FieldState.Invalid, 0)]
    [InlineData("old", FieldState.Invalid, 0)]
    [InlineData("NaN", FieldState.Invalid, 0)]
    [InlineData("1e999", FieldState.Invalid, 0)]
    public void Numbers_are_read(string field, FieldState state, double expected)
    {
        var source = SchemaFile.Parse(Text).Source("age");
        Assert.Equal("Alter", source.Header);
        Assert.Equal(state, source.ReadNumber(field, out var value));
        Assert.Equal(expected, value);
    }

    [Theory]
    [InlineData("yyyy-MM-dd", "1970-01-01", FieldState.Value, 0)]
    [InlineData("yyyy-MM-dd", " 2020-02-29 ", FieldState.Value, 18321)]
    [InlineData("yyyy-MM-dd", "1923-07-04", FieldState.Value, -16983)]
    [InlineData("yyyy-MM-dd", "2021-02-29", FieldState.Invalid, 0)]
    [InlineData("yyyy-MM-dd", "18321", FieldState.Invalid, 0)]
    [InlineData("yyyy-MM-dd", "-9", FieldState.Missing, 0)]
    [InlineData("yyyy-MM-dd", "1900-01-01", FieldState.Missing, 0)]
    [InlineData("yyyy-MM-dd", "", FieldState.Missing, 0)]
    [InlineData("dd.MM.yyyy", "29.02.2020", FieldState.Value, 18321)]
    [InlineData("M/d/yyyy", "2/29/2020", FieldState.Value, 18321)]
    [InlineData("yyyyMMdd", "20200229", FieldState.Value, 18321)]
    [InlineData("yyyy-MM-dd HH:mm:ss", "2020-02-29 23:59:59", FieldState.Value, 18321)]
    [InlineData("yyyy-MM-ddTHH:mm", "2020-02-29T00:01", FieldState.Value, 18321)]
    [InlineData("dd.MM.yyyy", "2020-02-29", FieldState.Invalid, 0)]
    public void Dates_are_read_as_days(string format, string field, FieldState state, double expected)
    {
        var file = SchemaFile.Parse($"name: d\none_row_per_person: true\nmissing: [\"-9\", 1900-01-01]\ncolumns: {{ seen: {{ type: date, format: \"{format}\", low: 1900-01-01, high: 2029-12-31 }} }}");
        Assert.Equal(state, file.Source("seen").ReadNumber(field, out var value));
        Assert.Equal(expected, value);
        var column = file.Schema.Column("seen");
        Assert.Equal((-25567.0, 21914.0, 1.0), (column.Low, column.High, column.Step));
        Assert.Equal("2029-12-31", DayNumber.Text(column.High!.Value));
        Assert.Equal(file.Schema.Encode(), DatasetSchema.Decode(file.Schema.Encode()).Encode());
    }

    [Theory]
    [InlineData("age: { type: integer, low: 0, high: 110 }", 89, 90)]
    [InlineData("age: { type: integer, low: 0, high: 110, unit: years }", 89, 90)]
    [InlineData("age: { type: integer, low: 18, high: 65 }", 89, 65)]
    [InlineData("age_at_diagnosis: { type: number, low: 0, high: 120, unit: Jahre }", 89, 90)]
    [InlineData("x: { type: integer, from: Alter, low: 0, high: 110 }", 89, 90)]
    [InlineData("ageInMonths: { type: integer, low: 0, high: 1200, unit: months }", 1079, 1080)]
    [InlineData("age: { type: integer, low: 0, high: 110, age: false }", null, 110)]
    [InlineData("age: { type: integer, low: 0, high: 110, unit: mm }", null, 110)]
    [InlineData("stage: { type: integer, low: 0, high: 110 }", null, 110)]
    [InlineData("x: { type: number, low: 0, high: 110, age: true, unit: years }", 89, 90)]
    [InlineData("age: { type: integer, low: 0, high: 80, top_code: 79 }", 79, 80)]
    [InlineData("stay: { type: integer, unit: days, low: 0, high: 366, top_code: 365 }", 365, 366)]
    public void Ages_are_top_coded_at_89_years_whatever_the_schema_says(string column, int? topCode, double high)
    {
        var file = SchemaFile.Parse($"name: d\none_row_per_person: true\ncolumns: {{ {column} }}");
        var described = file.Schema.Columns[0];
        Assert.Equal(topCode, described.TopCode);
        Assert.Equal(high, described.High);
        var source = file.Source(described.Name);
        Assert.Equal(FieldState.Value, source.ReadNumber("5000", out var value));
        Assert.Equal(topCode + 1 ?? 5000, value);
        Assert.Equal(FieldState.Value, source.ReadNumber("63", out value));
        Assert.Equal(63, value);
        Assert.Equal(!column.Contains("top_code", StringComparison.Ordinal) && topCode is not null, file.Notes.Count == 1);
        Assert.Equal(file.Schema.Encode(), DatasetSchema.Decode(file.Schema.Encode()).Encode());
    }

    [Theory]
    [InlineData("age: { type: integer, low: 0, high: 99, top_code: 95 }", "at most 89")]
    [InlineData("age: { type: integer, low: 0, high: 99, top_code: 89 }", "write high: 90")]
    [InlineData("sex: { type: category, categories: [f, m], age: true }", "is no number")]
    [InlineData("x: { type: integer, age: true, unit: kg }", "in 'kg'")]
    [InlineData("x: { type: date, top_code: 3 }", "remove unit, resolution and top_code")]
    [InlineData("x: { type: category, categories: [a], top_code: 3 }", "top code")]
    [InlineData("x: { type: integer, top_code: 3.5 }", "must be whole too")]
    public void Top_code_that_does_not_fit_is_refused(string column, string message) => Assert.Contains(
        message,
        Assert.Throws<AnalysisException>(() => SchemaFile.Parse($"name: d\none_row_per_person: true\ncolumns: {{ {column} }}")).Message,
        StringComparison.Ordinal);

    [Fact]
    public void Owner_and_access_are_public_and_members_is_the_default()
    {
        var schema = SchemaFile.Parse("name: d\nowner: Ward 3\naccess: approval\none_row_per_person: true\ncolumns: { a: { type: integer, not_identifying: a dose } }");
        var decoded = DatasetSchema.Decode(schema.Schema.Encode());
        Assert.Equal(("Ward 3", DatasetAccess.Approval), (decoded.Owner, decoded.Access));
        Assert.Equal("a dose", schema.Sources[0].NotIdentifying);
        Assert.Equal(DatasetAccess.Members, SchemaFile.Parse(Text).Schema.Access);
    }

    [Fact]
    public void Filter_compares_dates()
    {
        var schema = SchemaFile.Parse("name: d\none_row_per_person: true\ncolumns: { seen: { type: date, low: 2020-01-01, high: 2020-12-31 } }").Schema;
        var analysis = AnalysisQuery.Parse("dataset: d\nepsilon: 1\nmeasures: [count]\nwhere: { column: seen, ge: 2020-02-29 }").Resolve(schema);
        Assert.Equal(18321, ((CompareFilter)analysis.Where!).Value.Number);
        var query = AnalysisQuery.Parse("dataset: d\nepsilon: 1\nmeasures: [count]\nwhere: { column: seen, ge: soon }");
        Assert.Contains("'seen'", Assert.Throws<AnalysisException>(() => query.Resolve(schema)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("sex", "0", FieldState.Value, 0)]
    [InlineData("sex", "1.0", FieldState.Value, 1)]
    [InlineData("sex", "F", FieldState.Value, 0)]
    [InlineData("sex", "male", FieldState.Value, 1)]
    [InlineData("sex", "2", FieldState.Invalid, -1)]
    [InlineData("sex", "?", FieldState.Missing, -1)]
    [InlineData("stage", "2.0", FieldState.Value, 1)]
    [InlineData("stage", "-9", FieldState.Missing, -1)]
    [InlineData("stage", "x", FieldState.Invalid, -1)]
    public void Categories_are_read(string column, string field, FieldState state, int expected)
    {
        Assert.Equal(state, SchemaFile.Parse(Text).Source(column).ReadCategory(field, out var index));
        Assert.Equal(expected, index);
    }

    [Fact]
    public void Own_missing_codes_add_to_the_common_ones()
    {
        var chol = SchemaFile.Parse(Text).Source("chol");
        Assert.Equal(FieldState.Missing, chol.ReadNumber("0.0", out _));
        Assert.Equal(FieldState.Missing, chol.ReadNumber("?", out _));
        Assert.Equal(FieldState.Value, SchemaFile.Parse(Text).Source("age").ReadNumber("0", out _));
    }

    [Theory]
    [InlineData("name: d\ncolumns: { a: { type: integer } }", "does not say whose a row is")]
    [InlineData("name: d\none_row_per_person: true\ncolumns: { a: person_key, b: { type: integer } }", "keep one of the two")]
    [InlineData("name: d\none_row_per_person: true\ncolumns: { a: drop }", "has 0 columns")]
    [InlineData("name: d\none_row_per_person: true\ncolumns: { a: keep }", "line 3: Column 'a' is 'keep'")]
    [InlineData("name: d\none_row_per_person: true\ncolumns: { a: { type: text } }", "use integer, number, category or date")]
    [InlineData("name: d\none_row_per_person: true\ncolumns:\n  a: { type: integer, low: 9, high: 1 }", "line 4: Column 'a' has low 9 and high 1")]
    [InlineData("name: d\none_row_per_person: true\ncolumns: { a: { type: integer, low: 9 } }", "only one bound")]
    [InlineData("name: d\none_row_per_person: true\ncolumns: { a: { type: integer, low: 0.5, high: 2 } }", "must be whole")]
    [InlineData("name: d\none_row_per_person: true\ncolumns: { a: { type: category } }", "0 categories")]
    [InlineData("name: d\none_row_per_person: true\ncolumns: { a: { type: integer, codes: {1: x} } }", "declare it a category")]
    [InlineData("name: d\none_row_per_person: true\ncolumns: { a: { type: category, categories: [x], codes: {1: y} } }", "none of its categories")]
    [InlineData("name: d\none_row_per_person: true\ncolumns: { a: { type: integer, unitt: kg } }", "did you mean 'unit'?")]
    [InlineData("name: d\none_row_per_person: true\ncolumns: { a: { type: integer }, b: { type: integer, from: a } }", "header 'a'")]
    [InlineData("name: d\none_row_per_person: true\ncolumns: { a: { type: date, low: 31.1.2020, high: 2021-01-01 } }", "year first")]
    [InlineData("name: d\none_row_per_person: true\ncolumns: { a: { type: date, low: 2020-02-30, high: 2021-01-01 } }", "date of the calendar")]
    [InlineData("name: d\none_row_per_person: true\ncolumns: { a: { type: date, low: 2022-01-01, high: 2021-01-01 } }", "low 2022-01-01 and high 2021-01-01")]
    [InlineData("name: d\none_row_per_person: true\ncolumns: { a: { type: date, unit: days } }", "remove unit")]
    [InlineData("name: d\none_row_per_person: true\ncolumns: { a: { type: date, format: dd.MM.yy } }", "which century")]
    [InlineData("name: d\none_row_per_person: true\ncolumns: { a: { type: date, format: MM.yyyy } }", "once each")]
    [InlineData("name: d\none_row_per_person: true\ncolumns: { a: { type: integer, format: yyyy-MM-dd } }", "only dates have")]
    public void Bad_schema_is_refused(string text, string message) =>
        Assert.Contains(message, Assert.Throws<AnalysisException>(() => SchemaFile.Parse(text)).Message, StringComparison.Ordinal);
}
