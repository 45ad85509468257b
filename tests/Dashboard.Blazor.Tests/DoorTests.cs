using System.Net;
using System.Security.Cryptography;
using AngleSharp.Html.Parser;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using SecureAggregation.Accounts;
using SecureAggregation.Dashboard.Blazor.Security;
using SecureAggregation.Dashboard.Blazor.Urls;
using SecureAggregation.Testing;

namespace SecureAggregation.Dashboard.Blazor.Tests;

/// <summary>Who is let in, by the whole application on a free port.</summary>
public sealed class DoorTests : IAsyncLifetime
{
    private const string Password = "four words nobody links";
    private readonly string _folder = Directory.CreateTempSubdirectory("door").FullName;
    private WebApplication _app = null!;
    private Uri _address = null!;

    private DeckAccounts Accounts => _app.Services.GetRequiredService<DeckAccounts>();

    public async Task InitializeAsync() => (_app, _address) = await StartAsync(new DashboardOptions
    {
        Station = new Uri("https://station"), RosterFile = "", KeyFile = "", Listen = new Uri("http://127.0.0.1:0"), SignIn = SignInMode.Local, DataFolder = _folder,
    });

    public async Task DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/rounds")]
    [InlineData("/rounds/00112233445566778899aabbccddeeff")]
    [InlineData("/access")]
    [InlineData("/help")]
    [InlineData("/account")]
    [InlineData("/nowhere")]
    [InlineData("/_blazor/negotiate")]
    public async Task Stranger_is_sent_to_the_door(string path)
    {
        using var browser = Browser();
        using var answer = await browser.GetAsync(path).Guard();
        Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
        Assert.Equal("/sign-in", answer.Headers.Location!.IsAbsoluteUri ? answer.Headers.Location.AbsolutePath : answer.Headers.Location.OriginalString.Split('?')[0]);
        Assert.DoesNotContain("Outer Clinics", await answer.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("/sign-in")]
    [InlineData("/denied")]
    [InlineData("/welcome?code=nonsense")]
    [InlineData("/health")]
    public async Task Door_itself_is_open_and_says_nothing_of_the_consortium(string path)
    {
        using var browser = Browser();
        var html = await browser.GetStringAsync(path).Guard();
        Assert.DoesNotContain("Outer Clinics", html);
    }

    [Fact]
    public async Task First_link_makes_the_first_account_once_and_signs_in()
    {
        var code = _app.Services.GetRequiredService<Invitations>().Issue([Role.Admin, Role.Auditor], "test");
        using var browser = Browser();
        using var made = await PostAsync(browser, DeckUrls.Invitation(code), ("Input.Name", "ada"), ("Input.Password", Password), ("Input.Again", Password));
        Assert.Equal(HttpStatusCode.Redirect, made.StatusCode);
        var cookie = made.Headers.GetValues("Set-Cookie").Single(c => c.StartsWith("secagg-deck=", StringComparison.Ordinal));
        Assert.Contains("httponly", cookie);
        Assert.Contains("samesite=strict", cookie);
        Assert.Contains("Station", await browser.GetStringAsync("/").Guard());
        Assert.Equal([Role.Admin, Role.Auditor], Accounts.Book.All.Single().Roles);

        using var second = Browser();
        Assert.Contains("used up", await second.GetStringAsync(DeckUrls.Invitation(code)).Guard());
    }

    [Theory]
    [InlineData("ada", "short", "short", "at least 12")]
    [InlineData("ada", Password, "another one altogether", "type the same into both fields")]
    [InlineData("ad a", Password, Password, "letters")]
    [InlineData("grace", Password, Password, "grace is taken; choose another")]
    [InlineData("Operator", Password, Password, "Operator is taken; choose another")]
    public async Task Rule_that_an_invited_person_breaks_is_said_and_the_link_stays_good(string name, string password, string again, string rule)
    {
        await AddAsync("grace", [Role.Admin]);
        var invitations = _app.Services.GetRequiredService<Invitations>();
        var code = invitations.Issue([Role.Auditor], "test");
        using var browser = Browser();
        using var answer = await PostAsync(browser, DeckUrls.Invitation(code), ("Input.Name", name), ("Input.Password", password), ("Input.Again", again));
        Assert.Contains(rule, await answer.Content.ReadAsStringAsync());
        Assert.NotNull(invitations.Find(code));
        Assert.Single(Accounts.Book.All);
    }

    [Fact]
    public async Task Person_comes_in_by_password_and_leaves()
    {
        await AddAsync("ada", [Role.Admin]);
        using var browser = Browser();
        using var wrong = await PostAsync(browser, "/sign-in", ("Input.Name", "ada"), ("Input.Password", Password + "!"));
        Assert.Contains("type both again, capitals count. Who forgot the password asks an administrator", await wrong.Content.ReadAsStringAsync());
        using var right = await PostAsync(browser, "/sign-in?to=%2Frounds", ("Input.Name", "ada"), ("Input.Password", Password));
        Assert.Equal(new Uri(_address, "/rounds"), new Uri(_address, right.Headers.Location!));
        Assert.Contains("ada", await browser.GetStringAsync("/account").Guard());

        using var left = await PostAsync(browser, "/account", "/sign-out");
        Assert.Equal("/sign-in", left.Headers.Location!.OriginalString);
        using var after = await browser.GetAsync("/").Guard();
        Assert.Equal(HttpStatusCode.Redirect, after.StatusCode);
    }

    [Theory]
    [InlineData("https://evil.example/")]
    [InlineData("//evil.example")]
    [InlineData("/\\evil.example")]
    [InlineData("javascript:alert(1)")]
    public async Task Door_leads_nowhere_else(string target)
    {
        await AddAsync("ada", [Role.Admin]);
        using var browser = Browser();
        using var answer = await PostAsync(browser, "/sign-in?to=" + Uri.EscapeDataString(target), ("Input.Name", "ada"), ("Input.Password", Password));
        Assert.Equal(_address, new Uri(_address, answer.Headers.Location!));
    }

    [Fact]
    public async Task Form_without_its_token_is_refused()
    {
        await AddAsync("ada", [Role.Admin]);
        using var browser = Browser();
        using var body = new FormUrlEncodedContent(new Dictionary<string, string> { ["_handler"] = "sign-in", ["Input.Name"] = "ada", ["Input.Password"] = Password });
        using var answer = await browser.PostAsync("/sign-in", body).Guard();
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.False(answer.Headers.Contains("Set-Cookie") && answer.Headers.GetValues("Set-Cookie").Any(c => c.StartsWith("secagg-deck", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Guessing_is_slowed_by_name_and_stopped_by_address()
    {
        await AddAsync("ada", [Role.Admin]);
        using var browser = Browser();
        for (var i = 0; i < 5; i++) (await PostAsync(browser, "/sign-in", ("Input.Name", "ada"), ("Input.Password", "wrong wrong " + i))).Dispose();
        using var slowed = await PostAsync(browser, "/sign-in", ("Input.Name", "ada"), ("Input.Password", Password));
        Assert.Contains("wait", await slowed.Content.ReadAsStringAsync());
        HttpResponseMessage? stopped = null;
        for (var i = 0; i < 10 && stopped?.StatusCode != HttpStatusCode.TooManyRequests; i++)
        {
            stopped?.Dispose();
            stopped = await PostAsync(browser, "/sign-in", ("Input.Name", "bob"), ("Input.Password", "wrong"));
        }

        Assert.Equal(HttpStatusCode.TooManyRequests, stopped!.StatusCode);
        Assert.InRange(stopped.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);
        stopped.Dispose();
    }

    [Fact]
    public async Task Session_ends_with_its_account_and_with_another_password()
    {
        await AddAsync("root", [Role.Admin]);
        await AddAsync("ada", [Role.Auditor]);
        using var browser = await SignedInAsync("ada");
        Assert.Contains("ada", await browser.GetStringAsync("/account").Guard());
        using (var refused = await PostAsync(browser, "/account", ("Input.Old", "no such words here"), ("Input.New", "some other four words"))) Assert.Contains("type the one that you signed in with", await refused.Content.ReadAsStringAsync());
        using (var changed = await PostAsync(browser, "/account", ("Input.Old", Password), ("Input.New", "some other four words"))) Assert.Contains("is changed", await changed.Content.ReadAsStringAsync());
        Assert.Contains("ada", await browser.GetStringAsync("/account").Guard());
        await Accounts.RemoveAsync("root", "ada");
        using var answer = await browser.GetAsync("/account").Guard();
        Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
    }

    [Fact]
    public async Task Session_outlives_a_restart_of_the_dashboard()
    {
        await AddAsync("ada", [Role.Admin]);
        var cookies = new CookieContainer();
        using var browser = await SignedInAsync("ada", cookies);
        var (again, address) = await StartAsync(_app.Services.GetRequiredService<DashboardOptions>());
        await using (again)
        {
            // Cookies know hosts, not ports.
            using var other = Client(address, cookies);
            Assert.Contains("ada", await other.GetStringAsync("/account").Guard());
            await again.StopAsync();
        }
    }

    [Theory]
    [InlineData(Role.Admin)]
    [InlineData(Role.Coordinator)]
    [InlineData(Role.Member)]
    [InlineData(Role.Analyst)]
    [InlineData(Role.Auditor)]
    public async Task Every_role_reads_the_deck_and_only_administrators_see_accounts(Role role)
    {
        await AddAsync("root", [Role.Admin]);
        await AddAsync("ada", [role]);
        using var browser = await SignedInAsync("ada");
        foreach (var path in new[] { "/", "/rounds", "/help", "/account" })
        {
            using var answer = await browser.GetAsync(path).Guard();
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        }

        Assert.Equal(role == Role.Admin, (await browser.GetStringAsync("/access").Guard()).Contains("Invite somebody", StringComparison.Ordinal));
    }

    private static HttpClient Client(Uri address, CookieContainer? cookies = null) =>
        new(new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = cookies ?? new CookieContainer() }) { BaseAddress = address };

    private static async Task<(WebApplication App, Uri Address)> StartAsync(DashboardOptions options)
    {
        var app = DashboardApp.Build(options, new FakeConsortium(), TimeProvider.System);
        await app.StartAsync();
        return (app, new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()));
    }

    private Task<Account> AddAsync(string name, Role[] roles) => Accounts.ChangeAsync("test", book => book.Add(name, Password, roles)).Guard();

    private HttpClient Browser() => Client(_address);

    private async Task<HttpClient> SignedInAsync(string name, CookieContainer? cookies = null)
    {
        var browser = Client(_address, cookies);
        using var answer = await PostAsync(browser, "/sign-in", ("Input.Name", name), ("Input.Password", Password));
        Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
        return browser;
    }

    private static Task<HttpResponseMessage> PostAsync(HttpClient browser, string page, params (string Name, string Value)[] fields) => PostAsync(browser, page, null, fields);

    /// <summary>Fills in the first form of a page (or the one that goes to <paramref name="action"/>), as a browser would.</summary>
    private static async Task<HttpResponseMessage> PostAsync(HttpClient browser, string page, string? action, params (string Name, string Value)[] fields)
    {
        using var shown = new HtmlParser().ParseDocument(await browser.GetStringAsync(page).Guard());
        var form = shown.QuerySelectorAll("form").First(f => action is null || f.GetAttribute("action") == action);
        var values = form.QuerySelectorAll("input[type=hidden]").ToDictionary(i => i.GetAttribute("name")!, i => i.GetAttribute("value") ?? "");
        foreach (var (name, value) in fields) values[name] = value;
        using var body = new FormUrlEncodedContent(values);
        return await browser.PostAsync(action ?? page, body).Guard();
    }
}
