using System.Diagnostics;
using System.Runtime.InteropServices;

namespace SecureAggregation.Cli.Demo;

/// <summary>A program that this one started, with its output in a log file. It never outlives this process.</summary>
internal sealed class ChildProcess : IAsyncDisposable
{
    private const int SigTerm = 15;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    private readonly Process _process;
    private readonly StreamWriter _log;

    private ChildProcess(string name, Process process, StreamWriter log, string logPath)
    {
        Name = name;
        _process = process;
        _log = log;
        LogPath = logPath;
    }

    public string Name { get; }

    public string LogPath { get; }

    public int Id => _process.Id;

    public bool HasExited => _process.HasExited;

    public int ExitCode => _process.ExitCode;

    /// <summary>Completes when the program has ended, for whatever reason.</summary>
    public Task Exited => _process.WaitForExitAsync();

    /// <summary>Starts an assembly of this repository. The kernel kills it when this process dies, however that happens.</summary>
    public static ChildProcess Start(string name, string assembly, IEnumerable<string> arguments, string logPath, IReadOnlyDictionary<string, string>? environment = null)
    {
        var start = new ProcessStartInfo(Programs.Runtime)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = Path.GetDirectoryName(logPath)!,
        };
        start.ArgumentList.Add(assembly);
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        start.Environment["DOTNET_NOLOGO"] = "1";
        // Seven programs share this machine; a heap for each core would only cost memory.
        start.Environment["DOTNET_gcServer"] = "0";
        foreach (var (key, value) in environment ?? new Dictionary<string, string>()) start.Environment[key] = value;

        var log = new StreamWriter(logPath, new FileStreamOptions { Mode = FileMode.Append, Access = FileAccess.Write, Share = FileShare.ReadWrite }) { AutoFlush = true };
        var process = BoundProcess.Start(start);
        var child = new ChildProcess(name, process, log, logPath);
        process.OutputDataReceived += (_, e) => child.Write(e.Data);
        process.ErrorDataReceived += (_, e) => child.Write(e.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        process.StandardInput.Close();
        return child;
    }

    /// <summary>SIGKILL: what a power cut looks like from the outside.</summary>
    public void Kill() => _process.Kill();

    /// <summary>The end of the log, for a message about a program that did not start.</summary>
    public string LogTail(int lines = 6)
    {
        lock (_log)
        {
            return string.Join(Environment.NewLine, File.ReadLines(LogPath).TakeLast(lines).Select(l => "  " + l));
        }
    }

    /// <summary>Asks the program to end, and ends it if it does not.</summary>
    public async Task StopAsync()
    {
        if (_process.HasExited) return;
        _ = NativeMethods.Kill(_process.Id, SigTerm);
        try
        {
            await _process.WaitForExitAsync().WaitAsync(s_patience);
        }
        catch (TimeoutException)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _process.Dispose();
        lock (_log) _log.Dispose();
    }

    private void Write(string? line)
    {
        if (line is null) return;
        lock (_log)
        {
            if (_log.BaseStream is not null) _log.WriteLine(line);
        }
    }

    private static class NativeMethods
    {
        [DllImport("libc", EntryPoint = "kill")]
        public static extern int Kill(int pid, int signal);
    }
}
