namespace SecureAggregation.Party.Data;

/// <summary>
/// Bytes from another machine, read when they are wanted and not before: while nobody reads, the sender waits. Ends with the pass that it belongs to, and
/// when nothing comes for too long.
/// </summary>
/// <param name="inner">The bytes; disposed of with this.</param>
/// <param name="idle">The longest wait for the next bytes.</param>
/// <param name="cancellationToken">The pass is given up.</param>
/// <param name="failed">The sentence for a connection that broke or stood still.</param>
internal sealed class PulledStream(Stream inner, TimeSpan idle, Func<Exception, DataSourceException> failed, CancellationToken cancellationToken)
    : ReadOnlyStream
{
    private readonly byte[] _buffer = new byte[64 * 1024];

    public override int Read(Span<byte> buffer)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(idle);
        try
        {
            var read = inner.ReadAsync(_buffer.AsMemory(0, Math.Min(buffer.Length, _buffer.Length)), limit.Token).AsTask().GetAwaiter().GetResult();
            _buffer.AsSpan(0, read).CopyTo(buffer);
            return read;
        }
        catch (Exception e) when (e is not DataSourceException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw failed(e);
        }
    }

    protected override void Dispose(bool disposing)
    {
        Array.Clear(_buffer);
        if (disposing) inner.Dispose();
        base.Dispose(disposing);
    }
}
