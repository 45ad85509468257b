using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace SecureAggregation.Party.Config;

/// <summary>
/// A mapping of a YAML file that is read key by key; <see cref="Done"/> refuses keys that nobody asked for, so that a
/// misspelt limit never silently means "no limit". Messages name file, line, key, rule and fix.
/// </summary>
internal sealed class YamlMap
{
    private const int MaxDepth = 40;

    private readonly string _file;
    private readonly string _path;
    private readonly YamlMappingNode _node;
    private readonly HashSet<string> _read = new(StringComparer.Ordinal);

    private YamlMap(string file, string path, YamlMappingNode node)
    {
        _file = file;
        _path = path;
        _node = node;
    }

    /// <summary>The keys, in the file's order.</summary>
    public IEnumerable<string> Keys => _node.Children.Keys.Select(k => ((YamlScalarNode)k).Value ?? "");

    /// <summary>The root of a file that holds one document.</summary>
    /// <exception cref="ConfigurationException">Not YAML, not one mapping, an alias, or a key twice.</exception>
    public static YamlMap Parse(string text, string file)
    {
        var stream = new YamlStream();
        try
        {
            RequirePlain(text, file);
            stream.Load(new StringReader(text));
        }
        catch (YamlException e)
        {
            throw new ConfigurationException($"{file}, line {e.Start.Line}: not valid YAML: {e.Message}", inner: e);
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or FormatException)
        {
            // The library lets some of its own slips through, e.g. for a list that is never closed.
            throw new ConfigurationException($"{file}: not valid YAML; is a bracket or quote never closed?", inner: e);
        }

        return stream.Documents is [{ RootNode: YamlMappingNode root }]
            ? Checked(file, "", root)
            : throw new ConfigurationException($"{file}: the file must hold one YAML mapping (lines 'key: value').");
    }

    public bool Has(string key) => Find(key) is not null;

    /// <summary>A text that must be there.</summary>
    public string Text(string key) => Scalar(key)?.Value ?? throw Fail(_node, $"'{Name(key)}' is missing; add the line '{key}: …'");

    /// <summary>true or false, or the default where the key is absent.</summary>
    public bool Flag(string key, bool missing) => Scalar(key) switch
    {
        null => missing,
        { Value: "true" } => true,
        { Value: "false" } => false,
        var node => throw Fail(node, $"'{Name(key)}' is '{node.Value}'; it must be true or false"),
    };

    /// <summary>One of some words, or null where the key is absent.</summary>
    public string? Word(string key, params string[] words)
    {
        if (Scalar(key) is not { } node) return null;
        return words.Contains(node.Value, StringComparer.Ordinal)
            ? node.Value
            : throw Fail(node, $"'{Name(key)}' is '{node.Value}'; it must be {string.Join(" or ", words)}");
    }

    /// <summary>A time of day such as "08:00", up to "24:00".</summary>
    public TimeSpan TimeOfDay(string key)
    {
        var text = Text(key);
        if (text == "24:00") return TimeSpan.FromDays(1);
        return TimeSpan.TryParseExact(text, @"hh\:mm", CultureInfo.InvariantCulture, out var time)
            ? time
            : throw Fail(key, $"'{Name(key)}' is '{text}'; it must be a time of day in quotes, e.g. \"08:00\"");
    }

    /// <summary>A whole number in a range, or the default where the key is absent.</summary>
    public int Int(string key, int least, int most, int missing)
    {
        if (Scalar(key) is not { } node) return missing;
        return int.TryParse(node.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value)
            && value >= least
            && value <= most
            ? value
            : throw Fail(node, $"'{Name(key)}' is '{node.Value}'; it must be a whole number from {least} to {most}");
    }

    /// <summary>An ε in millionths, or null where the key is absent.</summary>
    public long? MicroEpsilon(string key)
    {
        if (Scalar(key) is not { } node) return null;
        if (decimal.TryParse(node.Value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value)
            && value is > 0 and <= 1_000_000
            && value * 1_000_000 % 1 == 0)
        {
            return (long)(value * 1_000_000);
        }

        throw Fail(node, $"'{Name(key)}' is '{node.Value}'; an epsilon must be greater than 0, e.g. 0.5, with at most six decimals");
    }

    /// <summary>A list of texts that must be there and not be empty; <paramref name="every"/>, if given, may stand alone.</summary>
    public IReadOnlyList<string> List(string key, string? every = null)
    {
        var node = Find(key) ?? throw Fail(_node, $"'{Name(key)}' is missing; add the line '{key}: [ … ]'");
        if (every is not null && node is YamlScalarNode scalar && scalar.Value == every) return [every];
        return node is YamlSequenceNode { Children: { Count: > 0 } items } && items.All(i => i is YamlScalarNode { Value.Length: > 0 })
            ? [.. items.Select(i => ((YamlScalarNode)i).Value!)]
            : throw Fail(node, $"'{Name(key)}' must be a list of names, e.g. [ a, b ]");
    }

    /// <summary>A list of mappings that must be there and not be empty.</summary>
    public IReadOnlyList<YamlMap> Maps(string key)
    {
        var node = Find(key);
        return node is YamlSequenceNode { Children: { Count: > 0 } items } && items.All(i => i is YamlMappingNode)
            ? [.. items.Select((item, i) => Checked(_file, $"{Name(key)}[{i + 1}]", (YamlMappingNode)item))]
            : throw Fail(node ?? _node, $"'{Name(key)}' must be a list, each entry with 'key: value' lines");
    }

    /// <summary>A mapping, or null where the key is absent.</summary>
    public YamlMap? Map(string key) => Find(key) switch
    {
        null => null,
        YamlMappingNode map => Checked(_file, Name(key), map),
        var other => throw Fail(other, $"'{Name(key)}' must hold further 'key: value' lines, indented"),
    };

    /// <summary>Refuses keys that were not read.</summary>
    public void Done()
    {
        foreach (var key in _node.Children.Keys.Cast<YamlScalarNode>())
        {
            if (_read.Contains(key.Value ?? "")) continue;
            throw Fail(key, $"'{Name(key.Value ?? "")}' is not a known key; known here: " +
                $"{string.Join(", ", _read.Order(StringComparer.Ordinal))}");
        }
    }

    public ConfigurationException Fail(string key, string sentence) => Fail(Find(key) ?? _node, sentence);

    /// <summary>Goes through the text without recursion: deep nesting would overflow the stack, and aliases can make a small text huge.</summary>
    private static void RequirePlain(string text, string file)
    {
        var (parser, depth) = (new Parser(new StringReader(text)), 0);
        while (parser.MoveNext())
        {
            var current = parser.Current!;
            depth += current.NestingIncrease;
            if (depth > MaxDepth) throw new ConfigurationException($"{file}, line {current.Start.Line}: nested deeper than {MaxDepth}; flatten it.");
            if (current is AnchorAlias or NodeEvent { Anchor.IsEmpty: false })
                throw new ConfigurationException($"{file}, line {current.Start.Line}: an anchor or alias (& or *); write the value out.");
        }
    }

    private static YamlMap Checked(string file, string path, YamlMappingNode node)
    {
        var map = new YamlMap(file, path, node);
        return node.Children.Keys.FirstOrDefault(k => k is not YamlScalarNode) is { } odd ? throw map.Fail(odd, "a key must be plain " +
            "text") : map;
    }

    private string Name(string key) => _path.Length == 0 ? key : $"{_path}.{key}";

    private YamlScalarNode? Scalar(string key) => Find(key) switch
    {
        null => null,
        YamlScalarNode { Value.Length: > 0 } scalar => scalar,
        var other => throw Fail(other, $"'{Name(key)}' must be one value"),
    };

    private YamlNode? Find(string key)
    {
        _read.Add(key);
        return _node.Children.TryGetValue(new YamlScalarNode(key), out var node) ? node : null;
    }

    private ConfigurationException Fail(YamlNode at, string sentence) => new($"{_file}, line {at.Start.Line}: {sentence}.");
}
