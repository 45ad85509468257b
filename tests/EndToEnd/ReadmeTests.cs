using System.Text.RegularExpressions;

namespace SecureAggregation.EndToEnd;

public partial class ReadmeTests
{
    /// <summary>What a reader pastes works: every block of README.md that is marked `console`, in order, in one shell at the root.</summary>
    [Fact]
    public async Task Commands_of_the_readme_work_when_pasted()
    {
        var blocks = Blocks("README.md");
        Assert.Equal(2, blocks.Count);

        var run = await Programs.Shell("set -euo pipefail\nrm -rf .demo/session\n" + string.Concat(blocks) + "rm -rf .demo/session\n");

        Assert.True(run.Code == 0, run.ToString());
        Assert.Contains("3 of 3 rounds", run.Output, StringComparison.Ordinal);
        Assert.Contains("1 of 1 rounds", run.Output, StringComparison.Ordinal);
        Assert.Contains("Verified: the total was recomputed", run.Output, StringComparison.Ordinal);
        Assert.Contains("propose", run.Output, StringComparison.Ordinal);
    }

    /// <summary>Station, outposts and coordinator set up from nothing, as the document says.</summary>
    [Fact]
    public async Task Consortium_by_hand_works_when_pasted()
    {
        var blocks = Blocks("docs", "setup.md");
        Assert.Equal(11, blocks.Count);

        var run = await Programs.Shell("set -euo pipefail\nrm -rf .demo/by-hand\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n" + string.Concat(blocks) + "rm -rf .demo/by-hand\n");

        Assert.True(run.Code == 0, run.ToString());
        Assert.Contains("301 rows read, all as the schema says", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("warning", run.Output, StringComparison.Ordinal);
        Assert.Contains("Age by sex: 3 of 3 outposts", run.Output, StringComparison.Ordinal);
        Assert.Contains("Verified: the total was recomputed", run.Output, StringComparison.Ordinal);
        Assert.Contains("is the pinned one: Three Hospitals, epoch 1", run.Output, StringComparison.Ordinal);
        Assert.Contains("is the pinned one: Three Hospitals, epoch 2", run.Output, StringComparison.Ordinal);
        Assert.Equal(2, run.Output.Split("Age by sex: 3 of 3 outposts").Length - 1);
    }

    internal static List<string> Blocks(params string[] path) =>
        [.. Console().Matches(File.ReadAllText(Path.Combine([Programs.Root, .. path]))).Select(m => m.Groups["commands"].Value)];

    [GeneratedRegex("^```console\n(?<commands>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Console();
}
