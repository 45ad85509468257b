using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using SecureAggregation.Accounts;
using SecureAggregation.Testing;

namespace SecureAggregation.Dashboard.Blazor.Tests;

/// <summary>Sign-in through a provider that speaks OpenID Connect Core 1.0 (code flow with PKCE) and checks what the dashboard sends.</summary>
public sealed class ProviderTests : IAsyncLifetime
{
    private const string Client = "deck";
    private const string Secret = "provider-knows-this";
    private readonly RSA _key = RSA.Create(2048);
    private readonly Dictionary<string, (string Challenge, string Nonce)> _codes = [];
    private WebApplication _provider = null!;
    private WebApplication _app = null!;
    private Uri _issuer = null!;
    private Uri _address = null!;
    private string[] _groups = ["secagg-auditors", "football"];

    public async Task InitializeAsync()
    {
        _provider = Provider();
        await _provider.StartAsync();
        _issuer = AddressOf(_provider);
        _app = DashboardApp.Build(
            new DashboardOptions
            {
                Station = new Uri("https://station"), RosterFile = "", KeyFile = "", Listen = new Uri("http://127.0.0.1:0"), SignIn = SignInMode.Oidc,
                Oidc = new OidcOptions(_issuer, Client, Secret, "groups", new Dictionary<string, Role> { ["secagg-auditors"] = Role.Auditor, ["secagg-askers"] = Role.Coordinator }),
            },
            new FakeConsortium(),
            TimeProvider.System);
        await _app.StartAsync();
        _address = AddressOf(_app);
    }

    public async Task DisposeAsync()
    {
        await _app.DisposeAsync();
        await _provider.DisposeAsync();
        _key.Dispose();
    }

    [Fact]
    public async Task Person_of_a_named_group_comes_in_with_its_role_to_the_page_that_was_asked_for()
    {
        using var browser = Browser();
        using var done = await FollowAsync(browser, "/rounds");
        var page = await done.Content.ReadAsStringAsync();
        Assert.Equal(HttpStatusCode.OK, done.StatusCode);
        Assert.Contains("url=/rounds", page);
        var cookie = done.Headers.GetValues("Set-Cookie").Single(c => c.StartsWith("secagg-deck=", StringComparison.Ordinal));
        Assert.Contains("samesite=strict", cookie);
        var account = await browser.GetStringAsync(new Uri(_address, "/account")).Guard();
        Assert.Contains("ada@clinic.example", account);
        Assert.Contains("auditor", account);
        Assert.DoesNotContain("coordinator,", account);
        Assert.DoesNotContain("Change your password", account);
    }

    [Fact]
    public async Task Person_of_no_named_group_is_not_admitted()
    {
        _groups = ["football"];
        using var browser = Browser();
        using var done = await FollowAsync(browser, "/");
        Assert.Equal(HttpStatusCode.Redirect, done.StatusCode);
        Assert.Equal("/denied", done.Headers.Location!.OriginalString);
        using var still = await browser.GetAsync(new Uri(_address, "/rounds")).Guard();
        Assert.Equal(HttpStatusCode.Redirect, still.StatusCode);
    }

    [Fact]
    public async Task Answer_that_nobody_asked_for_is_not_admitted()
    {
        using var browser = Browser();
        using var answer = await browser.GetAsync(new Uri(_address, "/signin-oidc?code=x&state=y")).Guard();
        Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
        Assert.Equal("/denied", answer.Headers.Location!.OriginalString);
    }

    private static HttpClient Browser() => new(new SocketsHttpHandler { AllowAutoRedirect = false, CookieContainer = new CookieContainer() });

    private static Uri AddressOf(WebApplication app) => new(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    /// <summary>From a page of the deck to the provider and back, up to the answer to the provider's redirect.</summary>
    private async Task<HttpResponseMessage> FollowAsync(HttpClient browser, string page)
    {
        using var challenged = await browser.GetAsync(new Uri(_address, page)).Guard();
        Assert.Equal(_issuer.Authority, challenged.Headers.Location!.Authority);
        using var agreed = await browser.GetAsync(challenged.Headers.Location).Guard();
        Assert.Equal(_address.Authority, agreed.Headers.Location!.Authority);
        return await browser.GetAsync(agreed.Headers.Location).Guard();
    }

    private WebApplication Provider()
    {
        var builder = WebApplication.CreateBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.MapGet("/.well-known/openid-configuration", () => Results.Json(new Dictionary<string, object>
        {
            ["issuer"] = Issuer, ["authorization_endpoint"] = Issuer + "authorize", ["token_endpoint"] = Issuer + "token", ["jwks_uri"] = Issuer + "keys",
            ["response_types_supported"] = new[] { "code" }, ["id_token_signing_alg_values_supported"] = new[] { "RS256" },
        }));
        app.MapGet("/keys", () =>
        {
            var key = _key.ExportParameters(includePrivateParameters: false);
            return Results.Json(new { keys = new[] { new { kty = "RSA", use = "sig", kid = "1", alg = "RS256", n = WebEncoders.Base64UrlEncode(key.Modulus!), e = WebEncoders.Base64UrlEncode(key.Exponent!) } } });
        });
        app.MapGet("/authorize", (HttpRequest request) =>
        {
            var query = request.Query;
            Assert.Equal("S256", query["code_challenge_method"]);
            Assert.Equal(Client, query["client_id"]);
            var code = Guid.CreateVersion7().ToString("N");
            _codes.Add(code, (query["code_challenge"]!, query["nonce"]!));
            return Results.Redirect($"{query["redirect_uri"]}?code={code}&state={Uri.EscapeDataString(query["state"]!)}");
        });
        app.MapPost("/token", async (HttpRequest request) =>
        {
            var form = await request.ReadFormAsync();
            if (!_codes.Remove(form["code"]!, out var asked) || form["client_secret"] != Secret) return Results.BadRequest();
            return WebEncoders.Base64UrlEncode(SHA256.HashData(Encoding.ASCII.GetBytes(form["code_verifier"]!))) == asked.Challenge
                ? Results.Json(new { access_token = "unused", token_type = "Bearer", id_token = Token(asked.Nonce) })
                : Results.BadRequest();
        });
        return app;
    }

    private string Issuer => _issuer.ToString();

    private string Token(string nonce)
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var head = Part(new { alg = "RS256", typ = "JWT", kid = "1" });
        var body = Part(new { iss = Issuer, aud = Client, sub = "17", iat = now, exp = now + 300, nonce, preferred_username = "ada@clinic.example", groups = _groups });
        var signature = _key.SignData(Encoding.ASCII.GetBytes($"{head}.{body}"), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        return $"{head}.{body}.{WebEncoders.Base64UrlEncode(signature)}";
    }

    private static string Part(object value) => WebEncoders.Base64UrlEncode(JsonSerializer.SerializeToUtf8Bytes(value));
}
