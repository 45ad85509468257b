using System.Text.RegularExpressions;
using AngleSharp.Dom;
using Microsoft.AspNetCore.Components;
using SecureAggregation.Accounts;
using SecureAggregation.Dashboard.Blazor.Components.Layout;
using SecureAggregation.Dashboard.Blazor.Components.Pages;
using SecureAggregation.Dashboard.Blazor.Model;
using SecureAggregation.Dashboard.Blazor.Store;
using SecureAggregation.Dashboard.Blazor.Urls;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Dashboard.Blazor.Tests;

/// <summary>Rail by role, palette, keys, the words of Help, alerts and log, first steps and the tightest budget.</summary>
public sealed partial class ShellTests : IDisposable
{
    private readonly Members _members = new();
    private readonly DateTimeOffset _now = new ManualTimeProvider().GetUtcNow();
    private readonly Scenario _scenario;

    public ShellTests() => _scenario = new Scenario(_members, _now);

    public void Dispose() => _members.Dispose();

    [Theory]
    [InlineData(Role.Coordinator, "Deck,Outposts,Rounds,Results,Ask,Budgets,Transcript,Alerts,Access,Help")]
    [InlineData(Role.Analyst, "Deck,Outposts,Rounds,Results,Ask,Budgets,Access,Help")]
    [InlineData(Role.Auditor, "Deck,Outposts,Rounds,Results,Budgets,Transcript,Alerts,Access,Help")]
    [InlineData(Role.Admin, "Deck,Outposts,Rounds,Results,Budgets,Alerts,Access,Help")]
    public async Task Rail_shows_the_pages_that_a_role_opens_and_no_others(Role role, string pages)
    {
        await using var host = new ComponentHost();
        host.Person.Roles = [role];
        var document = await (await host.DrawAsync<Rail>()).NowAsync();
        Assert.Equal(pages, string.Join(',', document.QuerySelectorAll("nav.rail > a").Select(a => a.TextContent.Trim())));
        // What the bar at the bottom has no room for is in the sheet.
        Assert.Equal(document.QuerySelectorAll("nav.rail > a.rail-extra").Select(a => a.GetAttribute("href")), document.QuerySelectorAll(".rail-sheet a").Select(a => a.GetAttribute("href")));
        Assert.InRange(document.QuerySelectorAll("nav.rail > a:not(.rail-extra)").Length, 3, 5);
    }

    [Fact]
    public async Task Rail_counts_open_alerts_until_somebody_acts_even_on_a_paused_page()
    {
        await using var host = new ComponentHost();
        host.Store.Update(_ => Busy());
        var drawn = await host.DrawAsync<Rail>();
        Assert.Equal("2 open", (await drawn.NowAsync()).QuerySelector(".rail-count")!.TextContent);
        host.View.TogglePause();
        host.Alerts.Add(host.Store.Current.Alerts[0], AlertStep.Closed, "ada", "");
        Assert.Equal("1 open", (await drawn.NowAsync()).QuerySelector(".rail-count")!.TextContent);
    }

    [Fact]
    public async Task Analyst_sees_no_alerts_and_no_telemetry_on_the_deck()
    {
        await using var host = new ComponentHost();
        host.Store.Update(_ => Busy());
        host.Person.Roles = [Role.Analyst];
        var text = Words(await (await host.DrawAsync<Overview>()).NowAsync());
        Assert.DoesNotContain("Callisto vanished", text, StringComparison.Ordinal);
        Assert.DoesNotContain("Telemetry", text, StringComparison.Ordinal);
        Assert.Contains("Tightest budget", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Keys_are_of_one_page_each_and_no_key_of_the_deck_is_missing_in_its_script()
    {
        var keys = DeckPages.All.Where(page => page.Key != '\0').Select(page => page.Key).ToArray();
        Assert.Equal("oursqbtakh".Order(), keys.Order());
        var listed = Hotkey.All.Where(hotkey => hotkey.Keys.Length == 1 && hotkey.Keys[0] != "Enter").Select(hotkey => hotkey.Keys[0]);
        Assert.Equal(listed.Order(), Press().Match(EmbeddedAssets.Text("deck.js")).Groups["key"].Captures.Select(capture => capture.Value).Order());
    }

    [Fact]
    public async Task Help_has_every_key_and_every_word_of_the_glossary()
    {
        await using var host = new ComponentHost();
        var text = Words(await (await host.DrawAsync<Help>()).NowAsync());
        Assert.All(Hotkey.All, hotkey => Assert.Contains(hotkey.Does, text, StringComparison.Ordinal));
        foreach (var word in new[] { "Share", "Mask", "Threshold", "Dropout", "Roster", "Round", "ε", "Sensitivity", "Interval", "Transcript", "Checkpoint", "Witness" })
            Assert.Contains(Glossary.All, entry => entry.Word.StartsWith(word, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("380", "/transcript/380")]
    [InlineData("#380", "/transcript/380")]
    [InlineData("Titan", "/outposts/1")]
    [InlineData("titan", "/outposts/1")]
    [InlineData("smokers", "/rounds/{20+5}")]
    [InlineData("patients age", "/rounds/{1}")]
    [InlineData("budg", "/budgets")]
    [InlineData("security events", "/log")]
    [InlineData("{1}", "/rounds/{1}")]
    [InlineData(" {1:8} ", "/rounds/{1}")]
    [InlineData("{key:1}", "/outposts/1")]
    [InlineData("{root}", "/verify")]
    public void Palette_finds_what_is_meant_first(string asked, string url)
    {
        var state = Busy();
        asked = asked.Replace("{1:8}", Id(1)[..8], StringComparison.Ordinal).Replace("{key:1}", state.Outposts[1].KeyFingerprint, StringComparison.Ordinal)
            .Replace("{root}", Contract.Hex(state.Head!.Root), StringComparison.Ordinal).Replace("{1}", Id(1), StringComparison.Ordinal);
        url = url.Replace("{20+5}", Id(25), StringComparison.Ordinal).Replace("{1}", Id(1), StringComparison.Ordinal);
        Assert.Equal(url, Palette.Find(asked, state, _ => true).Hits[0].Url);
    }

    [Theory]
    [InlineData("412", "There is no entry 412: the log has 412 entries.")]
    [InlineData("no such thing", "Nothing on this deck is called “no such thing”.")]
    [InlineData("00112233445566778899aabbccddeeff", "No round and no outpost's key has this id.")]
    [InlineData("ffffeeee", "Nothing begins with “ffffeeee”.")]
    public void Palette_says_that_it_knows_no_such_thing(string asked, string says)
    {
        var answer = Palette.Find(asked, Busy(), _ => true);
        Assert.Empty(answer.Hits);
        Assert.StartsWith(says, answer.Says, StringComparison.Ordinal);
    }

    [Fact]
    public void Palette_sends_an_older_round_to_the_station_and_offers_nothing_that_is_not_allowed()
    {
        var older = Busy() with { RoundsInAll = 9_000 };
        const string Id = "00112233445566778899aabbccddeeff";
        Assert.Equal(DeckUrls.Round(Id), Palette.Find(Id.ToUpperInvariant(), older, _ => true).Hits[0].Url);
        foreach (var asked in new[] { "", "alerts", "380", "log", Contract.Hex(older.Head!.Root) })
        {
            var hits = Palette.Find(asked, older, permission => Role.Analyst.Allows(permission)).Hits;
            Assert.DoesNotContain(hits, hit => hit.Url.StartsWith("/alerts", StringComparison.Ordinal) || hit.Url.StartsWith("/log", StringComparison.Ordinal) || hit.Url.StartsWith("/transcript", StringComparison.Ordinal) || hit.Url == "/verify");
        }
    }

    [Fact]
    public void Palette_takes_any_text_and_never_more_than_ten_places()
    {
        var state = Busy();
        var random = new SeededRandom(11);
        var bytes = new byte[60];
        for (var i = 0; i < 300; i++)
        {
            random.GetBytes(bytes);
            var answer = Palette.Find(new string([.. bytes.Take(bytes[0] % 60).Select(b => (char)(b * 7))]), state, _ => true);
            Assert.True(answer.Hits.Count <= 10 + DeckPages.All.Count);
            Assert.NotEmpty(answer.Says);
        }

        Assert.Equal(10, Palette.Find("e", state, _ => true).Hits.Count);
    }

    [Fact]
    public async Task Alerts_are_filtered_by_their_state_in_the_address_and_say_what_to_do()
    {
        await using var host = new ComponentHost("alerts?state=acknowledged");
        host.Store.Update(_ => Busy());
        host.Alerts.Add(host.Store.Current.Alerts[0], AlertStep.Acknowledged, "grace", "calling Callisto");
        var text = Words(await (await host.DrawAsync<AlertsPage>()).NowAsync());
        Assert.Contains("Callisto vanished", text, StringComparison.Ordinal);
        Assert.Contains("grace acknowledged it", text, StringComparison.Ordinal);
        Assert.Contains("calling Callisto", text, StringComparison.Ordinal);
        Assert.Contains("What to do.", text, StringComparison.Ordinal);
        Assert.Contains("Open 1Acknowledged 1Closed 0All 2", text, StringComparison.Ordinal);
        Assert.DoesNotContain("was aborted", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Deck_shows_the_three_newest_open_alerts_alone_and_how_many_there_are()
    {
        await using var host = new ComponentHost();
        host.Store.Update(_ => Busy());
        host.Alerts.Add(host.Store.Current.Alerts[0], AlertStep.Closed, "ada", "");
        var alerts = Words(await (await host.DrawAsync<Overview>()).NowAsync());
        Assert.Contains("1 open", alerts, StringComparison.Ordinal);
        Assert.Contains("was aborted", alerts, StringComparison.Ordinal);
        Assert.DoesNotContain("Callisto vanished", alerts, StringComparison.Ordinal);
    }

    /// <summary>Every kind that the station raises has its sentence, and both are in the document; and the deck knows every event.</summary>
    [Fact]
    public void Station_raises_no_alert_and_logs_no_event_that_the_deck_does_not_know()
    {
        var folder = Path.Combine(Root(), "src", "Aggregator");
        var sources = string.Concat(Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories).Where(file => !file.Contains($"{Path.DirectorySeparatorChar}obj{Path.DirectorySeparatorChar}", StringComparison.Ordinal)).Select(File.ReadAllText));
        var raised = Raised().Matches(sources).Select(match => match.Groups[1].Value).Distinct().Order().ToArray();
        Assert.True(raised.Length >= 8);
        Assert.Equal(raised, Runbook.Kinds.Order());
        var document = File.ReadAllText(Path.Combine(Root(), "docs", Runbook.Document));
        Assert.All(raised, kind => Assert.Contains($"| `{kind}` | {Runbook.For(kind)} |", document, StringComparison.Ordinal));

        var logged = Logged().Matches(sources).Select(match => uint.Parse(match.Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture)).Where(id => id is >= 1000 and < 2000).Distinct().Order();
        Assert.Equal(logged, StationEvents.Ids);
    }

    [Theory]
    [InlineData("", 4)]
    [InlineData("severity=warning", 2)]
    [InlineData("severity=critical", 1)]
    [InlineData("severity=nonsense", 4)]
    [InlineData("outpost=Mars", 1)]
    [InlineData("event=1106", 1)]
    [InlineData("event=-3", 4)]
    [InlineData("security=1", 2)]
    [InlineData("round={9:6}", 1)]
    [InlineData("round=zz", 0)]
    public async Task Log_is_filtered_by_what_the_address_says(string query, int lines)
    {
        await using var host = new ComponentHost("log?" + query.Replace("{9:6}", Id(9)[..6], StringComparison.Ordinal));
        host.Store.Update(_ => Busy());
        (uint Event, Severity Severity, string Outpost, int Round)[] told = [(1100, Severity.Info, "Mars", 0), (1203, Severity.Warning, "Titan", 9), (1106, Severity.Critical, "Europa", 0), (1000, Severity.Info, "", 0)];
        foreach (var (one, i) in told.Select((one, i) => (one, i)))
        {
            var line = new LogLine { EventId = one.Event, Severity = one.Severity, Text = $"line {i}", Outpost = one.Outpost, RoundId = one.Round == 0 ? Google.Protobuf.ByteString.Empty : Scenario.Id(one.Round) };
            host.Store.Update(state => state.With(new Event { Sequence = (ulong)i + 1, TimeMs = 1_000, Log = line }, _now));
        }

        var document = await (await host.DrawAsync<LogPage>()).NowAsync();
        Assert.Equal(lines, document.QuerySelectorAll("[role=log] li").Length);
        Assert.Contains("The deck holds the last 400", Words(document), StringComparison.Ordinal);
    }

    [Fact]
    public void Copied_lines_are_json_of_what_is_shown()
    {
        var entry = new LogEntry(7, DateTimeOffset.UnixEpoch, new LogLine { EventId = 1103, Severity = Severity.Warning, Text = "Titan \"turned\" away", Outpost = "Titan", RoundId = Scenario.Id(9) });
        using var json = System.Text.Json.JsonDocument.Parse(LogFilter.Json([entry]));
        var line = Assert.Single(json.RootElement.EnumerateArray());
        Assert.Equal((1103, "outpost turned away", "warning", Id(9)), (line.GetProperty("eventId").GetInt32(), line.GetProperty("event").GetString(), line.GetProperty("severity").GetString(), line.GetProperty("roundId").GetString()));
    }

    [Theory]
    [InlineData(0, "Connect the outposts")]
    [InlineData(1, "Offer a dataset")]
    [InlineData(2, "Set the budgets")]
    [InlineData(3, "Ask the first question")]
    public async Task First_steps_are_ticked_when_true_and_the_next_one_leads_to_its_page(int done, string next)
    {
        await using var host = new ComponentHost();
        var view = _scenario.Consortium();
        foreach (var outpost in view.Outposts)
        {
            if (done < 1) outpost.LastSeenMs = 0;
            if (done < 2) outpost.Datasets.Clear();
            if (done < 3) outpost.Budgets.Clear();
            else if (outpost.Budgets.Count == 0) outpost.Budgets.Add(new BudgetLine { Dataset = "patients", CapMicro = 1, LeftMicro = 1 });
        }

        host.Store.Update(_ => DeckState.Empty.WithView(view, new ListRoundsReply(), _now));
        var document = await (await host.DrawAsync<Overview>()).NowAsync();
        Assert.Equal(done, document.QuerySelectorAll(".step-done").Length);
        Assert.Equal(next, document.QuerySelector("[aria-current=step] h3")!.TextContent);
        Assert.Equal(4, document.QuerySelectorAll(".step a").Length);
    }

    [Fact]
    public async Task About_tells_what_the_deck_is_pinned_to_and_not_what_the_station_says_of_it()
    {
        await using var host = new ComponentHost();
        var view = _scenario.Consortium();
        (view.Name, view.Epoch) = ("Another consortium", 77);
        host.Store.Update(_ => DeckState.Empty.WithView(view, new ListRoundsReply(), _now));
        var text = Words(await (await host.DrawAsync<AboutPage>()).NowAsync());
        Assert.Contains("Outer Clinics, epoch 1, 5 outposts", text, StringComparison.Ordinal);
        Assert.Contains(string.Join(' ', _members.Roster.Words), text, StringComparison.Ordinal);
        Assert.Contains("station 0.1.0", text, StringComparison.Ordinal);
        Assert.Contains("suite 1", text, StringComparison.Ordinal);
        Assert.Contains("Fewest in a total3 outposts", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Access_tells_everybody_their_rights_and_the_keys_of_the_roster()
    {
        await using var host = new ComponentHost();
        host.Person.Roles = [Role.Analyst];
        var document = await (await host.DrawAsync<AccessPage>()).NowAsync();
        var text = Words(document);
        Assert.Contains("You are ada: analyst.", text, StringComparison.Ordinal);
        Assert.Equal(Permissions.All.Count(permission => Role.Analyst.Allows(permission)), document.QuerySelectorAll(".rights .tone-good").Length);
        Assert.All(_members.Parties, party => Assert.Contains(party.Public.Fingerprint, text, StringComparison.Ordinal));
        Assert.Contains("days left", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("2099-12-15T00:00:00Z", "17 days left", "tone-warn")]
    [InlineData("2099-12-31T12:00:00Z", "12 h 0 min left", "tone-bad")]
    [InlineData("2100-01-01T00:00:00Z", "Expired", "tone-bad")]
    public async Task Roster_that_ends_soon_is_said_in_time(string now, string words, string tone)
    {
        await using var host = new ComponentHost();
        host.Time.Advance(DateTimeOffset.Parse(now, System.Globalization.CultureInfo.InvariantCulture) - host.Time.GetUtcNow());
        var status = (await (await host.DrawAsync<Components.Controls.RosterExpiry>(("NotAfter", _members.Roster.NotAfter))).NowAsync()).QuerySelector(".status")!;
        Assert.Contains(words, status.TextContent, StringComparison.Ordinal);
        Assert.Contains(tone, status.ClassList);
    }

    [Fact]
    public void Documents_of_the_list_are_in_the_program() =>
        Assert.All(Documents.All, document => Assert.StartsWith("# ", System.Text.Encoding.UTF8.GetString(EmbeddedAssets.Read("docs/" + document.File)), StringComparison.Ordinal));

    private static string Id(int n) => Contract.Hex(Scenario.Id(n));

    private static string Words(IDocument document) => Spaces().Replace(document.Body!.TextContent, " ");

    private static string Root()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "SecureAggregation.sln"))) folder = Path.GetDirectoryName(folder)!;
        return folder;
    }

    private DeckState Busy() => DeckState.Empty.WithView(_scenario.Consortium(), new ListRoundsReply { Rounds = { _scenario.Running(), _scenario.History() }, Total = 22 }, _now);

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();

    [GeneratedRegex(@"Raise\(""([a-z-]+)""")]
    private static partial Regex Raised();

    [GeneratedRegex(@"LoggerMessage\((\d+),")]
    private static partial Regex Logged();

    [GeneratedRegex(@"const press = \{\n(    '?(?<key>[^':\n])'?: .*\n)+  \};", RegexOptions.ExplicitCapture)]
    private static partial Regex Press();
}
