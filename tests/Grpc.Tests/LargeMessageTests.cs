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
    private readonly Lifetime _lifetime = new();
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
    public async Task Large_message_that_is_cancelled_near_its_end_is_still_whole()
    {
        using var cancelled = new CancellationTokenSource();
        var write = Call().WriteAsync(_message, s_marshaller, flush: true, cancelled.Token);
        var read = new List<byte>();
        while (5 + Size - read.Count > Threshold + (Threshold / 4)) await Read(read);
        Assert.False(write.IsCompleted);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => write.Guard());
        read.AddRange(await Drain(_pipe.Writer.FlushAsync().AsTask()));
        AssertWhole([.. read]);
        Assert.False(_lifetime.Aborted);
    }

    /// <summary>Else every stream that a caller opens, does not read and replaces by a new one would hold a message in memory.</summary>
    [Fact]
    public async Task Large_message_that_is_cancelled_unread_is_not_kept_but_its_stream_reset()
    {
        using var cancelled = new CancellationTokenSource();
        var write = Call().WriteAsync(_message, s_marshaller, flush: true, cancelled.Token);
        Assert.False(write.IsCompleted);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => write.Guard());
        Assert.True(_lifetime.Aborted);
        Assert.InRange((await Drain(_pipe.Writer.FlushAsync().AsTask())).Length, 1, 3 * Threshold);
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

    /// <summary>Takes a few kilobytes, of what is there.</summary>
    private async Task Read(List<byte> read)
    {
        var buffer = (await _pipe.Reader.ReadAsync().AsTask().Guard()).Buffer;
        var part = buffer.Slice(0, Math.Min(buffer.Length, Threshold / 8));
        read.AddRange(part.ToArray());
        _pipe.Reader.AdvanceTo(part.End);
    }

    private ServerCall Call()
    {
        var http = new DefaultHttpContext();
        http.Features.Set<IHttpResponseBodyFeature>(new Body(_pipe.Writer));
        http.Features.Set<IHttpRequestLifetimeFeature>(_lifetime);
        var method = new Method<byte[], byte[]>(MethodType.DuplexStreaming, "test", "Test", s_marshaller, s_marshaller);
        return new ServerCall(http, method, new GrpcServiceOptions(), TimeProvider.System, NullLogger.Instance);
    }

    private sealed class Lifetime : IHttpRequestLifetimeFeature
    {
        public bool Aborted { get; private set; }

        public CancellationToken RequestAborted { get; set; }

        public void Abort() => Aborted = true;
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
