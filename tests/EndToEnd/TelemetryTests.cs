using System.Text.Json;
using System.Text.RegularExpressions;

namespace SecureAggregation.EndToEnd;

/// <summary>A demo whose programs send to a collector: what comes there is what docs/operations.md says, and what the dashboard for Grafana draws.</summary>
public sealed partial class TelemetryTests
{
    private static readonly string s_operations = File.ReadAllText(Path.Combine(Programs.Root, "docs", "operations.md"));

    [Theory]
    [InlineData("http/protobuf")]
    [InlineData("grpc")]
    public async Task Programs_send_the_figures_spans_and_events_of_the_document(string protocol)
    {
        await using var collector = await OtlpCollector.StartAsync(protocol == "grpc");
        using var folder = new TemporaryFolder();
        var headers = folder.Write("headers", "Authorization=Bearer of-the-test\n");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(headers, UnixFileMode.UserRead);
        var settings = string.Concat(((string[])["STATION__", "OUTPOST__", "DASHBOARD_"]).Select(p =>
            $"export SECAGG_{p}TELEMETRY__ENDPOINT={collector.Address} SECAGG_{p}TELEMETRY__PROTOCOL={protocol} SECAGG_{p}TELEMETRY__INTERVAL=00:00:01 SECAGG_{p}TELEMETRY__HEADERSFILE={headers}; "));
        var demo = await Programs.Shell($"{settings} exec dotnet {Programs.Assembly("Cli")} demo --once --json --folder {folder["run"]}");
        Assert.True(demo.Code == 0, demo.ToString());

        var told = Documented().Select(m => m.Name).Order(StringComparer.Ordinal);
        var sent = ((string[])["secagg-station", "secagg-outpost", "secagg-dashboard"]).SelectMany(s => collector.Names("metrics", s)).Distinct(StringComparer.Ordinal);
        Assert.Equal(told, sent.Where(n => n.StartsWith("secagg.", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
        Assert.Contains("dotnet.gc.heap.total_allocated", collector.Names("metrics", "secagg-outpost"));
        Assert.Superset(new HashSet<string> { "round", "phase share", "phase input", "phase unmask" }, collector.Names("traces", "secagg-station").ToHashSet());
        // Started, proposed, done; started, unmasked; station heard.
        Assert.Superset(new HashSet<string> { "1000", "1200", "1206" }, collector.Names("logs", "secagg-station").ToHashSet());
        Assert.Superset(new HashSet<string> { "2000", "2205" }, collector.Names("logs", "secagg-outpost").ToHashSet());
        Assert.Contains("7001", collector.Names("logs", "secagg-dashboard"));
        Assert.All(collector.Tokens, t => Assert.Equal("Bearer of-the-test", t));
    }

    [Fact]
    public void Grafana_draws_only_what_there_is_and_all_of_it()
    {
        using var dashboard = JsonDocument.Parse(File.ReadAllText(Path.Combine(Programs.Root, "deploy", "grafana", "secagg.json")));
        var panels = dashboard.RootElement.GetProperty("panels").EnumerateArray().ToList();
        Assert.Equal(panels.Count, panels.Select(p => p.GetProperty("id").GetInt32()).Distinct().Count());
        var drawn = panels.SelectMany(p => p.GetProperty("targets").EnumerateArray()).SelectMany(t => Series().Matches(t.GetProperty("expr").GetString()!)).Select(m => m.Value);
        Assert.Equal(Documented().Select(Prometheus).Order(StringComparer.Ordinal), drawn.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
    }

    private static IEnumerable<(string Name, string Unit, string Kind)> Documented() =>
        Row().Matches(s_operations).Select(m => (m.Groups["name"].Value, m.Groups["unit"].Value, m.Groups["kind"].Value));

    private static string Prometheus((string Name, string Unit, string Kind) figure) =>
        figure.Name.Replace('.', '_') + (figure.Unit == "seconds" ? "_seconds" : "") + figure.Kind switch { "counter" => "_total", "histogram" => "_bucket", _ => "" };

    [GeneratedRegex(@"^\| `(?<name>secagg\.[a-z.]+)` \| (?<unit>[^|]+) \| (?<kind>gauge|counter|histogram) \|", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Row();

    [GeneratedRegex("secagg_[a-z_]+", RegexOptions.None, 1000)]
    private static partial Regex Series();
}
