using FsCheck.Fluent;
using SecureAggregation.Dashboard.Blazor.Model.Queries;
using SecureAggregation.Statistics;
using SecureAggregation.Testing;

namespace SecureAggregation.Dashboard.Blazor.Tests;

public sealed class DraftReaderTests
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

    [Fact]
    public void Form_and_text_are_the_same_question_both_ways() => Property.Holds(Gen.Choose(0, 1_000_000), seed =>
    {
        var yaml = Any(new SeededRandom((uint)seed)).ToYaml();
        var back = DraftReader.Of(AnalysisQuery.Parse(yaml), s_schema);
        return back?.ToYaml() == yaml;
    }, 300);

    [Fact]
    public void Form_that_was_asked_comes_back_out_of_what_was_signed() => Property.Holds(Gen.Choose(0, 1_000_000), seed =>
    {
        var query = AnalysisQuery.Parse(Any(new SeededRandom((uint)seed)).ToYaml());
        var analysis = query.Resolve(s_schema);
        var (draft, _) = DraftReader.Read(AnalysisText.Write(analysis, query.Name, query.Dataset, query.Epsilon, query.Noise, query.Study), [s_schema]);
        return draft is not null && AnalysisQuery.Parse(draft.ToYaml()).Resolve(s_schema).Encode().AsSpan().SequenceEqual(analysis.Encode());
    }, 300);

    [Theory]
    [InlineData("measures: [{ mean: age, low: 20 }]")]
    [InlineData("measures: [{ count: age }]")]
    [InlineData("measures: [{ median: age }]")]
    [InlineData("measures: [{ histogram: age, edges: [0, 50, 60, 90] }]")]
    [InlineData("measures: [{ top: cp, k: 2 }]")]
    [InlineData("measures: [count]\ngroup_by: { sex: [male] }")]
    [InlineData("measures: [count]\nwhere: { or: [{ column: age, ge: 18 }, { column: sex, in: [male] }] }")]
    [InlineData("measures: [count]\nwhere: { column: age, between: [18, 65] }")]
    [InlineData("measures: [count]\nmin_survivors: 5")]
    [InlineData("measures: [count]\nnoise: none")]
    [InlineData("measures: [count]\nrows_per_person: 2")]
    [InlineData("measures: [count]\nrepairs: []")]
    [InlineData("measures: [{ histogram: old }]\nderive: { old: { bins: age, edges: [0, 65, 90] } }")]
    [InlineData("measures: [{ poisson: { outcome: days, predictors: [age], residual_bound: 9 } }]")]
    public void Question_that_the_form_cannot_hold_stays_a_text(string rest)
    {
        var (draft, why) = DraftReader.Read($"dataset: heart\nepsilon: 1\n{rest}\n", [s_schema]);
        Assert.Null(draft);
        Assert.Equal(DraftReader.TooMuch, why);
    }

    [Theory]
    [InlineData("dataset: heart\nepsilon: 1\nmeasures: [{ maen: age }]", "maen")]
    [InlineData("dataset: planets\nepsilon: 1\nmeasures: [count]", "“planets”")]
    public void Text_that_is_no_question_of_here_is_said(string yaml, string word) => Assert.Contains(word, DraftReader.Read(yaml, [s_schema]).Why);

    [Fact]
    public void Title_that_the_form_gave_keeps_following_what_is_asked()
    {
        var draft = DraftReader.Of(AnalysisQuery.Parse(new QueryDraft(s_schema).ToYaml()), s_schema)!;
        draft.Groups.Add("sex");
        Assert.Contains("name: \"Count by sex\"", draft.ToYaml());
    }

    [Fact]
    public void Regression_over_rounds_is_asked_alone()
    {
        var draft = new QueryDraft(s_schema);
        var fit = new MeasureDraft(MeasureShape.Of("logistic")) { Iterations = 5 };
        fit.Columns[0].Add("disease");
        fit.Columns[1].Add("age");
        draft.Measures.Add(fit);
        Assert.Contains("asked alone", draft.Missing);
        draft.Measures.RemoveAt(0);
        Assert.Null(draft.Missing);
        Assert.Equal(5, new ModelFit(AnalysisQuery.Parse(draft.ToYaml())).Model.Iterations);
        draft.Groups.Add("sex");
        Assert.Contains("without groups", draft.Missing);
    }

    [Fact]
    public void Every_question_to_begin_with_is_complete_and_can_be_asked()
    {
        var points = StartingPoint.Of(s_schema);
        Assert.Equal(["How many rows", "Mean of each number by sex", "Table 1", "Distribution of age"], points.Select(p => p.Name));
        Assert.All(points, point => Assert.NotEmpty(AnalysisQuery.Parse(point.Begin().ToYaml()).Resolve(s_schema).Measures));
        var bare = new DatasetSchema("bare", "", RowRule.OneRowPerPerson, [new("x", ColumnType.Date)]);
        Assert.Equal("How many rows", Assert.Single(StartingPoint.Of(bare)).Name);
    }

    private static QueryDraft Any(SeededRandom random)
    {
        var draft = new QueryDraft(s_schema)
        {
            Title = Below(3) == 0 ? "A: \"title\"" : "", Study = Below(4) == 0 ? "s 1" : "", Epsilon = (Below(1000) + 1) / 100.0, Noise = Below(2) == 0 ? NoiseMode.Distributed : NoiseMode.Local,
        };
        draft.Measures.Clear();
        var shapes = MeasureShape.All.OrderBy(_ => Below(1000)).Take(1 + Below(4)).ToList();
        if (shapes.Exists(s => s.TakesRounds)) shapes = [shapes.First(s => s.TakesRounds)];
        foreach (var shape in shapes)
        {
            var measure = new MeasureDraft(shape) { Weight = Below(3) == 0 ? 1 + Below(9) : 1, Iterations = 1 + Below(25) };
            foreach (var (place, columns) in shape.Places.Zip(measure.Columns))
            {
                var free = s_schema.Columns.Where(place.Takes).Where(c => c.Low is not null || c.Type == ColumnType.Category).Select(c => c.Name).Except(measure.Columns.SelectMany(c => c));
                columns.AddRange(free.OrderBy(_ => Below(1000)).Take(place.Many ? 2 : 1));
            }

            if (shape.HasBins && Below(2) == 0) measure.Bins = 2 + Below(20);
            if (shape.Word == "histogram") measure.Bins ??= 10;
            draft.Measures.Add(measure);
        }

        if (!shapes[0].TakesRounds && (shapes.Exists(s => s.NeedsGroups) || Below(2) == 0)) draft.Groups.AddRange(((string[])["sex", "cp"]).Take(1 + Below(2)));
        for (var i = Below(4); i > 0; i--) draft.Conditions.Add(Condition());
        Assert.Null(draft.Missing);
        return draft;

        int Below(int n)
        {
            Span<byte> bytes = stackalloc byte[4];
            random.GetBytes(bytes);
            return (int)(BitConverter.ToUInt32(bytes) % (uint)n);
        }

        ConditionDraft Condition()
        {
            if (Below(3) == 0)
            {
                var labels = new ConditionDraft { Column = "cp", Word = "in" };
                labels.Labels.AddRange(((string[])["b: c", "a"]).Take(1 + Below(2)));
                return labels;
            }

            string[] words = ["ge", "gt", "le", "lt", "eq", "ne"];
            var date = Below(2) == 0;
            return new ConditionDraft { Column = date ? "seen" : "chol", Word = words[Below(6)], Value = date ? "2022-05-01" : $"{100 + Below(300)}" };
        }
    }
}
