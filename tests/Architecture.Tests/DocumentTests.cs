using System.Text.RegularExpressions;

namespace SecureAggregation.Architecture.Tests;

public partial class DocumentTests
{
    public static TheoryData<string> Documents =>
        [.. Directory.EnumerateFiles(Repository.Root, "*.md").Concat(Repository.Files("docs", "*.md")).Concat(Repository.Files("benchmarks", "*.md")).Select(Repository.Relative)];

    [Theory]
    [MemberData(nameof(Documents))]
    public void Links_lead_to_files_that_are_there(string document)
    {
        var path = Path.Combine(Repository.Root, document);
        var targets = Link().Matches(File.ReadAllText(path)).Select(m => m.Groups["target"].Value).Where(t => !t.Contains("://", StringComparison.Ordinal) && !t.StartsWith('#'));

        var broken = targets.Where(t => !Path.Exists(Path.Combine(Path.GetDirectoryName(path)!, t.Split('#')[0]))).ToArray();

        Assert.True(broken.Length == 0, $"{document} links to {string.Join(", ", broken)}, which is not there");
    }

    [Fact]
    public void Every_decision_is_in_the_index()
    {
        var index = File.ReadAllText(Path.Combine(Repository.Root, "docs", "adr", "README.md"));

        Assert.All(Repository.Files("docs/adr", "0*.md"), page => Assert.Contains($"({Path.GetFileName(page)})", index, StringComparison.Ordinal));
    }

    [GeneratedRegex(@"\]\((?<target>[^)\s]+)\)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Link();
}
