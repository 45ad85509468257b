using System.Text.RegularExpressions;

namespace SecureAggregation.EndToEnd;

public partial class ReadmeTests
{
    /// <summary>What a reader pastes works: every block of README.md that is marked `console`, in order, in one shell at the root.</summary>
    [Fact]
    public async Task Commands_of_the_readme_work_when_pasted()
    {
        var blocks = Console().Matches(File.ReadAllText(Path.Combine(Programs.Root, "README.md"))).Select(m => m.Groups["commands"].Value).ToList();
        Assert.Equal(2, blocks.Count);

        var run = await Programs.Shell("set -euo pipefail\nrm -rf .demo/session\n" + string.Concat(blocks) + "rm -rf .demo/session\n");

        Assert.True(run.Code == 0, run.ToString());
        Assert.Contains("3 of 3 rounds", run.Output, StringComparison.Ordinal);
        Assert.Contains("1 of 1 rounds", run.Output, StringComparison.Ordinal);
        Assert.Contains("Verified: the total was recomputed", run.Output, StringComparison.Ordinal);
        Assert.Contains("propose", run.Output, StringComparison.Ordinal);
    }

    [GeneratedRegex("^```console\n(?<commands>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Console();
}
