using System.Net;

namespace SecureAggregation.Aggregator.Tests;

/// <summary>A body that comes when it is told to.</summary>
internal sealed class Withheld : HttpContent
{
    private readonly TaskCompletionSource<byte[]> _bytes = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public void Send(byte[] bytes) => _bytes.SetResult(bytes);

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        await stream.FlushAsync(cancellationToken);
        await stream.WriteAsync(await _bytes.Task.WaitAsync(cancellationToken), cancellationToken);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
