using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace SecureAggregation.Statistics.Tests;

/// <summary>What docs/queries.md and docs/query.schema.json say is what the reader reads.</summary>
public sealed partial class DocumentTests
{
    [Fact]
    public void Every_example_of_the_document_is_read()
    {
        var text = File.ReadAllText(Path.Combine(RealData.Root, "docs/queries.md"));
        var blocks = YamlBlock().Matches(text).Select(m => m.Groups["yaml"].Value).ToArray();
        Assert.Equal(3, blocks.Length);
        var heart = SchemaFile.Parse(File.ReadAllText(Path.Combine(RealData.Root, "examples/heart/schema.yaml"))).Schema;
        foreach (var block in blocks)
        {
            if (block.Contains("columns:", StringComparison.Ordinal)) Assert.NotNull(SchemaFile.Parse(block).PersonKey);
            else Assert.NotEmpty(AnalysisQuery.Parse(block).Resolve(heart).Encode());
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
