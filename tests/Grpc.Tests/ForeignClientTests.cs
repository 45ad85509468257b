using System.Text.Json;
using Grpc.Core;
using Grpc.Health.V1;
using SecureAggregation.Testing;

namespace SecureAggregation.Grpc.Tests;

/// <summary>The clients of other implementations against our server.</summary>
public sealed class ForeignClientTests
{
    [Theory]
    [PeerData("node", false)]
    [PeerData("node", true)]
    [PeerData("python", false)]
    [PeerData("python", true)]
    public async Task All_kinds_of_calls(string peer, bool tls)
    {
        var unary = await CallAsync(peer, "unary", tls);
        Assert.Equal("0 grüße/0/3", Show(unary));

        var down = await CallAsync(peer, "down", tls);
        Assert.Equal(0, Code(down));
        Assert.Equal(Enumerable.Range(0, 50), Answers(down).Select(a => a.GetProperty("count").GetInt32()));

        var up = await CallAsync(peer, "up", tls);
        Assert.Equal($"0 01234/5/{5 << 20}", Show(up));

        var both = await CallAsync(peer, "both", tls);
        Assert.Equal(0, Code(both));
        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"{i}"), Answers(both).Select(a => a.GetProperty("text").GetString()));
    }

    [Theory]
    [PeerData("node")]
    [PeerData("python")]
    public async Task Metadata_comes_back_in_headers_and_trailers(string peer)
    {
        var seen = await CallAsync(peer, "metadata");
        foreach (var place in new[] { "headers", "trailers" })
        {
            var text = seen.GetProperty(place).GetProperty("x-echo").EnumerateArray().Select(b => b.GetString());
            Assert.Equal(["plain text"], text);
            var bytes = seen.GetProperty(place).GetProperty("x-echo-bin").EnumerateArray().Select(b => b.GetString());
            Assert.Equal(["0001ff", "07"], bytes);
        }
    }

    [Theory]
    [PeerData("node", "status", StatusCode.FailedPrecondition, "Übergröße 100 % 漢字\n")]
    [PeerData("python", "status", StatusCode.FailedPrecondition, "Übergröße 100 % 漢字\n")]
    [PeerData("node", "status-after-answers", StatusCode.Aborted, "stopped")]
    [PeerData("python", "status-after-answers", StatusCode.Aborted, "stopped")]
    [PeerData("node", "unknown-method", StatusCode.Unimplemented, "The server does not have this method.")]
    [PeerData("python", "unknown-method", StatusCode.Unimplemented, "The server does not have this method.")]
    [PeerData("node", "unknown-service", StatusCode.Unimplemented, "The server does not have this service.")]
    [PeerData("python", "unknown-service", StatusCode.Unimplemented, "The server does not have this service.")]
    [PeerData("node", "health-unknown", StatusCode.NotFound, "No health status is set for service 'nothing'.")]
    [PeerData("python", "health-unknown", StatusCode.NotFound, "No health status is set for service 'nothing'.")]
    public async Task Status_is_understood(string peer, string what, StatusCode code, string detail)
    {
        var seen = await CallAsync(peer, what);
        Assert.Equal(((int)code, detail), (Code(seen), seen.GetProperty("details").GetString()));
    }

    [Theory]
    [PeerData("node", "oversize")]
    [PeerData("python", "oversize")]
    [PeerData("node", "oversize-stream")]
    [PeerData("python", "oversize-stream")]
    public async Task Oversize_message_is_refused(string peer, string what) =>
        Assert.Equal((int)StatusCode.ResourceExhausted, Code(await CallAsync(peer, what)));

    [Theory]
    [PeerData("node")]
    [PeerData("python")]
    public async Task Deadline_is_told_and_kept(string peer)
    {
        await using var server = await TestServer.StartAsync();
        Assert.Equal((int)StatusCode.DeadlineExceeded, Code(await CallAsync(peer, "deadline", server: server)));
        await server.Log.Cancelled.Task.Guard();
        Assert.NotEqual(DateTime.MaxValue, server.Log.Deadline);
    }

    [Theory]
    [PeerData("node")]
    [PeerData("python")]
    public async Task Cancellation_reaches_our_server(string peer)
    {
        await using var server = await TestServer.StartAsync();
        Assert.Equal((int)StatusCode.Cancelled, Code(await CallAsync(peer, "cancel", server: server)));
        await server.Log.Cancelled.Task.Guard();
    }

    [Theory]
    [PeerData("node")]
    [PeerData("python")]
    public async Task Hundreds_of_concurrent_calls_are_answered(string peer)
    {
        var seen = await CallAsync(peer, "concurrent");
        Assert.Equal((0, 300), (Code(seen), seen.GetProperty("count").GetInt32()));
    }

    [Theory]
    [PeerData("node")]
    [PeerData("python")]
    public async Task Health_is_told_and_changes_are_seen(string peer)
    {
        await using var server = await TestServer.StartAsync();
        server.Health.SetStatus("", HealthCheckResponse.Types.ServingStatus.Serving);
        var now = await CallAsync(peer, "health", server: server);
        Assert.Equal(0, Code(now));
        Assert.Contains(Answers(now).Single().GetProperty("status").ToString(), new[] { "1", "SERVING" });

        await using var watcher = Peer.Call(peer, false, server.Port, "health-watch");
        await watcher.WaitForAsync("WATCHING");
        server.Health.SetStatus("changing", HealthCheckResponse.Types.ServingStatus.Serving);
        Assert.Equal(2, Answers(await watcher.ResultAsync()).Count());
    }

    [Theory]
    [PeerData("node")]
    [PeerData("python")]
    public async Task Client_without_a_certificate_is_refused(string peer)
    {
        var code = Code(await CallAsync(peer, "stranger", tls: true));
        Assert.Contains(code, new[] { (int)StatusCode.Unavailable, (int)StatusCode.DeadlineExceeded });
    }

    [Theory]
    [PeerData("node")]
    public async Task Failure_before_the_first_answer_is_in_the_headers_alone(string peer)
    {
        var seen = await CallAsync(peer, "raw-status");
        Assert.Equal((200, 9, "%25%0Aa"), (seen.GetProperty("http").GetInt32(), Code(seen), seen.GetProperty("details").GetString()));
        Assert.True(seen.GetProperty("last").GetBoolean());
    }

    [Theory]
    [PeerData("node")]
    public async Task Another_content_type_is_http_415(string peer) =>
        Assert.Equal(415, (await CallAsync(peer, "raw-content-type")).GetProperty("http").GetInt32());

    [Theory]
    [PeerData("node")]
    public async Task Compressed_message_without_an_encoding_is_internal(string peer) =>
        Assert.Equal((int)StatusCode.Internal, Code(await CallAsync(peer, "raw-compressed")));

    [Theory]
    [PeerData("node")]
    public async Task Unknown_encoding_is_unimplemented_and_ours_is_told(string peer)
    {
        var seen = await CallAsync(peer, "raw-encoding");
        Assert.Equal(((int)StatusCode.Unimplemented, "identity"), (Code(seen), seen.GetProperty("accept").GetString()));
    }

    private static async Task<JsonElement> CallAsync(string peer, string what, bool tls = false, TestServer? server = null)
    {
        var own = server is null ? await TestServer.StartAsync(tls) : null;
        try
        {
            await using var client = Peer.Call(peer, tls, (server ?? own!).Port, what);
            return await client.ResultAsync();
        }
        finally
        {
            if (own is not null) await own.DisposeAsync();
        }
    }

    private static int Code(JsonElement seen) => seen.GetProperty("code").GetInt32();

    private static JsonElement.ArrayEnumerator Answers(JsonElement seen) => seen.GetProperty("answers").EnumerateArray();

    private static string Show(JsonElement seen)
    {
        var answer = Answers(seen).Single();
        return $"{Code(seen)} {answer.GetProperty("text").GetString()}/{answer.GetProperty("count")}/{answer.GetProperty("bytes")}";
    }
}
