using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Grpc.Core;
using Grpc.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Grpc.AspNetCore.Server;

/// <summary>
/// One call on the server. Its answer is finished exactly once: by the method's end, or by the deadline while the method still runs.
/// </summary>
internal sealed class ServerCall : ServerCallContext
{
    private const int Part = 64 * 1024;

    private readonly IMethod _method;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _cancellation;
    private readonly Lock _gate = new();
    private Task _write = Task.CompletedTask;
    private Task? _finish;
    private bool _expired;
    private bool _headersSent;
    private DateTime _deadline = DateTime.MaxValue;
    private Status _status = Status.DefaultSuccess;

    public ServerCall(HttpContext http, IMethod method, GrpcServiceOptions options, TimeProvider clock, ILogger logger)
    {
        Http = http;
        Options = options;
        _method = method;
        _clock = clock;
        _logger = logger;
        _cancellation = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        CancellationTokenCore = _cancellation.Token;
    }

    public HttpContext Http { get; }

    public GrpcServiceOptions Options { get; }

    protected override string MethodCore => _method.FullName;

    protected override string HostCore => Http.Request.Host.Value ?? "";

    protected override string PeerCore
    {
        get
        {
            var (address, port) = (Http.Connection.RemoteIpAddress, Http.Connection.RemotePort);
            if (address is null) return "unknown";
            if (address.IsIPv4MappedToIPv6) address = address.MapToIPv4();
            return address.AddressFamily == AddressFamily.InterNetwork ? $"ipv4:{address}:{port}" : $"ipv6:[{address}]:{port}";
        }
    }

    protected override DateTime DeadlineCore => _deadline;

    protected override Metadata RequestHeadersCore => field ??= ReceivedHeaders();

    protected override CancellationToken CancellationTokenCore { get; }

    protected override Metadata ResponseTrailersCore { get; } = [];

    protected override Status StatusCore
    {
        get => _status;
        set => _status = value;
    }

    protected override WriteOptions? WriteOptionsCore { get; set; }

    protected override AuthContext AuthContextCore => field ??= Authenticated(Http.Connection.ClientCertificate);

    /// <summary>Runs the service's method and answers with what comes of it.</summary>
    public async Task RunAsync(Func<Task> method)
    {
        DeadlineTimer? timer = null;
        Status status;
        try
        {
            Http.Response.ContentType = Headers.ContentType;
            Http.Response.Headers[Headers.AcceptEncoding] = Headers.Identity;
            timer = Begin();
            await method();
            status = _status;
        }
        catch (Exception e)
        {
            status = StatusOf(e);
        }

        using (timer) await FinishAsync(status);
        await CallHandler.ReadRestAsync(Http);

        // Once it is signalled, disposing it would drop the method's own callbacks that have not run yet.
        if (!_cancellation.IsCancellationRequested) _cancellation.Dispose();
    }

    public Task WriteAsync<T>(T message, Marshaller<T> marshaller, bool flush, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            ThrowIfOver();
            if (!_write.IsCompleted) throw new InvalidOperationException("A write is under way: await it before the next one.");
            return _write = WriteCoreAsync(message, marshaller, flush, cancellationToken);
        }
    }

    public Task WriteSingleAsync<T>(T? response, Marshaller<T> marshaller)
        where T : class
    {
        if (response is null) throw Failure.Of(StatusCode.Internal, $"{_method.FullName} returned no response.");

        // The status follows at once, so the flush is left to it. A method that set another status sends no response.
        return _status.StatusCode == StatusCode.OK
            ? WriteAsync(response, marshaller, flush: false, CancellationToken.None)
            : Task.CompletedTask;
    }

    /// <summary>The transport says that the caller has reset the stream, perhaps before the request's own token does.</summary>
    public void CallerLeft()
    {
        lock (_gate)
        {
            if (_finish is null) _ = _cancellation.CancelAsync();
        }
    }

    /// <summary>Guards against tasks that outlive their call: the transport's buffers belong to another one by then.</summary>
    public void ThrowIfOver()
    {
        if (_finish is null) return;
        CancellationToken.ThrowIfCancellationRequested();
        throw new InvalidOperationException($"The call of {_method.FullName} is over: nothing more can be read or written.");
    }

    protected override async Task WriteResponseHeadersAsyncCore(Metadata responseHeaders)
    {
        ArgumentNullException.ThrowIfNull(responseHeaders);
        lock (_gate)
        {
            ThrowIfOver();
            if (_headersSent || Http.Response.HasStarted) throw new InvalidOperationException("The response headers were sent already.");
            _headersSent = true;
        }

        foreach (var entry in responseHeaders) Http.Response.Headers.Append(entry.Key, Headers.ValueOf(entry));
        await Http.Response.BodyWriter.FlushAsync(CancellationToken);
    }

    /// <summary>Checks the protocol's own request headers and starts the deadline.</summary>
    private DeadlineTimer? Begin()
    {
        var encoding = Http.Request.Headers[Headers.Encoding].ToString();
        if (encoding.Length > 0 && encoding != Headers.Identity)
            throw Failure.Of(StatusCode.Unimplemented, $"Requests in encoding '{encoding}' are not taken, only identity is.");
        var text = Http.Request.Headers[Headers.Timeout].ToString();
        if (text.Length == 0) return null;
        if (!Wire.Timeout.TryParse(text, out var timeout))
            throw Failure.Of(StatusCode.Internal, $"grpc-timeout '{text}' is not one to eight digits and a unit of H, M, S, m, u, n.");
        var now = _clock.GetUtcNow();
        if (timeout > DateTimeOffset.MaxValue - now) return null;
        _deadline = (now + timeout).UtcDateTime;
        if (timeout <= TimeSpan.Zero) throw Failure.Of(StatusCode.DeadlineExceeded, "The deadline had passed before the call began.");
        return new(_clock, now + timeout, Expire);
    }

    private void Expire()
    {
        lock (_gate)
        {
            if (_finish is not null) return;
            _expired = true;

            // First the token, so that a write that waits for the caller's window gives way to the status.
            _ = _cancellation.CancelAsync();
            GrpcLog.DeadlinePassed(_logger, _method.FullName);
            _ = FinishAsync(new(StatusCode.DeadlineExceeded, "The deadline passed before the call ended."));
        }
    }

    private async Task WriteCoreAsync<T>(T message, Marshaller<T> marshaller, bool flush, CancellationToken cancellationToken)
    {
        CancellationToken.ThrowIfCancellationRequested();
        cancellationToken.ThrowIfCancellationRequested();
        using var frame = OutgoingMessage.Create(message, marshaller, Options.MaxSendMessageSize);
        var output = Http.Response.BodyWriter;
        if (!flush)
        {
            if (!Http.Response.HasStarted) await Http.Response.StartAsync(CancellationToken);
            Write(output, frame.Bytes);
            return;
        }

        using var either = cancellationToken.CanBeCanceled
            ? CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, CancellationToken)
            : null;
        await WriteInPartsAsync(output, frame.Bytes, either?.Token ?? CancellationToken);
    }

    /// <summary>In parts, so that a caller that reads slowly holds up the writer and not the transport's memory.</summary>
    private async Task WriteInPartsAsync(PipeWriter output, ReadOnlySequence<byte> rest, CancellationToken stop)
    {
        if (rest.IsSingleSegment && rest.Length <= Part)
        {
            ThrowIfLeft(await output.WriteAsync(rest.First, stop));
            return;
        }

        if (!Http.Response.HasStarted) await Http.Response.StartAsync(stop);
        try
        {
            while (!rest.IsEmpty)
            {
                var part = rest.Slice(0, Math.Min(Part, rest.Length));
                Write(output, part);
                rest = rest.Slice(part.End);
                ThrowIfLeft(await output.FlushAsync(stop));
            }
        }
        catch (OperationCanceledException) when (!Http.RequestAborted.IsCancellationRequested)
        {
            // The call's status follows and must not stand inside a message; but what a caller does not read is not kept for it either.
            if (rest.Length > 2 * Part) Http.Abort();
            else Write(output, rest);
            throw;
        }
    }

    private static void Write(PipeWriter output, ReadOnlySequence<byte> bytes)
    {
        foreach (var piece in bytes) BuffersExtensions.Write(output, piece.Span);
    }

    private void ThrowIfLeft(FlushResult result)
    {
        if (!result.IsCompleted) return;
        CallerLeft();
        throw new OperationCanceledException("The caller reset the stream.", CancellationToken);
    }

    private Status StatusOf(Exception exception)
    {
        if (_expired) return new(StatusCode.DeadlineExceeded, "The deadline passed before the call ended.");
        if (exception is RpcException { StatusCode: not StatusCode.OK } rpc)
        {
            foreach (var entry in rpc.Trailers) ResponseTrailersCore.Add(entry);
            return rpc.Status;
        }

        if (CancellationToken.IsCancellationRequested)
        {
            GrpcLog.FailedLate(_logger, _method.FullName, exception);
            return new(StatusCode.Cancelled, "The call was cancelled.");
        }

        GrpcLog.HandlerThrew(_logger, _method.FullName, exception);
        const string told = "Exception was thrown by handler.";
        var detailed = Options.EnableDetailedErrors == true;
        return new(StatusCode.Unknown, detailed ? $"{told} {exception.GetType().Name}: {exception.Message}" : told);
    }

    private Task FinishAsync(Status status)
    {
        lock (_gate) return _finish ??= FinishCoreAsync(status, _write);
    }

    private async Task FinishCoreAsync(Status status, Task write)
    {
        // A write of the method's may be under way; its failure is the method's to see.
        await Task.WhenAny(write);
        GrpcLog.CallEnded(_logger, _method.FullName, status.StatusCode);
        if (Http.RequestAborted.IsCancellationRequested) return;
        try
        {
            await AnswerAsync(status);
        }
        catch (Exception e)
        {
            GrpcLog.FailedLate(_logger, _method.FullName, e);
            Http.Abort();
        }
    }

    private async Task AnswerAsync(Status status)
    {
        List<(string Name, string Value)> ending;
        try
        {
            ending = [.. ResponseTrailersCore.Select(entry => (entry.Key, Headers.ValueOf(entry)))];
        }
        catch (ArgumentException e)
        {
            GrpcLog.HandlerThrew(_logger, _method.FullName, e);
            (status, ending) = (new(StatusCode.Unknown, "Exception was thrown by handler."), []);
        }

        ending.Insert(0, (Headers.Status, ((int)status.StatusCode).ToString()));
        if (status.Detail.Length > 0) ending.Insert(1, (Headers.Message, StatusMessage.Encode(status.Detail)));
        var response = Http.Response;

        // A failure before the first message is told in the headers alone ("trailers-only").
        if (!response.HasStarted && status.StatusCode != StatusCode.OK)
        {
            foreach (var (name, value) in ending) response.Headers.Append(name, value);
        }
        else
        {
            if (!response.HasStarted) await response.StartAsync();
            foreach (var (name, value) in ending) response.AppendTrailer(name, value);
        }

        await response.CompleteAsync();
    }

    private Metadata ReceivedHeaders()
    {
        var metadata = new Metadata();
        foreach (var (name, values) in Http.Request.Headers)
        {
            foreach (var value in values) Headers.AddTo(metadata, name, value ?? "");
        }

        return metadata;
    }

    private static AuthContext Authenticated(X509Certificate2? certificate)
    {
        if (certificate is null) return new(null, []);
        const string name = "x509_common_name";
        var simpleName = certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false);
        var commonName = AuthProperty.Create(name, Encoding.UTF8.GetBytes(simpleName));
        var pem = AuthProperty.Create("x509_pem_cert", Encoding.UTF8.GetBytes(certificate.ExportCertificatePem()));
        return new(name, new() { [name] = [commonName], [pem.Name] = [pem] });
    }
}
