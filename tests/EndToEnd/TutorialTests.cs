using System.Diagnostics;

namespace SecureAggregation.EndToEnd;

/// <summary>A test that makes networks of its own.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class NetworkNamespaceFactAttribute : FactAttribute
{
    private const string Trial = "secagg-trial";

    public NetworkNamespaceFactAttribute()
    {
        if (!Works("ip", "netns", "add", Trial)) Skip = "needs root, iproute2 and a kernel that lets it make network namespaces (ip netns add)";
        else if (!Works("ip", "netns", "delete", Trial) || !Works("curl", "--version")) Skip = "curl is not installed (apt-get install curl)";
    }

    private static bool Works(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardError = true, RedirectStandardOutput = true });
            process!.WaitForExit();
            return process.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return false;
        }
    }
}

public class TutorialTests
{
    private const string Before =
        """
        set -euo pipefail
        rm -rf .demo/tutorial
        away() {
          for machine in switch station control deck mars titan europa; do
            ip netns pids "secagg-$machine" 2>/dev/null | xargs --no-run-if-empty kill -9 || true
            ip netns delete "secagg-$machine" 2>/dev/null || true
          done
        }
        away
        trap away EXIT

        """;

    /// <summary>Six machines with addresses of their own, as docs/tutorial.md makes them, and all that is done on them there.</summary>
    [NetworkNamespaceFact]
    public async Task Tutorial_works_when_pasted()
    {
        var blocks = ReadmeTests.Blocks("docs", "tutorial.md");
        Assert.Equal(13, blocks.Count);

        var run = await Programs.Shell(Before + string.Concat(blocks) + "rm -rf .demo/tutorial\n");

        Assert.True(run.Code == 0, run.ToString());
        Assert.Contains("https://10.77.0.1:7443", run.Output, StringComparison.Ordinal);
        Assert.Contains("ports that are open at Mars: 0", run.Output, StringComparison.Ordinal);
        Assert.Contains("refuse: Policy", run.Output, StringComparison.Ordinal);
        Assert.Contains("2 of 3 would answer now, a round needs 3: it would not run", run.Output, StringComparison.Ordinal);
        Assert.Contains("Blood pressure by sex: 3 of 3 outposts", run.Output, StringComparison.Ordinal);
        Assert.Equal(3, run.Output.Split("Verified: ").Length - 1);
        Assert.Contains("first account (good once, for a day): http://127.0.0.1:7480/", run.Output, StringComparison.Ordinal);
        Assert.Contains("(missing: Europa)", run.Error, StringComparison.Ordinal);
        Assert.Contains("exit code 4", run.Output, StringComparison.Ordinal);
    }
}
