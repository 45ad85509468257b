using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.DependencyInjection;
using SecureAggregation.Aggregator.Hosting;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Aggregator.Tests;

public sealed class ConnectionMemoryTests
{
    private const int BlockSize = 32 * 1024;

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
    [InlineData(BlockSize)]
    public void Buffer_has_the_size_of_all_buffers_whatever_is_asked_for(int atLeast)
    {
        using var pool = new ConnectionMemory(BlockSize).Create();
        using var buffer = pool.Rent(atLeast);

        Assert.Equal(BlockSize, buffer.Memory.Length);
        Assert.Equal(BlockSize, pool.MaxBufferSize);
    }

    [Theory]
    [InlineData(3, 32 * 1024)]
    [InlineData(50, 32 * 1024)]
    [InlineData(512, 16 * 1024)]
    [InlineData(Limits.Parties, 8 * 1024)]
    public void Buffers_are_smaller_where_many_outposts_share_the_memory(int parties, int size) => Assert.Equal(size, ConnectionLimits.Buffer(parties));

    [Fact]
    public void Larger_buffer_is_refused()
    {
        using var pool = new ConnectionMemory(BlockSize).Create();

        Assert.Throws<ArgumentOutOfRangeException>(() => pool.Rent(BlockSize + 1));
    }

    [Fact]
    public void Buffers_that_came_back_are_given_again_but_not_more_of_them_than_are_kept()
    {
        var memory = new ConnectionMemory(4 * 1024 * 1024);
        using var pool = memory.Create();
        var first = Enumerable.Range(0, memory.Kept + 10).Select(_ => pool.Rent()).ToList();
        Assert.Equal(first.Count, first.Distinct().Count());
        first.ForEach(buffer => buffer.Dispose());

        var second = Enumerable.Range(0, memory.Kept + 10).Select(_ => pool.Rent()).ToList();

        Assert.Equal(memory.Kept, second.Intersect(first).Count());
        Assert.Equal(second.Count, second.Distinct().Count());
        second.ForEach(buffer => buffer.Dispose());
    }

    [Fact]
    public void Buffers_of_many_threads_are_never_the_same()
    {
        using var pool = new ConnectionMemory(BlockSize).Create();
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
