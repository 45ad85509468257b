using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.RegularExpressions;
using Google.Protobuf;
using SecureAggregation.Client;
using SecureAggregation.Dashboard.Blazor.Model;

namespace SecureAggregation.Browser.Real;

/// <summary>Whatever the dashboard and the station can be made to say is searched for what stands in the outposts' rows.</summary>
[Collection(nameof(RealDeck))]
public partial class CanaryCrawlTests(RealDeck deck)
{
    private const int MostOfAKind = 12;
    private const int Page = 500;

    private static readonly byte[][] s_forms =
        [.. CanaryClinics.Canaries.SelectMany(canary => new[] { Encoding.UTF8.GetBytes(canary), Encoding.Unicode.GetBytes(canary), Encoding.UTF8.GetBytes(Convert.ToBase64String(Encoding.UTF8.GetBytes(canary)).TrimEnd('=')) })];

    /// <summary>Kinds of addresses that a crawl from the overview must come by.</summary>
    private static readonly string[] s_expected =
    [
        "/", "/outposts", "/outposts/#", "/rounds", "/rounds/#", "/rounds/#/results.csv", "/rounds/#/results.json", "/rounds/#/report.html", "/rounds/#/bundle",
        "/results", "/ask", "/budgets", "/transcript", "/transcript/#", "/verify", "/alerts", "/log", "/access", "/about", "/help",
    ];

    [BrowserFact]
    public async Task No_canary_of_a_row_is_on_any_page_in_any_export_or_in_any_answer()
    {
        var kinds = await CrawlAsync();
        Assert.Empty(s_expected.Except(kinds.Keys));
        await LookAsync(kinds);
        await AskStationAsync();
    }

    /// <summary>Follows every link from page to page, as they come from the server; of one kind of address a dozen.</summary>
    private async Task<ConcurrentDictionary<string, ConcurrentBag<string>>> CrawlAsync()
    {
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false }) { BaseAddress = new Uri(deck.Address) };
        var kinds = new ConcurrentDictionary<string, ConcurrentBag<string>>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        // The last two are linked from no page that the server draws: supervisors ask the one, the palette leads to the other.
        List<string> next = ["/", "/health", "/about"];
        while (next.Count > 0)
        {
            var found = new ConcurrentBag<string>();
            await Parallel.ForEachAsync(next, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (path, stop) =>
            {
                using var answer = await http.GetAsync(path, stop);
                var body = await answer.Content.ReadAsByteArrayAsync(stop);
                Assert.True(answer.StatusCode is HttpStatusCode.OK or HttpStatusCode.Redirect, $"{path} answers with {(int)answer.StatusCode}");
                Search(body, path);
                Search(Encoding.UTF8.GetBytes(answer.Headers.ToString()), path);
                if (answer.Content.Headers.ContentType?.MediaType != "text/html") return;
                foreach (Match link in Link().Matches(Encoding.UTF8.GetString(body))) found.Add(WebUtility.HtmlDecode(link.Groups[1].Value).Split('#')[0]);
            });
            foreach (var path in next) kinds.GetOrAdd(Kind(path), _ => []).Add(path);
            next = [.. found.Select(Local).OfType<string>().Distinct().Where(path => seen.Add(path)).GroupBy(Kind).SelectMany(of => of.Take(Math.Max(0, MostOfAKind - (kinds.TryGetValue(of.Key, out var known) ? known.Count : 0))))];
        }

        return kinds;
    }

    /// <summary>A live page of each kind: what the circuit sends and what the browser then shows.</summary>
    private async Task LookAsync(ConcurrentDictionary<string, ConcurrentBag<string>> kinds)
    {
        var pages = kinds.Where(kind => !Path.HasExtension(kind.Key) && kind.Key is not ("/health" or "/rounds/#/bundle")).Select(kind => kind.Value.First());
        await Parallel.ForEachAsync(pages, new ParallelOptions { MaxDegreeOfParallelism = 3 }, async (path, _) =>
        {
            var frames = new ConcurrentBag<byte[]>();
            var visit = await deck.Chrome.VisitAsync(deck.Address + path, live: false, before: page => page.WebSocket += (_, socket) => socket.FrameReceived += (_, frame) =>
            {
                if (frame.Binary is { } bytes) frames.Add(bytes);
            });
            if (await visit.Page.Locator(".topbar").CountAsync() > 0) await visit.LiveAsync();
            Search(Encoding.UTF8.GetBytes(await visit.Page.ContentAsync()), path);
            Assert.All(frames, frame => Search(frame, path));
            // A live page that sent nothing would have been searched in vain.
            Assert.True(frames.Sum(frame => frame.Length) > 1000 || await visit.Page.Locator(".topbar[data-live]").CountAsync() == 0, path);
            await visit.Page.Context.CloseAsync();
        });
    }

    /// <summary>What the station says to the SDK.</summary>
    private async Task AskStationAsync()
    {
        var sdk = deck.Consortium.Sdk;
        using var leaving = new CancellationTokenSource();
        var events = new List<IMessage>();
        var watching = Task.Run(async () =>
        {
            await foreach (var happened in sdk.WatchAsync(cancellation: leaving.Token)) events.Add(happened);
        });
        await deck.Consortium.AskAsync("""
            name: How many
            dataset: patients
            epsilon: 0.1
            measures: [count]
            """);
        await leaving.CancelAsync();
        await ((Task)watching).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        Assert.NotEmpty(events);
        Assert.All(events, Search);

        Search(await sdk.GetConsortiumAsync());
        var rounds = await sdk.ListRoundsAsync(Page);
        Search(rounds);
        foreach (var round in rounds.Rounds)
        {
            Search(await sdk.GetRoundAsync(round.RoundId.ToByteArray()));
            var bundle = new MemoryStream();
            await sdk.ExportBundleAsync(round.RoundId.ToByteArray(), bundle);
            Search(bundle.ToArray(), "bundle of " + round.Id());
        }

        var size = (long)(await sdk.GetConsortiumAsync()).Head.Size;
        for (var start = 0L; start < size;)
        {
            var entries = await sdk.ListEntriesAsync(start, Page);
            Assert.NotEmpty(entries);
            foreach (var entry in entries) Search(entry, $"entry from {start}");
            start += entries.Count;
        }
    }

    private static void Search(IMessage message)
    {
        Search(message.ToByteArray(), message.Descriptor.Name);
        Search(Encoding.UTF8.GetBytes(message.ToString()!), message.Descriptor.Name);
    }

    private static void Search(byte[] bytes, string where)
    {
        foreach (var form in s_forms) Assert.True(bytes.AsSpan().IndexOf(form) < 0, $"{Encoding.UTF8.GetString(form)} is in {where}");
    }

    private string? Local(string link) =>
        Uri.TryCreate(new Uri(deck.Address), link, out var uri) && uri.GetLeftPart(UriPartial.Authority) == deck.Address.TrimEnd('/') && !uri.AbsolutePath.StartsWith("/_", StringComparison.Ordinal) ? uri.PathAndQuery : null;

    /// <summary>The address without what names one thing of many.</summary>
    private static string Kind(string path)
    {
        var parts = path.Split('?', 2);
        var query = parts.Length < 2 ? "" : "?" + string.Join('&', parts[1].Split('&').Select(p => p.Split('=')[0]).Order(StringComparer.Ordinal));
        return Name().Replace(parts[0], "/#") + query;
    }

    [GeneratedRegex("href=\"([^\"]*)\"")]
    private static partial Regex Link();

    [GeneratedRegex("/(?:[0-9a-f]{32,64}|[0-9]+)(?=/|$)")]
    private static partial Regex Name();
}
