using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Headers;
using Grpc.Core;
using Grpc.Wire;

namespace Grpc.Net.Client;

/// <summary>
/// One call: sends the request, reads the responses, and ends exactly once, whichever of trailers, failure, deadline, cancellation and
/// disposal comes first. A client may be called from a user interface, so nothing here continues on the caller's context.
/// </summary>
internal sealed class ClientCall<TRequest, TResponse> : IAsyncStreamReader<TResponse>, IDisposable
    where TRequest : class
    where TResponse : class
{
    private static readonly StreamPipeReaderOptions s_reading = new(bufferSize: 32 * 1024);

    private readonly GrpcChannel _channel;
    private readonly Method<TRequest, TResponse> _method;
    private readonly CallOptions _options;
    private readonly CancellationTokenSource _abort = new();
    private readonly TaskCompletionSource<Outcome> _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _answered = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<Metadata> _headers = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task<MessageReader<TResponse>?> _opening = Task.FromResult<MessageReader<TResponse>?>(null);
    private HttpResponseMessage? _response;
    private TResponse? _current;
    private int _reading;
    private bool _any;
    private CancellationTokenRegistration _byCaller;
    private CancellationTokenRegistration _byChannel;
    private DeadlineTimer? _deadline;

    public ClientCall(GrpcChannel channel, Method<TRequest, TResponse> method, CallOptions options)
    {
        _channel = channel;
        _method = method;
        _options = options;
        Abort = _abort.Token;
        if (options.Deadline is { Kind: not DateTimeKind.Utc } deadline && deadline != DateTime.MaxValue && deadline != DateTime.MinValue)
            throw new ArgumentException($"The deadline of {method.FullName} must be in UTC (DateTimeKind.Utc).", nameof(options));
    }

    /// <summary>Signalled when the call ends before its time; the transport gives up on it.</summary>
    public CancellationToken Abort { get; }

    public Task Ended => _ended.Task;

    /// <summary>Completed when the server has ended the call, and not otherwise.</summary>
    public Task Answered => _answered.Task;

    public Task<Metadata> ResponseHeaders => _headers.Task;

    public TResponse Current => _current ?? throw new InvalidOperationException("There is no current message: call MoveNext first.");

    public void Start(HttpContent content)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_channel.Address, _method.FullName))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = content,
        };
        request.Headers.TE.ParseAdd("trailers");
        request.Headers.TryAddWithoutValidation("user-agent", "grpc-dotnet-secagg");
        request.Headers.TryAddWithoutValidation(Wire.Headers.AcceptEncoding, Wire.Headers.Identity);
        foreach (var entry in _options.Headers ?? Metadata.Empty)
            request.Headers.TryAddWithoutValidation(entry.Key, Wire.Headers.ValueOf(entry));

        if (!StartDeadline(request)) return;
        _byCaller = CancelWith(_options.CancellationToken);
        _byChannel = _channel.Closing.UnsafeRegister(
            static call => ((ClientCall<TRequest, TResponse>)call!).GiveUp(StatusCode.Cancelled, "The channel was disposed."), this);
        _opening = OpenAsync(request);
        if (Ended.IsCompleted) Unregister();
    }

    /// <summary>Waits for the only response of a call that has one.</summary>
    public async Task<TResponse> ReadSingleAsync()
    {
        await MoveNext(CancellationToken.None).ConfigureAwait(false);
        var response = Current;
        if (!await MoveNext(CancellationToken.None).ConfigureAwait(false)) return response;
        GiveUp(StatusCode.Internal, "The server sent a second response to a call that has one.");
        throw EndedException();
    }

    public async Task<bool> MoveNext(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _reading, 1) != 0)
            throw new InvalidOperationException("A read is under way: await it before the next one.");
        var registration = CancelWith(cancellationToken);
        try
        {
            var reader = await _opening.ConfigureAwait(false);
            if (reader is not null && !Ended.IsCompleted)
            {
                try
                {
                    _current = await reader.ReadAsync(Abort).ConfigureAwait(false);
                    if (_current is not null) return _any = true;
                    EndWith(_response!.TrailingHeaders);
                }
                catch (Exception e)
                {
                    End(HttpErrors.ToStatus(e), null);
                }
            }

            _current = null;
            return (await _ended.Task.ConfigureAwait(false)).Status.StatusCode == StatusCode.OK ? false : throw EndedException();
        }
        finally
        {
            registration.Unregister();
            Volatile.Write(ref _reading, 0);
        }
    }

    public OutgoingMessage Marshal(TRequest message)
    {
        try
        {
            return OutgoingMessage.Create(message, _method.RequestMarshaller, _channel.MaxSendMessageSize);
        }
        catch (RpcException e)
        {
            GiveUp(e.StatusCode, e.Status.Detail);
            throw;
        }
        catch (Exception e)
        {
            End(new(StatusCode.Internal, $"A {typeof(TRequest).Name} could not be written as bytes.", e), null);
            throw;
        }
    }

    public CancellationTokenRegistration CancelWith(CancellationToken token) => token.UnsafeRegister(
        static call => ((ClientCall<TRequest, TResponse>)call!).GiveUp(StatusCode.Cancelled, "The caller cancelled the call."), this);

    /// <summary>The exception of a call that has ended, also when it ended well: then what was tried came too late.</summary>
    public Exception EndedException()
    {
        var outcome = Result();
        return outcome.Status.StatusCode == StatusCode.OK
            ? new InvalidOperationException("The server has ended the call with status OK: nothing more can be written.")
            : new RpcException(outcome.Status, outcome.Trailers);
    }

    /// <summary>Why a write failed: mostly because the server has ended the call; then its status says more than the transport.</summary>
    public async Task<Exception> WriteFailedAsync(Exception exception)
    {
        // One response: the call is being read to its end without the caller's help. Many: the rest of them is the caller's to read.
        await (_method.Type == MethodType.ClientStreaming ? Ended : _opening).ConfigureAwait(false);
        return Ended.IsCompleted
            ? EndedException()
            : new RpcException(
                HttpErrors.ToStatus(exception),
                Metadata.Empty,
                "The request could not be written; the response stream says how the call ended.");
    }

    public Status GetStatus() => Result().Status;

    public Metadata GetTrailers() => Result().Trailers;

    public void Dispose() => GiveUp(StatusCode.Cancelled, "The call was disposed before it ended.");

    private Outcome Result() => Ended.IsCompleted
        ? _ended.Task.Result
        : throw new InvalidOperationException($"The call of {_method.FullName} has not ended: there is no status yet.");

    /// <summary>Announces the deadline to the server and watches it here.</summary>
    /// <returns>False when it has passed already, so that nothing need be sent.</returns>
    private bool StartDeadline(HttpRequestMessage request)
    {
        if (_options.Deadline is not { } deadline || deadline == DateTime.MaxValue) return true;
        var left = deadline - _channel.Clock.GetUtcNow().UtcDateTime;
        if (left <= TimeSpan.Zero)
        {
            GiveUp(StatusCode.DeadlineExceeded, "The deadline had passed before the call began.");
            return false;
        }

        request.Headers.TryAddWithoutValidation(Wire.Headers.Timeout, Wire.Timeout.Format(left));
        _deadline = new(
            _channel.Clock,
            new DateTimeOffset(deadline, TimeSpan.Zero),
            () => GiveUp(StatusCode.DeadlineExceeded, "The deadline passed before the call ended."));
        return true;
    }

    private async Task<MessageReader<TResponse>?> OpenAsync(HttpRequestMessage request)
    {
        try
        {
            var response = await _channel.SendAsync(request, Abort).ConfigureAwait(false);
            Interlocked.Exchange(ref _response, response);
            if (Ended.IsCompleted)
            {
                response.Dispose();
                return null;
            }

            if (Refusal(response) is { } refusal)
            {
                End(refusal, null);
                return null;
            }

            if (response.Headers.NonValidated.Contains(Wire.Headers.Status))
            {
                _headers.TrySetResult(Metadata.Empty);
                EndWith(response.Headers);
                return null;
            }

            _headers.TrySetResult(Received(response.Headers));
            var body = await response.Content.ReadAsStreamAsync(Abort).ConfigureAwait(false);
            return new(PipeReader.Create(body, s_reading), _method.ResponseMarshaller, _channel.MaxReceiveMessageSize);
        }
        catch (Exception e)
        {
            End(HttpErrors.ToStatus(e), null);
            return null;
        }
    }

    private static Status? Refusal(HttpResponseMessage response)
    {
        var media = response.Content.Headers.NonValidated.TryGetValues("content-type", out var values) ? values.ToString() : null;
        if (!Wire.Headers.IsGrpc(media))
        {
            var code = response.StatusCode == HttpStatusCode.OK ? StatusCode.Unknown : HttpErrors.ToStatusCode(response.StatusCode);
            return new(code, $"The server answered with HTTP status {(int)response.StatusCode} and content type '{media}', not with gRPC.");
        }

        if (response.StatusCode != HttpStatusCode.OK && !response.Headers.NonValidated.Contains(Wire.Headers.Status))
            return new(HttpErrors.ToStatusCode(response.StatusCode), $"The server answered with HTTP status {(int)response.StatusCode}.");
        if (response.Headers.NonValidated.TryGetValues(Wire.Headers.Encoding, out var encoding)
            && encoding.ToString() != Wire.Headers.Identity)
            return new(StatusCode.Internal, $"The server compresses with '{encoding}', which was not offered; only identity is.");
        return null;
    }

    /// <summary>Ends the call as the server says: in the trailers, or in the headers when nothing else follows.</summary>
    private void EndWith(HttpResponseHeaders headers)
    {
        var status = StatusOf(headers);
        if (status.StatusCode == StatusCode.OK && !_any && _method.Type is (MethodType.Unary or MethodType.ClientStreaming))
            status = new(StatusCode.Internal, "The server ended the call with status OK but without a response.");
        End(status, Received(headers));
        _answered.TrySetResult();
    }

    private static Status StatusOf(HttpResponseHeaders headers)
    {
        if (!headers.NonValidated.TryGetValues(Wire.Headers.Status, out var values))
            return new(StatusCode.Unknown, "The server ended the stream without a grpc-status.");
        var code = values.ToString();
        var said = headers.NonValidated.TryGetValues(Wire.Headers.Message, out var message);
        var detail = said ? StatusMessage.Decode(message.ToString()) : "";
        return int.TryParse(code, out var number) && Enum.IsDefined((StatusCode)number)
            ? new((StatusCode)number, detail)
            : new(StatusCode.Unknown, $"The server sent grpc-status '{code}', which is none. {detail}");
    }

    private static Metadata Received(HttpResponseHeaders headers)
    {
        var metadata = new Metadata();
        foreach (var (name, values) in headers.NonValidated)
        {
            foreach (var value in values) Wire.Headers.AddTo(metadata, name, value);
        }

        return metadata;
    }

    private void GiveUp(StatusCode code, string detail) => End(new(code, detail), null);

    /// <summary>Ends the call, if nothing has ended it before.</summary>
    private void End(Status status, Metadata? trailers)
    {
        if (!_ended.TrySetResult(new(status, trailers ?? Metadata.Empty))) return;
        GrpcLog.ClientCallEnded(_channel.Logger, _method.FullName, status.StatusCode, status.DebugException);
        if (_headers.TrySetException(new RpcException(status, trailers ?? Metadata.Empty))) _ = _headers.Task.Exception;
        Unregister();

        // Also after trailers: a server may end the call while requests are still to come, and a writer must not wait for its window then.
        _abort.Cancel();
        _response?.Dispose();
    }

    private void Unregister()
    {
        _byCaller.Unregister();
        _byChannel.Unregister();
        _deadline?.Dispose();
    }

    private sealed record Outcome(Status Status, Metadata Trailers);
}
