using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace SecureAggregation.Statistics.Internal;

/// <summary>YAML (and JSON, which is a part of it) as a tree whose every complaint names the line.</summary>
internal static class Yaml
{
    private const int MaxLength = 1 << 18;
    private const int MaxDepth = 40;

    /// <summary>The document's top mapping.</summary>
    public static YamlMap Load(string text, string what)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length > MaxLength) throw new AnalysisException($"The {what} has {text.Length} characters; at most {MaxLength}.");
        var parser = new Parser(new StringReader(text));
        try
        {
            // First without recursion: deep nesting would overflow the stack below, aliases can make a small text huge.
            var depth = 0;
            while (parser.MoveNext())
            {
                var current = parser.Current!;
                depth += current.NestingIncrease;
                var line = (int)current.Start.Line;
                if (depth > MaxDepth) throw new AnalysisException($"The {what} is nested deeper than {MaxDepth}; flatten it.", line);
                if (current is AnchorAlias or NodeEvent { Anchor.IsEmpty: false })
                {
                    throw new AnalysisException($"The {what} uses an anchor or alias (& or *); write the value out.", line);
                }
            }

            var stream = new YamlStream();
            stream.Load(new StringReader(text));
            if (stream.Documents.Count != 1)
            {
                throw new AnalysisException($"The {what} holds {stream.Documents.Count} documents; it must be exactly one.");
            }

            return new YamlMap(stream.Documents[0].RootNode, $"the {what}");
        }
        catch (YamlException e)
        {
            // The library's text would lead with its own position format.
            throw new AnalysisException($"The {what} is not valid YAML: {e.InnerException?.Message ?? e.Message}", (int)e.Start.Line);
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or FormatException)
        {
            // The library lets some of its own slips through, e.g. for a list that is never closed.
            throw new AnalysisException(
                $"The {what} is not valid YAML; is a bracket or quote never closed, or a key there twice?", parser.Current is { } at ? (int)at.End.Line : null);
        }
    }

    /// <summary>Where a node begins; a mapping where its first key does, since of a pair in a list (<c>[mean: age]</c>) nothing else is known.</summary>
    public static int Line(YamlNode node) => node is YamlMappingNode { Children: { Count: > 0 } children } ? (int)children[0].Key.Start.Line : (int)node.Start.Line;

    public static bool IsNull(YamlNode node) =>
        node is YamlScalarNode { Style: ScalarStyle.Plain, Value: null or "" or "~" or "null" };

    /// <summary>A scalar's text.</summary>
    public static string Text(YamlNode node, string what) => node is YamlScalarNode { Value: { } value } && !IsNull(node)
        ? value
        : throw new AnalysisException($"{what} must be a single value.", Line(node));

    public static double Number(YamlNode node, string what)
    {
        var text = Text(node, what);
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value)
            ? value + 0.0 // -0 becomes 0: one number, one encoding
            : throw new AnalysisException($"{what} is '{text}'; it must be a number.", Line(node));
    }

    public static long Whole(YamlNode node, string what)
    {
        var text = Text(node, what);
        return long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            ? value
            : throw new AnalysisException($"{what} is '{text}'; it must be a whole number.", Line(node));
    }

    public static bool Flag(YamlNode node, string what) => Text(node, what) switch
    {
        "true" => true,
        "false" => false,
        var text => throw new AnalysisException($"{what} is '{text}'; it must be true or false.", Line(node)),
    };

    public static IReadOnlyList<YamlNode> Items(YamlNode node, string what) => node is YamlSequenceNode list
        ? [.. list.Children]
        : throw new AnalysisException($"{what} must be a list, e.g. [a, b].", Line(node));

    /// <summary>Runs a check and adds the line to its complaint.</summary>
    public static T At<T>(int line, Func<T> make)
    {
        try
        {
            return make();
        }
        catch (AnalysisException e) when (e.Line is null)
        {
            throw new AnalysisException(e.Message, line);
        }
    }
}

/// <summary>A mapping that is read key by key; <see cref="End"/> refuses what nobody asked for.</summary>
internal sealed class YamlMap
{
    private readonly Dictionary<string, (YamlNode Value, int Line)> _entries = [];
    private readonly HashSet<string> _asked = [];
    private readonly string _what;

    public YamlMap(YamlNode node, string what)
    {
        _what = what;
        Line = Yaml.Line(node);
        if (node is not YamlMappingNode map)
        {
            throw new AnalysisException($"{Capital(what)} must be a mapping of keys to values, e.g. 'name: heart'.", Line);
        }

        foreach (var (key, value) in map.Children)
        {
            var name = key is YamlScalarNode { Value: { } text } ? text : throw new AnalysisException($"A key of {what} must be a single word.", Yaml.Line(key));
            // Two keys of different tags are two for the library, and one word here.
            if (!_entries.TryAdd(name, (value, Yaml.Line(key)))) throw new AnalysisException($"{Capital(what)} has the key '{name}' twice; keep one.", Yaml.Line(key));
        }
    }

    public int Line { get; }

    /// <summary>All entries in written order, for mappings whose keys are names.</summary>
    public IReadOnlyList<(string Key, YamlNode Value, int Line)> Entries => [.. _entries.Select(e => (e.Key, e.Value.Value, e.Value.Line))];

    public int LineOf(string key) => _entries.TryGetValue(key, out var entry) ? entry.Line : Line;

    public YamlNode? Find(string key)
    {
        _asked.Add(key);
        return _entries.TryGetValue(key, out var entry) && !Yaml.IsNull(entry.Value) ? entry.Value : null;
    }

    public YamlNode Need(string key, string example)
    {
        if (Find(key) is { } node) return node;
        // What is missing may be there under a misspelt name.
        if (Nearest.Of(key, _entries.Keys.Where(k => !_asked.Contains(k))) is { } misspelt)
            throw new AnalysisException($"{Capital(_what)} has an unknown key '{misspelt}'; did you mean '{key}'?", LineOf(misspelt));
        throw new AnalysisException($"{Capital(_what)} has no '{key}'; add it, e.g. '{example}'.", Line);
    }

    public string? Text(string key) => Find(key) is { } node ? Yaml.Text(node, key) : null;

    public double? Number(string key) => Find(key) is { } node ? Yaml.Number(node, key) : null;

    public long? Whole(string key) => Find(key) is { } node ? Yaml.Whole(node, key) : null;

    public void End()
    {
        foreach (var (key, (_, line)) in _entries)
        {
            if (_asked.Contains(key)) continue;
            throw new AnalysisException(
                $"{Capital(_what)} has an unknown key '{key}'{Nearest.Suggestion(key, _asked)} Known keys: {string.Join(", ", _asked)}.", line);
        }
    }

    private static string Capital(string text) => char.ToUpperInvariant(text[0]) + text[1..];
}
