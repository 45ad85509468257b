using System.Diagnostics;
using System.Globalization;
using SecureAggregation.Cli.Demo;

namespace SecureAggregation.Benchmarks;

/// <summary>A program beside this one, as a process of its own, so that its memory and CPU are its own too. Linux tells both in /proc. It never outlives this process.</summary>
internal sealed class ChildProgram : IAsyncDisposable
{
    private const double TicksPerSecond = 100;

    private readonly Process _process;
    private readonly List<string> _lines = [];
    private readonly TaskCompletionSource<string> _said = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private ChildProgram(string assembly, Process process)
    {
        _process = process;
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.OutputDataReceived += (_, line) =>
        {
            if (line.Data is null) _said.TrySetException(new InvalidOperationException($"{assembly} ended: {Log}"));
            else _said.TrySetResult(line.Data);
        };
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
    }

    /// <summary>The first line on its standard output.</summary>
    public Task<string> Said => _said.Task;

    /// <summary>Largest resident memory so far, in bytes.</summary>
    public long PeakMemory => Status("VmHWM:") * 1024;

    public long Memory => Status("VmRSS:") * 1024;

    public double CpuSeconds
    {
        get
        {
            var fields = File.ReadAllText($"/proc/{_process.Id}/stat").Split(") ")[^1].Split(' ');
            return (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond;
        }
    }

    /// <summary>Its last lines on standard error.</summary>
    public string Log
    {
        get
        {
            lock (_lines) return string.Join(Environment.NewLine, _lines.TakeLast(12));
        }
    }

    public static ChildProgram Start(string assembly, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, assembly));
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        return new ChildProgram(assembly, BoundProcess.Start(start));
    }

    /// <summary>Waits until it has had nothing to do for a while.</summary>
    public async Task Quiet()
    {
        for (var (before, still) = (CpuSeconds, 0); still < 5;)
        {
            await Task.Delay(100);
            var now = CpuSeconds;
            still = now - before < 0.02 ? still + 1 : 0;
            before = now;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited) _process.Kill();
        await _process.WaitForExitAsync();
        _process.Dispose();
    }

    private long Status(string key) => long.Parse(
        File.ReadLines($"/proc/{_process.Id}/status").Single(line => line.StartsWith(key, StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[^2],
        CultureInfo.InvariantCulture);

    private void Keep(string? line)
    {
        if (line is null) return;
        lock (_lines) _lines.Add(line);
    }
}
