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
        // Seven programs beside the demo itself: station, dashboard, five outposts.
        await Kill(Programs.Start("Cli", ["demo", "--folder", folder["run"]]), folder, 8);
    }

    [Theory]
    [InlineData(1, "load", "--parties", "4", "--seconds", "600")]
    [InlineData(2, "network", "--parties", "4", "--length", "2000", "--rounds", "100")]
    public async Task Benchmark_that_is_killed_leaves_no_program_behind(int programs, params string[] command)
    {
        using var folder = new TemporaryFolder();
        await Kill(Programs.StartBenchmarks(folder.Path, command), folder, programs);
    }

    private static async Task Kill(Process parent, TemporaryFolder folder, int programs)
    {
        using var process = parent;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(90));
        while (Of(folder.Path).Count < programs)
        {
            Assert.False(process.HasExited, "it ended by itself");
            await Task.Delay(50, limit.Token);
        }

        process.Kill();
        await process.WaitForExitAsync().Guard();

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
