using System.Text;
using System.Text.Json.Nodes;
using SecureAggregation.Cli.Demo;
using SecureAggregation.Statistics;
using SecureAggregation.Testing;
using Xunit.Abstractions;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace SecureAggregation.Sdk;

/// <summary>The Python client signs its own encoding of a query: it must be this program's, byte for byte.</summary>
public sealed class PythonEncoderTests(ITestOutputHelper output)
{
    [PythonFact]
    public async Task Random_queries_have_the_same_bytes_in_both_programs()
    {
        var random = new RandomQuery(new SeededRandom(20261122));
        var cases = new StringBuilder();
        var (accepted, refused) = (0, 0);
        while (accepted < 3000)
        {
            var query = random.Next();
            try
            {
                Add(cases, query, AnalysisQuery.Parse(query.ToJsonString()), RandomQuery.Schema);
                accepted++;
            }
            catch (AnalysisException)
            {
                Assert.True(++refused < 30_000, "nearly every query is refused");
            }
        }

        await SameAsync(cases.ToString(), accepted);
    }

    [PythonFact]
    public async Task Example_queries_have_the_same_bytes_in_both_programs()
    {
        var cases = new StringBuilder();
        var count = 0;
        foreach (var file in Directory.EnumerateFiles(Path.Combine(Programs.Checkout!, "examples"), "*.yaml", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            var text = File.ReadAllText(file);
            if (!text.Contains("measures:", StringComparison.Ordinal)) continue;
            var query = AnalysisQuery.Parse(text);
            var schema = query.Schema ?? SchemaFile.Parse(File.ReadAllText(Path.Combine(Path.GetDirectoryName(file)!, query.SchemaPath ?? "schema.yaml")));
            var yaml = new YamlStream();
            yaml.Load(new StringReader(text));
            var json = (JsonObject)Json(yaml.Documents[0].RootNode)!;
            // What the one who reads the answer decides, or only tools look at.
            foreach (var key in (string[])["schema", "repairs"]) json.Remove(key);
            Add(cases, json, query, schema.Schema);
            count++;
        }

        Assert.True(count >= 5, $"only {count} example queries");
        await SameAsync(cases.ToString(), count);
    }

    private static void Add(StringBuilder cases, JsonObject json, AnalysisQuery query, DatasetSchema schema)
    {
        var line = new JsonObject
        {
            ["query"] = json.DeepClone(), ["schema"] = Convert.ToBase64String(schema.Encode()), ["analysis"] = Convert.ToBase64String(query.Resolve(schema).Encode()),
        };
        cases.Append(line.ToJsonString()).Append('\n');
    }

    private async Task SameAsync(string cases, int count)
    {
        var (code, said) = await Python.RunAsync([Path.Combine("tests", "cross.py")], cases);
        output.WriteLine(said.Length > 5000 ? said[..2500] + "\n…\n" + said[^2500..] : said);
        Assert.Equal((0, $"{count} compared, 0 differ"), (code, said.TrimEnd().Split('\n')[^1]));
    }

    private static JsonNode? Json(YamlNode node) => node switch
    {
        YamlMappingNode map => new JsonObject(map.Children.Select(c => KeyValuePair.Create(((YamlScalarNode)c.Key).Value!, Json(c.Value)))),
        YamlSequenceNode list => new JsonArray([.. list.Children.Select(Json)]),
        YamlScalarNode { Style: ScalarStyle.Plain, Value: null or "" or "~" or "null" } => null,
        YamlScalarNode { Style: ScalarStyle.Plain, Value: "true" or "false" } scalar => scalar.Value == "true",
        YamlScalarNode { Style: ScalarStyle.Plain, Value: { } text } when double.TryParse(text, System.Globalization.CultureInfo.InvariantCulture, out _) => JsonNode.Parse(text),
        YamlScalarNode scalar => scalar.Value,
        _ => throw new InvalidOperationException(node.ToString()),
    };
}
