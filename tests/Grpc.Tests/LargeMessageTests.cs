using System.Buffers;
using System.IO.Pipelines;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging.Abstractions;
using SecureAggregation.Testing;

namespace SecureAggregation.Grpc.Tests;

/// <summary>A message much larger than the caller reads at a time waits in the writer, not in the transport.</summary>
public sealed class LargeMessageTests
{
    private const int Size = 8 << 20;
    private const int Threshold = 64 * 1024;
    private static readonly Marshaller<byte[]> s_marshaller = Marshallers.Create(b => b, b => b);

    private readonly Pipe _pipe = new(new PipeOptions(pauseWriterThreshold: Threshold, resumeWriterThreshold: Threshold / 2, useSynchronizationContext: false));
    private readonly byte[] _message = [.. Enumerable.Range(0, Size).Select(i => (byte)(i % 251))];

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Large_message_is_written_as_fast_as_it_is_read(bool array)
    {
        var write = Call().WriteAsync(_message, array ? s_marshaller : Written(), flush: true, CancellationToken.None);
        var buffered = (await _pipe.Reader.ReadAsync()).Buffer;
        Assert.False(write.IsCompleted);
        Assert.InRange(buffered.Length, 1, 3 * Threshold);
        _pipe.Reader.AdvanceTo(buffered.Start);
        AssertWhole(await Drain(write));
    }

    [Fact]
    public async Task Large_message_that_is_cancelled_is_still_whole()
    {
        using var cancelled = new CancellationTokenSource();
        var write = Call().WriteAsync(_message, s_marshaller, flush: true, cancelled.Token);
        Assert.False(write.IsCompleted);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => write.Guard());
        AssertWhole(await Drain(_pipe.Writer.FlushAsync().AsTask()));
    }

    private static Marshaller<byte[]> Written() => Marshallers.Create<byte[]>(
        (value, context) =>
        {
            context.SetPayloadLength(value.Length);
            context.GetBufferWriter().Write(value);
            context.Complete();
        },
        context => context.PayloadAsNewBuffer());

    private void AssertWhole(byte[] bytes)
    {
        Assert.Equal(5 + Size, bytes.Length);
        Assert.Equal([0, 0, 0x80, 0, 0], bytes[..5]);
        Assert.True(bytes.AsSpan(5).SequenceEqual(_message));
    }

    private async Task<byte[]> Drain(Task write)
    {
        var all = new MemoryStream();
        var end = write.ContinueWith(_ => _pipe.Writer.Complete(), TaskScheduler.Default);
        await _pipe.Reader.CopyToAsync(all).Guard();
        await end;
        return all.ToArray();
    }

    private ServerCall Call()
    {
        var http = new DefaultHttpContext();
        http.Features.Set<IHttpResponseBodyFeature>(new Body(_pipe.Writer));
        var method = new Method<byte[], byte[]>(MethodType.DuplexStreaming, "test", "Test", s_marshaller, s_marshaller);
        return new ServerCall(http, method, new GrpcServiceOptions(), TimeProvider.System, NullLogger.Instance);
    }

    private sealed class Body(PipeWriter writer) : IHttpResponseBodyFeature
    {
        public Stream Stream => writer.AsStream();

        public PipeWriter Writer => writer;

        public Task CompleteAsync() => Task.CompletedTask;

        public void DisableBuffering()
        {
        }

        public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public Task StartAsync(CancellationToken cancellationToken = default) => Task.CompletedTask;
    }
}
