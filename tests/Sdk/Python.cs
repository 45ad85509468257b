using System.Diagnostics;
using SecureAggregation.Cli.Demo;

namespace SecureAggregation.Sdk;

/// <summary>Debian's Python.</summary>
internal static class Python
{
    public const string Program = "/usr/bin/python3";
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(3);

    public static string Client => Path.Combine(Programs.Checkout!, "clients", "python");

    /// <summary>Runs a program to its end.</summary>
    public static async Task<(int Code, string Output)> RunAsync(IEnumerable<string> arguments, string input = "", params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(Program, ["-B", "-W", "error", .. arguments])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false, WorkingDirectory = Client,
        };
        foreach (var (name, value) in environment) start.Environment[name] = value;
        // Never null: UseShellExecute is off.
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        try
        {
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
            await process.WaitForExitAsync().WaitAsync(s_patience);
        }
        catch (Exception e) when (e is TimeoutException or IOException)
        {
            process.Kill();
        }

        return (process.ExitCode, await output + await errors);
    }
}

/// <summary>A test with Python, skipped where it is missing.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class PythonFactAttribute : FactAttribute
{
    public PythonFactAttribute()
    {
        if (!File.Exists(Python.Program)) Skip = $"{Python.Program} is missing: apt-get install python3";
    }
}
