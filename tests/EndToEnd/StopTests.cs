using System.Diagnostics;
using System.Globalization;
using SecureAggregation.Testing;

namespace SecureAggregation.EndToEnd;

/// <summary>SIGTERM, as systemd and containers send it.</summary>
[Collection(nameof(MadeDemo))]
public sealed class StopTests(MadeDemo demo)
{
    [Fact]
    public async Task Station_that_is_told_to_stop_says_so_and_ends_in_order()
    {
        using var folder = new TemporaryFolder();
        using var station = Programs.Start(
            "Aggregator",
            ["--key", Path.Combine(demo.Folder, "station", "station.pem"), "--roster", demo.Roster, "--data", folder["data"], "--listen", "127.0.0.1:0"]);
        // It listens.
        Assert.StartsWith("The station listens", await station.StandardOutput.ReadLineAsync().Guard(), StringComparison.Ordinal);
        var began = Stopwatch.GetTimestamp();
        await Ended(station);
        Assert.Equal(0, station.ExitCode);
        Assert.Contains("[1001]", await station.StandardError.ReadToEndAsync().Guard(), StringComparison.Ordinal);
        Assert.True(Stopwatch.GetElapsedTime(began) < TimeSpan.FromSeconds(10));
        // Nothing is left to be read back: SQLite's write-ahead log is folded in.
        Assert.False(File.Exists(Path.Combine(folder["data"], "transcript.db-wal")));
    }

    private static async Task Ended(Process process)
    {
        using var kill = Process.Start("/bin/kill", ["-TERM", process.Id.ToString(CultureInfo.InvariantCulture)])!;
        await kill.WaitForExitAsync().Guard();
        await process.WaitForExitAsync().Guard();
    }
}
