using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace SecureAggregation.Statistics.Internal.Reading;

/// <summary>The conditions of <c>where</c>.</summary>
internal static class FilterReader
{
    private static readonly (string Word, ComparisonOperator Operator)[] s_comparisons =
    [
        ("eq", ComparisonOperator.Eq), ("ne", ComparisonOperator.Ne), ("lt", ComparisonOperator.Lt),
        ("le", ComparisonOperator.Le), ("gt", ComparisonOperator.Gt), ("ge", ComparisonOperator.Ge),
    ];

    public static Filter Read(YamlNode node, int depth = 1)
    {
        var line = Yaml.Line(node);
        if (depth > Filter.MaxDepth) throw new AnalysisException($"where is nested deeper than {Filter.MaxDepth}; flatten it.", line);
        var map = new YamlMap(node, "a condition of where");
        Filter filter;
        if (map.Find("and") is { } and) filter = new AndFilter(ReadList(and, "and", depth));
        else if (map.Find("or") is { } or) filter = new OrFilter(ReadList(or, "or", depth));
        else if (map.Find("not") is { } not) filter = new NotFilter(Read(not, depth + 1));
        else filter = ReadCondition(map, line);
        map.End();
        return filter;
    }

    private static Filter[] ReadList(YamlNode node, string word, int depth)
    {
        var items = Yaml.Items(node, word);
        if (items.Count == 0) throw new AnalysisException($"where: '{word}' lists no condition; list at least one.", Yaml.Line(node));
        return [.. items.Select(i => Read(i, depth + 1))];
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
        if (map.Find("between") is { } between) found.Add(ReadBetween(column, between));
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

    private static Filter ReadBetween(string column, YamlNode between)
    {
        var ends = Yaml.Items(between, "between");
        if (ends.Count != 2)
        {
            throw new AnalysisException($"between has {ends.Count} values; give two, e.g. [18, 65].", Yaml.Line(between));
        }

        var (low, high) = (ReadValue(ends[0]), ReadValue(ends[1]));
        if (low.Number is { } least && high.Number is { } most) return new BetweenFilter(column, least, most);
        // Dates are days only where the column holds dates, which is known later.
        if (ends.FirstOrDefault(e => !DayNumber.TryParse(Yaml.Text(e, "between"), out _)) is { } neither) Yaml.Number(neither, "between");
        return new AndFilter([new CompareFilter(column, ComparisonOperator.Ge, low), new CompareFilter(column, ComparisonOperator.Le, high)]);
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
}
