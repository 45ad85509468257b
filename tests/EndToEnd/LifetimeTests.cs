using System.Diagnostics;
using SecureAggregation.Testing;

namespace SecureAggregation.EndToEnd;

public class LifetimeTests
{
    /// <summary>SIGKILL leaves the demo no moment to clean up: the kernel ends what it started.</summary>
    [Fact]
    public async Task Demo_that_is_killed_leaves_no_program_behind()
    {
        using var folder = new TemporaryFolder();
        using var demo = Programs.Start("Cli", ["demo", "--folder", folder["run"]]);
        demo.BeginOutputReadLine();
        demo.BeginErrorReadLine();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        // Seven programs beside the demo itself: station, dashboard, five outposts.
        while (Of(folder.Path).Count < 8)
        {
            Assert.False(demo.HasExited, "the demo ended by itself");
            await Task.Delay(50, limit.Token);
        }

        demo.Kill();
        await demo.WaitForExitAsync().Guard();

        while (Of(folder.Path).Count > 0) await Task.Delay(50, limit.Token);
    }

    private static List<int> Of(string folder) => [.. Process.GetProcessesByName("dotnet").Select(p => p.Id).Where(id => Arguments(id).Contains(folder, StringComparison.Ordinal))];

    private static string Arguments(int process)
    {
        try
        {
            return File.ReadAllText($"/proc/{process}/cmdline");
        }
        catch (IOException)
        {
            return "";
        }
    }
}
