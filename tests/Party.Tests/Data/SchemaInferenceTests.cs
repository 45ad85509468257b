using System.Text;
using SecureAggregation.Party.Data;
using SecureAggregation.Statistics;

namespace SecureAggregation.Party.Tests.Data;

public sealed class SchemaInferenceTests : IDisposable
{
    private readonly Scratch _scratch = new();

    public void Dispose() => _scratch.Dispose();

    [Fact]
    public void Types_and_missing_codes_are_proposed_identifiers_dropped_and_bounds_left_to_a_person()
    {
        var csv = new StringBuilder("mrn,age,temp,smoker,note,empty\n");
        for (var i = 0; i < 40; i++) csv.Append(
            $"{i},{(i == 7 ? "-9" : i == 8 ? "?" : $"{23 + i}")},{36 + (i % 3)}.5,{(i % 2 == 0 ? "yes" : "no")},note {i},\n");
        var yaml = SchemaInference.Infer(_scratch.Write("ward 3.csv", csv.ToString()));

        Assert.Contains("\"ward_3\"", yaml.Replace("name: ward_3", "name: \"ward_3\"", StringComparison.Ordinal), StringComparison.Ordinal);
        // A person has to say whose a row is before the file can be used.
        Assert.Throws<AnalysisException>(() => SchemaFile.Parse(yaml));
        var schema = SchemaFile.Parse(yaml.Replace("# one_row_per_person", "one_row_per_person", StringComparison.Ordinal));
        Assert.Equal(["age", "temp", "smoker"], schema.Schema.Columns.Select(c => c.Name));
        Assert.Equal([ColumnType.Integer, ColumnType.Number, ColumnType.Category], schema.Schema.Columns.Select(c => c.Type));
        Assert.All(schema.Schema.Columns, c => Assert.Null(c.Low));
        Assert.Equal(FieldState.Missing, schema.Source("age").ReadNumber("-9", out _));
        Assert.Equal(FieldState.Missing, schema.Source("age").ReadNumber("?", out _));
        Assert.Equal(["no", "yes"], schema.Schema.Column("smoker").Categories);
        Assert.DoesNotContain("62", yaml, StringComparison.Ordinal);
        Assert.Contains("# high: 90  # a round range: age in years", yaml, StringComparison.Ordinal);
        // Least and greatest of a column, and of any with another name, are nowhere, rounded or not.
        Assert.DoesNotContain("70", yaml, StringComparison.Ordinal);
        Assert.DoesNotContain("38.5", yaml, StringComparison.Ordinal);
    }

    [Fact]
    public void Dates_codes_and_identifying_values_are_proposed_as_what_they_are()
    {
        var csv = new StringBuilder("seen,contact,grade,dose\n");
        for (var i = 0; i < 60; i++) csv.Append($"{(i % 28) + 1}.3.2020,p{i}@clinic.example,{i % 3},{i * 1.25}\n");
        var yaml = SchemaInference.Infer(_scratch.Write("d.csv", csv.ToString()));
        Assert.Contains("seen: drop  # dates; to use them for ages and times: { type: date, format: \"d.M.yyyy\"", yaml, StringComparison.Ordinal);
        Assert.Contains("contact: drop  # email addresses: values hold e-mail addresses", yaml, StringComparison.Ordinal);
        Assert.Contains("# if these are codes: type: category, codes: { \"0\": …, \"1\": …, \"2\": … }", yaml, StringComparison.Ordinal);
        Assert.Contains("dose:\n    type: number\n    # low and high are left open", yaml, StringComparison.Ordinal);
        Assert.DoesNotContain("@", yaml, StringComparison.Ordinal);
        Assert.Equal(["grade", "dose"], SchemaFile.Parse(yaml.Replace("# one_row", "one_row", StringComparison.Ordinal)).Schema.Columns.Select(c => c.Name));
    }

    [Fact]
    public void Label_that_few_rows_bear_is_not_written()
    {
        var rows = string.Concat(Enumerable.Repeat("flu\n", 30)) + "Quill syndrome\n";
        var yaml = SchemaInference.Infer(_scratch.Write("d.csv", "diagnosis\n" + rows));
        Assert.DoesNotContain("Quill", yaml, StringComparison.Ordinal);
        Assert.Contains("diagnosis: drop", yaml, StringComparison.Ordinal);
    }
}
