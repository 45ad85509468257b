using System.Diagnostics;
using System.Text;

namespace SecureAggregation.Party.Tests.Link;

/// <summary>The program as a process, with its log.</summary>
internal sealed class OutpostProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly StringBuilder _log = new();
    private readonly List<(string Part, TaskCompletionSource Seen)> _waiting = [];

    private OutpostProcess(Process process) => _process = process;

    public static OutpostProcess Start(string config, params string[] more)
    {
        var start = new ProcessStartInfo("dotnet") { UseShellExecute = false, RedirectStandardError = true, RedirectStandardOutput = true };
        foreach (var argument in (string[])[typeof(CommandLine).Assembly.Location, "--config", config, .. more]) start.ArgumentList.Add(argument);
        // Never null: UseShellExecute is off.
        var outpost = new OutpostProcess(Process.Start(start)!);
        outpost._process.ErrorDataReceived += (_, e) => outpost.Note(e.Data);
        outpost._process.BeginErrorReadLine();
        outpost._process.BeginOutputReadLine();
        return outpost;
    }

    public string Log
    {
        get
        {
            lock (_log) return _log.ToString();
        }
    }

    public Task Saw(string part)
    {
        lock (_log)
        {
            var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (_log.ToString().Contains(part, StringComparison.Ordinal)) seen.SetResult();
            else _waiting.Add((part, seen));
            return seen.Task;
        }
    }

    public void Kill()
    {
        _process.Kill();
        _process.WaitForExit();
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private void Note(string? line)
    {
        if (line is null) return;
        lock (_log)
        {
            _log.Append(line).Append('\n');
            foreach (var (_, seen) in _waiting.Where(w => line.Contains(w.Part, StringComparison.Ordinal))) seen.TrySetResult();
        }
    }
}
