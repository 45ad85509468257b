using SecureAggregation.Dashboard.Blazor.Model.Queries;
using SecureAggregation.Statistics;

namespace SecureAggregation.Dashboard.Blazor.Tests;

public sealed class QueryDraftTests
{
    private static readonly DatasetSchema s_schema = new("heart", "four clinics", RowRule.OneRowPerPerson,
    [
        new("age", ColumnType.Integer) { Unit = "years", Low = 0, High = 90 },
        new("chol", ColumnType.Integer) { Low = 80, High = 620 },
        new("days", ColumnType.Integer) { Low = 0, High = 3650 },
        new("sex", ColumnType.Category) { Categories = ["female", "male"] },
        new("disease", ColumnType.Category) { Categories = ["no", "yes"] },
        new("cp", ColumnType.Category) { Categories = ["a", "b: c", "d"] },
        new("seen", ColumnType.Date) { Low = 18262, High = 21914 },
    ]);

    public static TheoryData<string> Words => [.. MeasureShape.All.Select(shape => shape.Word)];

    [Theory]
    [MemberData(nameof(Words))]
    public void Every_measure_that_can_be_built_can_be_asked(string word)
    {
        var draft = new QueryDraft(s_schema);
        draft.Measures.Clear();
        Assert.NotNull(draft.Missing);
        var measure = new MeasureDraft(MeasureShape.Of(word)) { Weight = 3 };
        draft.Measures.Add(measure);
        if (measure.Shape.Places.Count > 0) Assert.NotNull(draft.Missing);
        foreach (var (place, columns) in measure.Shape.Places.Zip(measure.Columns))
        {
            columns.AddRange(s_schema.Columns.Where(place.Takes).Select(c => c.Name).Except(measure.Columns.SelectMany(c => c)).Take(place.Many ? 2 : 1));
        }

        if (word == "histogram") measure.Bins = 10;
        if (measure.Shape.NeedsGroups)
        {
            Assert.Contains("groups", draft.Missing);
            draft.Groups.Add("sex");
        }

        Assert.Null(draft.Missing);
        var query = AnalysisQuery.Parse(draft.ToYaml());
        Assert.NotEmpty(query.Resolve(s_schema).Measures);
        Assert.Equal("heart", query.Dataset);
    }

    [Fact]
    public void First_question_is_complete_from_the_start()
    {
        var draft = new QueryDraft(s_schema);
        Assert.Null(draft.Missing);
        Assert.Equal("name: Count\ndataset: heart\nepsilon: 1\nnoise: distributed\nmeasures:\n  - count\n", draft.ToYaml());
    }

    [Fact]
    public void Groups_conditions_and_awkward_words_come_through()
    {
        var draft = new QueryDraft(s_schema) { Title = "A: \"b\"", Study = "s 1", Epsilon = 0.125, Noise = NoiseMode.Local };
        draft.Groups.Add("cp");
        draft.Conditions.Add(new ConditionDraft { Column = "age", Word = "ge", Value = "18" });
        draft.Conditions.Add(new ConditionDraft { Column = "seen", Word = "lt", Value = "2022-05-01" });
        var labels = new ConditionDraft { Column = "cp", Word = "in" };
        Assert.NotNull(labels.Missing);
        labels.Labels.Add("b: c");
        draft.Conditions.Add(labels);
        var query = AnalysisQuery.Parse(draft.ToYaml());
        Assert.Equal(("A: \"b\"", "s 1", 125_000L, NoiseMode.Local), (query.Name, query.Study, query.Epsilon.Micro, query.Noise));
        var analysis = query.Resolve(s_schema);
        Assert.Equal(["a", "b: c", "d"], Assert.Single(analysis.GroupBy).Keys);
        Assert.Equal(3, Assert.IsType<AndFilter>(analysis.Where).Items.Count);
    }

    [Theory]
    [InlineData("250", "The privacy cost ε is 250; type a number from 0.000001 to 100. Until then it stays 1")]
    [InlineData("0", "The privacy cost ε is 0; type a number from 0.000001 to 100. Until then it stays 1")]
    [InlineData("", "The privacy cost ε is empty or no number; type a number from 0.000001 to 100. Until then it stays 1")]
    [InlineData("NaN", "The privacy cost ε is NaN; type a number from 0.000001 to 100. Until then it stays 1")]
    [InlineData("0.000001", null)]
    [InlineData("1e2", null)]
    public void Epsilon_outside_of_its_range_is_said_with_the_range_and_what_stays(string text, string? problem)
    {
        Assert.Equal(problem, NumberRule.Epsilon.Wrong(text, 1, out var number));
        Assert.Equal(problem is null, number is not null);
    }

    [Fact]
    public void Whole_numbers_have_no_fraction_and_nothing_is_an_answer_where_that_may_be()
    {
        var bins = new NumberRule("The number of bins", 1, 1000, Whole: true, MayBeEmpty: true);
        Assert.Equal("The number of bins is 2.5; type a whole number from 1 to 1,000, or nothing. Until then nothing changes", bins.Wrong("2.5", null, out _));
        Assert.Null(bins.Wrong("", 10, out var none));
        Assert.Null(none);
        Assert.Null(bins.Wrong("1000", 10, out var most));
        Assert.Equal(1000, most);
    }

    [Fact]
    public void What_is_missing_is_named()
    {
        var draft = new QueryDraft(s_schema);
        draft.Measures.Add(new MeasureDraft(MeasureShape.Of("mean")));
        Assert.Equal("Mean: choose a column for “Of”", draft.Missing);
        draft.Measures[1].Columns[0].Add("age");
        draft.Conditions.Add(new ConditionDraft());
        Assert.Equal("A condition has no column", draft.Missing);
        draft.Conditions[0].Column = "age";
        Assert.Contains("no value", draft.Missing);
    }
}
