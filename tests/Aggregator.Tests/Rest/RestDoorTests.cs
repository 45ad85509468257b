using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using SecureAggregation.Accounts;
using SecureAggregation.Aggregator.Hosting;
using SecureAggregation.Testing;

namespace SecureAggregation.Aggregator.Tests.Rest;

/// <summary>How REST is reached: addresses, certificates, proxies, rates, and an OpenID Connect provider.</summary>
public sealed class RestDoorTests
{
    [Theory]
    [InlineData("0.0.0.0:0", "", "", "tokens would cross the network in the open")]
    [InlineData("7480", "", "", "must be an IP address and a port")]
    [InlineData("127.0.0.1:0", "x.pem", "", "come together")]
    [InlineData("127.0.0.1:0", "x.pem", "y.pem", "cannot be used")]
    public async Task Door_that_would_not_do_is_refused_with_the_rule(string listen, string certificate, string key, string rule)
    {
        await using var station = new TestStation(3);
        (station.Options.Rest.Listen, station.Options.Rest.Certificate, station.Options.Rest.CertificateKey) = (listen, certificate, key);
        var problems = station.Options.Problems();
        if (problems.Count > 0) Assert.Contains(rule, Assert.Single(problems), StringComparison.Ordinal);
        else Assert.Contains(rule, (await Assert.ThrowsAsync<StartException>(station.Start)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Certificate_of_the_operator_is_shown()
    {
        await using var station = new TestStation(3);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=rest.example", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(station.Clock.GetUtcNow().AddDays(-1), station.Clock.GetUtcNow().AddDays(1));
        var rest = station.Options.Rest;
        (rest.Listen, rest.Certificate, rest.CertificateKey) = ("127.0.0.1:0", station.Folder.File("rest.pem"), station.Folder.File("rest.key"));
        await File.WriteAllTextAsync(rest.Certificate, certificate.ExportCertificatePem());
        await File.WriteAllTextAsync(rest.CertificateKey, key.ExportPkcs8PrivateKeyPem());
        await station.Start();
        using var handler = new SocketsHttpHandler
        {
            SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, shown, _, _) => ((X509Certificate2)shown!).Thumbprint == certificate.Thumbprint },
        };
        using var client = new HttpClient(handler);
        Assert.Equal("alive\n", await client.GetStringAsync(new Uri(station.Host!.Rest!.Address + "/health")).Guard());
    }

    [Fact]
    public async Task Address_that_asks_too_often_is_told_to_wait_and_one_behind_a_named_proxy_is_not_taken_for_it()
    {
        await using var scene = await RestScene.Open(0, station =>
        {
            station.Options.Rest.Rates.Address = 12;
            station.Options.Rest.Proxies.Add("127.0.0.1");
        });
        for (var i = 0; i < 2; i++) await scene.Ask(HttpStatusCode.OK, "GET", "/ready", null, null, ("X-Forwarded-For", "192.0.2.1"));
        using var many = await scene.Send("GET", "/ready", null, null, ("X-Forwarded-For", "192.0.2.1"));
        Assert.Equal(HttpStatusCode.TooManyRequests, many.StatusCode);
        Assert.InRange(int.Parse(many.Headers.RetryAfter!.ToString(), System.Globalization.CultureInfo.InvariantCulture), 1, 60);
        Assert.Equal("too-many-requests", await scene.Refusal("GET", "/ready", null, null, ("X-Forwarded-For", "192.0.2.1")));
        await scene.Ask(HttpStatusCode.OK, "GET", "/ready", null, null, ("X-Forwarded-For", "192.0.2.2"));
    }

    [Fact]
    public async Task Forwarded_address_of_a_stranger_counts_for_nothing()
    {
        await using var scene = await RestScene.Open(0, station => station.Options.Rest.Rates.Address = 12);
        for (var i = 0; i < 2; i++) await scene.Ask(HttpStatusCode.OK, "GET", "/ready", null, null, ("X-Forwarded-For", $"192.0.2.{i}"));
        Assert.Equal("too-many-requests", await scene.Refusal("GET", "/ready", null, null, ("X-Forwarded-For", "192.0.2.9")));
    }

    [Fact]
    public async Task Identity_that_asks_too_often_waits_and_others_do_not()
    {
        await using var scene = await RestScene.Open(0, station => station.Options.Rest.Rates.Identity = 12);
        var (busy, calm) = (await scene.Key("busy", [Permission.ReadResults]), await scene.Key("calm", [Permission.ReadResults]));
        for (var i = 0; i < 2; i++) await scene.Ask(HttpStatusCode.OK, "GET", "/api/v1/nodes", busy);
        Assert.Equal("too-many-requests", await scene.Refusal("GET", "/api/v1/nodes", busy));
        await scene.Ask(HttpStatusCode.OK, "GET", "/api/v1/nodes", calm);
    }

    [Theory]
    [InlineData("POST", "/api/v1/jobs")]
    [InlineData("POST", "/api/v1/jobs/plan")]
    [InlineData("POST", "/api/v1/accounts")]
    [InlineData("PATCH", "/api/v1/accounts/somebody")]
    [InlineData("POST", "/api/v1/keys")]
    [InlineData("POST", "/api/v1/nothing")]
    public async Task Who_may_not_ask_is_told_so_while_no_byte_of_the_body_has_come(string method, string path)
    {
        await using var scene = await RestScene.Open(0, station => station.Options.Rest.Rates.Identity = 6);
        var (weak, busy) = (await scene.Key("weak", [Permission.ReadTranscript]), await scene.Key("busy", [Permission.ReadTranscript]));
        var exists = !path.EndsWith("nothing", StringComparison.Ordinal);
        Assert.Equal(exists ? "401" : "404", await Status(""));
        Assert.Equal(exists ? "401" : "404", await Status("Authorization: Bearer nonsense\r\n"));
        Assert.Equal(exists ? "403" : "404", await Status($"Authorization: Bearer {weak}\r\n"));
        await scene.Ask(HttpStatusCode.OK, "GET", "/api/v1/acts", busy);
        Assert.Equal("429", await Status($"Authorization: Bearer {busy}\r\n"));

        async Task<string> Status(string header)
        {
            using var tcp = new TcpClient();
            await tcp.ConnectAsync(scene.Client.BaseAddress!.Host, scene.Client.BaseAddress.Port).Guard();
            var stream = tcp.GetStream();
            await stream.WriteAsync(Encoding.ASCII.GetBytes($"{method} {path} HTTP/1.1\r\nHost: station\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n{header}\r\n")).AsTask().Guard();
            using var reader = new StreamReader(stream);
            return (await reader.ReadLineAsync().Guard())!.Split(' ')[1];
        }
    }

    [Fact]
    public async Task Identity_has_32_streams_at_once_and_gets_another_when_one_ends()
    {
        await using var scene = await RestScene.Open();
        var key = await scene.Key("watcher", [Permission.ReadResults]);
        var streams = new List<HttpResponseMessage>();
        for (var i = 0; i < 32; i++) streams.Add(await scene.Send("GET", "/api/v1/events", key));
        Assert.All(streams, s => Assert.Equal(HttpStatusCode.OK, s.StatusCode));
        Assert.Equal("too-many-requests", await scene.Refusal("GET", "/api/v1/nodes", key));
        streams.ForEach(s => s.Dispose());
        HttpStatusCode status;
        do
        {
            using var answer = await scene.Send("GET", "/api/v1/nodes", key);
            status = answer.StatusCode;
        }
        while (status == HttpStatusCode.TooManyRequests);
        Assert.Equal(HttpStatusCode.OK, status);
    }

    [Fact]
    public async Task Sign_ins_of_an_address_have_a_limit_of_their_own()
    {
        await using var scene = await RestScene.Open(0, station => station.Options.Rest.Rates.SignIn = 12);
        for (var i = 0; i < 2; i++) Assert.Equal("sign-in-refused", await scene.Refusal("POST", "/api/v1/auth/token", null, new { grant_type = "password", username = $"n{i}", password = "x" }));
        Assert.Equal("too-many-requests", await scene.Refusal("POST", "/api/v1/auth/token", null, new { grant_type = "password", username = "n", password = "x" }));
        await scene.Ask(HttpStatusCode.OK, "GET", "/ready", null);
    }

    [Fact]
    public async Task Token_of_the_provider_has_the_rights_of_its_roles_and_studies()
    {
        await using var provider = await Provider.Start();
        await using var scene = await RestScene.Open(0, station =>
        {
            var oidc = station.Options.Rest.Oidc;
            (oidc.Authority, oidc.Audience, oidc.StudyClaim) = (provider.Address, "secagg", "studies");
        });
        await scene.Ask(HttpStatusCode.OK, "GET", "/api/v1/jobs", provider.Token("analyst", "heart"));
        Assert.Equal("not-permitted", await scene.Refusal("GET", "/api/v1/acts", provider.Token("analyst", "heart")));
        Assert.Equal("study-not-permitted", await scene.Refusal("POST", "/api/v1/jobs/plan", provider.Token("analyst", "heart"), scene.Job(1, q => q.Study = "lung")));
        await scene.Ask(HttpStatusCode.OK, "GET", "/api/v1/acts", provider.Token("auditor", "heart"));
        Assert.Equal("not-permitted", await scene.Refusal("GET", "/api/v1/jobs", provider.Token("king", "heart")));
        Assert.Equal("token-invalid", await scene.Refusal("GET", "/api/v1/jobs", provider.Token("analyst", "heart", audience: "somebody-else")));
        Assert.Equal("token-expired", await scene.Refusal("GET", "/api/v1/jobs", provider.Token("analyst", "heart", minutes: -10)));
        // The station's own tokens go on beside it.
        await scene.Ask(HttpStatusCode.OK, "GET", "/api/v1/jobs", await scene.Account("ada", [Role.Analyst]));

        using var made = await scene.Send("POST", "/api/v1/keys", provider.Token("admin", "heart"), new { name = "nightly", may = new[] { "read-results" } });
        Assert.Equal(HttpStatusCode.Created, made.StatusCode);
        var act = (await scene.Ask(HttpStatusCode.OK, "GET", "/api/v1/acts?limit=1", provider.Token("auditor", "heart"))).GetProperty("acts")[0];
        Assert.Equal("grace (oidc)", act.GetProperty("by").GetString());
    }

    /// <summary>An OpenID Connect provider as small as one can be: its discovery document and its keys.</summary>
    private sealed class Provider : IAsyncDisposable
    {
        private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        private readonly WebApplication _app;

        private Provider(WebApplication app) => _app = app;

        public string Address => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

        public static async Task<Provider> Start()
        {
            var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
            builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
            builder.Services.AddRoutingCore();
            var provider = new Provider(builder.Build());
            provider._app.UseRouting();
            provider._app.MapGet("/.well-known/openid-configuration", () => Results.Json(new { issuer = provider.Address, jwks_uri = provider.Address + "/keys" }));
            provider._app.MapGet("/keys", () =>
            {
                var point = provider._key.ExportParameters(includePrivateParameters: false).Q;
                return Results.Json(new { keys = new[] { new { kty = "EC", crv = "P-256", use = "sig", kid = "one", alg = "ES256", x = Base64UrlEncoder.Encode(point.X!), y = Base64UrlEncoder.Encode(point.Y!) } } });
            });
            await provider._app.StartAsync().Guard();
            return provider;
        }

        public string Token(string role, string study, string audience = "secagg", int minutes = 5)
        {
            var now = TimeProvider.System.GetUtcNow().UtcDateTime;
            return new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
            {
                Issuer = Address, Audience = audience, NotBefore = now.AddMinutes(-20), IssuedAt = now.AddMinutes(-20), Expires = now.AddMinutes(minutes),
                SigningCredentials = new SigningCredentials(new ECDsaSecurityKey(_key) { KeyId = "one" }, SecurityAlgorithms.EcdsaSha256),
                Claims = new Dictionary<string, object> { ["sub"] = "17", ["preferred_username"] = "grace", ["roles"] = new[] { role }, ["studies"] = new[] { study } },
            });
        }

        public async ValueTask DisposeAsync()
        {
            await _app.DisposeAsync();
            _key.Dispose();
        }
    }
}
