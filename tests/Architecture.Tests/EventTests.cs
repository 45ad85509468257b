using System.Globalization;
using System.Text.RegularExpressions;

namespace SecureAggregation.Architecture.Tests;

/// <summary>Event ids stay what they are: each means one thing, and stands in the list of its program.</summary>
public partial class EventTests
{
    public static TheoryData<string, string> Lists => new() { { "Aggregator", "station.md" }, { "Party", "outpost.md" }, { "Dashboard.Blazor", "operations.md" } };

    [Theory]
    [MemberData(nameof(Lists))]
    public void Every_event_means_one_thing_and_is_listed(string room, string document)
    {
        var ids = Repository.Files($"src/{room}", "*.cs").SelectMany(f => Event().Matches(File.ReadAllText(f))).Select(m => int.Parse(m.Groups["id"].Value, CultureInfo.InvariantCulture)).ToList();
        var cells = Row().Matches(File.ReadAllText(Path.Combine(Repository.Root, "docs", document))).Select(m => m.Groups["ids"].Value);
        var listed = cells.SelectMany(Ids).Order().ToList();

        Assert.NotEmpty(ids);
        Assert.Equal(ids.Distinct().Order(), ids.Order());
        Assert.Equal(listed, ids.Order());
    }

    /// <summary>"2300 to 2302, 2305".</summary>
    private static IEnumerable<int> Ids(string cell) => cell.Split(", ").Select(part => part.Split(" to ").Select(id => int.Parse(id, CultureInfo.InvariantCulture)).ToArray())
        .SelectMany(ends => Enumerable.Range(ends[0], ends[^1] - ends[0] + 1));

    [GeneratedRegex(@"LoggerMessage\((EventId = )?(?<id>\d{4})", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Event();

    [GeneratedRegex(@"^\| (?<ids>\d{4}( to \d{4})?(, \d{4}( to \d{4})?)*) \|", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Row();
}
