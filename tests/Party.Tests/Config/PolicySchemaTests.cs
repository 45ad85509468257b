using System.Text.Json;
using System.Text.RegularExpressions;
using SecureAggregation.Party.Config;

namespace SecureAggregation.Party.Tests.Config;

/// <summary>docs/policy.schema.json and the examples of docs/outpost.md are what the reader reads.</summary>
public sealed partial class PolicySchemaTests
{
    private static readonly JsonElement s_schema = JsonDocument.Parse(File.ReadAllText(Path.Combine(Root, "docs/policy.schema.json"))).RootElement;

    internal static string Root
    {
        get
        {
            var folder = new DirectoryInfo(AppContext.BaseDirectory);
            while (!File.Exists(Path.Combine(folder!.FullName, "SecureAggregation.sln"))) folder = folder.Parent;
            return folder.FullName;
        }
    }

    /// <summary>A place in the file, where it is in the schema, and a line of the full example after which a stray key stands there.</summary>
    public static TheoryData<string, string> Places { get; } = new()
    {
        { "", "policy: 1\n" },
        { "properties/floors", "floors: { " },
        { "properties/hours", "hours: { " },
        { "properties/rate", "rate: { " },
        { "$defs/dataset", "  heart:\n    " },
        { "$defs/rule", "      - " },
        { "$defs/dataset/properties/refresh", "refresh: { " },
        { "$defs/dataset/properties/differencing", "differencing: { " },
    };

    [Theory]
    [MemberData(nameof(Places))]
    public void Published_schema_has_exactly_the_keys_that_are_read(string place, string before)
    {
        var at = place.Split('/', StringSplitOptions.RemoveEmptyEntries).Aggregate(s_schema, (element, name) => element.GetProperty(name));
        var keys = at.GetProperty("properties").EnumerateObject().Select(p => p.Name).Order(StringComparer.Ordinal);
        var text = PolicyTests.Full.ReplaceLineEndings("\n");
        var end = text.IndexOf(before, StringComparison.Ordinal) + before.Length;
        var stray = before[^1] == '\n' ? "xyzzy: 1\n" : before.EndsWith("{ ", StringComparison.Ordinal) ? "xyzzy: 1, " : $"xyzzy: 1\n{new string(' ', before.Length - before.LastIndexOf('\n') - 1)}";
        var message = Assert.Throws<ConfigurationException>(() => PolicyFile.Parse(text.Insert(end, stray), "p")).Message;
        Assert.Equal(keys, message.Split("known here: ")[1].TrimEnd('.').Split(", "));
    }

    [Fact]
    public void Required_keys_of_the_schema_are_missed_by_the_reader()
    {
        var text = PolicyTests.Full.ReplaceLineEndings("\n");
        foreach (var key in s_schema.GetProperty("required").EnumerateArray().Concat(s_schema.GetProperty("$defs").GetProperty("dataset").GetProperty("required").EnumerateArray()))
        {
            var renamed = new Regex($"(?m)^( *){key.GetString()}:", RegexOptions.None, TimeSpan.FromSeconds(1)).Replace(text, "$1xyzzy:", 1);
            Assert.Contains($"{key.GetString()}", Assert.Throws<ConfigurationException>(() => PolicyFile.Parse(renamed, "p")).Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Every_example_of_the_document_is_read()
    {
        var document = File.ReadAllText(Path.Combine(Root, "docs/outpost.md"));
        var examples = Example().Matches(document).Select(m => m.Groups["yaml"].Value).ToList();
        Assert.Equal(2, examples.Count);
        foreach (var example in examples) Assert.NotEmpty(PolicyFile.Parse(example, "docs/outpost.md").Datasets);
    }

    [Fact]
    public void Document_explains_every_key_of_the_schema()
    {
        var document = File.ReadAllText(Path.Combine(Root, "docs/outpost.md"));
        foreach (var place in Places)
        {
            var at = ((string)place[0]).Split('/', StringSplitOptions.RemoveEmptyEntries).Aggregate(s_schema, (element, name) => element.GetProperty(name));
            Assert.All(at.GetProperty("properties").EnumerateObject(), p => Assert.Matches($@"`[^`\n]*\b{p.Name}\b", document));
        }
    }

    [GeneratedRegex("```yaml\n(?<yaml>policy: 1.*?)```", RegexOptions.Singleline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Example();
}
