using System.Diagnostics;
using System.Text;
using System.Text.Json;
using SecureAggregation.Cli.Demo;

namespace SecureAggregation.EndToEnd;

/// <summary>How a program ended and what it said.</summary>
internal sealed record Ended(int Code, string Output, string Error)
{
    public JsonElement Json => JsonDocument.Parse(Output).RootElement;

    public override string ToString() => $"exit code {Code}\n--- standard output\n{Output}\n--- standard error\n{Error}";
}

/// <summary>The real programs, as processes. Nothing waits longer than <see cref="s_limit"/>, or than it is told to.</summary>
internal static class Programs
{
    private static readonly TimeSpan s_limit = TimeSpan.FromMinutes(4);

    public static string Root { get; } = FindRoot();

    public static Task<Ended> Secagg(params string[] arguments) => Run("Cli", arguments);

    /// <summary>The same with a memory of heads of its own, for logs of which other runs have seen another one under the same key.</summary>
    public static Task<Ended> SecaggRemembering(string heads, params string[] arguments) => Run(Of("src/Cli", "SecureAggregation.Cli", arguments), heads: heads);

    public static Task<Ended> Outpost(params string[] arguments) => Run("Party", arguments);

    public static Task<Ended> Station(params string[] arguments) => Run("Aggregator", arguments);

    public static Task<Ended> Benchmarks(params string[] arguments) => Run(Of("benchmarks", "Benchmarks", arguments));

    public static async Task<Ended> Shell(string command, TimeSpan? limit = null)
    {
        var start = new ProcessStartInfo("/bin/bash") { WorkingDirectory = Root };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add(command);
        return await Run(start, limit);
    }

    /// <summary>Starts a program that goes on running, at most as long as the tests; its output is redirected.</summary>
    public static Process Start(string room, IEnumerable<string> arguments) => Start(Of(room, arguments));

    /// <summary>The same of the program that measures, which makes its files in a folder.</summary>
    public static Process StartBenchmarks(string folder, params string[] arguments)
    {
        var start = Of("benchmarks", "Benchmarks", arguments);
        start.Environment["TMPDIR"] = folder;
        return Start(start);
    }

    /// <summary>The program of a room as `dotnet` takes it.</summary>
    public static string Assembly(string room) => Of(room, []).ArgumentList[0];

    private static Process Start(ProcessStartInfo start)
    {
        (start.UseShellExecute, start.RedirectStandardOutput, start.RedirectStandardError) = (false, true, true);
        return BoundProcess.Start(start);
    }

    public static Task<Ended> Run(string room, params string[] arguments) => Run(Of(room, arguments));

    private static ProcessStartInfo Of(string room, IEnumerable<string> arguments) => Of($"src/{room}", $"SecureAggregation.{room}", arguments);

    private static ProcessStartInfo Of(string folder, string assembly, IEnumerable<string> arguments)
    {
        var configuration = new DirectoryInfo(AppContext.BaseDirectory);
        var start = new ProcessStartInfo("dotnet") { WorkingDirectory = Root };
        start.ArgumentList.Add(Path.Combine(Root, folder, "bin", configuration.Parent!.Name, configuration.Name, $"{assembly}.dll"));
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        return start;
    }

    private static async Task<Ended> Run(ProcessStartInfo start, TimeSpan? patience = null, string? heads = null)
    {
        var limit = patience ?? s_limit;
        (start.UseShellExecute, start.RedirectStandardInput, start.RedirectStandardOutput, start.RedirectStandardError) = (false, true, true, true);
        foreach (var name in (string[])["SECAGG_STATION", "SECAGG_ROSTER", "SECAGG_KEY"]) start.Environment.Remove(name);
        // What these runs remember is not what the machine's user remembers.
        start.Environment["SECAGG_HEADS"] = heads ?? Path.Combine(AppContext.BaseDirectory, "heads");
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var (output, error) = (new StringBuilder(), new StringBuilder());
        process.OutputDataReceived += (_, e) => Add(output, e.Data);
        process.ErrorDataReceived += (_, e) => Add(error, e.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        try
        {
            await process.WaitForExitAsync().WaitAsync(limit);
        }
        catch (TimeoutException e)
        {
            process.Kill(entireProcessTree: true);
            throw new TimeoutException($"{string.Join(' ', start.ArgumentList)} did not end within {limit}\n{output}\n{error}", e);
        }

        return new Ended(process.ExitCode, output.ToString(), error.ToString());
    }

    private static void Add(StringBuilder text, string? line)
    {
        if (line is null) return;
        lock (text) text.Append(line).Append('\n');
    }

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "SecureAggregation.sln"))) return folder.FullName;
        }

        throw new InvalidOperationException($"SecureAggregation.sln is in no folder above {AppContext.BaseDirectory}");
    }
}

/// <summary>A folder that goes away with the test.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("secagg-e2e-").FullName;

    public string this[string name] => System.IO.Path.Combine(Path, name);

    public string Write(string name, string text)
    {
        File.WriteAllText(this[name], text);
        return this[name];
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
