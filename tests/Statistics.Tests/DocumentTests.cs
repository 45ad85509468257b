using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Xunit.Abstractions;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace SecureAggregation.Statistics.Tests;

/// <summary>What docs/queries.md and docs/query.schema.json say is what the reader reads.</summary>
public sealed partial class DocumentTests(ITestOutputHelper output)
{
    private const string Validator = """
        import json, sys
        try:
            import jsonschema
        except ImportError:
            sys.exit(3)
        given = json.load(sys.stdin)
        jsonschema.Draft202012Validator.check_schema(given['schema'])
        validator = jsonschema.Draft202012Validator(given['schema'])
        for name, document in given['documents'].items():
            error = jsonschema.exceptions.best_match(validator.iter_errors(document))
            if (error is None) == name.startswith('!'):
                print(name, error.message if error else 'is valid')
        """;

    [Fact]
    public void Every_example_of_the_document_is_read()
    {
        var blocks = Blocks();
        Assert.True(blocks.Length >= 5, $"There are {blocks.Length} blocks.");
        var heart = Schema("heart");
        var visits = SchemaFile.Parse(blocks.Single(IsSchema));
        Assert.NotNull(visits.PersonKey);
        foreach (var query in blocks.Where(b => !IsSchema(b)).Select(AnalysisQuery.Parse))
        {
            var analysis = query.Resolve(query.Dataset == "heart" ? heart : visits.Schema);
            Assert.Equal(analysis.Encode(), Analysis.Decode(analysis.Encode()).Encode());
            AnalysisTextTests.AssertSameAgain(query, query.Dataset == "heart" ? heart : visits.Schema);
        }
    }

    [Fact]
    public void Every_example_beside_the_document_is_read()
    {
        foreach (var (path, text) in Examples())
        {
            var query = AnalysisQuery.Parse(text);
            var analysis = query.Resolve(Schema(Path.GetFileName(Path.GetDirectoryName(path))!));
            Assert.Equal(analysis.Encode(), Analysis.Decode(analysis.Encode()).Encode());
            Assert.True(VectorLayout.Create(analysis, query.Epsilon, query.Noise, 4, 2).Length > 0);
        }
    }

    /// <summary>The published form, read by a validator of its own (Debian's python3-jsonschema), takes what the reader takes.</summary>
    [Fact]
    public void Every_example_is_valid_by_the_published_schema()
    {
        var documents = new JsonObject();
        foreach (var (name, text) in Examples().Concat(Blocks().Where(b => !IsSchema(b)).Select((b, i) => ($"docs/queries.md {i}", b)))) documents[name] = ToJson(text);
        // What must not pass, so that a validator that takes everything is noticed.
        documents["!unknown key"] = ToJson("dataset: d\nepsilon: 1\nmeasures: [count]\nxyzzy: 1");
        documents["!unknown measure"] = ToJson("dataset: d\nepsilon: 1\nmeasures: [min: age]");
        documents["!two words"] = ToJson("dataset: d\nepsilon: 1\nmeasures: [{ mean: age, sd: age }]");
        documents["!no edges"] = ToJson("dataset: d\nepsilon: 1\nmeasures: [count]\nderive: { x: { bins: age } }");
        var input = new JsonObject { ["schema"] = JsonNode.Parse(File.ReadAllText(Path.Combine(RealData.Root, "docs/query.schema.json"))), ["documents"] = documents };
        var start = new ProcessStartInfo("python3", ["-c", Validator]) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        try
        {
            using var process = Process.Start(start)!;
            process.StandardInput.Write(input.ToJsonString());
            process.StandardInput.Close();
            var said = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            if (process.ExitCode == 3) output.WriteLine("Skipped: python3 has no module jsonschema (Debian: python3-jsonschema), which checks the examples.");
            else Assert.Equal("", said + process.StandardError.ReadToEnd());
        }
        catch (Win32Exception)
        {
            output.WriteLine("Skipped: there is no python3, whose module jsonschema checks the examples.");
        }
    }

    [Fact]
    public void Published_schema_has_exactly_the_keys_that_are_read()
    {
        using var schema = JsonDocument.Parse(File.ReadAllText(Path.Combine(RealData.Root, "docs/query.schema.json")));
        var root = schema.RootElement;
        Assert.Equal(Known("dataset: d\nepsilon: 1\nmeasures: [count]\nxyzzy: 1"), Keys(root));
        var definitions = root.GetProperty("$defs");
        var words = definitions.GetProperty("measure").GetProperty("oneOf").EnumerateArray().Skip(1).Select(Target).ToArray();
        var message = Assert.Throws<AnalysisException>(() => AnalysisQuery.Parse("dataset: d\nepsilon: 1\nmeasures: [xyzzy]")).Message;
        Assert.Equal(message.Split("Known: ")[1].TrimEnd('.').Split(", "), words);
        foreach (var word in words) AssertKeys(definitions.GetProperty(word), word, "dataset: d\nepsilon: 1\nmeasures: [{0}]");
        foreach (var derived in definitions.GetProperty("derived").GetProperty("oneOf").EnumerateArray().Select(Target))
        {
            AssertKeys(definitions.GetProperty(derived), derived["derive_".Length..], "dataset: d\nepsilon: 1\nmeasures: [count]\nderive: {{ x: {0} }}");
        }

        Assert.Equal(
            Known("dataset: d\nepsilon: 1\nmeasures: [count]\nwhere: { column: a, xyzzy: 1 }"),
            definitions.GetProperty("filter").GetProperty("oneOf").EnumerateArray().SelectMany(Keys).Order(StringComparer.Ordinal));

        static string Target(JsonElement reference) => reference.GetProperty("$ref").GetString()!["#/$defs/".Length..];
    }

    /// <summary>The keys of a definition, and of the mapping below its word, are those that the reader lists when its example has one more.</summary>
    private static void AssertKeys(JsonElement definition, string word, string query)
    {
        var example = definition.GetProperty("examples")[0].GetRawText();
        AnalysisQuery.Parse(string.Format(CultureInfo.InvariantCulture, query, example));
        Assert.Equal(Known(string.Format(CultureInfo.InvariantCulture, query, $"{example[..^1]}, \"xyzzy\": 1}}")), Keys(definition));
        var inner = definition.GetProperty("properties").GetProperty(word);
        if (!inner.TryGetProperty("properties", out _)) return;
        var end = example.IndexOf('}', StringComparison.Ordinal);
        Assert.Equal(Known(string.Format(CultureInfo.InvariantCulture, query, $"{example[..end]}, \"xyzzy\": 1{example[end..]}")), Keys(inner));
    }

    [Fact]
    public void Published_form_of_a_schema_has_exactly_the_keys_and_words_that_are_read()
    {
        using var document = JsonDocument.Parse(File.ReadAllText(Path.Combine(RealData.Root, "docs/schema.schema.json")));
        var root = document.RootElement;
        var column = root.GetProperty("$defs").GetProperty("column").GetProperty("properties");
        Assert.Equal(KnownOf("xyzzy: 1\none_row_per_person: true\nname: d\ncolumns: { a: { type: integer } }"), Keys(root));
        Assert.Equal(KnownOf("one_row_per_person: true\nname: d\ncolumns: { a: { type: integer, xyzzy: 1 } }"), Keys(root.GetProperty("$defs").GetProperty("column")));
        Assert.Equal(KnownOf("name: d\ncolumns: { a: { role: drop, xyzzy: 1 } }"), Keys(root.GetProperty("$defs").GetProperty("hidden")));
        Assert.Equal(Words("name: d\ncolumns: { a: { type: xyzzy } }"), Enum(column.GetProperty("type")));
        Assert.Equal(Words("name: d\naccess: xyzzy\ncolumns: { a: { type: integer } }"), Enum(root.GetProperty("properties").GetProperty("access")));

        static string[] Enum(JsonElement node) => [.. node.GetProperty("enum").EnumerateArray().Select(e => e.GetString()!)];
        static string Refusal(string text) => Assert.Throws<AnalysisException>(() => SchemaFile.Parse(text)).Message;
        static string[] KnownOf(string text) => [.. Refusal(text).Split("Known keys: ")[1].TrimEnd('.').Split(", ").Order(StringComparer.Ordinal)];
        static string[] Words(string text) => Refusal(text).Split("; use ")[1].TrimEnd('.').Split([", ", " or "], StringSplitOptions.None);
    }

    private static string[] Blocks() =>
        [.. YamlBlock().Matches(File.ReadAllText(Path.Combine(RealData.Root, "docs/queries.md"))).Select(m => m.Groups["yaml"].Value)];

    private static bool IsSchema(string block) => block.Contains("\ncolumns:", StringComparison.Ordinal);

    private static DatasetSchema Schema(string example) => SchemaFile.Parse(File.ReadAllText(Path.Combine(RealData.Root, "examples", example, "schema.yaml"))).Schema;

    private static IEnumerable<(string Path, string Text)> Examples() =>
        Directory.GetFiles(Path.Combine(RealData.Root, "examples"), "*.yaml", SearchOption.AllDirectories)
            .Where(f => Path.GetFileName(f) != "schema.yaml").Order(StringComparer.Ordinal).Select(f => (f, File.ReadAllText(f)));

    private static JsonNode? ToJson(string yaml)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(yaml));
        return Node(stream.Documents[0].RootNode);

        static JsonNode? Node(YamlNode node) => node switch
        {
            YamlMappingNode map => new JsonObject(map.Children.Select(c => KeyValuePair.Create(((YamlScalarNode)c.Key).Value!, Node(c.Value)))),
            YamlSequenceNode list => new JsonArray([.. list.Children.Select(Node)]),
            YamlScalarNode { Style: ScalarStyle.Plain, Value: null or "" or "~" or "null" } => null,
            YamlScalarNode { Style: ScalarStyle.Plain, Value: "true" or "false" } flag => JsonValue.Create(flag.Value == "true"),
            YamlScalarNode { Style: ScalarStyle.Plain } number when double.TryParse(number.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) =>
                value == Math.Floor(value) ? JsonValue.Create((long)value) : JsonValue.Create(value),
            _ => JsonValue.Create(((YamlScalarNode)node).Value),
        };
    }

    private static string[] Keys(JsonElement node) => [.. node.GetProperty("properties").EnumerateObject().Select(p => p.Name).Order(StringComparer.Ordinal)];

    /// <summary>The keys that the reader lists when it meets one that it does not know.</summary>
    private static string[] Known(string text)
    {
        var message = Assert.Throws<AnalysisException>(() => AnalysisQuery.Parse(text)).Message;
        return [.. message.Split("Known keys: ")[1].TrimEnd('.').Split(", ").Order(StringComparer.Ordinal)];
    }

    [GeneratedRegex("```yaml\n(?<yaml>.*?)```", RegexOptions.Singleline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex YamlBlock();
}
