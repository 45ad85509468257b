using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using SecureAggregation.Grpc.Tests.Interop;
using SecureAggregation.Testing;

namespace SecureAggregation.Grpc.Tests;

/// <summary>What the client makes of servers that are none, or break a rule.</summary>
public sealed class ClientRuleTests
{
    private static readonly byte[] s_answer = RawRequest.Frame(new Answer { Text = "a" }.ToByteArray());

    [Theory]
    [InlineData(400, StatusCode.Internal)]
    [InlineData(401, StatusCode.Unauthenticated)]
    [InlineData(403, StatusCode.PermissionDenied)]
    [InlineData(404, StatusCode.Unimplemented)]
    [InlineData(429, StatusCode.Unavailable)]
    [InlineData(502, StatusCode.Unavailable)]
    [InlineData(503, StatusCode.Unavailable)]
    [InlineData(504, StatusCode.Unavailable)]
    [InlineData(418, StatusCode.Unknown)]
    [InlineData(200, StatusCode.Unknown)]
    public async Task Http_answer_becomes_a_status(int http, StatusCode expected)
    {
        var e = await FailsAsync(context =>
        {
            context.Response.StatusCode = http;
            return context.Response.WriteAsync("<html>");
        });
        Assert.Equal(expected, e.StatusCode);
        Assert.Contains($"{http}", e.Status.Detail, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null, StatusCode.Unknown)]
    [InlineData("99", StatusCode.Unknown)]
    [InlineData("x", StatusCode.Unknown)]
    [InlineData("0", StatusCode.Internal)]
    public async Task Bad_ending_is_a_failure(string? status, StatusCode expected) =>
        Assert.Equal(expected, (await FailsAsync(context => AnswerAsync(context, [], status))).StatusCode);

    public static TheoryData<StatusCode, byte[]> BrokenBodies => new()
    {
        { StatusCode.Internal, [0, 0] },
        { StatusCode.Internal, RawRequest.Frame([10, 1], length: 3) },
        { StatusCode.Internal, RawRequest.Frame([10, 200]) },
        { StatusCode.Internal, RawRequest.Frame([10, 1, 97], flag: 1) },
        { StatusCode.Internal, [.. s_answer, .. s_answer] },
        { StatusCode.ResourceExhausted, RawRequest.Frame([10, 1, 97], length: uint.MaxValue) },
        { StatusCode.ResourceExhausted, RawRequest.Frame([10, 1, 97], length: (4 << 20) + 1) },
    };

    [Theory]
    [MemberData(nameof(BrokenBodies))]
    public async Task Broken_body_is_a_failure(StatusCode expected, byte[] body) =>
        Assert.Equal(expected, (await FailsAsync(context => AnswerAsync(context, body, "0"))).StatusCode);

    [Fact]
    public async Task Compression_that_was_not_offered_is_refused()
    {
        var e = await FailsAsync(context =>
        {
            context.Response.Headers["grpc-encoding"] = "gzip";
            return AnswerAsync(context, s_answer, "0");
        });
        Assert.Equal(StatusCode.Internal, e.StatusCode);
    }

    [Theory]
    [InlineData(0x7, StatusCode.Unavailable)]
    [InlineData(0x8, StatusCode.Cancelled)]
    [InlineData(0xb, StatusCode.ResourceExhausted)]
    [InlineData(0x2, StatusCode.Internal)]
    public async Task Reset_stream_becomes_a_status(int http2Error, StatusCode expected)
    {
        var e = await FailsAsync(async context =>
        {
            context.Response.ContentType = "application/grpc";
            await context.Response.BodyWriter.WriteAsync(new byte[] { 0, 0 });
            context.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpResetFeature>()!.Reset(http2Error);
        });
        Assert.Equal(expected, e.StatusCode);
    }

    [Fact]
    public async Task Request_carries_the_headers_of_the_protocol()
    {
        string[] names = ["te", "content-type", "grpc-accept-encoding", "content-length"];
        var seen = new List<string>();
        await FailsAsync(context =>
        {
            seen.AddRange(names.Select(name => context.Request.Headers[name].ToString()));
            return AnswerAsync(context, [], "5");
        });
        Assert.Equal(["trailers", "application/grpc", "identity", ""], seen);
    }

    [Fact]
    public async Task Request_over_the_clients_limit_is_never_sent()
    {
        await using var server = await TestServer.StartAsync();
        using var channel = server.Channel(o => o.MaxSendMessageSize = 1000);
        var client = new Echo.EchoClient(channel);
        var large = new Ask { Data = ByteString.CopyFrom(new byte[1000]) };
        var e = await Assert.ThrowsAsync<RpcException>(() => client.UnaryAsync(large).ResponseAsync.Guard());
        Assert.Equal(StatusCode.ResourceExhausted, e.StatusCode);
        using var call = client.Up();
        e = await Assert.ThrowsAsync<RpcException>(() => call.RequestStream.WriteAsync(large).Guard());
        Assert.Equal(StatusCode.ResourceExhausted, e.StatusCode);
        e = await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync.Guard());
        Assert.Equal(StatusCode.ResourceExhausted, e.StatusCode);
    }

    [Fact]
    public async Task Write_to_a_call_that_the_server_has_ended_tells_its_status()
    {
        await using var server = await TestServer.StartAsync();
        using var channel = server.Channel();
        using var call = new Echo.EchoClient(channel).Up();
        await call.RequestStream.WriteAsync(new Ask { Code = 9, Detail = "enough" }).Guard();
        var e = await Assert.ThrowsAsync<RpcException>(() => call.ResponseAsync.Guard());
        Assert.Equal("enough", e.Status.Detail);
        e = await Assert.ThrowsAsync<RpcException>(() => call.RequestStream.WriteAsync(new Ask()).Guard());
        Assert.Equal("enough", e.Status.Detail);
    }

    [Fact]
    public async Task Writer_that_outruns_a_server_that_gave_up_learns_why()
    {
        await using var server = await TestServer.StartAsync();
        using var channel = server.Channel();
        using var call = new Echo.EchoClient(channel).Up();
        var e = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            var ask = new Ask { Code = 9, Detail = "enough", Data = ByteString.CopyFrom(new byte[100_000]) };
            while (true) await call.RequestStream.WriteAsync(ask).Guard();
        });
        Assert.Equal((StatusCode.FailedPrecondition, "enough"), (e.StatusCode, e.Status.Detail));
    }

    [Fact]
    public async Task Duplex_call_that_the_server_ended_well_takes_no_more_requests()
    {
        await using var server = await TestServer.StartAsync(app: app => app.MapPost("/bad/Server", http => AnswerAsync(http, [], "0")));
        using var channel = server.Channel();
        var text = Marshallers.StringMarshaller;
        var method = new Method<string, string>(MethodType.DuplexStreaming, "bad", "Server", text, text);
        using var call = channel.CreateCallInvoker().AsyncDuplexStreamingCall(method, null, default);
        Assert.False(await call.ResponseStream.MoveNext().Guard());
        await Assert.ThrowsAsync<InvalidOperationException>(() => call.RequestStream.WriteAsync("late").Guard());
    }

    [Fact]
    public async Task Misuse_is_an_error_of_the_caller()
    {
        await using var server = await TestServer.StartAsync();
        using var channel = server.Channel();
        var client = new Echo.EchoClient(channel);
        using var call = client.Both();
        Assert.Throws<InvalidOperationException>(() => call.GetStatus());
        Assert.Throws<InvalidOperationException>(() => call.ResponseStream.Current);
        var read = call.ResponseStream.MoveNext();
        await Assert.ThrowsAsync<InvalidOperationException>(() => call.ResponseStream.MoveNext());
        await call.RequestStream.CompleteAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(() => call.RequestStream.WriteAsync(new Ask()));
        Assert.False(await read.Guard());
        Assert.Throws<ArgumentException>(() => { _ = client.UnaryAsync(new Ask(), new Metadata { { "grpc-timeout", "1S" } }); });
        var local = new DateTime(2030, 1, 1, 0, 0, 0, DateTimeKind.Local);
        Assert.Throws<ArgumentException>(() => { _ = client.UnaryAsync(new Ask(), deadline: local); });
        Assert.Throws<ArgumentException>(() => GrpcChannel.ForAddress("station:7443"));
    }

    private static async Task AnswerAsync(HttpContext context, byte[] body, string? status)
    {
        context.Response.ContentType = "application/grpc";
        if (status is not null) context.Response.AppendTrailer("grpc-status", status);
        await context.Response.BodyWriter.WriteAsync(body);
    }

    /// <summary>Makes a unary call to a server that answers so.</summary>
    private static async Task<RpcException> FailsAsync(RequestDelegate answer)
    {
        await using var server = await TestServer.StartAsync(app: app => app.MapPost("/bad/Server", answer));
        using var channel = server.Channel();
        var asks = Marshallers.Create<Ask>(a => a.ToByteArray(), Ask.Parser.ParseFrom);
        var answers = Marshallers.Create<Answer>(a => a.ToByteArray(), Answer.Parser.ParseFrom);
        var method = new Method<Ask, Answer>(MethodType.Unary, "bad", "Server", asks, answers);
        return await Assert.ThrowsAsync<RpcException>(
            () => channel.CreateCallInvoker().AsyncUnaryCall(method, null, default, new Ask()).ResponseAsync.Guard());
    }
}
