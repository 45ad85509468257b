using YamlDotNet.RepresentationModel;

namespace SecureAggregation.Statistics.Internal.Reading;

/// <summary>The definitions of <c>derive</c>.</summary>
internal static class DeriveReader
{
    private static readonly Dictionary<string, Func<string, YamlMap, DerivedColumn>> s_words = new()
    {
        ["bins"] = Bins,
        ["ratio"] = Ratio,
        ["age"] = Age,
        ["days"] = Days,
        ["recode"] = Recode,
    };

    public static DerivedColumn[] Read(YamlNode node) => [.. new YamlMap(node, "derive").Entries.Select(e => Yaml.At(e.Line, () => ReadOne(e.Key, e.Value)))];

    private static DerivedColumn ReadOne(string name, YamlNode node)
    {
        var map = new YamlMap(node, $"the derived column '{name}'");
        var asked = s_words.Keys.Where(w => map.Entries.Any(e => e.Key == w)).ToArray();
        if (asked.Length != 1)
        {
            throw new AnalysisException($"derive: '{name}' must be made by exactly one of {string.Join(", ", s_words.Keys)}, e.g. '{name}: {{ bins: age, edges: [20, 40, 60] }}'.");
        }

        var derived = s_words[asked[0]](name, map);
        map.End();
        return derived;
    }

    private static BinsColumn Bins(string name, YamlMap map)
    {
        var column = Yaml.Text(map.Need("bins", "bins: age"), "bins");
        var edges = Yaml.Items(map.Need("edges", "edges: [20, 40, 60]"), "edges").Select(e => EdgeReader.Number(e, "An edge")).ToArray();
        var labels = map.Find("labels") is { } list ? Yaml.Items(list, "labels").Select(l => Yaml.Text(l, "A label")).ToArray() : [];
        return new BinsColumn(name, column, edges, labels);
    }

    private static RatioColumn Ratio(string name, YamlMap map)
    {
        var (of, by) = Pair(map, "ratio", "numerator", "denominator", "ratio: { numerator: weight, denominator: height }");
        return new RatioColumn(
            name, Yaml.Text(of, "numerator"), Yaml.Text(by, "denominator"),
            Yaml.Number(map.Need("low", "low: 0"), "low"), Yaml.Number(map.Need("high", "high: 10"), "high"), map.Number("resolution"), map.Text("unit") ?? "");
    }

    private static AgeColumn Age(string name, YamlMap map)
    {
        var (from, to) = Pair(map, "age", "from", "to", "age: { from: born, to: 2026-01-01 }");
        return new AgeColumn(
            name, Yaml.Text(from, "from"), Date(to), QueryReader.Small(map.Whole("low") ?? 0), QueryReader.Small(map.Whole("high") ?? AgeColumn.MaxAge));
    }

    private static DaysColumn Days(string name, YamlMap map)
    {
        var (from, to) = Pair(map, "days", "from", "to", "days: { from: admitted, to: discharged }");
        return new DaysColumn(
            name, Yaml.Text(from, "from"), Date(to),
            Whole(map, "low", "low: 0"), Whole(map, "high", "high: 365"));
    }

    private static RecodeColumn Recode(string name, YamlMap map)
    {
        var column = Yaml.Text(map.Need("recode", "recode: num"), "recode");
        var labels = new YamlMap(map.Need("map", "map: { no: [0], yes: [1, 2] }"), "map").Entries;
        return new RecodeColumn(
            name, column,
            [.. labels.Select(l => new Recoding(
                l.Key,
                l.Value is YamlScalarNode ? [Yaml.Text(l.Value, $"The value of '{l.Key}'")] : [.. Yaml.Items(l.Value, $"map: {l.Key}").Select(k => Yaml.Text(k, "A value of map"))]))],
            map.Text("else"));
    }

    /// <summary>A date where the text is one, else a column.</summary>
    private static DateSource Date(YamlNode node)
    {
        var text = Yaml.Text(node, "to");
        return DayNumber.TryParse(text, out var day) ? new DateSource(null, day) : new DateSource(text, null);
    }

    private static int Whole(YamlMap map, string key, string example)
    {
        var value = Yaml.Whole(map.Need(key, example), key);
        return Math.Abs((double)value) <= int.MaxValue ? (int)value : throw new AnalysisException($"{key} is {value}; it must be a number of days that fits a calendar.", map.LineOf(key));
    }

    private static (YamlNode First, YamlNode Second) Pair(YamlMap map, string word, string first, string second, string example)
    {
        var roles = new YamlMap(map.Need(word, example), word);
        var pair = (roles.Need(first, example), roles.Need(second, example));
        roles.End();
        return pair;
    }
}
