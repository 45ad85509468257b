using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using SecureAggregation.Aggregator.Hosting;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Aggregator.Tests;

public sealed class ConnectionMemoryTests
{
    [Fact]
    public async Task Web_server_takes_its_buffers_here()
    {
        await using var scene = await RoundScene.Open(3);
        await scene.Coordinator.GetConsortiumAsync(new GetConsortiumRequest()).ResponseAsync.Guard();

        var memory = Assert.IsType<ConnectionMemory>(scene.Station.Host!.Services.GetRequiredService<IMemoryPoolFactory<byte>>());
        Assert.NotEqual(0, memory.Pools);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(ConnectionMemory.BlockSize)]
    public void Buffer_has_the_size_of_all_buffers_whatever_is_asked_for(int atLeast)
    {
        using var pool = new ConnectionMemory().Create();
        using var buffer = pool.Rent(atLeast);

        Assert.Equal(ConnectionMemory.BlockSize, buffer.Memory.Length);
        Assert.Equal(ConnectionMemory.BlockSize, pool.MaxBufferSize);
    }

    [Fact]
    public void Larger_buffer_is_refused()
    {
        using var pool = new ConnectionMemory().Create();

        Assert.Throws<ArgumentOutOfRangeException>(() => pool.Rent(ConnectionMemory.BlockSize + 1));
    }

    [Fact]
    public void Buffers_that_came_back_are_given_again_but_not_more_of_them_than_are_kept()
    {
        using var pool = new ConnectionMemory().Create();
        var first = Enumerable.Range(0, ConnectionMemory.Kept + 10).Select(_ => pool.Rent()).ToList();
        Assert.Equal(first.Count, first.Distinct().Count());
        first.ForEach(buffer => buffer.Dispose());

        var second = Enumerable.Range(0, ConnectionMemory.Kept + 10).Select(_ => pool.Rent()).ToList();

        Assert.Equal(ConnectionMemory.Kept, second.Intersect(first).Count());
        Assert.Equal(second.Count, second.Distinct().Count());
        second.ForEach(buffer => buffer.Dispose());
    }

    [Fact]
    public void Buffers_of_many_threads_are_never_the_same()
    {
        using var pool = new ConnectionMemory().Create();
        var clashes = 0;
        Parallel.For(0, 8, thread =>
        {
            for (var i = 0; i < 5_000; i++)
            {
                using var buffer = pool.Rent();
                var mark = (byte)(thread + 1);
                buffer.Memory.Span[0] = mark;
                Thread.Yield();
                if (buffer.Memory.Span[0] != mark) Interlocked.Increment(ref clashes);
            }
        });

        Assert.Equal(0, clashes);
    }
}
