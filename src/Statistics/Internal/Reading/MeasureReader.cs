using YamlDotNet.RepresentationModel;

namespace SecureAggregation.Statistics.Internal.Reading;

/// <summary>The entries of <c>measures</c>, word by word.</summary>
internal static class MeasureReader
{
    private const int DefaultIterations = 8;
    private const int DefaultDeviance = 8;

    private static readonly double[] s_median = [0.5];
    private static readonly double[] s_quartiles = [0.25, 0.5, 0.75];
    private static readonly double[] s_box = [0.01, 0.25, 0.5, 0.75, 0.99];
    private static readonly double[] s_iqr = [0.25, 0.75];

    private static readonly Dictionary<string, Func<YamlMap, string, QueryMeasure>> s_words = new()
    {
        ["count"] = (m, w) => new(new ColumnMeasure(MeasureKind.Count, m.Text(w) ?? "")),
        ["sum"] = Moment(MeasureKind.Sum),
        ["mean"] = Moment(MeasureKind.Mean),
        ["variance"] = Moment(MeasureKind.Variance),
        ["sd"] = Moment(MeasureKind.Sd),
        ["histogram"] = Binned((column, edges) => new HistogramMeasure(column, edges)),
        ["quantiles"] = (m, w) => Binned((column, edges) => new QuantileMeasure(column, edges, At(m)))(m, w),
        ["median"] = Binned((column, edges) => new QuantileMeasure(column, edges, s_median)),
        ["iqr"] = Binned((column, edges) => new QuantileMeasure(column, edges, s_iqr)),
        ["box"] = Binned((column, edges) => new QuantileMeasure(column, edges, s_box)),
        ["compare"] = Moment(MeasureKind.Compare),
        ["contingency"] = Contingency,
        ["covariance"] = Cross(MeasureKind.Covariance),
        ["correlation"] = Cross(MeasureKind.Correlation),
        ["pca"] = Cross(MeasureKind.Pca),
        ["linear"] = Linear,
        ["logistic"] = (m, w) => Model(MeasureKind.Logistic, m, w),
        ["poisson"] = (m, w) => Model(MeasureKind.Poisson, m, w),
        ["survival"] = (m, w) => Paired(m, w, "time", "event", (time, happened, edges) => new SurvivalMeasure(time, happened, edges)),
        ["incidence"] = Incidence,
        ["roc"] = (m, w) => Paired(m, w, "score", "outcome", (score, outcome, edges) => new RocMeasure(score, outcome, edges)),
        ["distinct"] = (m, w) => new(new ColumnMeasure(MeasureKind.Distinct, Column(m, w))),
        ["top"] = (m, w) => new(new TopMeasure(Column(m, w), QueryReader.Small(m.Whole("k") ?? 10))),
    };

    /// <summary>What a word is written with, for complaints.</summary>
    private static readonly Dictionary<string, string> s_examples = new()
    {
        ["quantiles"] = "{ quantiles: age, at: [0.1, 0.5, 0.9] }",
        ["contingency"] = "contingency: [sex, cp]",
        ["covariance"] = "covariance: [age, chol]",
        ["correlation"] = "correlation: [age, chol]",
        ["pca"] = "pca: [age, chol, thalach]",
        ["linear"] = "linear: { outcome: chol, predictors: [age, sex] }",
        ["logistic"] = "logistic: { outcome: disease, predictors: [age, sex] }",
        ["poisson"] = "poisson: { outcome: visits, predictors: [age, sex] }",
        ["survival"] = "survival: { time: days, event: died }",
        ["incidence"] = "incidence: { time: days, event: died }",
        ["roc"] = "roc: { score: risk, outcome: died }",
    };

    /// <summary>Words that people try and that no noise can answer.</summary>
    private static readonly string[] s_extremes = ["min", "max", "minimum", "maximum", "range"];

    public static QueryMeasure Read(YamlNode node)
    {
        var line = Yaml.Line(node);
        if (node is YamlScalarNode)
        {
            var word = Yaml.Text(node, "A measure");
            if (word == "count") return new QueryMeasure(new ColumnMeasure(MeasureKind.Count)) { Line = line };
            if (s_words.ContainsKey(word)) throw Bare(word, line);
            throw Unknown(word, line);
        }

        var map = new YamlMap(node, "a measure");
        var asked = s_words.Keys.Where(w => map.Entries.Any(e => e.Key == w)).ToArray();
        if (asked.Length == 0 && map.Entries.Select(e => e.Key).FirstOrDefault(k => s_extremes.Contains(k) || Nearest.Of(k, s_words.Keys) is not null) is { } meant)
        {
            throw Unknown(meant, line);
        }

        if (asked.Length != 1)
        {
            throw new AnalysisException(
                $"A measure must name exactly one of {Words()} with its column, e.g. 'mean: age'; this one has the keys {string.Join(", ", map.Entries.Select(e => e.Key))}.", line);
        }

        var name = asked[0];
        if (name != "count" && map.Find(name) is null) throw Bare(name, line);
        var read = s_words[name](map, name);
        var weight = QueryReader.Small(map.Whole("weight") ?? 1);
        map.End();
        if (read.Bounds.Keys.FirstOrDefault(c => !read.Measure.Columns.Contains(c)) is { } stray)
        {
            throw new AnalysisException($"bounds names '{stray}', which {read.Measure.Name} does not read; its columns: {string.Join(", ", read.Measure.Columns)}.", line);
        }

        return read with { Measure = read.Measure with { Weight = weight }, Line = line };
    }

    private static AnalysisException Bare(string word, int line) => s_examples.TryGetValue(word, out var example)
        ? new($"{word} needs its columns, e.g. '{example}'.", line)
        : new($"{word} needs a column, e.g. '{word}: age'.", line);

    private static AnalysisException Unknown(string word, int line) => s_extremes.Contains(word)
        ? new(
            $"'{word}' is never released: one person alone can be the least or the greatest, so no noise hides that person. "
            + "The column's declared bounds are in the schema, and 'box: age' gives the quartiles with the quantiles 0.01 and 0.99.", line)
        : new($"measures has an unknown measure '{word}'{Nearest.Suggestion(word, s_words.Keys)} Known: {Words()}.", line);

    private static string Words() => string.Join(", ", s_words.Keys);

    private static string Column(YamlMap map, string word) => Yaml.Text(map.Need(word, $"{word}: age"), word);

    private static Func<YamlMap, string, QueryMeasure> Moment(MeasureKind kind) => (map, word) =>
    {
        var column = Column(map, word);
        var bounds = new ColumnBounds(Bound(map, "low"), Bound(map, "high"));
        RequireOrder($"{word}({column})", bounds, map.Line);
        return new QueryMeasure(new ColumnMeasure(kind, column))
        {
            Bounds = bounds == default ? new Dictionary<string, ColumnBounds>() : new() { [column] = bounds },
        };
    };

    private static Func<YamlMap, string, QueryMeasure> Binned(Func<string, IReadOnlyList<double>, Measure> make) => (map, word) =>
    {
        var column = Column(map, word);
        var (edges, bins) = EdgeReader.Read(map, word);
        return new QueryMeasure(make(column, edges)) { Bins = bins };
    };

    private static double[] At(YamlMap map) =>
        map.Find("at") is { } at ? [.. Yaml.Items(at, "at").Select(p => Yaml.Number(p, "A probability"))] : s_quartiles;

    private static QueryMeasure Contingency(YamlMap map, string word)
    {
        var node = map.Need(word, s_examples[word]);
        string[] columns;
        if (node is YamlMappingNode)
        {
            var roles = new YamlMap(node, word);
            columns = [Role(roles, "rows", s_examples[word]), Role(roles, "columns", s_examples[word])];
            roles.End();
        }
        else
        {
            columns = Names(node, word);
            if (columns.Length != 2) throw new AnalysisException($"contingency lists {columns.Length} columns; it takes two, e.g. '{s_examples[word]}'.", Yaml.Line(node));
        }

        var keys = map.Find("keys") is { } keyNode ? new YamlMap(keyNode, "keys").Entries : [];
        foreach (var (key, _, line) in keys)
        {
            if (!columns.Contains(key)) throw new AnalysisException($"keys names '{key}', but the table is of {columns[0]} and {columns[1]}.", line);
        }

        var axes = columns.Select(c => QueryReader.ReadKeys(c, keys.FirstOrDefault(k => k.Key == c).Value, "keys")).ToArray();
        return new QueryMeasure(new ContingencyMeasure(axes[0], axes[1]));
    }

    private static Func<YamlMap, string, QueryMeasure> Cross(MeasureKind kind) => (map, word) =>
        new QueryMeasure(new CrossMeasure(kind, Names(map.Need(word, s_examples[word]), word))) { Bounds = Bounds(map) };

    private static QueryMeasure Linear(YamlMap map, string word)
    {
        var roles = new YamlMap(map.Need(word, s_examples[word]), word);
        var (outcome, predictors) = Regression(roles, word);
        roles.End();
        return new QueryMeasure(new LinearMeasure(outcome, predictors)) { Bounds = Bounds(map) };
    }

    private static QueryMeasure Model(MeasureKind kind, YamlMap map, string word)
    {
        var roles = new YamlMap(map.Need(word, s_examples[word]), word);
        var (outcome, predictors) = Regression(roles, word);
        var iterations = roles.Whole("iterations") ?? DefaultIterations;
        var deviance = roles.Whole("deviance_bound") ?? DefaultDeviance;
        // Logistic: a weight is at most a quarter, a residual at most 1. Poisson: 0 stands for what follows from the outcome's bound.
        long weight = 1, residual = 1;
        if (kind == MeasureKind.Poisson)
        {
            weight = 4 * (roles.Whole("weight_bound") is { } w ? Positive(w, "weight_bound", roles) : 0);
            residual = roles.Whole("residual_bound") is { } r ? Positive(r, "residual_bound", roles) : 0;
        }

        roles.End();
        return new QueryMeasure(new ModelMeasure(
            kind, outcome, predictors, [], QueryReader.Small(weight), QueryReader.Small(residual), QueryReader.Small(deviance), QueryReader.Small(iterations)))
        {
            Bounds = Bounds(map),
        };
    }

    private static long Positive(long value, string word, YamlMap map) => value is > 0 and <= ModelRules.MaxBound
        ? value
        : throw new AnalysisException($"{word} is {value}; it must be 1 to {ModelRules.MaxBound}.", map.LineOf(word));

    private static (string Outcome, string[] Predictors) Regression(YamlMap roles, string word)
    {
        var outcome = Role(roles, "outcome", s_examples[word]);
        return (outcome, Names(roles.Need("predictors", s_examples[word]), "predictors"));
    }

    private static QueryMeasure Paired(YamlMap map, string word, string first, string second, Func<string, string, IReadOnlyList<double>, Measure> make)
    {
        var roles = new YamlMap(map.Need(word, s_examples[word]), word);
        var (a, b) = (Role(roles, first, s_examples[word]), Role(roles, second, s_examples[word]));
        roles.End();
        var (edges, bins) = EdgeReader.Read(map, word);
        return new QueryMeasure(make(a, b, edges)) { Bins = bins };
    }

    private static QueryMeasure Incidence(YamlMap map, string word)
    {
        var roles = new YamlMap(map.Need(word, s_examples[word]), word);
        var (time, happened) = (Role(roles, "time", s_examples[word]), Role(roles, "event", s_examples[word]));
        roles.End();
        return new QueryMeasure(new IncidenceMeasure(time, happened, map.Number("per") ?? 1)) { Bounds = Bounds(map) };
    }

    private static string Role(YamlMap roles, string word, string example) => Yaml.Text(roles.Need(word, example), word);

    private static string[] Names(YamlNode node, string word) => [.. Yaml.Items(node, word).Select(n => Yaml.Text(n, $"A column of {word}"))];

    /// <summary>E.g. <c>bounds: { age: [20, 90] }</c>.</summary>
    private static Dictionary<string, ColumnBounds> Bounds(YamlMap map)
    {
        if (map.Find("bounds") is not { } node) return [];
        return new YamlMap(node, "bounds").Entries.ToDictionary(e => e.Key, e =>
        {
            var ends = Yaml.Items(e.Value, $"bounds: {e.Key}");
            if (ends.Count != 2) throw new AnalysisException($"bounds: '{e.Key}' has {ends.Count} values; give two, e.g. {e.Key}: [20, 90].", e.Line);
            var bounds = new ColumnBounds(EdgeReader.Number(ends[0], "A bound"), EdgeReader.Number(ends[1], "A bound"));
            RequireOrder($"bounds: '{e.Key}'", bounds, e.Line);
            return bounds;
        });
    }

    private static double? Bound(YamlMap map, string word) => map.Find(word) is { } node ? EdgeReader.Number(node, word) : null;

    private static void RequireOrder(string what, ColumnBounds bounds, int line)
    {
        if (bounds.Low >= bounds.High)
        {
            throw new AnalysisException($"{what} has low {bounds.Low} and high {bounds.High}; low must be below high. Are they reversed?", line);
        }
    }
}
