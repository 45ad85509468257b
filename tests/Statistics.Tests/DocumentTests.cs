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
        Assert.Equal(Known("dataset: d\nepsilon: 1\nmeasures: [count]\nxyzzy: 1"), Keys(root.GetProperty("properties")));
        var definitions = root.GetProperty("$defs");
        var measures = definitions.GetProperty("measure").GetProperty("oneOf");
        Assert.Equal(Known("dataset: d\nepsilon: 1\nmeasures: [{ histogram: age, xyzzy: 1 }]"), Keys(measures[6].GetProperty("properties")));
        Assert.Equal(Known("dataset: d\nepsilon: 1\nmeasures: [{ sd: age, xyzzy: 1 }]"), Keys(definitions.GetProperty("sd").GetProperty("properties")));
        Assert.Equal(
            Known("dataset: d\nepsilon: 1\nmeasures: [count]\nwhere: { column: a, xyzzy: 1 }"),
            definitions.GetProperty("filter").GetProperty("oneOf").EnumerateArray().SelectMany(f => Keys(f.GetProperty("properties"))).Order(StringComparer.Ordinal));

        static string[] Keys(JsonElement properties) => [.. properties.EnumerateObject().Select(p => p.Name).Order(StringComparer.Ordinal)];
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

        static string[] Keys(JsonElement node) => [.. node.GetProperty("properties").EnumerateObject().Select(p => p.Name).Order(StringComparer.Ordinal)];
        static string[] Enum(JsonElement node) => [.. node.GetProperty("enum").EnumerateArray().Select(e => e.GetString()!)];
        static string Refusal(string text) => Assert.Throws<AnalysisException>(() => SchemaFile.Parse(text)).Message;
        static string[] KnownOf(string text) => [.. Refusal(text).Split("Known keys: ")[1].TrimEnd('.').Split(", ").Order(StringComparer.Ordinal)];
        static string[] Words(string text) => Refusal(text).Split("; use ")[1].TrimEnd('.').Split([", ", " or "], StringSplitOptions.None);
    }

    /// <summary>The keys that the reader lists when it meets one that it does not know.</summary>
    private static string[] Known(string text)
    {
        var message = Assert.Throws<AnalysisException>(() => AnalysisQuery.Parse(text)).Message;
        return [.. message.Split("Known keys: ")[1].TrimEnd('.').Split(", ").Order(StringComparer.Ordinal)];
    }

    [GeneratedRegex("```yaml\n(?<yaml>.*?)```", RegexOptions.Singleline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex YamlBlock();
}
