using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace SecureAggregation.Aggregator.Hosting;

/// <summary>
/// Writes what goes through each connection, inside TLS, to two files a connection. It is there so that a test can search all traffic
/// for what must not be in it.
/// </summary>
internal static class WireTrace
{
    public static void Use(ListenOptions listen, string folder)
    {
        Directory.CreateDirectory(folder);
        var number = 0;
        listen.Use(next => async context =>
        {
            var name = Path.Combine(folder, Interlocked.Increment(ref number).ToString("D6", CultureInfo.InvariantCulture));
            await using var received = new FileStream(name + ".received", FileMode.Create, FileAccess.Write, FileShare.Read);
            await using var sent = new FileStream(name + ".sent", FileMode.Create, FileAccess.Write, FileShare.Read);
            var transport = context.Transport;
            context.Transport = new Traced(new TracedReader(transport.Input, received), new TracedWriter(transport.Output, sent));
            try
            {
                await next(context);
            }
            finally
            {
                context.Transport = transport;
            }
        });
    }

    private sealed record Traced(PipeReader Input, PipeWriter Output) : IDuplexPipe;

    private sealed class TracedReader(PipeReader inner, FileStream file) : PipeReader
    {
        private ReadOnlySequence<byte> _buffer;

        public override bool TryRead(out ReadResult result)
        {
            var read = inner.TryRead(out result);
            if (read) _buffer = result.Buffer;
            return read;
        }

        public override async ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
        {
            var result = await inner.ReadAsync(cancellationToken);
            _buffer = result.Buffer;
            return result;
        }

        public override void AdvanceTo(SequencePosition consumed) => AdvanceTo(consumed, consumed);

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined)
        {
            foreach (var part in _buffer.Slice(_buffer.Start, consumed)) file.Write(part.Span);
            file.Flush();
            _buffer = default;
            inner.AdvanceTo(consumed, examined);
        }

        public override void CancelPendingRead() => inner.CancelPendingRead();

        public override void Complete(Exception? exception = null) => inner.Complete(exception);
    }

    private sealed class TracedWriter(PipeWriter inner, FileStream file) : PipeWriter
    {
        private Memory<byte> _memory;

        public override bool CanGetUnflushedBytes => inner.CanGetUnflushedBytes;

        public override long UnflushedBytes => inner.UnflushedBytes;

        public override Memory<byte> GetMemory(int sizeHint = 0) => _memory = inner.GetMemory(sizeHint);

        public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

        public override void Advance(int bytes)
        {
            file.Write(_memory.Span[..bytes]);
            // A caller may advance again within the memory it was given.
            _memory = _memory[bytes..];
            inner.Advance(bytes);
        }

        public override async ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
        {
            await file.FlushAsync(cancellationToken);
            return await inner.FlushAsync(cancellationToken);
        }

        public override void CancelPendingFlush() => inner.CancelPendingFlush();

        public override void Complete(Exception? exception = null) => inner.Complete(exception);
    }
}
