using Grpc.Core;
using Grpc.Health.V1;
using SecureAggregation.Testing;
using Serving = Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace SecureAggregation.Grpc.Tests;

/// <summary>grpc.health.v1.</summary>
public sealed class HealthTests
{
    [Fact]
    public async Task Check_tells_what_was_set()
    {
        await using var server = await TestServer.StartAsync();
        using var channel = server.Channel();
        var client = new Health.HealthClient(channel);
        server.Health.SetStatus("a", Serving.Serving);
        Assert.Equal(Serving.Serving, (await client.CheckAsync(new HealthCheckRequest { Service = "a" }).ResponseAsync.Guard()).Status);
        server.Health.ClearAll();
        var check = client.CheckAsync(new HealthCheckRequest { Service = "a" });
        var e = await Assert.ThrowsAsync<RpcException>(() => check.ResponseAsync.Guard());
        Assert.Equal(StatusCode.NotFound, e.StatusCode);
    }

    [Fact]
    public async Task Watch_tells_every_change()
    {
        await using var server = await TestServer.StartAsync();
        using var channel = server.Channel();
        using var watch = new Health.HealthClient(channel).Watch(new HealthCheckRequest { Service = "a" });
        Assert.Equal(Serving.ServiceUnknown, await NextAsync(watch));
        server.Health.SetStatus("a", Serving.Serving);
        Assert.Equal(Serving.Serving, await NextAsync(watch));
        server.Health.SetStatus("b", Serving.NotServing);
        server.Health.SetStatus("a", Serving.NotServing);
        Assert.Equal(Serving.NotServing, await NextAsync(watch));
        server.Health.ClearStatus("a");
        Assert.Equal(Serving.ServiceUnknown, await NextAsync(watch));
    }

    [Fact]
    public async Task Watchers_are_let_go_when_the_host_stops()
    {
        await using var server = await TestServer.StartAsync();
        using var channel = server.Channel();
        server.Health.SetStatus("", Serving.Serving);
        using var watch = new Health.HealthClient(channel).Watch(new HealthCheckRequest());
        Assert.Equal(Serving.Serving, await NextAsync(watch));
        var stopping = server.StopAsync();
        Assert.Equal(Serving.NotServing, await NextAsync(watch));
        Assert.False(await watch.ResponseStream.MoveNext().Guard());
        await stopping.Guard();
    }

    private static async Task<Serving> NextAsync(AsyncServerStreamingCall<HealthCheckResponse> watch)
    {
        Assert.True(await watch.ResponseStream.MoveNext().Guard());
        return watch.ResponseStream.Current.Status;
    }
}
