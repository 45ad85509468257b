using Google.Protobuf;
using Grpc.Core;
using SecureAggregation.Grpc.Tests.Interop;

namespace SecureAggregation.Grpc.Tests;

/// <summary>What happened on the server, for tests that look at both ends.</summary>
public sealed class EchoLog
{
    private volatile int _calls;

    public TaskCompletionSource Started { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public TaskCompletionSource Cancelled { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public DateTime Deadline { get; set; }

    public int Calls => _calls;

    public void Count() => Interlocked.Increment(ref _calls);
}

/// <summary>
/// The C# server of the tests; peer.js and peer.py have the same one. A test may register an action that looks at each call.
/// </summary>
public sealed class EchoService(EchoLog log, IEnumerable<Action<ServerCallContext>> look) : Echo.EchoBase
{
    public override async Task<Answer> Unary(Ask request, ServerCallContext context)
    {
        await StartAsync(context);
        if (request.Text == "throw") throw new InvalidOperationException("a secret of the server");
        await EndAsync(request, context);
        return AnswerTo(request, 0, request.Data.Length);
    }

    public override async Task Down(Ask request, IServerStreamWriter<Answer> responseStream, ServerCallContext context)
    {
        await StartAsync(context);
        for (var i = 0; i < request.Count; i++) await responseStream.WriteAsync(AnswerTo(request, i, 0));
        await EndAsync(request, context);
    }

    public override async Task<Answer> Up(IAsyncStreamReader<Ask> requestStream, ServerCallContext context)
    {
        await StartAsync(context);
        var answer = new Answer();
        while (await requestStream.MoveNext(context.CancellationToken))
        {
            answer.Text += requestStream.Current.Text;
            answer.Count++;
            answer.Bytes += requestStream.Current.Data.Length;
            await EndAsync(requestStream.Current, context);
        }

        return answer;
    }

    public override async Task Both(
        IAsyncStreamReader<Ask> requestStream, IServerStreamWriter<Answer> responseStream, ServerCallContext context)
    {
        await StartAsync(context);
        var (count, bytes) = (0, 0L);
        await foreach (var ask in requestStream.ReadAllAsync())
        {
            bytes += ask.Data.Length;
            await responseStream.WriteAsync(AnswerTo(ask, count++, bytes));
            await EndAsync(ask, context);
        }
    }

    /// <summary>Sends every header that begins with x-echo back, as header and as trailer.</summary>
    private async Task StartAsync(ServerCallContext context)
    {
        log.Count();
        foreach (var action in look) action(context);
        log.Deadline = context.Deadline;
        context.CancellationToken.Register(() => log.Cancelled.TrySetResult());
        var echoed = new Metadata();
        foreach (var entry in context.RequestHeaders.Where(e => e.Key.StartsWith("x-echo", StringComparison.Ordinal)))
        {
            echoed.Add(entry);
            context.ResponseTrailers.Add(entry);
        }

        if (echoed.Count > 0) await context.WriteResponseHeadersAsync(echoed);
        log.Started.TrySetResult();
    }

    private static async Task EndAsync(Ask request, ServerCallContext context)
    {
        if (request.Hang) await Task.Delay(Timeout.Infinite, context.CancellationToken);
        if (request.Code != 0) throw new RpcException(new Status((StatusCode)request.Code, request.Detail));
    }

    private static Answer AnswerTo(Ask request, int count, long bytes) => new()
    {
        Text = request.Text,
        Data = request.Size > 0 ? ByteString.CopyFrom(new byte[request.Size]) : request.Data,
        Count = count,
        Bytes = bytes,
    };
}
