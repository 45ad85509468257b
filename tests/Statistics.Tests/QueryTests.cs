namespace SecureAggregation.Statistics.Tests;

public sealed class QueryTests
{
    private static readonly DatasetSchema s_schema = new("heart", "", RowRule.OneRowPerPerson,
    [
        new SchemaColumn("age", ColumnType.Integer) { Low = 20, High = 90, Unit = "years", Description = "age at visit" },
        new SchemaColumn("sex", ColumnType.Category) { Categories = ["female", "male"] },
        new SchemaColumn("cp", ColumnType.Category) { Categories = ["1", "2", "3", "4"] },
        new SchemaColumn("oldpeak", ColumnType.Number) { Low = -3, High = 7, Resolution = 0.1 },
        new SchemaColumn("free", ColumnType.Number),
        new SchemaColumn("born", ColumnType.Date) { Low = DayNumber.Of(new DateOnly(1900, 1, 1)), High = DayNumber.Of(new DateOnly(2026, 1, 1)) },
        new SchemaColumn("seen", ColumnType.Date),
    ]);

    [Fact]
    public void Bound_above_a_top_code_is_the_top_code()
    {
        var schema = SchemaFile.Parse("name: d\none_row_per_person: true\ncolumns:\n  age: { type: integer, unit: years, low: 0, high: 90 }\n").Schema;
        var age = AnalysisQuery.Parse("dataset: d\nepsilon: 1\nmeasures: [{ mean: age, low: 0, high: 100 }]").Resolve(schema).Columns[0];
        Assert.Equal((0, 90, 89), (age.Low, age.High, age.TopCode));
    }

    [Fact]
    public void Whole_query_is_read()
    {
        var query = AnalysisQuery.Parse("""
            name: Age by sex
            dataset: heart
            epsilon: 0.5
            noise: local
            min_survivors: 4
            measures:
              - count
              - mean: age
                low: 30
                high: 80
                weight: 2
              - histogram: age
                from: 20
                to: 80
                step: 10
              - histogram: cp
              - count: free
            group_by:
              sex: [female, male]
            where:
              and:
                - { column: age, ge: 18, lt: 65 }
                - { column: cp, in: [1, 2] }
                - not: { column: oldpeak, is_null: true }
                - or: [{ column: oldpeak, between: [0, 1.5] }, { column: sex, ne: male }]
            rows_per_party: 5000
            schema: schema.yaml
            """);
        Assert.Equal("Age by sex", query.Name);
        Assert.Equal("0.5", query.Epsilon.ToString());
        Assert.Equal(4, query.MinSurvivors);
        Assert.Equal("schema.yaml", query.SchemaPath);
        Assert.Equal([20, 30, 40, 50, 60, 70, 80], ((HistogramMeasure)query.Measures[2].Measure).Edges);

        var analysis = query.Resolve(s_schema);
        Assert.Equal(["age", "cp", "free", "oldpeak", "sex"], analysis.Columns.Select(c => c.Name));
        Assert.Equal((30, 80), (analysis.Columns[0].Low, analysis.Columns[0].High));
        Assert.Equal(["count", "mean(age)", "histogram(age)", "histogram(cp)", "count(free)"], analysis.Measures.Select(m => m.Name));
        Assert.Equal(2, analysis.Measures[1].Weight);
        Assert.Equal(5000, analysis.RowsPerParty);
        var and = Assert.IsType<AndFilter>(analysis.Where);
        Assert.Equal(4, and.Items.Count);
        Assert.Equal([new FilterValue(null, "1"), new FilterValue(null, "2")], Assert.IsType<InFilter>(and.Items[1]).Values);
    }

    [Fact]
    public void Json_is_read_the_same()
    {
        var yaml = AnalysisQuery.Parse("dataset: heart\nepsilon: 1\nmeasures:\n  - count\n  - mean: age\nwhere: { column: sex, eq: male }");
        var json = AnalysisQuery.Parse("""{"dataset": "heart", "epsilon": 1, "measures": ["count", {"mean": "age"}], "where": {"column": "sex", "eq": "male"}}""");
        Assert.Equal(yaml.Resolve(s_schema).Encode(), json.Resolve(s_schema).Encode());
    }

    [Fact]
    public void Group_without_keys_takes_the_schema_s_categories() =>
        Assert.Equal(["female", "male"], Resolve("measures: [count]\ngroup_by: { sex: }").GroupBy[0].Keys);

    // Each complaint names the line, the thing, the rule and the fix.
    [Theory]
    [InlineData("epsilon: 0\nmeasures: [count]", 2, "epsilon is 0; it must be greater than 0")]
    [InlineData("epsilon: -1\nmeasures: [count]", 2, "epsilon is -1")]
    [InlineData("epsilon: NaN\nmeasures: [count]", 2, "epsilon is 'NaN'")]
    [InlineData("measures: [count]", 1, "has no 'epsilon'; add it")]
    [InlineData("epsilon: 1", 1, "has no 'measures'; add it")]
    [InlineData("epsilon: 1\nmesures: [count]", 3, "unknown key 'mesures'; did you mean 'measures'?")]
    [InlineData("epsilon: 1\nmeasure: [count]\nmeasures: [count]", 3, "unknown key 'measure'; did you mean 'measures'?")]
    [InlineData("epsilon: 1\nmeasures: [cuont]", 3, "unknown measure 'cuont'; did you mean 'count'?")]
    [InlineData("epsilon: 1\nmeasures: [mean]", 3, "mean needs a column")]
    [InlineData("epsilon: 1\nmeasures:\n  - mean: age\n    low: 90\n    high: 20", 4, "Are they reversed?")]
    [InlineData("epsilon: 1\nmeasures:\n  - mean: age\n    bounds: 20", 5, "unknown key 'bounds'")]
    [InlineData("epsilon: 1\nmeasures:\n  - mean: agee", 4, "no column 'agee'; did you mean 'age'?")]
    [InlineData("epsilon: 1\nmeasures:\n  - histogram: age\n    from: 0\n    to: 10\n    step: 3", 4, "the step must be greater than 0 and divide the range")]
    [InlineData("epsilon: 1\nmeasures:\n  - histogram: age\n    edges: [1, x]", 5, "An edge is 'x'; it must be a number")]
    [InlineData("epsilon: 1\nmeasures: [count]\nwhere: { column: age }", 4, "compares with nothing")]
    [InlineData("epsilon: 1\nmeasures: [count]\nwhere: { column: age, like: 3 }", 4, "unknown key 'like'")]
    [InlineData("epsilon: 1\nmeasures: [count]\nwhere: { and: [] }", 4, "'and' lists no condition")]
    [InlineData("epsilon: 1\nmeasures: [count]\nnoise: gaussian", 4, "noise is 'gaussian'; it must be local")]
    [InlineData("epsilon: 1\nmeasures: [min: age]", 3, "'min' is never released")]
    [InlineData("epsilon: 1\nmeasures: [max]", 3, "'box: age' gives the quartiles")]
    [InlineData("epsilon: 1\nmeasures: [men: age]", 3, "unknown measure 'men'; did you mean 'mean'?")]
    [InlineData("epsilon: 1\nmeasures:\n  - { mean: age, sd: age }", 4, "exactly one of")]
    [InlineData("epsilon: 1\nmeasures: [linear]", 3, "linear needs its columns, e.g. 'linear: { outcome: chol, predictors: [age, sex] }'")]
    [InlineData("epsilon: 1\nmeasures:\n  - linear: { outcome: age }", 4, "Linear has no 'predictors'")]
    [InlineData("epsilon: 1\nmeasures:\n  - linear: { outcome: age, predictors: [oldpeak] }\n    bounds: { sex: [0, 1] }", 4, "bounds names 'sex', which linear(age ~ oldpeak) does not read")]
    [InlineData("epsilon: 1\nmeasures:\n  - linear: { outcome: age, predictors: [oldpeak] }\n    bounds: { age: [1] }", 5, "'age' has 1 values; give two")]
    [InlineData("epsilon: 1\nmeasures:\n  - pca: [age, oldpeak]\n    bounds: { age: [9, 1] }", 5, "Are they reversed?")]
    [InlineData("epsilon: 1\nmeasures: [contingency: [sex]]", 3, "contingency lists 1 columns; it takes two")]
    [InlineData("epsilon: 1\nmeasures:\n  - contingency: [sex, cp]\n    keys: { age: [1] }", 5, "keys names 'age', but the table is of sex and cp")]
    [InlineData("epsilon: 1\nmeasures:\n  - { median: age, bins: 0 }", 4, "bins is 0")]
    [InlineData("epsilon: 1\nmeasures:\n  - { median: age, bins: 5, edges: [1, 2] }", 4, "describes its bins twice")]
    [InlineData("epsilon: 1\nmeasures:\n  - poisson: { outcome: age, predictors: [sex], weight_bound: 0 }", 4, "weight_bound is 0")]
    [InlineData("epsilon: 1\nmeasures: [count]\nderive:\n  x: { age: a }", 5, "must be a mapping")]
    [InlineData("epsilon: 1\nmeasures: [count]\nderive:\n  x: { cut: a }", 5, "made by exactly one of bins, ratio, age, days, recode")]
    [InlineData("epsilon: 1\nmeasures: [count]\nwhere: { column: age, between: [x, 3] }", 4, "between is 'x'")]
    [InlineData("epsilon: 1\nmeasures: [count]\nmeasures: [count]", 4, "not valid YAML")]
    [InlineData("epsilon: &a 1\nmeasures: [count]", 2, "anchor or alias")]
    [InlineData("epsilon: [1\nmeasures: [count]", 2, "not valid YAML")]
    public void Bad_text_is_refused_with_its_line(string text, int line, string message)
    {
        var error = Assert.Throws<AnalysisException>(() => AnalysisQuery.Parse("dataset: heart\n" + text).Resolve(s_schema));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
        Assert.Equal(line, error.Line);
        Assert.StartsWith($"line {line}: ", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("measures: [count, count]", "count twice")]
    [InlineData("measures: [mean: sex]", "has no mean")]
    [InlineData("measures: [mean: free]", "needs bounds")]
    [InlineData("measures: [histogram: age]", "has 0 edges; list 2")]
    [InlineData("measures: [{histogram: age, edges: [30, 20]}]", "edges must ascend")]
    [InlineData("measures: [{histogram: sex, edges: [1, 2]}]", "its labels are the bins")]
    [InlineData("measures: [count]\ngroup_by: { sex: [male, femal] }", "no category 'femal'; did you mean 'female'?")]
    [InlineData("measures: [count]\ngroup_by: { sex: [male, male] }", "lists 'male' twice")]
    [InlineData("measures: [count]\ngroup_by: { oldpeak: [1] }", "fractional numbers")]
    [InlineData("measures: [count]\ngroup_by: { age: [x] }", "'x' is no whole number")]
    [InlineData("measures: [count]\ngroup_by: { age: }", "has no keys; list them")]
    [InlineData("measures: [count]\nwhere: { column: sex, gt: male }", "is a category and has no order")]
    [InlineData("measures: [count]\nwhere: { column: sex, eq: mail }", "no category 'mail'; did you mean 'male'?")]
    [InlineData("measures: [count]\nwhere: { column: age, eq: old }", "'age' holds numbers, but is compared with 'old'")]
    [InlineData("measures: [count]\nwhere: { column: age, between: [65, 18] }", "are they reversed?")]
    [InlineData("measures: [count]\nwhere: { column: weight, gt: 1 }", "no column 'weight'")]
    [InlineData("measures: [{mean: age, low: 0, high: 10}, {variance: age, low: 0, high: 20}]", "two pairs of bounds")]
    [InlineData("measures: [{mean: age, weight: 0}]", "weight of mean(age) is 0")]
    [InlineData("measures: [count]\nrows_per_person: 3", "one row = one person")]
    [InlineData("measures: [median: sex]", "is a category and has no bins")]
    [InlineData("measures: [median: free]", "has no bins, and 'free' has no bounds")]
    [InlineData("measures: [{quantiles: age, at: [0, 0.5]}]", "both left out: the least and the greatest value are never released")]
    [InlineData("measures: [{quantiles: age, at: [0.5, 0.25]}]", "they must ascend")]
    [InlineData("measures: [{quantiles: age, at: []}]", "asks for 0 quantiles")]
    [InlineData("measures: [median: age, {box: age, bins: 10}]", "two sets of bins")]
    [InlineData("measures: [compare: age]", "but there are none; add group_by")]
    [InlineData("measures: [compare: free]\ngroup_by: { sex: }", "needs bounds of 'free'")]
    [InlineData("measures: [contingency: [sex, sex]]", "against itself")]
    [InlineData("measures: [contingency: [sex, age]]", "'age' has no keys; list them")]
    [InlineData("measures: [{contingency: [sex, age], keys: {age: [30]}}]", "one key of 'age'")]
    [InlineData("measures: [{contingency: [sex, cp], keys: {cp: [1, 7]}}]", "no category '7'")]
    [InlineData("measures: [correlation: [age]]", "needs two columns")]
    [InlineData("measures: [covariance: [age, age]]", "names 'age' twice")]
    [InlineData("measures: [pca: [age, sex]]", "'sex' is a category, but numbers are needed")]
    [InlineData("measures: [pca: [age, free]]", "'bounds: { free: [20, 90] }'")]
    [InlineData("measures: [linear: {outcome: sex, predictors: [age]}]", "'sex' is a category, but numbers are needed")]
    [InlineData("measures: [linear: {outcome: age, predictors: []}]", "no predictors")]
    [InlineData("measures: [linear: {outcome: age, predictors: [age]}]", "from itself")]
    [InlineData("measures: [linear: {outcome: age, predictors: [sex, sex]}]", "names 'sex' twice")]
    [InlineData("measures: [linear: {outcome: age, predictors: [free]}]", "needs bounds of 'free'")]
    [InlineData("measures: [logistic: {outcome: cp, predictors: [age]}]", "'cp' must have two outcomes")]
    [InlineData("measures: [logistic: {outcome: age, predictors: [oldpeak]}]", "'age' must have two outcomes")]
    [InlineData("measures: [logistic: {outcome: sex, predictors: [age], iterations: 26}]", "has 26 iterations")]
    [InlineData("measures: [logistic: {outcome: sex, predictors: [age], deviance_bound: 0}]", "deviance_bound 0")]
    [InlineData("measures: [logistic: {outcome: sex, predictors: [age]}]\ngroup_by: { cp: }", "cannot be grouped")]
    [InlineData("measures: [poisson: {outcome: oldpeak, predictors: [age]}]", "may be below 0")]
    [InlineData("measures: [survival: {time: age, event: cp}]", "'cp' must have two outcomes")]
    [InlineData("measures: [incidence: {time: oldpeak, event: sex}]", "person-time is not")]
    [InlineData("measures: [{incidence: {time: age, event: sex}, per: 0}]", "is per 0")]
    [InlineData("measures: [roc: {score: sex, outcome: sex}]", "is a category")]
    [InlineData("measures: [distinct: age]", "holds numbers; it takes a category")]
    [InlineData("measures: [{top: cp, k: 0}]", "k must be 1 to")]
    [InlineData("measures: [histogram: old]\nderive: { age: { recode: cp, map: { a: 1 } } }", "'age' is a column of 'heart' already")]
    [InlineData("measures: [histogram: olt]\nderive: { old: { recode: cp, map: { a: 1 } } }", "did you mean 'old'?")]
    [InlineData("measures: [histogram: b]\nderive: { b: { recode: c, map: { a: 1 } }, c: { recode: cp, map: { 1: 1 } } }", "'c' is used before it is made")]
    [InlineData("measures: [histogram: b]\nderive: { b: { recode: cp, map: { a: [] } } }", "'a' stands for nothing")]
    [InlineData("measures: [histogram: b]\nderive: { b: { recode: cp, map: { a: [1], b: [1] } } }", "lists '1' twice")]
    [InlineData("measures: [histogram: b]\nderive: { b: { recode: cp, map: { a: [9] } } }", "no category '9'")]
    [InlineData("measures: [histogram: b]\nderive: { b: { recode: oldpeak, map: { a: [9] } } }", "fractional numbers")]
    [InlineData("measures: [histogram: b]\nderive: { b: { bins: age, edges: [1, 2], labels: [x, y] } }", "2 labels for 2 edges")]
    [InlineData("measures: [histogram: b]\nderive: { b: { bins: sex, edges: [1, 2] } }", "'sex' is a category; recode it")]
    [InlineData("measures: [histogram: b]\nderive: { b: { bins: age, edges: [2, 1] } }", "edges must ascend")]
    [InlineData("measures: [mean: b]\nderive: { b: { ratio: { numerator: age, denominator: sex }, low: 0, high: 1 } }", "'sex' is a category")]
    [InlineData("measures: [mean: b]\nderive: { b: { ratio: { numerator: age, denominator: oldpeak }, low: 1, high: 0 } }", "low must be below high")]
    [InlineData("measures: [{mean: b, low: 0, high: 1}]\nderive: { b: { ratio: { numerator: age, denominator: oldpeak }, low: 0, high: 1 } }", "its bounds stand in derive")]
    [InlineData("measures: [mean: b]\nderive: { b: { age: { from: age, to: 2020-01-01 } } }", "'age' holds no dates")]
    [InlineData("measures: [mean: b]\nderive: { b: { days: { from: born, to: seen }, low: 9, high: 1 } }", "low must be below high")]
    [InlineData("measures: [mean: b]\nderive: { b: { age: { from: born, to: seen }, high: 91 } }", "must lie between 0 and 90")]
    [InlineData("measures: [count]\ngroup_by: { born: [1] }", "a date is nearly a person")]
    [InlineData("measures: [count]\nrows_per_party: 0", "rows_per_party is 0")]
    public void Query_that_does_not_fit_the_schema_is_refused(string text, string message)
    {
        var error = Assert.Throws<AnalysisException>(() => Resolve(text));
        Assert.Contains(message, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Deep_nesting_is_refused_before_it_costs_anything()
    {
        var text = "dataset: heart\nepsilon: 1\nmeasures: [count]\nwhere: " + string.Concat(Enumerable.Repeat("[", 20_000));
        Assert.Contains("nested deeper", Assert.Throws<AnalysisException>(() => AnalysisQuery.Parse(text)).Message, StringComparison.Ordinal);
        Assert.Contains("at most", Assert.Throws<AnalysisException>(() => AnalysisQuery.Parse(new string(' ', 300_000))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_byte_of_an_encoding_counts()
    {
        var bytes = Resolve("""
            measures: [count, {mean: age}, {histogram: oldpeak, from: 0, to: 2, step: 0.5}]
            group_by: { sex: [female, male] }
            where: { or: [{ column: age, ge: 18 }, { column: cp, in: [1, 2] }, { not: { column: age, is_null: true } }] }
            """).Encode();
        Assert.Equal(bytes, Analysis.Decode(bytes).Encode());

        for (var cut = 0; cut < bytes.Length; cut++) Assert.Throws<AnalysisException>(() => Analysis.Decode(bytes.AsSpan(0, cut)));
        // An unknown field, a field twice, a number in a longer form.
        Assert.Throws<AnalysisException>(() => Analysis.Decode([.. bytes, 0xF8, 0x01, 0x01]));
        Assert.Throws<AnalysisException>(() => Analysis.Decode([.. bytes, 0x38, 0x01]));
        Assert.Throws<AnalysisException>(() => Analysis.Decode([0x08, 0x81, 0x00, .. bytes.AsSpan(2)]));
        Assert.Contains("at most", Assert.Throws<AnalysisException>(() => Analysis.Decode(new byte[Analysis.MaxEncodedLength + 1])).Message, StringComparison.Ordinal);
        // Whatever is decoded is what its own bytes say.
        for (var i = 0; i < bytes.Length; i++)
        {
            for (var bit = 0; bit < 8; bit++)
            {
                var other = (byte[])bytes.Clone();
                other[i] ^= (byte)(1 << bit);
                try
                {
                    Assert.Equal(other, Analysis.Decode(other).Encode());
                }
                catch (AnalysisException)
                {
                    continue;
                }
            }
        }
    }

    [Fact]
    public void Party_notices_a_query_for_another_schema()
    {
        var analysis = Resolve("measures: [{mean: age, low: 0, high: 120}]\nwhere: { column: sex, eq: male }");
        analysis.RequireFit(s_schema);
        var columns = s_schema.Columns.ToArray();
        Assert.Throws<AnalysisException>(() => analysis.RequireFit(new DatasetSchema("heart", "", RowRule.PersonKey, columns)));
        Assert.Throws<AnalysisException>(() => analysis.RequireFit(new DatasetSchema("heart", "", RowRule.OneRowPerPerson, [.. columns.Skip(1)])));
        Assert.Throws<AnalysisException>(() => analysis.RequireFit(new DatasetSchema("heart", "", RowRule.OneRowPerPerson, [columns[0] with { Unit = "months" }, columns[1]])));
        Assert.Throws<AnalysisException>(() => analysis.RequireFit(new DatasetSchema("heart", "", RowRule.OneRowPerPerson, [columns[0], columns[1] with { Categories = ["f", "m"] }])));
    }

    private static Analysis Resolve(string text) => AnalysisQuery.Parse("dataset: heart\nepsilon: 1\n" + text).Resolve(s_schema);
}
