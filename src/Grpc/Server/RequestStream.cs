using Grpc.Core;
using Grpc.Wire;

namespace Grpc.AspNetCore.Server;

/// <summary>The requests of a call.</summary>
internal sealed class RequestStream<T>(ServerCall call, Marshaller<T> marshaller) : IAsyncStreamReader<T>
    where T : class
{
    private readonly MessageReader<T> _reader = new(call.Http.Request.BodyReader, marshaller, call.Options.MaxReceiveMessageSize);
    private T? _current;
    private bool _ended;
    private int _reading;

    public T Current => _current ?? throw new InvalidOperationException("There is no current message: call MoveNext first.");

    public async Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _reading, 1) != 0)
            throw new InvalidOperationException("A read is under way: await it before the next one.");
        try
        {
            call.ThrowIfOver();
            _current = null;
            if (_ended) return false;
            _current = await ReadAsync(cancellationToken);
            _ended = _current is null;
            return !_ended;
        }
        finally
        {
            Volatile.Write(ref _reading, 0);
        }
    }

    /// <summary>The only request; what comes after it, before the end of the stream, is an error.</summary>
    public async Task<T> ReadSingleAsync()
    {
        if (!await MoveNext(CancellationToken.None))
            throw Failure.Of(StatusCode.Internal, "The call came without its request message.");
        var request = Current;
        if (await MoveNext(CancellationToken.None))
            throw Failure.Of(StatusCode.Internal, "The call came with more than one request message.");
        return request;
    }

    private async Task<T?> ReadAsync(CancellationToken cancellationToken)
    {
        using var either = cancellationToken.CanBeCanceled
            ? CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, call.CancellationToken)
            : null;
        try
        {
            return await _reader.ReadAsync(either?.Token ?? call.CancellationToken);
        }
        catch (IOException e)
        {
            call.CallerLeft();
            throw new OperationCanceledException("The caller reset the stream.", e, call.CancellationToken);
        }
    }
}
