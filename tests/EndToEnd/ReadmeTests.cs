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
        Assert.Equal(13, blocks.Count);

        var run = await Programs.Shell("set -euo pipefail\nrm -rf .demo/by-hand\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n" + string.Concat(blocks) + "rm -rf .demo/by-hand\n");

        Assert.True(run.Code == 0, run.ToString());
        Assert.Contains("301 rows read, all as the schema says", run.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("warning", run.Output, StringComparison.Ordinal);
        Assert.Contains("Age by sex: 3 of 3 outposts", run.Output, StringComparison.Ordinal);
        Assert.Contains("Verified: the total was recomputed", run.Output, StringComparison.Ordinal);
        Assert.Contains("is the pinned one: Three Hospitals, epoch 1", run.Output, StringComparison.Ordinal);
        Assert.Contains("is the pinned one: Three Hospitals, epoch 2", run.Output, StringComparison.Ordinal);
        Assert.Contains("Epoch 2 of Three Hospitals is in force", run.Output, StringComparison.Ordinal);
        Assert.Contains("which your key has signed", run.Output, StringComparison.Ordinal);
        Assert.Equal(2, run.Output.Split("Age by sex: 3 of 3 outposts").Length - 1);
    }

    /// <summary>REST as its page shows it, on the consortium of docs/setup.md: its steps 1 to 4 lie between the first block and the others.</summary>
    [Fact]
    public async Task Session_of_rest_works_when_pasted()
    {
        var (setup, blocks) = (Blocks("docs", "setup.md"), Blocks("docs", "rest.md"));
        Assert.Equal(6, blocks.Count);
        var steps = setup.TakeWhile(b => !b.Contains("query.yaml", StringComparison.Ordinal)).Select(b => b.Replace("by-hand", "rest", StringComparison.Ordinal));

        var run = await Programs.Shell(
            "set -euo pipefail\nrm -rf .demo/rest\ntrap 'kill $(jobs -p) 2>/dev/null || true' EXIT\n" + blocks[0] + string.Concat(steps) + string.Concat(blocks.Skip(1)) + "rm -rf ../rest\n");

        Assert.True(run.Code == 0, run.ToString());
        Assert.Contains("\"id\":\"visits\"", run.Output, StringComparison.Ordinal);
        Assert.Contains("\"cost_epsilon\":1", run.Output, StringComparison.Ordinal);
        Assert.Contains("\"statistics\":[{\"name\":", run.Output, StringComparison.Ordinal);
        Assert.Contains("\n  verified\n", run.Output, StringComparison.Ordinal);
        Assert.Contains("\"what\":\"account_added\",\"subject\":\"alice\",\"by\":\"operator\",\"detail\":\"roles: auditor; all studies\"", run.Output, StringComparison.Ordinal);
        Assert.Contains("\"code\":\"not-permitted\"", run.Output, StringComparison.Ordinal);
    }

    internal static List<string> Blocks(params string[] path) =>
        [.. Console().Matches(File.ReadAllText(Path.Combine([Programs.Root, .. path]))).Select(m => m.Groups["commands"].Value)];

    [GeneratedRegex("^```console\n(?<commands>.*?)^```$", RegexOptions.Multiline | RegexOptions.Singleline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Console();
}
