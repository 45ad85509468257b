using System.Diagnostics;
using System.Text.RegularExpressions;

namespace SecureAggregation.Architecture.Tests;

/// <summary>A test that needs Debian's shellcheck.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class ShellcheckFactAttribute : FactAttribute
{
    public ShellcheckFactAttribute()
    {
        if (!File.Exists(ScriptTests.Shellcheck)) Skip = $"{ScriptTests.Shellcheck} is missing: apt-get install shellcheck";
    }
}

public partial class ScriptTests
{
    internal const string Shellcheck = "/usr/bin/shellcheck";

    [ShellcheckFact]
    public async Task Shell_scripts_pass_shellcheck()
    {
        string[] scripts = [.. Directory.GetFiles(Repository.Root), .. new[] { ".ci", "eng", "deploy", "tools" }.SelectMany(f => Repository.Files(f, "*"))];
        scripts = [.. scripts.Where(f => Script().IsMatch(File.ReadLines(f).FirstOrDefault() ?? "")).Select(Repository.Relative)];
        Assert.Superset(new HashSet<string>(["test", "demo", "secagg", "publish", "screenshots", ".ci/run", "eng/build.sh"]), scripts.ToHashSet());

        using var check = Process.Start(new ProcessStartInfo(Shellcheck, ["--external-sources", "--format=gcc", .. scripts]) { WorkingDirectory = Repository.Root, UseShellExecute = false, RedirectStandardOutput = true })!;
        var said = await check.StandardOutput.ReadToEndAsync();
        await check.WaitForExitAsync();
        Assert.True(check.ExitCode == 0, said);
    }

    [GeneratedRegex(@"^#!.*\b(ba)?sh$|^# shellcheck shell=", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Script();
}
