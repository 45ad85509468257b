using SecureAggregation.Telemetry;

namespace SecureAggregation.Aggregator.Tests;

/// <summary>The file with headers for a collector, which may hold a password.</summary>
public sealed class TelemetryOptionsTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("Authorization=Bearer x\nTenant=one,Site=two\n", 0x180, "")]
    [InlineData("Authorization=Bearer x\n", 0x1A0, "open to other users of this machine; close it: chmod 600")]
    [InlineData("Authorization=Bearer x\n", 0x184, "open to other users")]
    [InlineData("Authorization: Bearer x\n", 0x180, "not name=value")]
    public void File_of_headers_is_the_programs_alone_and_says_name_and_value(string text, int mode, string problem)
    {
        var file = Path.Combine(_folder.Path, "headers");
        File.WriteAllText(file, text);
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(file, (UnixFileMode)mode);
        var problems = new TelemetryOptions { Endpoint = "http://127.0.0.1:4318", HeadersFile = file }.Problems("Station:Telemetry").ToList();
        if (problem.Length == 0) Assert.Empty(problems);
        else Assert.Contains(problem, Assert.Single(problems), StringComparison.Ordinal);
    }
}
