using System.Diagnostics;
using System.Text.Json;

namespace SecureAggregation.Testing;

/// <summary>What a verifier says of a bundle: the step that failed, and where; two verifiers must say the same. No step: it passed.</summary>
public sealed record BundleVerdict(string? FailedStep, ulong? FailedEntry, int? FailedRecord)
{
    public bool Passed => FailedStep is null;

    public override string ToString() =>
        Passed ? "passed" : $"failed at step {FailedStep}, entry {FailedEntry?.ToString() ?? "-"}, record {FailedRecord?.ToString() ?? "-"}";
}

/// <summary>tools/verify.py, which was written from docs/transcript.md alone.</summary>
public static class SecondVerifier
{
    private const string Python = "/usr/bin/python3";

    /// <summary>Why it cannot run here; null if it can.</summary>
    public static string? Missing { get; } = Works() ? null : $"{Python} with cryptography is missing: apt-get install python3-cryptography";

    /// <summary>Verifies files, in as many processes as there are cores.</summary>
    /// <param name="files">The bundles.</param>
    /// <param name="options">Further arguments of the program.</param>
    /// <returns>Of each file what it says, and its steps as text.</returns>
    public static async Task<IReadOnlyList<(BundleVerdict Verdict, string Text)>> VerifyAsync(IReadOnlyCollection<string> files, params string[] options)
    {
        var share = Math.Max(1, (files.Count + Environment.ProcessorCount - 1) / Environment.ProcessorCount);
        var answers = await Task.WhenAll(files.Chunk(share).Select(f => RunAsync([.. options, "--json", .. f], f.Length)));
        return [.. answers.SelectMany(a => a)];
    }

    /// <summary>Verifies bundles that are not files yet.</summary>
    public static async Task<IReadOnlyList<(BundleVerdict Verdict, string Text)>> VerifyAsync(IEnumerable<byte[]> bundles, params string[] options)
    {
        var folder = Directory.CreateTempSubdirectory("secagg-bundles-");
        try
        {
            var files = new List<string>();
            foreach (var bundle in bundles)
            {
                files.Add(Path.Combine(folder.FullName, $"{files.Count}.bundle"));
                await File.WriteAllBytesAsync(files[^1], bundle);
            }

            return await VerifyAsync(files, options);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Runs the program to its end.</summary>
    public static async Task<(int Code, string Output, string Errors)> RunAsync(IEnumerable<string> arguments)
    {
        using var process = Start(["-B", Script(), .. arguments]);
        var errors = process.StandardError.ReadToEndAsync();
        var output = await process.StandardOutput.ReadToEndAsync().WaitAsync(TimeSpan.FromMinutes(5));
        await process.WaitForExitAsync();
        return (process.ExitCode, output, await errors);
    }

    private static async Task<IReadOnlyList<(BundleVerdict, string)>> RunAsync(IEnumerable<string> arguments, int count)
    {
        var (code, output, errors) = await RunAsync(arguments);
        var verdicts = output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(Read).ToList();
        if (errors.Length > 0 || verdicts.Count != count || code != (verdicts.TrueForAll(v => v.Item1.Passed) ? 0 : 1))
        {
            throw new InvalidOperationException($"tools/verify.py: exit code {code}, {verdicts.Count} answers to {count} files\n{errors}");
        }

        return verdicts;
    }

    private static (BundleVerdict, string) Read(string line)
    {
        using var document = JsonDocument.Parse(line);
        var report = document.RootElement;
        var verdict = new BundleVerdict(
            report.GetProperty("failed_step").GetString(), report.GetProperty("failed_entry").Deserialize<ulong?>(), report.GetProperty("failed_record").Deserialize<int?>());
        return (verdict, string.Join('\n', report.GetProperty("steps").EnumerateArray().Select(s => $"{s.GetProperty("name")}: {s.GetProperty("detail")}")));
    }

    private static string Script()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "tools", "verify.py"))) folder = folder.Parent!;
        return Path.Combine(folder.FullName, "tools", "verify.py");
    }

    // Never null: UseShellExecute is off.
    private static Process Start(IEnumerable<string> arguments) =>
        Process.Start(new ProcessStartInfo(Python, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;

    private static bool Works()
    {
        if (!File.Exists(Python)) return false;
        using var process = Start(["-c", "import cryptography"]);
        process.WaitForExit();
        return process.ExitCode == 0;
    }
}
