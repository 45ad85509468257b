using System.Diagnostics;
using System.Globalization;
using Microsoft.Playwright;
using SecureAggregation.Browser.Real;
using static Microsoft.Playwright.Assertions;

namespace SecureAggregation.Browser;

/// <summary>Many browsers before one dashboard while rounds run: what it costs, and whether each of them saw how every round ended.</summary>
internal static class Load
{
    private const int Browsers = 50;
    private const int Rounds = 20;
    private const double TicksPerSecond = 100;

    public static async Task<int> RunAsync()
    {
        await using var consortium = await RealConsortium.StartAsync(CanaryClinics.Make);
        await using var deck = await DeckProcess.StartAsync(Path.Combine(consortium.Folder, "deck"), consortium.Address, consortium.RosterFile, consortium.CoordinatorKey, before: ["taskset", "-c", "0,1"]);
        await using var chrome = await Chrome.LaunchAsync();
        // One visitor before the others: what the first page compiles is nobody's share.
        var warm = await chrome.VisitAsync(deck.Address + "/");
        await warm.Page.Context.CloseAsync();
        var empty = Resident(deck.Id);
        var visits = new List<Visit>();
        for (var i = 0; i < Browsers; i++) visits.Add(await chrome.VisitAsync(deck.Address + "/"));
        var full = Resident(deck.Id);

        var (cpu, watch) = (Cpu(deck.Id), Stopwatch.StartNew());
        for (var i = 0; i < Rounds; i++)
        {
            await consortium.AskAsync($$"""
                name: Load {{i}}
                study: load {{i}}
                dataset: patients
                epsilon: 0.1
                measures: [count]
                """);
        }

        var (used, seconds) = (Cpu(deck.Id) - cpu, watch.Elapsed.TotalSeconds);
        var lost = 0;
        foreach (var visit in visits)
        {
            var done = visit.Page.Locator("ol.outcomes a[title^='Load'][title*=': done']");
            try
            {
                await Expect(done).ToHaveCountAsync(Rounds, new() { Timeout = 10_000 });
            }
            catch (PlaywrightException)
            {
                lost++;
            }
        }

        await Console.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $$"""
            {"browsers": {{Browsers}}, "rounds": {{Rounds}}, "seconds": {{seconds:F1}}, "deck_cpu_seconds": {{used:F1}}, "deck_cores": {{used / seconds:F2}}, "rss_mib_a_browser": {{(full - empty) / 1048576.0 / Browsers:F2}}, "rss_mib_before": {{empty / 1048576.0:F0}}, "rss_mib_after": {{Resident(deck.Id) / 1048576.0:F0}}, "browsers_without_a_round": {{lost}}}
            """));
        return lost == 0 ? 0 : 1;
    }

    private static double Cpu(int process)
    {
        var stat = File.ReadAllText($"/proc/{process}/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return (double.Parse(fields[11], CultureInfo.InvariantCulture) + double.Parse(fields[12], CultureInfo.InvariantCulture)) / TicksPerSecond;
    }

    public static double Resident(int process) =>
        1024 * double.Parse(File.ReadLines($"/proc/{process}/status").First(line => line.StartsWith("VmRSS", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture);
}
