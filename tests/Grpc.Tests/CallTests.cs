using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using SecureAggregation.Grpc.Tests.Interop;
using SecureAggregation.Testing;

namespace SecureAggregation.Grpc.Tests;

/// <summary>The four kinds of calls, plain and over TLS with a client certificate.</summary>
public sealed class CallTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Unary_answers(bool tls)
    {
        await using var server = await TestServer.StartAsync(tls);
        using var channel = server.Channel();
        using var call = new Echo.EchoClient(channel).UnaryAsync(new Ask { Text = "grüße", Data = ByteString.CopyFrom(1, 2, 3) });
        var answer = await call.ResponseAsync.Guard();
        Assert.Equal("grüße", answer.Text);
        Assert.Equal(3, answer.Bytes);
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    }

    [Fact]
    public async Task Blocking_unary_answers()
    {
        await using var server = await TestServer.StartAsync();
        using var channel = server.Channel();
        Assert.Equal("a", new Echo.EchoClient(channel).Unary(new Ask { Text = "a" }).Text);
    }

    [Fact]
    public async Task Blocking_unary_does_not_wait_for_the_callers_context()
    {
        await using var server = await TestServer.StartAsync();
        using var channel = server.Channel();
        var client = new Echo.EchoClient(channel);
        var answer = Task.Run(() =>
        {
            SynchronizationContext.SetSynchronizationContext(new Stuck());
            return client.Unary(new Ask { Text = "a" });
        });
        Assert.Equal("a", (await answer.Guard()).Text);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Server_stream_answers_in_order(bool tls)
    {
        await using var server = await TestServer.StartAsync(tls);
        using var channel = server.Channel();
        using var call = new Echo.EchoClient(channel).Down(new Ask { Count = 100, Size = 1000 });
        var counts = new List<int>();
        await foreach (var answer in call.ResponseStream.ReadAllAsync()) counts.Add(answer.Count);
        Assert.Equal(Enumerable.Range(0, 100), counts);
        Assert.Equal(StatusCode.OK, call.GetStatus().StatusCode);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Client_stream_is_counted(bool tls)
    {
        await using var server = await TestServer.StartAsync(tls);
        using var channel = server.Channel();
        using var call = new Echo.EchoClient(channel).Up();
        var mebibyte = ByteString.CopyFrom(new byte[1 << 20]);
        for (var i = 0; i < 5; i++) await call.RequestStream.WriteAsync(new Ask { Text = $"{i}", Data = mebibyte }).Guard();
        await call.RequestStream.CompleteAsync();
        var answer = await call.ResponseAsync.Guard();
        Assert.Equal(("01234", 5, 5L << 20), (answer.Text, answer.Count, answer.Bytes));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Duplex_stream_answers_each_request_before_the_next(bool tls)
    {
        await using var server = await TestServer.StartAsync(tls);
        using var channel = server.Channel();
        using var call = new Echo.EchoClient(channel).Both();
        for (var i = 0; i < 10; i++)
        {
            await call.RequestStream.WriteAsync(new Ask { Text = $"{i}", Data = ByteString.CopyFrom(new byte[256 << 10]) }).Guard();
            Assert.True(await call.ResponseStream.MoveNext().Guard());
            Assert.Equal($"{i}", call.ResponseStream.Current.Text);
        }

        await call.RequestStream.CompleteAsync();
        Assert.False(await call.ResponseStream.MoveNext().Guard());
        Assert.False(await call.ResponseStream.MoveNext().Guard());
    }

    [Fact]
    public async Task Server_hears_of_a_duplex_call_before_its_first_message()
    {
        await using var server = await TestServer.StartAsync();
        using var channel = server.Channel();
        using var call = new Echo.EchoClient(channel).Both();
        await server.Log.Started.Task.Guard();
    }

    [Fact]
    public async Task Many_concurrent_unary_calls_share_a_connection()
    {
        await using var server = await TestServer.StartAsync();
        using var channel = server.Channel();
        var client = new Echo.EchoClient(channel);
        var data = ByteString.CopyFrom(new byte[10_000]);
        var calls = Enumerable.Range(0, 500).Select(i => client.UnaryAsync(new Ask { Text = $"{i}", Data = data }).ResponseAsync);
        var answers = await Task.WhenAll(calls).Guard();
        Assert.Equal(Enumerable.Range(0, 500).Select(i => $"{i}"), answers.Select(a => a.Text));
    }

    [Fact]
    public async Task Many_refused_calls_do_not_cost_the_connection()
    {
        await using var server = await TestServer.StartAsync(options: o => o.MaxReceiveMessageSize = 5000);
        using var channel = server.Channel();
        var data = ByteString.CopyFrom(new byte[10_000]);
        var asks = Marshallers.Create<Ask>(a => a.ToByteArray(), Ask.Parser.ParseFrom);
        var unknown = new Method<Ask, Ask>(MethodType.Unary, "interop.v1.Echo", "Nothing", asks, asks);
        var calls = Enumerable.Range(0, 1000).Select(i => StatusAsync(i % 2 == 0
            ? new Echo.EchoClient(channel).UnaryAsync(new Ask { Data = data }).ResponseAsync
            : channel.CreateCallInvoker().AsyncUnaryCall(unknown, null, default, new Ask { Data = data }).ResponseAsync));
        var statuses = await Task.WhenAll(calls).Guard();
        Assert.Equal(
            [(StatusCode.ResourceExhausted, 500), (StatusCode.Unimplemented, 500)],
            statuses.GroupBy(s => s).Select(g => (g.Key, g.Count())).Order());

        static async Task<StatusCode> StatusAsync(Task call) => (await Assert.ThrowsAsync<RpcException>(() => call)).StatusCode;
    }

    [Fact]
    public async Task Four_mebibytes_go_both_ways()
    {
        await using var server = await TestServer.StartAsync(options: o => o.MaxReceiveMessageSize = 8 << 20);
        using var channel = server.Channel(o => o.MaxReceiveMessageSize = 8 << 20);
        var data = new byte[4 << 20];
        new SeededRandom(1).GetBytes(data);
        var answer = await new Echo.EchoClient(channel).UnaryAsync(new Ask { Data = ByteString.CopyFrom(data) }).ResponseAsync.Guard();
        Assert.Equal(data, answer.Data.ToByteArray());
    }

    [Fact]
    public async Task One_service_object_answers_every_kind_when_it_is_mapped_itself()
    {
        var log = new EchoLog();
        var service = Echo.BindService(new EchoService(log, []));
        await using var server = await TestServer.StartAsync(app: app => app.MapGroup("/fixed").MapGrpcService(service));
        using var channel = server.Channel(o => o.HttpHandler = new Prefixed("/fixed"));
        var client = new Echo.EchoClient(channel);
        Assert.Equal("a", (await client.UnaryAsync(new Ask { Text = "a" }).ResponseAsync.Guard()).Text);
        using var down = client.Down(new Ask { Count = 1 });
        Assert.True(await down.ResponseStream.MoveNext().Guard());
        using var up = client.Up();
        await up.RequestStream.CompleteAsync();
        Assert.Equal(0, (await up.ResponseAsync.Guard()).Count);
        using var both = client.Both();
        await both.RequestStream.CompleteAsync();
        Assert.False(await both.ResponseStream.MoveNext().Guard());
        Assert.Equal((4, 0), (log.Calls, server.Log.Calls));
    }

    [Fact]
    public async Task Stranger_is_refused_at_the_handshake()
    {
        await using var server = await TestServer.StartAsync(tls: true);
        using var channel = server.Channel(o => o.HttpHandler = TestServer.Handler(Certificates.Stranger));
        var e = await Assert.ThrowsAsync<RpcException>(() => new Echo.EchoClient(channel).UnaryAsync(new Ask()).ResponseAsync.Guard());
        Assert.Equal(StatusCode.Unavailable, e.StatusCode);
    }

    [Fact]
    public async Task Nobody_listening_is_unavailable()
    {
        string address;
        await using (var server = await TestServer.StartAsync()) address = server.Address;
        using var channel = GrpcChannel.ForAddress(address);
        var e = await Assert.ThrowsAsync<RpcException>(() => new Echo.EchoClient(channel).UnaryAsync(new Ask()).ResponseAsync.Guard());
        Assert.Equal(StatusCode.Unavailable, e.StatusCode);
    }

    /// <summary>A context whose only thread is busy: what is posted there never runs.</summary>
    private sealed class Stuck : SynchronizationContext
    {
        public override void Post(SendOrPostCallback d, object? state)
        {
        }
    }

    private sealed class Prefixed(string prefix) : DelegatingHandler(new SocketsHttpHandler())
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            request.RequestUri = new Uri(request.RequestUri!, prefix + request.RequestUri!.AbsolutePath);
            return base.SendAsync(request, cancellationToken);
        }
    }
}
