using Grpc.Core;

namespace Grpc.AspNetCore.Server;

/// <summary>The responses of a call.</summary>
internal sealed class ResponseStream<T>(ServerCall call, Marshaller<T> marshaller) : IServerStreamWriter<T>
    where T : class
{
    public WriteOptions? WriteOptions
    {
        get => call.WriteOptions;
        set => call.WriteOptions = value;
    }

    public Task WriteAsync(T message) => WriteAsync(message, CancellationToken.None);

    public Task WriteAsync(T message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        var flush = WriteOptions?.Flags.HasFlag(WriteFlags.BufferHint) != true;
        return call.WriteAsync(message, marshaller, flush, cancellationToken);
    }
}
