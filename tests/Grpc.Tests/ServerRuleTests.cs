using System.Net;
using System.Security.Claims;
using System.Text.Encodings.Web;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using SecureAggregation.Grpc.Tests.Interop;
using SecureAggregation.Testing;

namespace SecureAggregation.Grpc.Tests;

/// <summary>What the server answers to requests that break a rule, and what it tells of its own failures.</summary>
public sealed class ServerRuleTests
{
    private static readonly byte[] s_ask = RawRequest.Frame(new Ask { Text = "a" }.ToByteArray());

    [Fact]
    public async Task Good_request_has_its_status_in_the_trailers()
    {
        await using var server = await TestServer.StartAsync();
        var seen = await RawRequest.SendAsync(server, s_ask);
        Assert.Equal(("0", HttpStatusCode.OK, false), (seen.Status, seen.Http, seen.InHeaders));
        Assert.Equal("a", Answer.Parser.ParseFrom(seen.Body.AsSpan(5)).Text);
    }

    public static TheoryData<string, byte[]> BrokenBodies => new()
    {
        { "13", [] },
        { "13", [0, 0, 0] },
        { "13", RawRequest.Frame([10, 1], length: 3) },
        { "13", RawRequest.Frame([10, 200]) },
        { "13", RawRequest.Frame([10, 1, 97], flag: 1) },
        { "13", RawRequest.Frame([10, 1, 97], flag: 7) },
        { "13", [.. s_ask, .. s_ask] },
        { "8", RawRequest.Frame([10, 1, 97], length: uint.MaxValue) },
        { "8", RawRequest.Frame([10, 1, 97], length: (4 << 20) + 1) },
    };

    [Theory]
    [MemberData(nameof(BrokenBodies))]
    public async Task Broken_body_is_refused_in_the_headers(string status, byte[] body)
    {
        await using var server = await TestServer.StartAsync();
        var seen = await RawRequest.SendAsync(server, body);
        Assert.Equal((status, HttpStatusCode.OK, true), (seen.Status, seen.Http, seen.InHeaders));
        Assert.NotEmpty(seen.Message);
    }

    [Fact]
    public async Task Huge_length_makes_no_room_for_the_message()
    {
        await using var server = await TestServer.StartAsync(options: o => o.MaxReceiveMessageSize = null);
        await RawRequest.SendAsync(server, s_ask);
        var before = GC.GetTotalAllocatedBytes(precise: true);
        var seen = await RawRequest.SendAsync(server, RawRequest.Frame([1], length: 0x7fff_0000));
        Assert.Equal("13", seen.Status);
        Assert.InRange(GC.GetTotalAllocatedBytes(precise: true) - before, 0, 100 << 20);
    }

    [Theory]
    [InlineData("grpc-encoding", "gzip", "12")]
    [InlineData("grpc-encoding", "identity", "0")]
    [InlineData("grpc-timeout", "soon", "13")]
    [InlineData("grpc-timeout", "0S", "4")]
    [InlineData("grpc-timeout", "99999999H", "0")]
    public async Task Header_of_the_protocol_is_obeyed(string name, string value, string status)
    {
        await using var server = await TestServer.StartAsync();
        Assert.Equal(status, (await RawRequest.SendAsync(server, s_ask, header: (name, value))).Status);
    }

    [Theory]
    [InlineData("/interop.v1.Echo/Nothing", "12")]
    [InlineData("/no.Such/Thing", "12")]
    public async Task Unknown_path_is_unimplemented(string path, string status)
    {
        await using var server = await TestServer.StartAsync();
        var seen = await RawRequest.SendAsync(server, s_ask, path);
        Assert.Equal((status, HttpStatusCode.OK, true), (seen.Status, seen.Http, seen.InHeaders));
    }

    [Theory]
    [InlineData("/interop.v1.Echo/Unary", "application/json", 415)]
    [InlineData("/interop.v1.Echo/Unary", null, 415)]
    [InlineData("/interop.v1.Echo/Unary", "application/grpc-web", 415)]
    [InlineData("/interop.v1.Echo/Nothing", "application/json", 415)]
    [InlineData("/no.Such/Thing", "application/json", 404)]
    public async Task Other_content_is_refused_as_http(string path, string? contentType, int http)
    {
        await using var server = await TestServer.StartAsync();
        var seen = await RawRequest.SendAsync(server, s_ask, path, contentType);
        Assert.Equal((null, http), (seen.Status, (int)seen.Http));
    }

    [Fact]
    public async Task Other_method_is_http_405()
    {
        await using var server = await TestServer.StartAsync();
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await RawRequest.SendAsync(server, s_ask, method: HttpMethod.Put)).Http);
    }

    [Fact]
    public async Task Http_1_1_is_told_to_upgrade()
    {
        await using var server = await TestServer.StartAsync(protocols: HttpProtocols.Http1);
        Assert.Equal(HttpStatusCode.UpgradeRequired, (await RawRequest.SendAsync(server, s_ask, version: HttpVersion.Version11)).Http);
    }

    [Theory]
    [InlineData(null, "Exception was thrown by handler.")]
    [InlineData(true, "Exception was thrown by handler. InvalidOperationException: a secret of the server")]
    public async Task Exception_is_unknown_and_tells_nothing_unless_asked_to(bool? detailed, string expected)
    {
        await using var server = await TestServer.StartAsync(options: o => o.EnableDetailedErrors = detailed);
        var seen = await RawRequest.SendAsync(server, RawRequest.Frame(new Ask { Text = "throw" }.ToByteArray()));
        Assert.Equal(("2", expected), (seen.Status, seen.Message));
    }

    [Fact]
    public async Task Answer_over_the_servers_limit_is_refused_before_it_is_sent()
    {
        await using var server = await TestServer.StartAsync(options: o => o.MaxSendMessageSize = 1000);
        var seen = await RawRequest.SendAsync(server, RawRequest.Frame(new Ask { Size = 2000 }.ToByteArray()));
        Assert.Equal(("8", 0), (seen.Status, seen.Body.Length));
    }

    [Fact]
    public async Task One_service_can_have_limits_of_its_own()
    {
        await using var server = await TestServer.StartAsync(
            options: o => o.MaxReceiveMessageSize = 5,
            services: s => s.AddGrpc(_ => { }).AddServiceOptions<EchoService>(o => o.MaxReceiveMessageSize = 100));
        var hundred = RawRequest.Frame(new Ask { Text = new string('a', 98) }.ToByteArray());
        Assert.Equal("0", (await RawRequest.SendAsync(server, hundred)).Status);
        var more = RawRequest.Frame(new Ask { Text = new string('a', 99) }.ToByteArray());
        Assert.Equal("8", (await RawRequest.SendAsync(server, more)).Status);
        Assert.Equal("8", (await RawRequest.SendAsync(server, hundred, "/grpc.health.v1.Health/Check")).Status);
    }

    [Fact]
    public async Task Idle_and_slow_streams_are_not_cut()
    {
        await using var server = await TestServer.StartAsync(
            services: s => s.Configure<KestrelServerOptions>(k => k.Limits.MaxRequestBodySize = 1000));
        using var channel = server.Channel();
        using var call = new Echo.EchoClient(channel).Up();
        await call.RequestStream.WriteAsync(new Ask { Data = ByteString.CopyFrom(new byte[100_000]) }).Guard();
        await call.RequestStream.CompleteAsync();
        Assert.Equal(100_000, (await call.ResponseAsync.Guard()).Bytes);
        var limits = server.Services.GetRequiredService<IOptions<KestrelServerOptions>>().Value.Limits;
        Assert.Null(limits.MinResponseDataRate);
    }

    [Fact]
    public async Task Authorization_guards_every_method_and_the_unknown_ones()
    {
        await using var server = await TestServer.StartAsync(
            services: s =>
            {
                s.AddAuthentication("test").AddScheme<AuthenticationSchemeOptions, HeaderAuthentication>("test", null);
                s.AddAuthorization();
            },
            app: a => a.MapGroup("/guarded").MapGrpcService<EchoService>().RequireAuthorization(p => p.RequireClaim("role", "party")));
        const string path = "/guarded/interop.v1.Echo/";
        Assert.Equal(HttpStatusCode.Unauthorized, (await RawRequest.SendAsync(server, s_ask, path + "Unary")).Http);
        Assert.Equal(HttpStatusCode.Unauthorized, (await RawRequest.SendAsync(server, s_ask, path + "Nothing")).Http);
        var stranger = await RawRequest.SendAsync(server, s_ask, path + "Unary", header: ("x-role", "stranger"));
        Assert.Equal(HttpStatusCode.Forbidden, stranger.Http);
        Assert.Equal("0", (await RawRequest.SendAsync(server, s_ask, path + "Unary", header: ("x-role", "party"))).Status);
    }

    [Fact]
    public async Task Service_sees_the_connection()
    {
        var seen = new List<string?>();
        Action<ServerCallContext> look = call => seen.AddRange(
        [
            call.Peer[..15],
            call.Method,
            call.Host,
            call.AuthContext.PeerIdentity.Single().Value,
            call.GetHttpContext().Connection.ClientCertificate?.Subject,
        ]);
        await using var server = await TestServer.StartAsync(tls: true, services: s => s.AddSingleton(look));
        using var channel = server.Channel();
        await new Echo.EchoClient(channel).UnaryAsync(new Ask()).ResponseAsync.Guard();
        Assert.Equal(["ipv4:127.0.0.1:", "/interop.v1.Echo/Unary", $"127.0.0.1:{server.Port}", "party-1", "CN=party-1"], seen);
    }

    [Fact]
    public void Mapping_says_what_is_missing()
    {
        Assert.Contains("AddGrpc", Refusal(_ => { }, app => app.MapGrpcService<EchoService>()), StringComparison.Ordinal);
        Assert.Contains("no gRPC service", Refusal(s => s.AddGrpc(), app => app.MapGrpcService<EchoLog>()), StringComparison.Ordinal);

        static string Refusal(Action<IServiceCollection> services, Action<WebApplication> map)
        {
            var builder = WebApplication.CreateSlimBuilder();
            services(builder.Services);
            using var app = (IDisposable)builder.Build();
            return Assert.Throws<InvalidOperationException>(() => map((WebApplication)app)).Message;
        }
    }

    private sealed class HeaderAuthentication(IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logs, UrlEncoder url)
        : AuthenticationHandler<AuthenticationSchemeOptions>(options, logs, url)
    {
        protected override Task<AuthenticateResult> HandleAuthenticateAsync()
        {
            var role = Request.Headers["x-role"].ToString();
            return Task.FromResult(role.Length == 0
                ? AuthenticateResult.NoResult()
                : AuthenticateResult.Success(new(new ClaimsPrincipal(new ClaimsIdentity([new Claim("role", role)], "test")), Scheme.Name)));
        }
    }
}
