using System.Globalization;

namespace SecureAggregation.Party.Data;

/// <summary>
/// A remote file from its first to its last byte, all of one version. A connection that breaks is made again from where it broke, which is allowed only
/// where the server names the version and still has it.
/// </summary>
internal sealed class RemoteStream : ReadOnlyStream
{
    private readonly IRemoteFile _file;
    private readonly RemoteLimits _limits;
    private readonly CancellationToken _cancellationToken;
    private RemoteBody _body;
    private PulledStream _stream;
    private long _at;
    private int _failures;

    private RemoteStream(IRemoteFile file, RemoteLimits limits, RemoteBody body, CancellationToken cancellationToken)
    {
        (_file, _limits, _body, _cancellationToken) = (file, limits, body, cancellationToken);
        _stream = Pull(body);
    }

    /// <summary>How much has been read, in hundredths; null where the length was not told.</summary>
    public int? Percent => _body.Length is { } length and > 0 ? (int)(Math.Min(_at, length) * 100 / length) : null;

    /// <summary>Begins a download.</summary>
    /// <exception cref="DataSourceException">It cannot be had, or is too large.</exception>
    public static RemoteStream Open(IRemoteFile file, RemoteLimits limits, CancellationToken cancellationToken)
    {
        // The exception's own words may hold the address with what was signed into it.
        var body = Fetch(file, limits, 0, null, cancellationToken) ?? throw new DataSourceException(
            $"'{file.Name}': no answer from the server; check the address, its certificate and the network.");
        if (body.Length <= limits.Bytes || body.Length is null) return new RemoteStream(file, limits, body, cancellationToken);
        body.Content.Dispose();
        throw TooLarge(file, limits);
    }

    public override int Read(Span<byte> buffer)
    {
        while (true)
        {
            int read;
            try
            {
                read = _stream.Read(buffer);
            }
            catch (DataSourceException) when (_body.Version is not null && _failures < _limits.Retries)
            {
                GoOn();
                continue;
            }

            // An end that comes too early is a broken connection, too.
            if (read == 0 && !buffer.IsEmpty && _at < _body.Length)
            {
                if (_body.Version is null || _failures >= _limits.Retries) throw Broken();
                GoOn();
                continue;
            }

            if (read > 0) _failures = 0;
            _at += read;
            return _at <= _limits.Bytes ? read : throw TooLarge(_file, _limits);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) _stream.Dispose();
        base.Dispose(disposing);
    }

    /// <summary>Null if there was no answer.</summary>
    private static RemoteBody? Fetch(IRemoteFile file, RemoteLimits limits, long from, string? version, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(limits.Answer);
        try
        {
            return file.FetchAsync(from, version, limit.Token).GetAwaiter().GetResult();
        }
        catch (Exception e) when (e is OperationCanceledException or HttpRequestException or IOException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            return null;
        }
    }

    private void GoOn()
    {
        _stream.Dispose();
        RemoteBody? body = null;
        while (body is null)
        {
            if (_failures >= _limits.Retries) throw Broken();
            if (_cancellationToken.WaitHandle.WaitOne(_limits.Retry * Math.Pow(2, _failures++))) _cancellationToken.ThrowIfCancellationRequested();
            body = Fetch(_file, _limits, _at, _body.Version, _cancellationToken);
        }

        _body = body with { Length = _body.Length ?? body.Length };
        _stream = Pull(body);
    }

    private PulledStream Pull(RemoteBody body) => new(body.Content, _limits.Idle, _ => Broken(), _cancellationToken);

    private DataSourceException Broken() => new(string.Create(
        CultureInfo.InvariantCulture,
        $"'{_file.Name}': the connection broke or stood still after {_at} bytes and could not be gone on with; check the network and the server."));

    private static DataSourceException TooLarge(IRemoteFile file, RemoteLimits limits) => new(string.Create(
        CultureInfo.InvariantCulture, $"'{file.Name}' has more than {limits.Bytes} bytes, the most that is fetched; split it, or copy it to a disk of the outpost."));
}
