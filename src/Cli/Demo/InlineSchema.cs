using YamlDotNet.RepresentationModel;

namespace SecureAggregation.Cli.Demo;

/// <summary>Takes the schema out of a query file that has one inside.</summary>
internal static class InlineSchema
{
    /// <summary>The node under <c>schema:</c> as a document of its own. The caller has parsed the query already, so that it is there.</summary>
    public static string Cut(string query)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(query));
        var root = (YamlMappingNode)stream.Documents[0].RootNode;
        var schema = root.Children[new YamlScalarNode("schema")];
        using var text = new StringWriter();
        new YamlStream(new YamlDocument(schema)).Save(text, assignAnchors: false);
        return text.ToString();
    }
}
