using System.Net;
using System.Text.RegularExpressions;
using SecureAggregation.Aggregator.Rest;
using SecureAggregation.Testing;

namespace SecureAggregation.Aggregator.Tests.Rest;

/// <summary>docs/openapi.json and docs/rest.md say what the code does.</summary>
public sealed partial class RestDocumentTests
{
    [Fact]
    public async Task Served_document_is_the_one_that_is_checked_in()
    {
        await using var scene = await RestScene.Open();
        using var answer = await scene.Send("GET", "/openapi/v1.json", null);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var served = await answer.Content.ReadAsStringAsync().Guard();
        Assert.Contains("\"openapi\": \"3.1.", served, StringComparison.Ordinal);
        var file = Repository.File("docs", "openapi.json");
        if (File.Exists(file) && await File.ReadAllTextAsync(file) == served) return;
        var beside = Path.Combine(AppContext.BaseDirectory, "openapi.json");
        await File.WriteAllTextAsync(beside, served);
        Assert.Fail($"docs/openapi.json is not what the station serves; if the change is meant: cp {beside} {file}");
    }

    [Fact]
    public void Codes_are_those_of_the_document()
    {
        var page = File.ReadAllText(Repository.File("docs", "rest.md"));
        var listed = Code().Matches(page[page.IndexOf("<!-- codes", StringComparison.Ordinal)..page.IndexOf("<!-- /codes", StringComparison.Ordinal)])
            .Select(m => (m.Groups["code"].Value, int.Parse(m.Groups["status"].Value, System.Globalization.CultureInfo.InvariantCulture), m.Groups["title"].Value));
        Assert.Equal(Problems.All.Select(p => (p.Key, p.Value.Status, p.Value.Title)), listed);
    }

    [GeneratedRegex(@"^\| `(?<code>[a-z-]+)` \| (?<status>\d+) \| (?<title>.+) \|$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Code();
}
