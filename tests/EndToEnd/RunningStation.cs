using System.Diagnostics;

namespace SecureAggregation.EndToEnd;

/// <summary>A station of its own, without outposts.</summary>
internal sealed class RunningStation : IAsyncDisposable
{
    private readonly Process _process;

    private RunningStation(Process process, string address)
    {
        _process = process;
        Address = address;
    }

    public string Address { get; }

    public static async Task<RunningStation> StartAsync(string key, string roster, TemporaryFolder folder)
    {
        var (file, data) = (folder["address"], folder["station"]);
        var process = Programs.Start("Aggregator", ["--key", key, "--roster", roster, "--data", data, "--listen", "127.0.0.1:0", "--address-file", file]);
        // Its output is not looked at, but must go somewhere.
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (!File.Exists(file) || File.ReadAllText(file).Trim().Length == 0)
        {
            if (process.HasExited) throw new InvalidOperationException($"the station ended with exit code {process.ExitCode}");
            await Task.Delay(50, limit.Token);
        }

        return new RunningStation(process, File.ReadAllText(file).Trim());
    }

    public async ValueTask DisposeAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }
}
