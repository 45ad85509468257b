using System.Globalization;
using System.Text.RegularExpressions;
using SecureAggregation.Fuzz.Engine;
using SecureAggregation.Fuzz.Targets;

namespace SecureAggregation.Fuzz;

/// <summary>README.md names every place at which bytes become something else: one that is new is seen here, and needs a line and a target.</summary>
public sealed partial class InventoryTests
{
    [Fact]
    public void Every_place_that_decodes_stands_in_the_inventory()
    {
        var listed = Lines().SelectMany(l => l.Places).ToDictionary(p => p.File, p => p.Count, StringComparer.Ordinal);
        var there = Directory.EnumerateFiles(Path.Combine(Corpus.Root, "src"), "*.cs", SearchOption.AllDirectories)
            .Select(f => (File: Path.GetRelativePath(Corpus.Root, f), Text: f))
            .Where(f => !f.File.Split('/').Any(part => part is "bin" or "obj"))
            .Select(f => (f.File, Count: Decoding().Count(File.ReadAllText(f.Text))))
            .Where(f => f.Count > 0)
            .ToDictionary(f => f.File, f => f.Count, StringComparer.Ordinal);

        var missing = there.Where(f => listed.GetValueOrDefault(f.Key) != f.Value).Select(f => $"{f.Key} decodes in {f.Value} places, {listed.GetValueOrDefault(f.Key)} are listed").ToList();
        var gone = listed.Where(f => !there.ContainsKey(f.Key)).Select(f => $"{f.Key} is listed and decodes nothing").ToList();

        Assert.True(missing.Count + gone.Count == 0, $"tests/Fuzz/README.md: {string.Join("; ", missing.Concat(gone))}. Give each new decoder a line in the inventory and a target that reaches it.");
    }

    [Fact]
    public void Every_target_stands_in_the_inventory_and_the_other_way_round() =>
        Assert.Equal(AllTargets.List.Select(t => t.Name).Order(StringComparer.Ordinal), Lines().SelectMany(l => l.Targets).Distinct().Order(StringComparer.Ordinal));

    /// <summary>Lines of the table: | what | places | who | limit | targets |.</summary>
    private static IEnumerable<(List<(string File, int Count)> Places, List<string> Targets)> Lines() =>
        File.ReadLines(Path.Combine(Corpus.Root, "tests", "Fuzz", "README.md"))
            .Select(l => l.Split('|'))
            .Where(cells => cells.Length == 7 && Target().IsMatch(cells[5]))
            .Select(cells => (
                Place().Matches(cells[2]).Select(m => (m.Groups["file"].Value, int.Parse(m.Groups["count"].Value, CultureInfo.InvariantCulture))).ToList(),
                Target().Matches(cells[5]).Select(m => m.Groups["name"].Value).ToList()));

    [GeneratedRegex(@"`(?<file>src/[\w./]+\.cs)` ×(?<count>\d+)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Place();

    [GeneratedRegex("`(?<name>[a-z-]+)`", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Target();

    /// <summary>What turns bytes or text into something with a shape; the plainest of them (a number, a flag) belong to who calls them.</summary>
    [GeneratedRegex(@"\b(Parser|parser)\.(ParseFrom|ParseDelimitedFrom|ParseJson)\(|\.WithDiscardUnknownFields\(true\)|Canonical\.Decode\(|RoundRecord\.Decode\(|TotalBody\.Decode\(|Checkpoint\.Parse\(|Analysis\.Decode\(|DatasetSchema\.Decode\(|JsonNode\.Parse\(|JsonDocument\.Parse\(|JsonSerializer\.Deserialize|new YamlStream\(|Convert\.FromBase64String\(|Convert\.FromHexString\(|ImportFromPem\(|ImportPkcs8PrivateKey\(|IdentityKey\.FromPem\(|AddJsonFile\(|new GZipStream\(|new CsvParser\(|RingVector\.Unpack\(", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Decoding();
}
