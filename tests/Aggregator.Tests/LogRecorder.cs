using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using SecureAggregation.Testing;

namespace SecureAggregation.Aggregator.Tests;

/// <summary>Keeps what is logged.</summary>
internal sealed class LogRecorder : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<(int Id, LogLevel Level, string Text)> _lines = new();
    private volatile TaskCompletionSource _next = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public IReadOnlyList<(int Id, LogLevel Level, string Text)> Lines => [.. _lines];

    public void Clear() => _lines.Clear();

    public bool Has(int id) => _lines.Any(l => l.Id == id);

    /// <summary>Waits until a line is there, or so many; what follows them in the code that wrote them may still be to come.</summary>
    public async Task Until(Func<(int Id, LogLevel Level, string Text), bool> line, int count = 1)
    {
        while (true)
        {
            var next = _next.Task;
            if (_lines.Count(line) >= count) return;
            await next.Guard();
        }
    }

    /// <summary>Called with the id of each line before it is kept; what it throws, the caller of the logger gets.</summary>
    public Action<int> Before { get; set; } = _ => { };

    public string Text => string.Join('\n', _lines.Select(l => $"{l.Id} {l.Text}"));

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        Before(eventId.Id);
        _lines.Enqueue((eventId.Id, logLevel, exception is null ? formatter(state, null) : $"{formatter(state, null)} {exception}"));
        Interlocked.Exchange(ref _next, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
    }

    public void Dispose()
    {
    }
}
