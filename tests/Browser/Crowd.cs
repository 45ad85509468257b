using System.Globalization;
using Google.Protobuf;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Browser;

/// <summary>A large consortium with a long past before one dashboard: how soon each page shows something, how much it draws, and what a visitor costs.</summary>
internal static class Crowd
{
    private const int Outposts = 200;
    private const int Rounds = 10_000;
    private const int Visits = 5;
    private const int Visitors = 20;

    // The browser tells of a paint when it is over, which may be after the page is live.
    private const string FirstPaint =
        "() => new Promise(told => new PerformanceObserver((list, observer) => { const paint = list.getEntriesByName('first-contentful-paint')[0]; "
        + "if (paint) { observer.disconnect(); told(paint.startTime); } })"
        + ".observe({ type: 'paint', buffered: true }))";

    private static readonly string[] s_pages =
    [
        "/", "/outposts", "/outposts/3", "/rounds", $"/rounds/{Hex(7)}", "/results", $"/results/compare?a={Hex(7)}&b={Hex(8)}", "/ask", "/budgets", "/transcript", "/verify", "/alerts", "/log", "/access", "/about", "/help",
    ];

    public static async Task<int> RunAsync()
    {
        using var members = new Members();
        await using var station = await FakeStation.StartAsync(members);
        Fill(station, new Scenario(members, DateTimeOffset.UtcNow));
        var folder = Directory.CreateTempSubdirectory("crowd").FullName;
        await File.WriteAllBytesAsync(Path.Combine(folder, "roster.bin"), members.Roster.Signed);
        await File.WriteAllTextAsync(Path.Combine(folder, "deck.pem"), members.Coordinator.ToPem());
        await using var deck = await DeckProcess.StartAsync(folder, station.Address, Path.Combine(folder, "roster.bin"), Path.Combine(folder, "deck.pem"), before: ["taskset", "-c", "0,1"]);
        await using var chrome = await Chrome.LaunchAsync();
        var slow = 0;
        foreach (var path in s_pages)
        {
            var (answers, paints, lives) = (new List<double>(), new List<double>(), new List<double>());
            var drawn = 0;
            // The first visit compiles what the page needs; it is told apart.
            for (var i = 0; i <= Visits; i++)
            {
                var visit = await chrome.VisitAsync(deck.Address + path);
                lives.Add(await visit.Page.EvaluateAsync<double>("() => performance.now()"));
                answers.Add(await visit.Page.EvaluateAsync<double>("() => performance.getEntriesByType('navigation')[0].responseStart"));
                paints.Add(await visit.Page.EvaluateAsync<double>(FirstPaint));
                drawn = await visit.Page.Locator("main *").CountAsync();
                await visit.Page.Context.CloseAsync();
            }

            if (paints.Skip(1).Max() > 1000) slow++;
            await Console.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture,
                $$"""{"page": "{{path.Split('?')[0]}}", "first_visit_paint_ms": {{paints[0]:F0}}, "answer_ms": {{Middle(answers):F0}}, "paint_ms": {{Middle(paints):F0}}, "paint_ms_slowest": {{paints.Skip(1).Max():F0}}, "live_ms": {{Middle(lives):F0}}, "elements": {{drawn}}}"""));
        }

        var before = Load.Resident(deck.Id);
        for (var i = 0; i < Visitors; i++) await chrome.VisitAsync(deck.Address + s_pages[i % 5]);
        await Console.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $$"""{"visitors": {{Visitors}}, "rss_mib_before": {{before / 1048576:F0}}, "rss_mib_a_visitor": {{(Load.Resident(deck.Id) - before) / 1048576 / Visitors:F2}}}"""));
        Directory.Delete(folder, recursive: true);
        return slow == 0 ? 0 : 1;
    }

    private static void Fill(FakeStation station, Scenario scenario)
    {
        var view = scenario.Consortium();
        for (var i = (uint)view.Outposts.Count; i < Outposts; i++)
        {
            var outpost = scenario.Outpost(i % 5, online: i % 9 != 0);
            (outpost.Index, outpost.Name) = (i, $"Clinic {i:000}");
            view.Outposts.Add(outpost);
        }

        station.View = view;
        var parties = view.Outposts.Select(outpost =>
        {
            var party = scenario.Done(1, "x", 100).Parties[(int)outpost.Index % 5].Clone();
            (party.Index, party.Name) = (outpost.Index, outpost.Name);
            return party;
        }).ToList();
        for (var i = 0; i < Rounds; i++)
        {
            var round = i % 9 == 5 ? scenario.Aborted(1, $"Question {i}", 600 * (i + 1)) : scenario.Done(1, $"Question {i}", 600 * (i + 1), Scenario.Ages());
            round.RoundId = Id(i);
            round.Parties.Clear();
            // One list for all: the fake station's memory is not what is measured.
            round.Parties.AddRange(parties);
            station.Rounds.Add(round);
        }
    }

    private static double Middle(List<double> times) => times.Skip(1).Order().ElementAt(Visits / 2);

    private static ByteString Id(int i) => ByteString.CopyFrom([.. BitConverter.GetBytes(i), .. new byte[12]]);

    private static string Hex(int i) => Convert.ToHexStringLower(Id(i).Span);
}
