using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using SecureAggregation.Grpc.Tests.Interop;
using SecureAggregation.Testing;

namespace SecureAggregation.Grpc.Tests;

/// <summary>Deadlines and cancellation, from either side and at any time.</summary>
public sealed class EndingTests
{
    [Fact]
    public async Task Client_keeps_the_deadline_by_its_own_clock()
    {
        var clock = new ManualTimeProvider();
        await using var server = await TestServer.StartAsync();
        await using var services = new ServiceCollection().AddSingleton<TimeProvider>(clock).BuildServiceProvider();
        using var channel = server.Channel(o => o.ServiceProvider = services);
        var deadline = clock.GetUtcNow().UtcDateTime.AddHours(1);
        using var call = new Echo.EchoClient(channel).UnaryAsync(new Ask { Hang = true }, deadline: deadline);
        await server.Log.Started.Task.Guard();
        clock.Advance(TimeSpan.FromMinutes(59));
        Assert.False(call.ResponseAsync.IsCompleted);
        clock.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal(StatusCode.DeadlineExceeded, (await FailsAsync(call.ResponseAsync)).StatusCode);
        await server.Log.Cancelled.Task.Guard();
    }

    [Fact]
    public async Task Server_keeps_the_deadline_by_its_own_clock()
    {
        var clock = new ManualTimeProvider();
        await using var server = await TestServer.StartAsync(services: s => s.AddSingleton<TimeProvider>(clock));
        var call = RawRequest.SendAsync(server, RawRequest.Frame(new Ask { Hang = true }.ToByteArray()), header: ("grpc-timeout", "1H"));
        await server.Log.Started.Task.Guard();
        Assert.Equal(clock.GetUtcNow().UtcDateTime.AddHours(1), server.Log.Deadline);
        clock.Advance(TimeSpan.FromMinutes(59));
        Assert.False(server.Log.Cancelled.Task.IsCompleted);
        clock.Advance(TimeSpan.FromMinutes(2));
        Assert.Equal("4", (await call.Guard()).Status);
        await server.Log.Cancelled.Task.Guard();
    }

    [Fact]
    public async Task Server_answers_at_the_deadline_while_the_method_still_runs()
    {
        var clock = new ManualTimeProvider();
        var release = new TaskCompletionSource();
        await using var server = await TestServer.StartAsync(services: s => s.AddSingleton<TimeProvider>(clock)
            .AddSingleton<Action<ServerCallContext>>(_ => release.Task.Wait()));
        var call = RawRequest.SendAsync(server, RawRequest.Frame([]), header: ("grpc-timeout", "1S"));
        while (server.Log.Calls == 0) await Task.Yield();
        clock.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal("4", (await call.Guard()).Status);
        release.SetResult();
    }

    [Fact]
    public async Task Deadline_in_the_past_sends_nothing()
    {
        await using var server = await TestServer.StartAsync();
        using var channel = server.Channel();
        using var call = new Echo.EchoClient(channel).UnaryAsync(new Ask(), deadline: new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        Assert.Equal(StatusCode.DeadlineExceeded, (await FailsAsync(call.ResponseAsync)).StatusCode);
        Assert.Equal(0, server.Log.Calls);
    }

    [Fact]
    public async Task Deadline_ends_a_stream_between_its_answers()
    {
        var clock = new ManualTimeProvider();
        await using var server = await TestServer.StartAsync(services: s => s.AddSingleton<TimeProvider>(clock));
        using var channel = server.Channel();
        var deadline = TimeProvider.System.GetUtcNow().UtcDateTime.AddHours(1);
        using var call = new Echo.EchoClient(channel).Down(new Ask { Count = 3, Hang = true }, deadline: deadline);
        for (var i = 0; i < 3; i++) Assert.True(await call.ResponseStream.MoveNext().Guard());
        clock.Advance(TimeSpan.FromHours(2));
        Assert.Equal(StatusCode.DeadlineExceeded, (await FailsAsync(call.ResponseStream.MoveNext())).StatusCode);
    }

    [Fact]
    public async Task Token_cancels_a_waiting_call_and_the_server_hears_of_it()
    {
        await using var server = await TestServer.StartAsync();
        using var channel = server.Channel();
        using var cancel = new CancellationTokenSource();
        using var call = new Echo.EchoClient(channel).UnaryAsync(new Ask { Hang = true }, cancellationToken: cancel.Token);
        await server.Log.Started.Task.Guard();
        await cancel.CancelAsync();
        Assert.Equal(StatusCode.Cancelled, (await FailsAsync(call.ResponseAsync)).StatusCode);
        Assert.Equal(StatusCode.Cancelled, (await FailsAsync(call.ResponseHeadersAsync)).StatusCode);
        await server.Log.Cancelled.Task.Guard();
    }

    [Fact]
    public async Task Token_of_a_read_cancels_the_call()
    {
        await using var server = await TestServer.StartAsync();
        using var channel = server.Channel();
        using var cancel = new CancellationTokenSource();
        using var call = new Echo.EchoClient(channel).Both();
        await server.Log.Started.Task.Guard();
        var read = call.ResponseStream.MoveNext(cancel.Token);
        await cancel.CancelAsync();
        Assert.Equal(StatusCode.Cancelled, (await FailsAsync(read)).StatusCode);
        await server.Log.Cancelled.Task.Guard();
    }

    [Fact]
    public async Task Token_of_a_write_frees_a_writer_that_nobody_reads()
    {
        await using var server = await TestServer.StartAsync();
        using var channel = server.Channel();
        using var cancel = new CancellationTokenSource();
        using var call = new Echo.EchoClient(channel).Both();
        var e = FailsAsync(Task.Run(async () =>
        {
            while (true) await call.RequestStream.WriteAsync(new Ask { Data = ByteString.CopyFrom(new byte[1 << 20]) }, cancel.Token);
        }));
        await server.Log.Started.Task.Guard();
        await cancel.CancelAsync();
        Assert.Equal(StatusCode.Cancelled, (await e).StatusCode);
        await server.Log.Cancelled.Task.Guard();
    }

    [Fact]
    public async Task Disposing_a_call_cancels_it()
    {
        await using var server = await TestServer.StartAsync();
        using var channel = server.Channel();
        using (var call = new Echo.EchoClient(channel).Both())
        {
            await call.RequestStream.WriteAsync(new Ask()).Guard();
            Assert.True(await call.ResponseStream.MoveNext().Guard());
        }

        await server.Log.Cancelled.Task.Guard();
    }

    [Fact]
    public async Task Disposing_the_channel_cancels_its_calls()
    {
        await using var server = await TestServer.StartAsync();
        var channel = server.Channel();
        using var call = new Echo.EchoClient(channel).Both();
        await server.Log.Started.Task.Guard();
        channel.Dispose();
        Assert.Equal(StatusCode.Cancelled, (await FailsAsync(call.ResponseStream.MoveNext())).StatusCode);
        await server.Log.Cancelled.Task.Guard();
        Assert.Throws<ObjectDisposedException>(() => new Echo.EchoClient(channel));
    }

    [Fact]
    public async Task Server_that_dies_ends_its_calls()
    {
        var server = await TestServer.StartAsync();
        using var channel = server.Channel();
        using var call = new Echo.EchoClient(channel).Both();
        await server.Log.Started.Task.Guard();
        await server.DisposeAsync();
        var e = await FailsAsync(call.ResponseStream.MoveNext());
        Assert.Contains(e.StatusCode, new[] { StatusCode.Unavailable, StatusCode.Cancelled, StatusCode.Internal });
        e = await FailsAsync(new Echo.EchoClient(channel).UnaryAsync(new Ask()).ResponseAsync);
        Assert.Equal(StatusCode.Unavailable, e.StatusCode);
    }

    private static Task<RpcException> FailsAsync(Task call) => Assert.ThrowsAsync<RpcException>(() => call.Guard());
}
