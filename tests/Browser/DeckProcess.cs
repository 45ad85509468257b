using System.Diagnostics;

namespace SecureAggregation.Browser;

/// <summary>The dashboard as a process of its own.</summary>
internal sealed class DeckProcess : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(2);

    private readonly Process _process;

    private DeckProcess(Process process) => _process = process;

    public string Address { get; private set; } = "";

    /// <summary>What the dashboard printed for whoever makes the first account; null when sign-in is off.</summary>
    public string? FirstLink { get; private set; }

    public int Id => _process.Id;

    /// <param name="folder">Takes the address and the dashboard's own files.</param>
    /// <param name="station">Address of the station.</param>
    /// <param name="roster">File of the roster.</param>
    /// <param name="key">File of the dashboard's key.</param>
    /// <param name="signIn">Whether people sign in with accounts of the dashboard.</param>
    /// <param name="before">Program and arguments that start it, such as taskset.</param>
    public static async Task<DeckProcess> StartAsync(string folder, string station, string roster, string key, bool signIn = false, params string[] before)
    {
        Directory.CreateDirectory(folder);
        var program = Path.Combine(AppContext.BaseDirectory, "SecureAggregation.Dashboard.Blazor.dll");
        var addressFile = Path.Combine(folder, "address");
        string[] command =
        [
            .. before, "dotnet", program, "--station", station, "--roster", roster, "--key", key, "--listen", "http://127.0.0.1:0", "--address-file", addressFile,
            "--sign-in", signIn ? "local" : "off", "--data", Path.Combine(folder, "data"),
        ];
        var process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        var deck = new DeckProcess(process);
        try
        {
            using var limit = new CancellationTokenSource(s_patience);
            while (!File.Exists(addressFile))
            {
                if (process.HasExited) throw new InvalidOperationException($"The dashboard ended with exit code {process.ExitCode}: {await process.StandardError.ReadToEndAsync(limit.Token)}");
                await Task.Delay(50, limit.Token);
            }

            while (signIn && deck.FirstLink is null)
            {
                var line = await process.StandardOutput.ReadLineAsync(limit.Token) ?? throw new InvalidOperationException("The dashboard printed no link.");
                if (line.Contains("first account", StringComparison.Ordinal)) deck.FirstLink = line[line.IndexOf("http", StringComparison.Ordinal)..];
            }

            deck.Address = await File.ReadAllTextAsync(addressFile, limit.Token);
            // What it says goes to files, so that a full pipe never holds it up.
            _ = SaveAsync(process.StandardOutput, Path.Combine(folder, "output"));
            _ = SaveAsync(process.StandardError, Path.Combine(folder, "error"));
            return deck;
        }
        catch
        {
            await deck.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private static async Task SaveAsync(StreamReader from, string path)
    {
        await using var file = File.Create(path);
        await from.BaseStream.CopyToAsync(file);
    }
}
