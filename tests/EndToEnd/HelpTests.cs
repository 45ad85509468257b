namespace SecureAggregation.EndToEnd;

/// <summary>What every program answers to whoever has just found it.</summary>
public sealed class HelpTests
{
    [Theory]
    [InlineData("Aggregator", "secagg-station")]
    [InlineData("Party", "secagg-outpost")]
    [InlineData("Dashboard.Blazor", "secagg-dashboard")]
    public async Task Help_and_version_are_printed_and_are_no_failure(string room, string name)
    {
        foreach (var (arguments, begins) in new (string[], string)[] { (["--version"], name + "/"), (["--help"], name + ": "), (["-h"], name + ": "), (["--roster", "nowhere.bin", "--help"], name + ": ") })
        {
            var ended = await Programs.Run(room, arguments);
            Assert.True((ended.Code, ended.Error, ended.Output.StartsWith(begins, StringComparison.Ordinal)) == (0, "", true), $"{string.Join(' ', arguments)}: {ended}");
        }
    }
}
