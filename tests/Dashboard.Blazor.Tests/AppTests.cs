using System.Net;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SecureAggregation.Client;
using SecureAggregation.Dashboard.Blazor.Model;
using SecureAggregation.Dashboard.Blazor.Store;
using SecureAggregation.Testing;

namespace SecureAggregation.Dashboard.Blazor.Tests;

/// <summary>The whole application on a free port, with the real SDK, before a station that shows a scenario.</summary>
public sealed partial class AppTests : IAsyncLifetime
{
    private readonly Members _members = new();
    private FakeStation _station = null!;
    private WebApplication _app = null!;
    private HttpClient _browser = null!;

    public async Task InitializeAsync()
    {
        _station = await FakeStation.StartAsync(_members);
        var scenario = new Scenario(_members, DateTimeOffset.UtcNow);
        _station.View = scenario.Consortium();
        _station.Rounds.AddRange([scenario.Running(), .. scenario.History()]);
        var consortium = Consortium.Connect(new ConsortiumOptions { Address = new Uri(_station.Address), Roster = _members.Roster, Identity = _members.Auditor, Time = TimeProvider.System });
        var options = new DashboardOptions { Station = new Uri(_station.Address), RosterFile = "", KeyFile = "", Listen = new Uri("http://127.0.0.1:0"), SignIn = SignInMode.Off };
        _app = DashboardApp.Build(options, consortium, TimeProvider.System);
        var live = LiveAsync();
        await _app.StartAsync();
        await live.Guard();
        _browser = new HttpClient { BaseAddress = new Uri(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()) };
    }

    public async Task DisposeAsync()
    {
        _browser.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        await _station.DisposeAsync();
        _members.Dispose();
    }

    [Fact]
    public async Task First_answer_holds_the_deck_before_any_script_runs()
    {
        var html = await _browser.GetStringAsync("/").Guard();
        Assert.Contains("Outer Clinics", html);
        Assert.Contains("Blood pressure by decade", html);
    }

    [Theory]
    [InlineData("/", HttpStatusCode.OK)]
    [InlineData("/rounds", HttpStatusCode.OK)]
    [InlineData("/help", HttpStatusCode.OK)]
    [InlineData("/health", HttpStatusCode.OK)]
    [InlineData("/nowhere", HttpStatusCode.NotFound)]
    public async Task Every_answer_carries_the_policy(string path, HttpStatusCode status)
    {
        using var answer = await _browser.GetAsync(path).Guard();
        Assert.Equal(status, answer.StatusCode);
        var policy = string.Join(';', answer.Headers.GetValues("Content-Security-Policy"));
        Assert.Contains("script-src 'self'", policy);
        Assert.Contains("frame-ancestors 'none'", policy);
        Assert.DoesNotContain("unsafe-eval", policy);
        Assert.Equal("nosniff", string.Join("", answer.Headers.GetValues("X-Content-Type-Options")));
    }

    [Fact]
    public async Task Missing_page_is_a_page()
    {
        using var answer = await _browser.GetAsync("/nowhere").Guard();
        Assert.Contains("Nothing orbits here", await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task What_a_page_loads_comes_from_the_dashboard_itself_and_may_be_kept()
    {
        var html = await _browser.GetStringAsync("/").Guard();
        var loaded = Loads().Matches(html).Select(m => m.Groups[1].Value).ToArray();
        Assert.True(loaded.Length >= 4);
        foreach (var url in loaded)
        {
            Assert.StartsWith("/_deck/", url, StringComparison.Ordinal);
            using var answer = await _browser.GetAsync(url).Guard();
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Contains("immutable", answer.Headers.CacheControl!.ToString());
        }

        foreach (var text in new[] { html, EmbeddedAssets.Text("deck.css"), EmbeddedAssets.Text("deck.js") })
            Assert.DoesNotContain(Foreign().Matches(text).Select(m => m.Value), url => !url.StartsWith("http://www.w3.org/", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Request_under_a_foreign_name_is_refused()
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/") { Headers = { Host = "evil.example" } };
        using var answer = await _browser.SendAsync(request).Guard();
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
    }

    [Fact]
    public async Task Health_says_how_the_station_is_and_stays_well_without_it()
    {
        Assert.Contains("\"station\":\"live\"", await _browser.GetStringAsync("/health").Guard());
        var gone = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var store = _app.Services.GetRequiredService<DeckStore>();
        using var watch = store.Changed.Add(() =>
        {
            if (store.Current.Link == StationLink.Offline) gone.TrySetResult();
        });
        await _station.DownAsync();
        await gone.Task.Guard();
        var health = await _browser.GetStringAsync("/health").Guard();
        Assert.Contains("\"status\":\"ok\"", health);
        Assert.Contains("\"station\":\"offline\"", health);
        Assert.Contains("Station offline", await _browser.GetStringAsync("/").Guard());
    }

    [Theory]
    [InlineData("http://0.0.0.0:7480", "local", null, "--proxy")]
    [InlineData("http://deck.example:7480", "oidc", null, "--proxy")]
    [InlineData("http://0.0.0.0:7480", "off", "10.0.0.2", "--sign-in")]
    [InlineData("http://127.0.0.1:7480", "off", "127.0.0.1", "a proxy brings others")]
    [InlineData("http://0.0.0.0:7480", "local", "10.0.0.2", null)]
    [InlineData("https://0.0.0.0:7480", "local", null, null)]
    [InlineData("http://127.0.0.1:7480", "off", null, null)]
    [InlineData("http://localhost:7480", "local", null, null)]
    [InlineData("http://[::1]:7480", "off", null, null)]
    public void Passwords_cross_no_network_in_the_clear_and_without_sign_in_only_this_machine_reads(string listen, string signIn, string? proxy, string? refused)
    {
        var options = new DashboardOptions
        {
            Station = new Uri("https://x"), RosterFile = "", KeyFile = "", Listen = new Uri(listen), SignIn = Enum.Parse<SignInMode>(signIn, ignoreCase: true), Proxy = proxy is null ? null : IPAddress.Parse(proxy),
        };
        if (refused is null) options.CheckListen();
        else Assert.Contains(refused, Assert.Throws<OptionsException>(options.CheckListen).Message);
    }

    [Theory]
    [InlineData("--station is missing")]
    [InlineData("--roster: the file /nowhere does not exist", "--station", "https://127.0.0.1:1", "--roster", "/nowhere")]
    [InlineData("--sign-in is 'maybe'; it must be local, oidc or off", "--sign-in", "maybe")]
    [InlineData("--sign-in oidc needs oidc:authority", "--station", "https://x", "--roster", "/dev/null", "--key", "/dev/null", "--sign-in", "oidc")]
    [InlineData("oidc:roles:king is not a role", "--station", "https://x", "--roster", "/dev/null", "--key", "/dev/null", "--sign-in", "oidc", "--oidc:authority", "https://id", "--oidc:client-id", "deck", "--oidc:roles:king", "x")]
    [InlineData("oidc:authority is 'http://id.example'", "--station", "https://x", "--roster", "/dev/null", "--key", "/dev/null", "--sign-in", "oidc", "--oidc:authority", "http://id.example")]
    [InlineData("--proxy is 'nginx'", "--station", "https://x", "--roster", "/dev/null", "--key", "/dev/null", "--proxy", "nginx")]
    [InlineData("--station is 'nonsense'", "--station", "nonsense", "--roster", "/dev/null", "--key", "/dev/null")]
    public void Wrong_options_name_the_option_and_the_fix(string message, params string[] args) =>
        Assert.Contains(message, Assert.Throws<OptionsException>(() => DashboardOptions.Read(args)).Message);

    private Task LiveAsync()
    {
        var store = _app.Services.GetRequiredService<DeckStore>();
        var live = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        store.Changed.Add(() =>
        {
            if (store.Current.Link == StationLink.Live) live.TrySetResult();
        });
        return live.Task;
    }

    [GeneratedRegex("(?:src|<link[^>]*href)=\"([^\"]+)\"")]
    private static partial Regex Loads();

    [GeneratedRegex("https?://[a-z0-9./-]+")]
    private static partial Regex Foreign();
}
