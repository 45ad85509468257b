using System.Runtime.ExceptionServices;

namespace SecureAggregation.Party.Data;

/// <summary>
/// Bytes from another machine. While one buffer of them is used the next is fetched, and no more: as long as nobody reads on, the sender waits. Ends with the
/// pass that it belongs to, and when nothing comes for too long.
/// </summary>
internal sealed class PulledStream : ReadOnlyStream
{
    private const int BufferSize = 64 * 1024;

    private readonly Stream _inner;
    private readonly TimeSpan _idle;
    private readonly Func<Exception, DataSourceException> _failed;
    private readonly Action? _abandon;
    private readonly CancellationToken _cancellationToken;
    private readonly CancellationTokenSource _stop;
    private byte[] _used = new byte[BufferSize];
    private byte[] _fetched = new byte[BufferSize];
    private Task<int>? _fetching;
    private int _at;
    private int _count;
    private Exception? _broken;
    private bool _ended;
    private bool _disposed;

    /// <param name="inner">The bytes; disposed of with this.</param>
    /// <param name="idle">The longest wait for the next bytes.</param>
    /// <param name="failed">The sentence for a connection that broke or stood still.</param>
    /// <param name="cancellationToken">The pass is given up.</param>
    /// <param name="abandon">Called before a stream is disposed of that was not read to its end, and when nothing is under way.</param>
    public PulledStream(
        Stream inner, TimeSpan idle, Func<Exception, DataSourceException> failed, CancellationToken cancellationToken, Action? abandon = null)
    {
        (_inner, _idle, _failed, _cancellationToken, _abandon) = (inner, idle, failed, cancellationToken, abandon);
        _stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
    }

    public override int Read(Span<byte> buffer)
    {
        if (_at == _count && !Next()) return 0;
        var read = Math.Min(buffer.Length, _count - _at);
        _used.AsSpan(_at, read).CopyTo(buffer);
        _at += read;
        return read;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing && !_disposed)
        {
            _disposed = true;
            _stop.Cancel();
            // How a fetch ends that nobody wants any more is nobody's business.
            _fetching?.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default).Wait(CancellationToken.None);
            if (!_ended) _abandon?.Invoke();
            try
            {
                _inner.Dispose();
            }
            catch (Exception) when (!_ended)
            {
                // A checksum that is held against a part of the bytes says nothing of them.
            }

            _stop.Dispose();
        }

        Array.Clear(_used);
        Array.Clear(_fetched);
        base.Dispose(disposing);
    }

    private bool Next()
    {
        if (_ended) return false;
        try
        {
            (_at, _count) = (0, (_fetching ?? Fetch(_fetched)).GetAwaiter().GetResult());
        }
        catch (Exception e) when (e is not DataSourceException)
        {
            _cancellationToken.ThrowIfCancellationRequested();
            throw _failed(e);
        }

        (_used, _fetched) = (_fetched, _used);
        _ended = _count == 0;
        _fetching = _ended ? null : Fetch(_fetched);
        return !_ended;
    }

    private Task<int> Fetch(byte[] buffer) => Task.Run(async () =>
    {
        if (_broken is not null) ExceptionDispatchInfo.Throw(_broken);
        var count = 0;
        try
        {
            while (count < buffer.Length)
            {
                _stop.CancelAfter(_idle);
                var read = await _inner.ReadAsync(buffer.AsMemory(count), _stop.Token);
                if (read == 0) break;
                count += read;
            }
        }
        catch (Exception e) when (count > 0)
        {
            // What came before is used first, so that a broken download goes on where it broke.
            _broken = e;
        }

        _stop.CancelAfter(Timeout.InfiniteTimeSpan);
        return count;
    });
}
