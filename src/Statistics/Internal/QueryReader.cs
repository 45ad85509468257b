using System.Globalization;
using SecureAggregation.Privacy;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace SecureAggregation.Statistics.Internal;

/// <summary>The YAML form of a query, see docs/queries.md.</summary>
internal static class QueryReader
{
    private const int MaxTitleLength = 200;
    private const int MaxStudyLength = 64;

    private static readonly (string Word, MeasureKind Kind)[] s_measures =
    [
        ("count", MeasureKind.Count), ("sum", MeasureKind.Sum), ("mean", MeasureKind.Mean),
        ("variance", MeasureKind.Variance), ("sd", MeasureKind.Sd), ("histogram", MeasureKind.Histogram),
    ];

    private static readonly (string Word, ComparisonOperator Operator)[] s_comparisons =
    [
        ("eq", ComparisonOperator.Eq), ("ne", ComparisonOperator.Ne), ("lt", ComparisonOperator.Lt),
        ("le", ComparisonOperator.Le), ("gt", ComparisonOperator.Gt), ("ge", ComparisonOperator.Ge),
    ];

    public static AnalysisQuery Read(YamlMap map)
    {
        var name = map.Text("name") ?? "";
        SchemaColumn.RequireText(name, "name", MaxTitleLength);
        var dataset = Yaml.Text(map.Need("dataset", "dataset: heart"), "dataset");
        var epsilonNode = map.Need("epsilon", "epsilon: 0.5");
        var noise = map.Find("noise");
        var study = map.Text("study") ?? "";
        SchemaColumn.RequireText(study, "study", MaxStudyLength);
        var survivors = map.Whole("min_survivors");
        if (survivors is <= 0 or > 10_000)
        {
            throw new AnalysisException($"min_survivors is {survivors}; it must be at least 1, e.g. 4.", map.LineOf("min_survivors"));
        }

        var measures = Yaml.Items(map.Need("measures", "measures: [count]"), "measures").Select(ReadMeasure).ToArray();
        var groups = map.Find("group_by") is { } groupNode ? ReadGroups(groupNode) : [];
        var where = map.Find("where") is { } whereNode ? ReadFilter(whereNode, 1) : null;
        var rowsPerPerson = map.Whole("rows_per_person") ?? 1;
        var groupsPerPerson = map.Whole("groups_per_person") ?? 1;
        var rowsPerParty = map.Whole("rows_per_party") ?? Analysis.DefaultRowsPerParty;
        var schema = map.Find("schema");
        map.End();
        return new AnalysisQuery
        {
            Name = name.Length > 0 ? name : dataset,
            Dataset = dataset,
            Epsilon = ReadEpsilon(epsilonNode),
            Noise = noise is null ? NoiseMode.Local : ReadNoise(noise),
            MinSurvivors = (int?)survivors,
            Study = study,
            Measures = measures,
            GroupBy = groups,
            Where = where,
            RowsPerPerson = (int)Math.Clamp(rowsPerPerson, -1, int.MaxValue),
            GroupsPerPerson = (int)Math.Clamp(groupsPerPerson, -1, int.MaxValue),
            RowsPerParty = rowsPerParty,
            SchemaPath = schema is YamlScalarNode ? Yaml.Text(schema, "schema") : null,
            Schema = schema is YamlMappingNode ? SchemaReader.Read(new YamlMap(schema, "the schema")) : null,
        };
    }

    private static MicroEpsilon ReadEpsilon(YamlNode node)
    {
        try
        {
            return MicroEpsilon.Parse(Yaml.Text(node, "epsilon"));
        }
        catch (FormatException e)
        {
            throw new AnalysisException(e.Message, Yaml.Line(node));
        }
    }

    private static NoiseMode ReadNoise(YamlNode node) => Yaml.Text(node, "noise") switch
    {
        "local" => NoiseMode.Local,
        "distributed" => NoiseMode.Distributed,
        "none" => NoiseMode.None,
        var text => throw new AnalysisException($"noise is '{text}'; it must be local (distributed and none are known words for later versions).", Yaml.Line(node)),
    };

    private static QueryMeasure ReadMeasure(YamlNode node)
    {
        var line = Yaml.Line(node);
        if (node is YamlScalarNode)
        {
            var word = Yaml.Text(node, "A measure");
            if (word == "count") return new QueryMeasure(new ColumnMeasure(MeasureKind.Count), Line: line);
            var known = s_measures.Any(m => m.Word == word);
            throw new AnalysisException(
                known ? $"{word} needs a column, e.g. '{word}: age'." : $"measures has an unknown measure '{word}'{Nearest.Suggestion(word, s_measures.Select(m => m.Word))} Known: {Words()}.",
                line);
        }

        var map = new YamlMap(node, "a measure");
        var asked = s_measures.Where(m => map.Entries.Any(e => e.Key == m.Word)).ToArray();
        if (asked.Length != 1)
        {
            throw new AnalysisException(
                $"A measure must name exactly one of {Words()} with its column, e.g. 'mean: age'; this one has the keys {string.Join(", ", map.Entries.Select(e => e.Key))}.", line);
        }

        var (name, kind) = asked[0];
        var column = map.Text(name) ?? (kind == MeasureKind.Count ? "" : throw new AnalysisException($"{name} needs a column, e.g. '{name}: age'.", line));
        var weight = map.Whole("weight") ?? 1;
        double? low = null, high = null;
        IReadOnlyList<double> edges = [];
        if (kind == MeasureKind.Histogram) edges = ReadEdges(map, name);
        else if (kind != MeasureKind.Count) (low, high) = (map.Number("low"), map.Number("high"));
        map.End();
        if (low >= high)
        {
            throw new AnalysisException(
                $"{name}({column}) has low {low} and high {high}; low must be below high. Are they reversed?", line);
        }

        var share = (int)Math.Clamp(weight, -1, int.MaxValue);
        Measure measure = kind == MeasureKind.Histogram ? new HistogramMeasure(column, edges, share) : new ColumnMeasure(kind, column, share);
        return new QueryMeasure(measure, low, high, line);
    }

    private static List<double> ReadEdges(YamlMap map, string name)
    {
        var list = map.Find("edges");
        var (from, to, step) = (map.Number("from"), map.Number("to"), map.Number("step"));
        var none = from is null && to is null && step is null;
        if (list is not null && !none)
        {
            throw new AnalysisException($"{name} has edges and a range; give the edges, or from, to and step.", map.Line);
        }

        if (list is not null) return [.. Yaml.Items(list, "edges").Select(e => Yaml.Number(e, "An edge"))];
        if (none) return [];
        if (from is not { } start || to is not { } end || step is not { } width)
        {
            throw new AnalysisException(
                $"{name} needs all of from, to and step, e.g. 'from: 20, to: 80, step: 10', or a list of edges.", map.Line);
        }

        var bins = Math.Round((end - start) / width);
        if (!(width > 0) || !(bins >= 1) || bins > Measure.MaxBins || Math.Abs(start + (bins * width) - end) > 1e-9 * Math.Max(Math.Abs(end), width))
        {
            throw new AnalysisException(
                $"{name} from {start} to {end} step {width}: the step must be greater than 0 and divide the range into 1 to {Measure.MaxBins} whole bins.", map.Line);
        }

        // Decimal steps such as 0.1 land on the decimals that people mean.
        return [.. Enumerable.Range(0, (int)bins + 1).Select(i => i == (int)bins ? end : Math.Round(start + (i * width), 12) + 0.0)];
    }

    private static GroupBy[] ReadGroups(YamlNode node) =>
        [.. new YamlMap(node, "group_by").Entries.Select(e => new GroupBy(
            e.Key,
            Yaml.IsNull(e.Value) ? [] : [.. Yaml.Items(e.Value, $"group_by: {e.Key}").Select(k => Yaml.Text(k, "A group key"))]))];

    private static Filter ReadFilter(YamlNode node, int depth)
    {
        var line = Yaml.Line(node);
        if (depth > Filter.MaxDepth) throw new AnalysisException($"where is nested deeper than {Filter.MaxDepth}; flatten it.", line);
        var map = new YamlMap(node, "a condition of where");
        Filter filter;
        if (map.Find("and") is { } and) filter = new AndFilter(ReadFilters(and, "and", depth));
        else if (map.Find("or") is { } or) filter = new OrFilter(ReadFilters(or, "or", depth));
        else if (map.Find("not") is { } not) filter = new NotFilter(ReadFilter(not, depth + 1));
        else filter = ReadCondition(map, line);
        map.End();
        return filter;
    }

    private static Filter[] ReadFilters(YamlNode node, string word, int depth)
    {
        var items = Yaml.Items(node, word);
        if (items.Count == 0) throw new AnalysisException($"where: '{word}' lists no condition; list at least one.", Yaml.Line(node));
        return [.. items.Select(i => ReadFilter(i, depth + 1))];
    }

    private static Filter ReadCondition(YamlMap map, int line)
    {
        var column = Yaml.Text(map.Need("column", "column: age"), "column");
        var found = new List<Filter>();
        foreach (var (word, comparison) in s_comparisons)
        {
            if (map.Find(word) is { } value) found.Add(new CompareFilter(column, comparison, ReadValue(value)));
        }

        if (map.Find("in") is { } list) found.Add(new InFilter(column, [.. Yaml.Items(list, "in").Select(ReadValue)]));
        if (map.Find("between") is { } between)
        {
            var ends = Yaml.Items(between, "between");
            if (ends.Count != 2)
            {
                throw new AnalysisException($"between has {ends.Count} values; give two, e.g. [18, 65].", Yaml.Line(between));
            }

            found.Add(new BetweenFilter(column, Yaml.Number(ends[0], "between"), Yaml.Number(ends[1], "between")));
        }

        if (map.Find("is_null") is { } isNull)
        {
            Filter missing = new IsNullFilter(column);
            found.Add(Yaml.Flag(isNull, "is_null") ? missing : new NotFilter(missing));
        }

        map.End();
        return found.Count switch
        {
            0 => throw new AnalysisException($"The condition on '{column}' compares with nothing; add one of eq, ne, lt, le, gt, ge, in, between, is_null.", line),
            1 => found[0],
            // { column: age, ge: 18, lt: 65 }
            _ => new AndFilter(found),
        };
    }

    /// <summary>Plain numbers are numbers; everything else, also a quoted number, is a label.</summary>
    private static FilterValue ReadValue(YamlNode node)
    {
        var text = Yaml.Text(node, "A value of where");
        return node is YamlScalarNode { Style: ScalarStyle.Plain }
            && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            ? new FilterValue(number + 0.0, null)
            : new FilterValue(null, text);
    }

    private static string Words() => string.Join(", ", s_measures.Select(m => m.Word));
}
