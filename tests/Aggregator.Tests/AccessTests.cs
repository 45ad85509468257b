using System.Net;
using System.Security.Authentication;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Aggregator.Tests;

/// <summary>Who may call what, and with which certificate.</summary>
public sealed class AccessTests
{
    private const string Ok = "";

    [Theory]
    [InlineData("party", "Attend", Ok)]
    [InlineData("party", "GetConsortium", Ok)]
    [InlineData("party", "ListRounds", Ok)]
    [InlineData("party", "GetRound", "NotFound")]
    [InlineData("party", "Watch", Ok)]
    [InlineData("party", "SubmitQuery", "PermissionDenied")]
    [InlineData("party", "AbortRound", "PermissionDenied")]
    [InlineData("party", "GetCheckpoint", Ok)]
    [InlineData("party", "ListEntries", Ok)]
    [InlineData("party", "GetInclusion", Ok)]
    [InlineData("party", "ExportBundle", "PermissionDenied")]
    [InlineData("coordinator", "Attend", "PermissionDenied")]
    [InlineData("coordinator", "GetConsortium", Ok)]
    [InlineData("coordinator", "SubmitQuery", "FailedPrecondition")]
    [InlineData("coordinator", "AbortRound", "NotFound")]
    [InlineData("coordinator", "ExportBundle", "NotFound")]
    [InlineData("coordinator", "GetConsistency", Ok)]
    [InlineData("auditor", "Attend", "PermissionDenied")]
    [InlineData("auditor", "GetConsortium", Ok)]
    [InlineData("auditor", "SubmitQuery", "PermissionDenied")]
    [InlineData("auditor", "AbortRound", "PermissionDenied")]
    [InlineData("auditor", "ExportBundle", "NotFound")]
    [InlineData("stranger", "Attend", "Unauthenticated")]
    [InlineData("stranger", "GetConsortium", "Unauthenticated")]
    [InlineData("stranger", "Watch", "Unauthenticated")]
    [InlineData("stranger", "ListEntries", "Unauthenticated")]
    [InlineData("stranger", "GetInclusion", "Unauthenticated")]
    [InlineData("nobody", "Attend", "Unauthenticated")]
    [InlineData("nobody", "GetConsortium", "Unauthenticated")]
    [InlineData("nobody", "GetCheckpoint", "Unauthenticated")]
    public async Task Call_is_for_its_roles(string who, string method, string status)
    {
        await using var station = new TestStation(3);
        await station.Start();
        using var stranger = IdentityKey.Generate();
        var key = who switch
        {
            "party" => station.Consortium.Parties[1],
            "coordinator" => station.Consortium.Coordinator,
            "auditor" => station.Consortium.Auditor,
            "stranger" => stranger,
            _ => null,
        };
        using var channel = station.Consortium.Channel(station.Host!, key);
        var failure = await Record.ExceptionAsync(() => Call(station, channel, method).Guard());
        Assert.Equal(status, failure is RpcException e ? e.StatusCode.ToString() : failure?.ToString() ?? Ok);
        if (status is "PermissionDenied" or "Unauthenticated") Assert.True(station.Logs.Has(method == "ExportBundle" ? 1000 : 1105));
    }

    [Theory]
    [InlineData(-10, -1)]
    [InlineData(1, 10)]
    public async Task Certificate_outside_its_dates_is_refused_with_the_rule_and_the_fix(int from, int to)
    {
        await using var station = new TestStation(3);
        await station.Start();
        using var channel = station.Consortium.Channel(station.Host!, station.Consortium.Coordinator, TimeSpan.FromDays(from), TimeSpan.FromDays(to));
        var failure = await Assert.ThrowsAsync<RpcException>(() => Call(station, channel, "GetConsortium").Guard());
        Assert.Equal(StatusCode.Unauthenticated, failure.StatusCode);
        Assert.Contains("certificate is valid from", failure.Status.Detail, StringComparison.Ordinal);
        Assert.Contains("make a new certificate", failure.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Foreign_certificate_is_named_by_its_key()
    {
        await using var station = new TestStation(3);
        await station.Start();
        using var stranger = IdentityKey.Generate();
        using var channel = station.Consortium.Channel(station.Host!, stranger);
        var failure = await Assert.ThrowsAsync<RpcException>(() => Call(station, channel, "GetConsortium").Guard());
        Assert.Contains(stranger.Public.Fingerprint, failure.Status.Detail, StringComparison.Ordinal);
        Assert.Contains("not in the roster of Test", failure.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Outpost_with_another_roster_is_turned_away_with_both_hashes()
    {
        await using var station = new TestStation(3);
        await station.Start();
        await using var outpost = new TestOutpost(station, 0);
        await outpost.Connect(new byte[32]);
        var end = await outpost.Ended.Guard();
        Assert.Equal(StatusCode.FailedPrecondition, end.StatusCode);
        Assert.Contains(PublicBytes.Hex(station.Consortium.Roster.Hash), end.Detail, StringComparison.Ordinal);
        Assert.True(station.Logs.Has(1103));
    }

    [Fact]
    public async Task Health_needs_no_certificate()
    {
        await using var station = new TestStation(3);
        await station.Start();
        using var channel = station.Consortium.Channel(station.Host!, null);
        var health = await new Health.HealthClient(channel).CheckAsync(new HealthCheckRequest()).ResponseAsync.Guard();
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, health.Status);
        using var http = new HttpClient(station.Consortium.Handler(null)) { BaseAddress = new Uri(station.Host!.Address) };
        Assert.Equal("alive\n", await http.GetStringAsync(new Uri("/health", UriKind.Relative)).Guard());
        Assert.Equal("""{"ready":true,"logSize":1}""", await http.GetStringAsync(new Uri("/ready", UriKind.Relative)).Guard());
        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync(new Uri("/else", UriKind.Relative)).Guard()).StatusCode);
    }

    [Fact]
    public async Task Tls_below_1_3_is_refused()
    {
        await using var station = new TestStation(3);
        await station.Start();
        using var http = new HttpClient(station.Consortium.Handler(null, SslProtocols.Tls12)) { BaseAddress = new Uri(station.Host!.Address) };
        await Assert.ThrowsAsync<HttpRequestException>(() => http.GetStringAsync(new Uri("/health", UriKind.Relative)).Guard());
    }

    internal static async Task Call(TestStation station, GrpcChannel channel, string method, bool withoutBlobs = false)
    {
        var coordination = new Coordination.CoordinationClient(channel);
        var audit = new Audit.AuditClient(channel);
        var round = Google.Protobuf.ByteString.CopyFrom(new byte[16]);
        switch (method)
        {
            case "Attend":
                using (var call = new Station.StationClient(channel).Attend())
                {
                    await call.RequestStream.WriteAsync(new PartyFrame { Hello = new Hello { RosterHash = Google.Protobuf.ByteString.CopyFrom(station.Consortium.Roster.Hash) } });
                    Assert.True(await call.ResponseStream.MoveNext());
                }

                break;
            case "GetConsortium":
                var view = await coordination.GetConsortiumAsync(new GetConsortiumRequest());
                Assert.Equal(("Test", 3u, 1ul), (view.Name, view.Quorum, view.Head.Size));
                break;
            case "ListRounds":
                Assert.Equal(0u, (await coordination.ListRoundsAsync(new ListRoundsRequest())).Total);
                break;
            case "GetRound":
                await coordination.GetRoundAsync(new GetRoundRequest { RoundId = round });
                break;
            case "Watch":
                using (var call = coordination.Watch(new WatchRequest()))
                {
                    await call.ResponseHeadersAsync;
                    var next = call.ResponseStream.MoveNext();
                    await using var outpost = await new TestOutpost(station, 0).Connect();
                    Assert.True(await next);
                }

                break;
            case "SubmitQuery":
                await coordination.SubmitQueryAsync(new SubmitQueryRequest { Query = station.Consortium.Query() });
                break;
            case "PlanQuery":
                await coordination.PlanQueryAsync(new PlanQueryRequest { Query = station.Consortium.Query(1, q => q.Attempts = 0) });
                break;
            case "PublishRoster":
                await coordination.PublishRosterAsync(new PublishRosterRequest { Roster = Google.Protobuf.ByteString.CopyFrom(1) });
                break;
            case "RecordAct":
                await coordination.RecordActAsync(new RecordActRequest { Act = new Envelope() });
                break;
            case "GetSuccession":
                await coordination.GetSuccessionAsync(new GetSuccessionRequest { RosterHash = Google.Protobuf.ByteString.CopyFrom(station.Consortium.Roster.Hash) });
                break;
            case "AbortRound":
                await coordination.AbortRoundAsync(new AbortRoundRequest { RoundId = round });
                break;
            case "GetCheckpoint":
                Protocol.Checkpoint.Parse((await audit.GetCheckpointAsync(new GetCheckpointRequest())).Checkpoint).CheckStation(station.Consortium.Roster);
                break;
            case "GetConsistency":
                Assert.Empty((await audit.GetConsistencyAsync(new GetConsistencyRequest { OldSize = 1, NewSize = 1 })).Path);
                break;
            case "GetInclusion":
                Assert.Empty((await audit.GetInclusionAsync(new GetInclusionRequest { Index = 0, Size = 1 })).Path);
                break;
            case "ListEntries":
                Assert.Single((await audit.ListEntriesAsync(new ListEntriesRequest { Limit = 10 })).Leaves);
                break;
            case "ExportBundle":
                using (var call = audit.ExportBundle(new ExportBundleRequest { RoundId = round, WithoutBlobs = withoutBlobs })) await call.ResponseStream.MoveNext();
                break;
            default:
                Assert.Fail($"{method} is new: say here how it is called.");
                break;
        }
    }
}
