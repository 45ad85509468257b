using System.Net;
using System.Net.Http.Headers;
using Google.Protobuf;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Grpc.HealthCheck;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using SecureAggregation.Aggregator.Hosting;
using SecureAggregation.Aggregator.Security;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Aggregator.Tests;

/// <summary>Whoever may not call is answered before a byte of the call's body is read.</summary>
public sealed class CallGateTests
{
    private static readonly byte[] s_garbage = [0, 0, 0, 0, 4, 255, 255, 255, 255];

    [Fact]
    public async Task Every_method_answers_whom_it_is_not_for_while_no_byte_of_the_body_has_come()
    {
        await using var station = new TestStation(3);
        await station.Start();
        var (consortium, wrong) = (station.Consortium, new List<string>());
        using var unknown = IdentityKey.Generate();
        using var nobody = new Raw(station, null);
        using var stranger = new Raw(station, unknown);
        using var expired = new Raw(station, consortium.Coordinator, TimeSpan.FromDays(-1));
        (Raw Who, Security.Roles Role)[] members = [(new(station, consortium.Parties[0]), Security.Roles.Party), (new(station, consortium.Coordinator), Security.Roles.Coordinator), (new(station, consortium.Auditor), Security.Roles.Auditor)];
        var refused = 0;
        foreach (var (call, rule) in Rules(station.Host!))
        {
            foreach (var who in new[] { nobody, stranger, expired }) await Is(who, "16");
            foreach (var (who, _) in members.Where(m => (m.Role & rule) == Security.Roles.None)) await Is(who, "7");

            async Task Is(Raw who, string expected)
            {
                using var response = await who.Send(call, new Withheld()).Guard();
                refused++;
                if (response.StatusCode != HttpStatusCode.OK || Status(response) != expected || Message(response).Length == 0) wrong.Add($"{call}: {response}");
            }
        }

        foreach (var (who, _) in members) who.Dispose();
        Assert.True(wrong.Count == 0, string.Join("\n", wrong));
        Assert.NotEqual(0, refused);
    }

    [Fact]
    public async Task Strangers_fill_no_log_and_write_nothing_of_their_own_into_it()
    {
        await using var station = new TestStation(3);
        await station.Start();
        using var nobody = new Raw(station, null);
        using var party = new Raw(station, station.Consortium.Parties[0]);
        for (var i = 0; i < 50; i++) (await nobody.Send($"/x.Made{i}/Up%0A1105%20All%20is%20well", new Withheld()).Guard()).Dispose();
        for (var i = 0; i < 50; i++) (await party.Send("/secagg.v1.Coordination/SubmitQuery", new Withheld()).Guard()).Dispose();
        Assert.Equal((20, 50), (Lines("that does not exist"), Lines("SubmitQuery")));
        Assert.DoesNotContain("Made", station.Logs.Lines.Where(l => l.Id >= 1000).Aggregate("", (text, l) => text + l.Text), StringComparison.Ordinal);

        station.Clock.Advance(TimeSpan.FromMinutes(1));
        (await nobody.Send("/secagg.v1.Station/Attend", new Withheld()).Guard()).Dispose();
        Assert.Equal(1, Lines("/secagg.v1.Station/Attend"));
        Assert.Contains("30 more calls", station.Logs.Lines.Single(l => l.Id == 1108).Text, StringComparison.Ordinal);

        int Lines(string about) => station.Logs.Lines.Count(l => l.Id == 1105 && l.Text.Contains(about, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Garbage_without_a_certificate_is_unauthenticated_and_only_from_a_member_unreadable()
    {
        await using var station = new TestStation(3);
        await station.Start();
        using var nobody = new Raw(station, null);
        using var member = new Raw(station, station.Consortium.Auditor);
        foreach (var (call, _) in Rules(station.Host!))
        {
            using var refused = await nobody.Send(call, new ByteArrayContent(s_garbage)).Guard();
            Assert.Equal("16", Status(refused));
            Assert.Contains("No client certificate came with the call", Message(refused), StringComparison.Ordinal);
        }

        using var read = await member.Send("/secagg.v1.Coordination/GetConsortium", new ByteArrayContent(s_garbage)).Guard();
        Assert.Equal("13", Status(read));
    }

    [Theory]
    [InlineData("/secagg.v1.Station/Attend")]
    [InlineData("/secagg.v1.Coordination/SubmitQuery")]
    [InlineData("/secagg.v1.Nothing/AtAll")]
    public async Task Nothing_of_a_large_body_is_taken_beyond_what_may_be_sent_ahead(string call)
    {
        await using var station = new TestStation(20);
        await station.Start();
        using var nobody = new Raw(station, null);
        var body = new Counted(32 << 20);
        using var response = await nobody.Send(call, body).Guard();
        Assert.Equal("16", Status(response));
        Assert.Empty(await response.Content.ReadAsByteArrayAsync().Guard());
        // What HTTP/2 lets a client send before it has heard from the server, and two of the buffers on the client's own side.
        Assert.InRange(body.Taken, 0, ConnectionLimits.Window(20) + (256 * 1024));
        // The connection goes on.
        using var health = await nobody.Send("/grpc.health.v1.Health/Check", new ByteArrayContent([0, 0, 0, 0, 0])).Guard();
        Assert.False(health.Headers.Contains("grpc-status"));
    }

    [Fact]
    public async Task Client_sees_the_status_whatever_it_was_about_to_send()
    {
        await using var station = new TestStation(3);
        await station.Start();
        using var channel = station.Consortium.Channel(station.Host!, null);
        var large = new PublishRosterRequest { Roster = ByteString.CopyFrom(new byte[20 << 20]) };
        var unary = await Assert.ThrowsAsync<RpcException>(() => new Coordination.CoordinationClient(channel).PublishRosterAsync(large).ResponseAsync.Guard());
        Assert.Equal(StatusCode.Unauthenticated, unary.StatusCode);

        using var stream = new Protocol.Wire.Station.StationClient(channel).Attend();
        var frame = new PartyFrame { Hello = new Hello { RosterHash = ByteString.CopyFrom(new byte[1 << 20]) } };
        await Assert.ThrowsAnyAsync<Exception>(async () => { while (true) await stream.RequestStream.WriteAsync(frame).Guard(); });
        var duplex = await Assert.ThrowsAsync<RpcException>(() => stream.ResponseStream.MoveNext().Guard());
        Assert.Equal(StatusCode.Unauthenticated, duplex.StatusCode);
    }

    [Fact]
    public async Task Members_calls_beside_many_refused_ones_on_the_same_connection_go_on()
    {
        await using var station = new TestStation(3);
        await station.Start();
        using var party = station.Consortium.Channel(station.Host!, station.Consortium.Parties[0]);
        var client = new Coordination.CoordinationClient(party);
        var request = new SubmitQueryRequest { Query = station.Consortium.Query() };
        // More than the 100 streams that may be open at a time; Kestrel keeps up to 200 of which the end has not come, each for five seconds.
        for (var round = 0; round < 2; round++)
        {
            var refused = Enumerable.Range(0, 90).Select(_ => Assert.ThrowsAsync<RpcException>(() => client.SubmitQueryAsync(request).ResponseAsync)).ToList();
            Assert.Equal("Test", (await client.GetConsortiumAsync(new GetConsortiumRequest()).ResponseAsync.Guard()).Name);
            Assert.All(await Task.WhenAll(refused).Guard(), e => Assert.Equal(StatusCode.PermissionDenied, e.StatusCode));
        }
    }

    [Fact]
    public async Task Call_that_was_begun_before_its_caller_was_revoked_comes_to_nothing()
    {
        await using var station = new TestStation(3);
        await station.Start();
        var members = station.Consortium;
        using var revoked = new Raw(station, members.Auditor);
        var calls = Rules(station.Host!).Where(r => (r.Rule & Security.Roles.Auditor) != Security.Roles.None).Select(r => (r.Call, Body: new Withheld())).ToList();
        Assert.NotEmpty(calls);
        var answers = calls.Select(c => revoked.Send(c.Call, c.Body)).ToList();
        // The server takes the calls of a connection beside each other: each says itself that it is past the gate.
        foreach (var (call, _) in calls) await station.Logs.Until(l => l.Text.StartsWith("Executing endpoint", StringComparison.Ordinal) && l.Text.Contains(call, StringComparison.Ordinal));
        using var coordinating = members.Channel(station.Host!, members.Coordinator);
        var next = members.NextEpoch(r => r.Auditors.Clear());
        await new Coordination.CoordinationClient(coordinating).PublishRosterAsync(new PublishRosterRequest { Roster = ByteString.CopyFrom(next.Signed) }).ResponseAsync.Guard();
        foreach (var (_, body) in calls) body.Send([0, 0, 0, 0, 0]);
        foreach (var answer in answers)
        {
            using var response = await answer.Guard();
            Assert.Equal("14", Status(response));
            Assert.Contains("The roster was replaced", Message(response), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Who_does_not_speak_gRPC_is_refused_in_HTTPs_words()
    {
        await using var station = new TestStation(3);
        await station.Start();
        using var nobody = new Raw(station, null);
        using var party = new Raw(station, station.Consortium.Parties[0]);
        using var unknown = await nobody.Send("/secagg.v1.Coordination/SubmitQuery", new Withheld(), "application/json").Guard();
        using var denied = await party.Send("/secagg.v1.Coordination/SubmitQuery", new Withheld(), "application/json").Guard();
        using var nothing = await nobody.Send("/nothing", new StringContent("{}"), "application/json").Guard();
        Assert.Equal((HttpStatusCode.Unauthorized, HttpStatusCode.Forbidden, HttpStatusCode.NotFound), (unknown.StatusCode, denied.StatusCode, nothing.StatusCode));
    }

    [Fact]
    public async Task Method_without_a_rule_is_named_and_no_station_starts_with_it()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore();
        builder.Services.AddGrpc();
        builder.Services.AddSingleton<HealthServiceImpl>();
        await using var open = builder.Build();
        open.MapGrpcService<HealthServiceImpl>();
        var failure = Assert.Throws<InvalidOperationException>(() => CallGate.Check(((IEndpointRouteBuilder)open).DataSources.SelectMany(s => s.Endpoints)));
        Assert.Contains("Nothing says who may call /grpc.health.v1.Health/", failure.Message, StringComparison.Ordinal);
    }

    /// <summary>Every method that is not for everybody, with its rule.</summary>
    internal static IEnumerable<(string Call, Security.Roles Rule)> Rules(StationHost host) =>
        from endpoint in host.Services.GetRequiredService<EndpointDataSource>().Endpoints
        where endpoint.Metadata.GetMetadata<GrpcMethodMetadata>() is not null && endpoint.Metadata.GetMetadata<IAllowAnonymous>() is null
        select (endpoint.Metadata.GetMetadata<GrpcMethodMetadata>()!.Method.FullName, endpoint.Metadata.GetRequiredMetadata<AdmitsAttribute>().Allowed);

    private static string Status(HttpResponseMessage response) => response.Headers.TryGetValues("grpc-status", out var values) ? values.Single() : "none";

    private static string Message(HttpResponseMessage response) => Uri.UnescapeDataString(response.Headers.GetValues("grpc-message").Single());

    /// <summary>Requests as bytes, over one connection of one key.</summary>
    private sealed class Raw(TestStation station, IdentityKey? key, TimeSpan? until = null) : IDisposable
    {
        private readonly HttpMessageInvoker _http = new(station.Consortium.Handler(key?.CreateCertificate(
            "test", station.Consortium.Now - TimeSpan.FromDays(2), station.Consortium.Now + (until ?? TimeSpan.FromDays(1)))));

        public async Task<HttpResponseMessage> Send(string path, HttpContent body, string type = "application/grpc")
        {
            body.Headers.ContentType = MediaTypeHeaderValue.Parse(type);
            using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(new Uri(station.Address), path)) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact, Content = body };
            return await _http.SendAsync(request, CancellationToken.None);
        }

        public void Dispose() => _http.Dispose();
    }

    /// <summary>A body of zeros that counts how much of it the connection takes.</summary>
    private sealed class Counted(long length) : HttpContent
    {
        private long _taken;

        public long Taken => Interlocked.Read(ref _taken);

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            var part = new byte[64 * 1024];
            for (var sent = 0L; sent < length; sent += part.Length)
            {
                await stream.WriteAsync(part, cancellationToken);
                Interlocked.Add(ref _taken, part.Length);
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
