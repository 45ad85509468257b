using Google.Protobuf;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;
using SecureAggregation.Grpc.Tests.Interop;
using SecureAggregation.Testing;

namespace SecureAggregation.Grpc.Tests;

/// <summary>Our client against the servers of other implementations.</summary>
public sealed class ForeignServerTests
{
    [Theory]
    [PeerData("node", false)]
    [PeerData("node", true)]
    [PeerData("python", false)]
    [PeerData("python", true)]
    public async Task All_kinds_of_calls(string peer, bool tls)
    {
        await using var server = await ForeignServer.StartAsync(peer, tls);

        var answer = await server.Echo.UnaryAsync(new Ask { Text = "grüße", Data = ByteString.CopyFrom(1, 2, 3) }).ResponseAsync.Guard();
        Assert.Equal(("grüße", 3L), (answer.Text, answer.Bytes));

        using var down = server.Echo.Down(new Ask { Count = 50, Size = 1000 });
        var counts = new List<int>();
        await foreach (var one in down.ResponseStream.ReadAllAsync()) counts.Add(one.Count);
        Assert.Equal(Enumerable.Range(0, 50), counts);

        using var up = server.Echo.Up();
        var mebibyte = ByteString.CopyFrom(new byte[1 << 20]);
        for (var i = 0; i < 5; i++) await up.RequestStream.WriteAsync(new Ask { Text = $"{i}", Data = mebibyte }).Guard();
        await up.RequestStream.CompleteAsync();
        var sum = await up.ResponseAsync.Guard();
        Assert.Equal(("01234", 5, 5L << 20), (sum.Text, sum.Count, sum.Bytes));

        using var both = server.Echo.Both();
        for (var i = 0; i < 10; i++)
        {
            await both.RequestStream.WriteAsync(new Ask { Text = $"{i}", Data = ByteString.CopyFrom(new byte[256 << 10]) }).Guard();
            Assert.True(await both.ResponseStream.MoveNext().Guard());
            Assert.Equal($"{i}", both.ResponseStream.Current.Text);
        }

        await both.RequestStream.CompleteAsync();
        Assert.False(await both.ResponseStream.MoveNext().Guard());
        Assert.Equal(StatusCode.OK, both.GetStatus().StatusCode);
    }

    [Theory]
    [PeerData("node")]
    [PeerData("python")]
    public async Task Metadata_goes_both_ways(string peer)
    {
        await using var server = await ForeignServer.StartAsync(peer, tls: false);
        var sent = new Metadata { { "x-echo", "plain text" }, { "x-echo-bin", [0, 1, 255] } };
        using var call = server.Echo.UnaryAsync(new Ask(), sent);
        foreach (var received in new[] { await call.ResponseHeadersAsync.Guard(), await TrailersAsync(call) })
        {
            Assert.Equal("plain text", received.GetValue("x-echo"));
            Assert.Equal([0, 1, 255], received.GetValueBytes("x-echo-bin"));
        }
    }

    [Theory]
    [PeerData("node")]
    [PeerData("python")]
    public async Task Status_carries_unicode(string peer)
    {
        await using var server = await ForeignServer.StartAsync(peer, tls: false);
        var e = await FailsAsync(server.Echo.UnaryAsync(new Ask { Code = 9, Detail = "Übergröße 100 % 漢字\n" }).ResponseAsync);
        Assert.Equal((StatusCode.FailedPrecondition, "Übergröße 100 % 漢字\n"), (e.StatusCode, e.Status.Detail));
    }

    [Theory]
    [PeerData("node")]
    [PeerData("python")]
    public async Task Status_follows_the_answers(string peer)
    {
        await using var server = await ForeignServer.StartAsync(peer, tls: false);
        using var call = server.Echo.Down(new Ask { Count = 3, Code = 10, Detail = "stopped" });
        for (var i = 0; i < 3; i++) Assert.True(await call.ResponseStream.MoveNext().Guard());
        var e = await FailsAsync(call.ResponseStream.MoveNext());
        Assert.Equal((StatusCode.Aborted, "stopped"), (e.StatusCode, e.Status.Detail));
    }

    [Theory]
    [PeerData("node")]
    [PeerData("python")]
    public async Task Deadline_ends_the_call(string peer)
    {
        await using var server = await ForeignServer.StartAsync(peer, tls: false);
        // The connection is there already, so that a busy machine does not spend the time on that.
        await server.Echo.UnaryAsync(new Ask()).ResponseAsync.Guard();
        var deadline = TimeProvider.System.GetUtcNow().UtcDateTime.AddSeconds(2);
        var e = await FailsAsync(server.Echo.UnaryAsync(new Ask { Hang = true }, deadline: deadline).ResponseAsync);
        Assert.Equal(StatusCode.DeadlineExceeded, e.StatusCode);
        await server.Peer.WaitForAsync("CANCELLED");
    }

    [Theory]
    [PeerData("node")]
    [PeerData("python")]
    public async Task Cancellation_reaches_the_server(string peer)
    {
        await using var server = await ForeignServer.StartAsync(peer, tls: false);
        using var cancel = new CancellationTokenSource();
        using var call = server.Echo.Both(cancellationToken: cancel.Token);
        await call.RequestStream.WriteAsync(new Ask { Text = "a" }).Guard();
        Assert.True(await call.ResponseStream.MoveNext().Guard());
        await cancel.CancelAsync();
        var e = await FailsAsync(call.ResponseStream.MoveNext());
        Assert.Equal(StatusCode.Cancelled, e.StatusCode);
        await server.Peer.WaitForAsync("CANCELLED");
    }

    [Theory]
    [PeerData("node")]
    [PeerData("python")]
    public async Task Oversize_request_is_refused_by_the_server(string peer)
    {
        await using var server = await ForeignServer.StartAsync(peer, tls: false);
        var e = await FailsAsync(server.Echo.UnaryAsync(new Ask { Data = ByteString.CopyFrom(new byte[5 << 20]) }).ResponseAsync);
        Assert.Equal(StatusCode.ResourceExhausted, e.StatusCode);
    }

    [Theory]
    [PeerData("node")]
    [PeerData("python")]
    public async Task Oversize_answer_is_refused_by_the_client(string peer)
    {
        await using var server = await ForeignServer.StartAsync(peer, tls: false);
        var e = await FailsAsync(server.Echo.UnaryAsync(new Ask { Size = 5 << 20 }).ResponseAsync);
        Assert.Equal(StatusCode.ResourceExhausted, e.StatusCode);
    }

    [Theory]
    [PeerData("node")]
    [PeerData("python")]
    public async Task Unknown_method_is_unimplemented(string peer)
    {
        await using var server = await ForeignServer.StartAsync(peer, tls: false);
        var text = Marshallers.StringMarshaller;
        var nothing = new Method<string, string>(MethodType.Unary, "interop.v1.Echo", "Nothing", text, text);
        var e = await FailsAsync(server.Channel.CreateCallInvoker().AsyncUnaryCall(nothing, null, default, "").ResponseAsync);
        Assert.Equal(StatusCode.Unimplemented, e.StatusCode);
    }

    [Theory]
    [PeerData("node")]
    [PeerData("python")]
    public async Task Health_is_asked_and_watched(string peer)
    {
        await using var server = await ForeignServer.StartAsync(peer, tls: false);
        var health = new Health.HealthClient(server.Channel);
        var now = await health.CheckAsync(new HealthCheckRequest()).ResponseAsync.Guard();
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, now.Status);
        var e = await FailsAsync(health.CheckAsync(new HealthCheckRequest { Service = "nothing" }).ResponseAsync);
        Assert.Equal(StatusCode.NotFound, e.StatusCode);
        using var watch = health.Watch(new HealthCheckRequest { Service = "nothing" });
        Assert.True(await watch.ResponseStream.MoveNext().Guard());
        Assert.Equal(HealthCheckResponse.Types.ServingStatus.ServiceUnknown, watch.ResponseStream.Current.Status);
    }

    private static Task<RpcException> FailsAsync(Task call) => Assert.ThrowsAsync<RpcException>(() => call.Guard());

    private static async Task<Metadata> TrailersAsync(AsyncUnaryCall<Answer> call)
    {
        await call.ResponseAsync.Guard();
        return call.GetTrailers();
    }

    private sealed record ForeignServer(Peer Peer, GrpcChannel Channel) : IAsyncDisposable
    {
        public Echo.EchoClient Echo { get; } = new(Channel);

        public static async Task<ForeignServer> StartAsync(string peer, bool tls)
        {
            var (process, address) = await Peer.ServeAsync(peer, tls);
            var options = new GrpcChannelOptions { HttpHandler = TestServer.Handler(), DisposeHttpClient = true };
            return new(process, GrpcChannel.ForAddress(address, options));
        }

        public async ValueTask DisposeAsync()
        {
            Channel.Dispose();
            await Peer.DisposeAsync();
        }
    }
}
