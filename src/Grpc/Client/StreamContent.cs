using System.Net;
using System.Net.Http.Headers;
using Grpc.Core;
using Grpc.Wire;

namespace Grpc.Net.Client;

/// <summary>A body of many messages, and the writer that puts them there.</summary>
internal sealed class StreamContent<TRequest, TResponse> : HttpContent, IClientStreamWriter<TRequest>
    where TRequest : class
    where TResponse : class
{
    private readonly ClientCall<TRequest, TResponse> _call;
    private readonly TaskCompletionSource<Stream> _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _completed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Lock _gate = new();
    private Task _write = Task.CompletedTask;

    public StreamContent(ClientCall<TRequest, TResponse> call, WriteOptions? writeOptions)
    {
        _call = call;
        WriteOptions = writeOptions;
        Headers.ContentType = new MediaTypeHeaderValue(Wire.Headers.ContentType);
    }

    public WriteOptions? WriteOptions { get; set; }

    public Task WriteAsync(TRequest message) => WriteAsync(message, CancellationToken.None);

    public Task WriteAsync(TRequest message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        lock (_gate)
        {
            if (!_write.IsCompleted) throw new InvalidOperationException("A write is under way: await it before the next one.");
            if (_completed.Task.IsCompleted) throw new InvalidOperationException("The requests were completed: nothing can follow.");
            return _write = WriteCoreAsync(message, cancellationToken);
        }
    }

    public Task CompleteAsync()
    {
        lock (_gate)
        {
            if (!_write.IsCompleted) throw new InvalidOperationException("A write is under way: await it before completing the requests.");
            _completed.TrySetResult();
        }

        return Task.CompletedTask;
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        // The server must hear of the call before the first message, which may be long in coming.
        await stream.FlushAsync(cancellationToken).ConfigureAwait(false);
        if (!_opened.TrySetResult(stream))
            throw new IOException("The connection closed before the server took the call, and a stream of requests cannot be sent twice.");

        // A server that has ended the call reads on until its caller has closed its side; a call that is given up is reset instead.
        await Task.WhenAny(_completed.Task, _call.Answered).WaitAsync(cancellationToken).ConfigureAwait(false);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    private async Task WriteCoreAsync(TRequest message, CancellationToken cancellationToken)
    {
        var registration = _call.CancelWith(cancellationToken);
        try
        {
            await Task.WhenAny(_opened.Task, _call.Ended).ConfigureAwait(false);
            if (_call.Ended.IsCompleted) throw _call.EndedException();
            using var outgoing = _call.Marshal(message);
            var stream = await _opened.Task.ConfigureAwait(false);
            foreach (var piece in outgoing.Bytes) await stream.WriteAsync(piece, _call.Abort).ConfigureAwait(false);
            if (WriteOptions?.Flags.HasFlag(WriteFlags.BufferHint) != true) await stream.FlushAsync(_call.Abort).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            throw await _call.WriteFailedAsync(e).ConfigureAwait(false);
        }
        finally
        {
            registration.Unregister();
        }
    }
}
