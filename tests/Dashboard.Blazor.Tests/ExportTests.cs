using System.Text.Json;
using System.Net;
using System.Security.Cryptography;
using AngleSharp.Html.Parser;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using SecureAggregation.Accounts;
using SecureAggregation.Client;
using SecureAggregation.Dashboard.Blazor.Export;
using SecureAggregation.Dashboard.Blazor.Model;
using SecureAggregation.Dashboard.Blazor.Store;
using SecureAggregation.Dashboard.Blazor.Security;
using SecureAggregation.Dashboard.Blazor.Urls;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Dashboard.Blazor.Tests;

/// <summary>What can be taken away, by whom, and what comes when it cannot be.</summary>
public sealed class ExportTests : IAsyncLifetime
{
    private const string Password = "four words nobody links";
    private readonly string _folder = Directory.CreateTempSubdirectory("export").FullName;
    private readonly Members _members = new();
    private readonly FakeConsortium _consortium = new();
    private WebApplication _app = null!;
    private Uri _address = null!;

    private static string Done => Contract.Hex(Scenario.Id(1));

    public async Task InitializeAsync()
    {
        var scenario = new Scenario(_members, DateTimeOffset.UtcNow);
        _consortium.View = scenario.Consortium();
        _consortium.OnVerify = _ => throw new StationUnavailableException("no evidence today");
        _consortium.Rounds.AddRange([scenario.Running(), .. scenario.History()]);
        _app = DashboardApp.Build(
            new DashboardOptions { Station = new Uri("https://station"), RosterFile = "", KeyFile = "", Listen = new Uri("http://127.0.0.1:0"), SignIn = SignInMode.Local, DataFolder = _folder }, _consortium, TimeProvider.System);
        var store = _app.Services.GetRequiredService<DeckStore>();
        var live = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var watch = store.Changed.Add(() =>
        {
            if (store.Current.Link == StationLink.Live) live.TrySetResult();
        });
        await _app.StartAsync();
        await live.Task.Guard();
        _address = new Uri(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
    }

    public async Task DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        _members.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData(null, false, false)]
    [InlineData(Role.Admin, true, false)]
    [InlineData(Role.Coordinator, true, true)]
    [InlineData(Role.Member, true, false)]
    [InlineData(Role.Analyst, true, false)]
    [InlineData(Role.Auditor, true, true)]
    public async Task Files_are_for_who_may_read_and_evidence_for_who_may_take_it(Role? role, bool reads, bool exports)
    {
        _consortium.OnExport = async stream =>
        {
            await stream.WriteAsync("evidence"u8.ToArray());
            return 8;
        };
        using var browser = role is { } r ? await SignedInAsync(r) : Browser();
        foreach (var path in new[] { DeckUrls.Csv(Done), DeckUrls.Json(Done), DeckUrls.Report(Done), DeckUrls.Bundle(Done) })
        {
            using var answer = await browser.GetAsync(path).Guard();
            var may = path == DeckUrls.Bundle(Done) ? exports : reads;
            Assert.Equal(may ? HttpStatusCode.OK : HttpStatusCode.Redirect, answer.StatusCode);
            if (!may) Assert.Contains(role is null ? "/sign-in" : "/denied", answer.Headers.Location!.OriginalString, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Files_say_type_and_a_name_made_of_the_id_and_are_not_kept()
    {
        _consortium.OnExport = async stream =>
        {
            await stream.WriteAsync("evidence"u8.ToArray());
            return 8;
        };
        using var browser = await SignedInAsync(Role.Auditor);
        foreach (var (path, type, disposition) in new[]
        {
            (DeckUrls.Csv(Done), "text/csv", $"attachment; filename=round-{Done}.csv"), (DeckUrls.Json(Done), "application/json", $"attachment; filename=round-{Done}.json"),
            (DeckUrls.Report(Done), "text/html", $"inline; filename=\"round-{Done}.html\""), (DeckUrls.Bundle(Done), "application/octet-stream", $"attachment; filename=\"round-{Done}.secagg\""),
        })
        {
            using var answer = await browser.GetAsync(path).Guard();
            Assert.Equal(type, answer.Content.Headers.ContentType!.MediaType);
            Assert.StartsWith(disposition, answer.Content.Headers.GetValues("Content-Disposition").Single(), StringComparison.Ordinal);
            Assert.True(answer.Headers.CacheControl!.NoStore);
            Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
        }

        Assert.Equal("evidence", await browser.GetStringAsync(DeckUrls.Bundle(Done)).Guard());
        Assert.Equal(11, JsonSerializer.Deserialize<ResultsFile>(await browser.GetByteArrayAsync(DeckUrls.Json(Done)).Guard(), ResultsFile.Form)!.Numbers.Count);
    }

    [Theory]
    [InlineData("/rounds/00112233445566778899aabbccddeeff/results.csv", HttpStatusCode.NotFound, "No such round")]
    [InlineData("/rounds/00112233445566778899aabbccddeeff/report.html", HttpStatusCode.NotFound, "No such round")]
    [InlineData("/rounds/00112233445566778899aabbccddeeff/bundle", HttpStatusCode.NotFound, "No such round")]
    [InlineData("/rounds/zz/results.json", HttpStatusCode.NotFound, "32 hexadecimal digits")]
    [InlineData("/rounds/zz/bundle", HttpStatusCode.NotFound, "32 hexadecimal digits")]
    public async Task What_is_not_there_is_a_page_that_says_so(string path, HttpStatusCode status, string said)
    {
        using var browser = await SignedInAsync(Role.Auditor);
        using var answer = await browser.GetAsync(path).Guard();
        Assert.Equal(status, answer.StatusCode);
        Assert.Equal("text/html", answer.Content.Headers.ContentType!.MediaType);
        Assert.False(answer.Content.Headers.Contains("Content-Disposition"));
        Assert.Contains(said, await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Round_that_opened_nothing_has_no_files()
    {
        using var browser = await SignedInAsync(Role.Auditor);
        using var running = await browser.GetAsync(DeckUrls.Csv(Contract.Hex(Scenario.Id(9)))).Guard();
        using var aborted = await browser.GetAsync(DeckUrls.Report(Contract.Hex(Scenario.Id(2)))).Guard();
        Assert.Equal((HttpStatusCode.Conflict, HttpStatusCode.Conflict), (running.StatusCode, aborted.StatusCode));
        Assert.Contains("still runs", await running.Content.ReadAsStringAsync());
        Assert.Contains("aborted before", await aborted.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Station_that_is_away_is_said_and_what_the_deck_holds_is_given()
    {
        _consortium.OnGetRound = _ => throw new StationUnavailableException("connection refused");
        _consortium.OnExport = _ => Task.FromException<long>(new StationUnavailableException("connection refused"));
        using var browser = await SignedInAsync(Role.Auditor);
        foreach (var path in new[] { DeckUrls.Csv("00112233445566778899aabbccddeeff"), DeckUrls.Bundle(Done) })
        {
            using var answer = await browser.GetAsync(path).Guard();
            Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
            Assert.Contains("connection refused", await answer.Content.ReadAsStringAsync());
        }

        using var held = await browser.GetAsync(DeckUrls.Csv(Done)).Guard();
        Assert.Equal(HttpStatusCode.OK, held.StatusCode);
    }

    [Fact]
    public async Task Bundle_that_breaks_off_never_looks_whole()
    {
        _consortium.OnExport = async stream =>
        {
            await stream.WriteAsync(new byte[100_000]);
            await stream.FlushAsync();
            throw new StationUnavailableException("The stream was lost.");
        };
        using var browser = await SignedInAsync(Role.Auditor);
        await Assert.ThrowsAsync<HttpRequestException>(() => browser.GetByteArrayAsync(DeckUrls.Bundle(Done))).Guard();
    }

    [Fact]
    public async Task Report_is_one_file_without_script_or_foreign_address_and_with_what_it_takes_to_check()
    {
        using var browser = await SignedInAsync(Role.Analyst);
        var html = await browser.GetStringAsync(DeckUrls.Report(Done)).Guard();
        using var page = new HtmlParser().ParseDocument(html);
        Assert.Empty(page.QuerySelectorAll("script, link, img, iframe, object, form, button"));
        Assert.DoesNotContain("url(", page.QuerySelector("style")!.TextContent.Replace("url(#hatch)", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.All(page.QuerySelectorAll("[href], [src]"), e => Assert.StartsWith("#", e.GetAttribute("href") ?? e.GetAttribute("src")));
        Assert.All(page.All.SelectMany(e => e.Attributes), a => Assert.False(a.Name.StartsWith("on", StringComparison.OrdinalIgnoreCase), a.Name));
        Assert.Contains("default-src 'none'", page.QuerySelector("meta[http-equiv]")!.GetAttribute("content"));
        Assert.Single(page.QuerySelectorAll("h1"));
        Assert.NotEmpty(page.QuerySelectorAll("svg.plot"));
        Assert.Contains($"secagg verify round-{Done}.secagg", page.Body!.TextContent);
        Assert.Contains("Unverified", page.Body.TextContent);
        foreach (var path in new[] { DeckUrls.Csv(Done), DeckUrls.Json(Done) })
            Assert.Contains(Convert.ToHexStringLower(SHA256.HashData(await browser.GetByteArrayAsync(path).Guard())), page.Body.TextContent);
    }

    private HttpClient Browser() => new(new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = new CookieContainer() }) { BaseAddress = _address };

    private async Task<HttpClient> SignedInAsync(Role role)
    {
        var accounts = _app.Services.GetRequiredService<DeckAccounts>();
        if (accounts.Book.All.Count == 0) await accounts.ChangeAsync("test", book => book.Add("root", Password, [Role.Admin])).Guard();
        await accounts.ChangeAsync("test", book => book.Add("ada", Password, [role])).Guard();
        var browser = Browser();
        using var shown = new HtmlParser().ParseDocument(await browser.GetStringAsync("/sign-in").Guard());
        var values = shown.QuerySelector("form")!.QuerySelectorAll("input[type=hidden]").ToDictionary(i => i.GetAttribute("name")!, i => i.GetAttribute("value") ?? "");
        (values["Input.Name"], values["Input.Password"]) = ("ada", Password);
        using var body = new FormUrlEncodedContent(values);
        using var answer = await browser.PostAsync("/sign-in", body).Guard();
        Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
        return browser;
    }
}
