using AngleSharp.Dom;
using Google.Protobuf;
using Microsoft.AspNetCore.Components;
using SecureAggregation.Accounts;
using SecureAggregation.Client;
using SecureAggregation.Crypto;
using SecureAggregation.Dashboard.Blazor.Components.Pages;
using SecureAggregation.Dashboard.Blazor.Model;
using SecureAggregation.Dashboard.Blazor.Model.Evidence;
using SecureAggregation.Dashboard.Blazor.Store;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;
using Xunit.Abstractions;

namespace SecureAggregation.Dashboard.Blazor.Tests;

/// <summary>The transcript, one entry, the verify walk and the manifest, over rounds that really took place.</summary>
public sealed class EvidencePageTests(ITestOutputHelper output)
{
    private static readonly Members s_members = new();
    private static readonly DateTimeOffset s_then = new(2026, 11, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly RealRound[] s_rounds = [.. Enumerable.Range(1, 3).Select(n => new RealRound(s_members, s_then, n))];
    private static readonly string s_id = Contract.Hex(s_rounds[0].RoundId);

    [Fact]
    public async Task Log_is_shown_newest_first_in_pages_that_are_addresses()
    {
        await using var host = Host("transcript");
        host.Consortium.MostAtOnce = 7;
        var size = host.Consortium.Log!.Size;
        var page = await Draw<TranscriptPage>(host);
        var indices = Indices(page);

        Assert.Equal(Enumerable.Range(size - LogReader.PageSize, LogReader.PageSize).Reverse(), indices);
        Assert.Contains($"Showing 50 of {size} entries: {size - 50} to {size - 1}.", Words(page), StringComparison.Ordinal);
        Assert.Contains(page.QuerySelectorAll(".pager a"), a => a.GetAttribute("href") == $"/transcript?before={size - 50}");

        await using var older = Host($"transcript?before={size - 50}");
        Assert.Equal(size - 51, Indices(await Draw<TranscriptPage>(older))[0]);
    }

    [Theory]
    [InlineData("find=3", new[] { 3 })]
    [InlineData("find=9999", new int[0])]
    [InlineData("kind=roster", new[] { 0 })]
    [InlineData("find=agreed&from=3", new int[0])]
    public async Task Search_and_filters_are_in_the_address(string query, int[] expected)
    {
        await using var host = Host("transcript?" + query);
        var found = Indices(await Draw<TranscriptPage>(host));
        Assert.Equal(expected, found);
    }

    [Fact]
    public async Task Search_finds_rounds_leaf_hashes_senders_and_kinds()
    {
        var first = 1 + s_rounds[0].Log.Count;
        await using var round = Host($"transcript?find={Contract.Hex(s_rounds[1].RoundId)}");
        Assert.All(Indices(await Draw<TranscriptPage>(round)), i => Assert.InRange(i, first, first + s_rounds[1].Log.Count - 1));

        var hash = Convert.ToHexStringLower(MerkleTree.LeafHash(s_rounds[0].Log[4]));
        await using var leaf = Host($"transcript?find={hash}");
        Assert.Equal(5, Assert.Single(Indices(await Draw<TranscriptPage>(leaf))));

        await using var sender = Host("transcript?find=callisto&kind=unmask");
        var rows = (await Draw<TranscriptPage>(sender)).QuerySelectorAll("tbody tr");
        Assert.Equal(3, rows.Length);
        Assert.All(rows, row => Assert.Contains("Callisto", row.TextContent, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Long_log_is_searched_no_further_than_a_look_goes()
    {
        await using var host = Host("transcript?kind=roster");
        for (var n = 10; n < 70; n++) host.Consortium.Log!.Play(Again(n));
        Assert.True(host.Consortium.Log!.Size > LogReader.MostLooked);
        var page = await Draw<TranscriptPage>(host);
        Assert.Empty(Indices(page));
        Assert.Contains("2,000 entries were looked at", Words(page), StringComparison.Ordinal);
        Assert.Contains(page.QuerySelectorAll("a"), a => a.TextContent == "Look further back");
    }

    [Fact]
    public async Task Entry_page_shows_fields_and_says_what_was_checked()
    {
        await using var host = Host("");
        host.Consortium.OnCheckEntry = index => Entry(s_rounds[0].Log[0], index, inLog: true, signed: true);
        var page = await Draw<EntryPage>(host, ("Index", "1"));
        Assert.Equal("Entry 1: proposal", page.QuerySelector("h1")!.TextContent);
        Assert.Contains(page.QuerySelectorAll("caption"), c => c.TextContent == "Query");
        Assert.Contains("Patients", Words(page), StringComparison.Ordinal);
        Assert.Contains("In the log", Words(page), StringComparison.Ordinal);
        Assert.Contains("/transcript/0", page.QuerySelector("[rel=prev]")!.GetAttribute("href"));

        host.Consortium.OnCheckEntry = index => Entry(s_rounds[0].Log[0], index, inLog: false, signed: false);
        var forged = Words(await Draw<EntryPage>(host, ("Index", "1")));
        Assert.Contains("Not in the log", forged, StringComparison.Ordinal);
        Assert.Contains("what it shows here is not what it hashed", forged, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Walk_has_six_panels_with_the_values_that_were_looked_at()
    {
        await using var host = Host($"verify?round={s_id}");
        host.Consortium.OnVerify = id => Check(s_rounds[0].Bundle);
        var (page, drawn) = await Verify(host);
        Assert.Contains("Not verified yet", Words(await drawn.NowAsync()), StringComparison.Ordinal);

        await drawn.InvokeAsync(page.StartAsync);
        var document = await drawn.NowAsync();

        Assert.Equal("Verified", document.QuerySelector(".verify-word strong")!.TextContent);
        var panels = document.QuerySelectorAll(".walk-panel");
        Assert.Equal(VerificationSteps.All.Count, panels.Length);
        Assert.All(panels, p => Assert.NotEmpty(p.QuerySelectorAll("dt")));
        var text = Words(document);
        Assert.Contains("station.example/log", text, StringComparison.Ordinal);
        Assert.Contains("Charged, says Callisto", text, StringComparison.Ordinal);
        Assert.Contains(document.QuerySelectorAll("[data-head-keep]"), b => b.GetAttribute("data-head-keep")!.StartsWith("station.example/log\n", StringComparison.Ordinal));
        Assert.Contains($"secagg verify {s_id}", text, StringComparison.Ordinal);
        Assert.Contains("runs on the operator's server", text, StringComparison.Ordinal);
        Assert.Equal(CheckState.Verified, host.Store.Current.Checks[s_id].State);
    }

    [Fact]
    public async Task Failure_is_named_by_panel_entry_expected_and_got()
    {
        await using var host = Host($"verify?round={s_id}");
        var bundle = (byte[])s_rounds[0].Bundle.Clone();
        bundle[^1] ^= 1;
        host.Consortium.OnVerify = _ => Check(bundle);
        var (page, drawn) = await Verify(host);
        await drawn.InvokeAsync(page.StartAsync);
        var document = await drawn.NowAsync();

        Assert.Matches("^Failed at panel 5, entry [0-9]+$", document.QuerySelector(".verify-word strong")!.TextContent);
        Assert.Contains(document.QuerySelectorAll("[aria-live=assertive]"), e => e.TextContent.StartsWith("Failed at panel 5", StringComparison.Ordinal));
        Assert.Equal(["Expected", "Got"], document.QuerySelectorAll(".verify-result .walk-facts dt").Select(e => e.TextContent));
        Assert.Equal(["Pass", "Pass", "Pass", "Pass", "Fail", "Not reached"], document.QuerySelectorAll(".walk-panel .walk-head .status").Select(e => e.TextContent.Trim()));
    }

    [Fact]
    public async Task Head_of_another_history_raises_the_alarm_and_is_not_told_to_other_pages()
    {
        await using var host = Host($"verify?round={s_id}");
        host.Consortium.OnReadHead = Checkpoint.Parse;
        host.Consortium.OnVerify = _ => Check(s_rounds[0].Bundle, host.Consortium.Wished!.Remembered);
        var (page, drawn) = await Verify(host);
        var size = s_rounds[0].Log.Count;
        page.Remember(Checkpoint.Create(s_members.Roster.LogOrigin, size, new byte[32], s_members.Station).Note.ReplaceLineEndings("\r\n"));
        await drawn.InvokeAsync(page.StartAsync);
        var document = await drawn.NowAsync();

        Assert.Contains("The log is not the one that you remember", document.QuerySelector(".walk-alarm[role=alert]")!.TextContent, StringComparison.Ordinal);
        Assert.Contains("Failed at panel 3", Words(document), StringComparison.Ordinal);
        Assert.Contains(new string((char)48, 64), Words(document), StringComparison.Ordinal);
        Assert.False(host.Store.Current.Checks.ContainsKey(s_id));

        page.Remember("not a note");
        await drawn.InvokeAsync(page.StartAsync);
        Assert.Contains("no head that can be held", Words(await drawn.NowAsync()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Evidence_that_cannot_be_fetched_is_no_verdict_and_who_may_not_read_it_has_none()
    {
        await using var host = Host($"verify?round={s_id}");
        host.Consortium.OnVerify = _ => throw new StationUnavailableException("no route");
        var (page, drawn) = await Verify(host);
        await drawn.InvokeAsync(page.StartAsync);
        var text = Words(await drawn.NowAsync());
        Assert.Contains("Not verified yet", text, StringComparison.Ordinal);
        Assert.Contains("no route", text, StringComparison.Ordinal);

        host.Person.Roles = [Role.Analyst];
        await Assert.ThrowsAsync<UnauthorizedAccessException>(() => drawn.InvokeAsync(page.StartAsync));
    }

    [Fact]
    public async Task Bundle_from_elsewhere_is_checked_the_same()
    {
        await using var host = Host("verify");
        host.Consortium.OnVerifyBundle = (bundle, wishes) => Check(bundle, wishes.Remembered);
        var (page, drawn) = await Verify(host);
        await drawn.InvokeAsync(() => page.StartAsync("other.secagg", new MemoryStream(s_rounds[1].Bundle)));
        var document = await drawn.NowAsync();
        Assert.Equal("Verified", document.QuerySelector(".verify-word strong")!.TextContent);
        Assert.Contains("other.secagg", Words(document), StringComparison.Ordinal);
        Assert.Empty(host.Store.Current.Checks);
    }

    [Fact]
    public async Task Manifest_lists_every_field_that_crossed_with_its_sizes()
    {
        await using var host = Host("");
        Assert.Contains("Check the evidence", Words(await Draw<ManifestPage>(host, ("Id", s_id))), StringComparison.Ordinal);
        var report = Check(s_rounds[0].Bundle);
        host.Store.Update(state => state.WithCheck(s_id, new RoundCheck(CheckState.Verified, s_then, report)));
        var page = await Draw<ManifestPage>(host, ("Id", s_id));
        Assert.Equal(report.Manifest.Count, page.QuerySelectorAll("table.manifest tbody tr:not(.manifest-message)").Length);
        Assert.Contains("each is in the fixed list", Words(page), StringComparison.Ordinal);

        host.Store.Update(state => state.WithCheck(s_id, new RoundCheck(CheckState.Failed, s_then, report with { Passed = false, RefusedField = new WireField("Join.name", 1, 4, 4, 4) })));
        Assert.Contains("Not allowed", Words(await Draw<ManifestPage>(host, ("Id", s_id))), StringComparison.Ordinal);
    }

    [Fact]
    public void One_changed_byte_is_never_called_verified_by_the_model()
    {
        const ulong seed = 20261122;
        const int each = 1_000;
        var random = new SeededRandom(seed);
        var changes = s_rounds.SelectMany(round => Enumerable.Range(0, each).Select(_ => Changed(round.Bundle, random))).ToList();
        var failed = new System.Collections.Concurrent.ConcurrentDictionary<string, int>();
        Parallel.ForEach(changes, new ParallelOptions { MaxDegreeOfParallelism = 4 }, change =>
        {
            var check = VerificationDesk.Judge(Check(change.Bundle), null, s_then);
            var walk = new WalkModel(check, new Dictionary<string, VerificationProgress>());
            Assert.False(walk.Passed || walk.Verdict == "Verified" || walk.Status.Word == "Verified", $"seed {seed}: byte {change.At} changed by {change.By}");
            Assert.StartsWith("Failed at panel", walk.Verdict, StringComparison.Ordinal);
            failed.AddOrUpdate(walk.Failed!.Name, 1, (_, n) => n + 1);
        });
        output.WriteLine($"seed {seed}, {changes.Count} changes of one byte: {string.Join(", ", failed.Select(f => $"{f.Key} {f.Value}"))}");
        Assert.True(failed.Count >= 3);
    }

    [Fact]
    public async Task One_changed_byte_is_never_called_verified_on_the_page()
    {
        const ulong seed = 20261123;
        var random = new SeededRandom(seed);
        await using var host = Host($"verify?round={s_id}");
        var bundle = s_rounds[0].Bundle;
        host.Consortium.OnVerify = _ => Check(bundle);
        var (page, drawn) = await Verify(host);
        for (var i = 0; i < 300; i++)
        {
            (bundle, var at, var by) = Changed(s_rounds[i % s_rounds.Length].Bundle, random);
            await drawn.InvokeAsync(page.StartAsync);
            var document = await drawn.NowAsync();
            var text = document.Body!.TextContent;
            Assert.True(!text.Contains("Verified", StringComparison.Ordinal) && text.Contains("Failed at panel", StringComparison.Ordinal), $"seed {seed}: change {i} of byte {at} by {by}");
        }

        output.WriteLine($"seed {seed}, 300 changes of one byte, none called so");
        bundle = s_rounds[0].Bundle;
        await drawn.InvokeAsync(page.StartAsync);
        Assert.Equal("Verified", (await drawn.NowAsync()).QuerySelector(".verify-word strong")!.TextContent);
    }

    private static (byte[] Bundle, int At, int By) Changed(byte[] bundle, SeededRandom random)
    {
        var (copy, at, by) = ((byte[])bundle.Clone(), random.Next(bundle.Length), 1 + random.Next(255));
        copy[at] ^= (byte)by;
        return (copy, at, by);
    }

    private static RoundReport Check(byte[] bundle, Checkpoint? remembered = null) => Check(new MemoryStream(bundle), remembered);

    /// <summary>The SDK's own check, without a station.</summary>
    private static RoundReport Check(Stream bundle, Checkpoint? remembered) =>
        BundleCheck.Of(bundle, new BundleExpectation { RosterHash = s_members.Roster.Hash, Remembered = remembered }).ToReport();

    private static RealRound Again(int n) => new(s_members, s_then, n);

    private static EntryReport Entry(byte[] leaf, long index, bool inLog, bool signed) => new()
    {
        Logged = LogLeaf.Read(index, leaf), Head = Checkpoint.Create("station.example/log", 40, new byte[32], s_members.Station), Path = [new byte[32]], InLog = inLog,
        Sender = "the station", Signed = signed, SignedDetail = "As the test says.",
    };

    private static ComponentHost Host(string path)
    {
        var host = new ComponentHost(path);
        var log = new FakeLog(s_members);
        foreach (var round in s_rounds) log.Play(round);
        host.Consortium.Log = log;
        host.Store.Update(_ => DeckState.Empty.WithView(new Scenario(s_members, s_then).Consortium(), new ListRoundsReply(), s_then));
        return host;
    }

    private static async Task<IDocument> Draw<T>(ComponentHost host, params (string Name, object? Value)[] parameters)
        where T : IComponent => await (await host.DrawAsync<T>(parameters)).NowAsync();

    private static async Task<(VerifyPage Page, Drawn Drawn)> Verify(ComponentHost host)
    {
        VerifyPage? page = null;
        RenderFragment body = builder =>
        {
            builder.OpenComponent<VerifyPage>(0);
            builder.AddComponentReferenceCapture(1, it => page = (VerifyPage)it);
            builder.CloseComponent();
        };
        var drawn = await host.DrawAsync<Microsoft.AspNetCore.Components.Web.ErrorBoundary>(("ChildContent", body));
        return (page!, drawn);
    }

    private static int[] Indices(IDocument page) =>
        [.. page.QuerySelectorAll("table.log-table tbody th").Select(th => int.Parse(th.TextContent, System.Globalization.CultureInfo.InvariantCulture))];

    private static string Words(IDocument document) => System.Text.RegularExpressions.Regex.Replace(document.Body!.TextContent, @"\s+", " ");
}
