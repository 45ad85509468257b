using System.Text.RegularExpressions;
using SecureAggregation.Testing;

namespace SecureAggregation.EndToEnd;

/// <summary>The filter of system calls in deploy/systemd, held to what the programs ask of the kernel.</summary>
public sealed partial class UnitFilterTests
{
    [ToolTheory("/usr/bin/strace", "/usr/bin/systemd-analyze")]
    [InlineData("secagg-station", "Aggregator")]
    [InlineData("secagg-outpost", "Party")]
    [InlineData("secagg-dashboard", "Dashboard.Blazor")]
    public async Task Unit_lets_through_what_the_program_asks_at_its_start(string unit, string room)
    {
        using var folder = new TemporaryFolder();
        var ended = await Programs.Shell($"strace -f -qq -o '{folder["trace"]}' dotnet {Programs.Assembly(room)} --help");
        Assert.Equal(0, ended.Code);
        var asked = File.ReadLines(folder["trace"]).Select(l => Call().Match(l)).Where(m => m.Success).Select(m => m.Groups["name"].Value).ToHashSet(StringComparer.Ordinal);
        Assert.Contains("sched_setaffinity", asked);

        var sets = Sets((await Programs.Shell("systemd-analyze syscall-filter")).Output);
        var allowed = new HashSet<string>(StringComparer.Ordinal);
        foreach (var line in File.ReadLines(Path.Combine(Programs.Root, "deploy", "systemd", unit + ".service")).Where(l => l.StartsWith(Key, StringComparison.Ordinal)))
        {
            var names = line[Key.Length..].TrimStart('~').Split(' ').SelectMany(n => Calls(n, sets)).ToList();
            if (line[Key.Length] == '~') allowed.ExceptWith(names);
            else allowed.UnionWith(names);
        }

        Assert.Empty(asked.Except(allowed));
    }

    private const string Key = "SystemCallFilter=";

    private static IEnumerable<string> Calls(string name, Dictionary<string, List<string>> sets) => name.StartsWith('@') ? sets[name].SelectMany(n => Calls(n, sets)) : [name];

    /// <summary>Sets of calls as systemd lists them: a name, then indented what is in it.</summary>
    private static Dictionary<string, List<string>> Sets(string listed)
    {
        var sets = new Dictionary<string, List<string>>(StringComparer.Ordinal);
        List<string> set = [];
        foreach (var line in listed.Split('\n'))
        {
            if (line.StartsWith('@')) sets[line] = set = [];
            else if (line.StartsWith(' ') && line.Trim() is var name && !name.StartsWith('#')) set.Add(name);
        }

        return sets;
    }

    [GeneratedRegex(@"^\d+ +(?<name>[a-z]\w*)\(", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Call();
}
