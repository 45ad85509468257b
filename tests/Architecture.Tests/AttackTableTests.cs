using System.Text.RegularExpressions;

namespace SecureAggregation.Architecture.Tests;

/// <summary>docs/threat-model.md lists every attack with its test; tests of attacks stand in folders named Attacks.</summary>
public partial class AttackTableTests
{
    private const int Least = 40;

    private static readonly string[] s_rows = [.. File.ReadLines(Path.Combine(Repository.Root, "docs", "threat-model.md")).Where(line => Row().IsMatch(line))];

    private static readonly HashSet<string> s_listed = [.. s_rows.SelectMany(row => Name().Matches(row.Split('|')[^2])).Select(m => m.Groups["name"].Value)];

    [Fact]
    public void Every_test_in_the_table_is_there()
    {
        var all = Tests(Repository.Files("tests", "*.cs")).ToHashSet(StringComparer.Ordinal);

        var gone = s_listed.Where(name => !all.Contains(name)).Order(StringComparer.Ordinal).ToArray();

        Assert.True(gone.Length == 0, $"docs/threat-model.md names tests that are not there: {string.Join(", ", gone)}");
    }

    [Fact]
    public void Every_attack_test_is_in_the_table()
    {
        var attacks = Repository.Files("tests", "*.cs").Where(f => Path.GetFileName(Path.GetDirectoryName(f)) == "Attacks");

        var unlisted = Tests(attacks).Where(name => !s_listed.Contains(name)).Order(StringComparer.Ordinal).ToArray();

        Assert.True(unlisted.Length == 0, $"docs/threat-model.md does not list {string.Join(", ", unlisted)}");
    }

    [Fact]
    public void There_are_enough_attacks_and_each_has_a_defence()
    {
        Assert.True(s_rows.Length >= Least, $"docs/threat-model.md lists {s_rows.Length} attacks; there must be {Least}");
        Assert.All(s_rows, row => Assert.All(row.Split('|')[1..^1], cell => Assert.False(string.IsNullOrWhiteSpace(cell), row)));
    }

    /// <summary>Class.Method of every test in these files, each named after its class.</summary>
    private static IEnumerable<string> Tests(IEnumerable<string> files) => files.SelectMany(file =>
        Test().Matches(File.ReadAllText(file)).Select(m => $"{Path.GetFileNameWithoutExtension(file)}.{m.Groups["name"].Value}"));

    [GeneratedRegex(@"^\| .* \| .*`\w+\.\w+` *\|$", RegexOptions.None, 1000)]
    private static partial Regex Row();

    [GeneratedRegex(@"`(?<name>\w+\.\w+)`", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Name();

    [GeneratedRegex(@"\[(Fact|Theory)[^\n]*\n(\s+(\[|//)[^\n]*\n)*\s+public (async Task|void) (?<name>\w+)\(", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Test();
}
