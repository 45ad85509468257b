using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace SecureAggregation.Party.Tests.Link;

/// <summary>Keeps what is logged, exceptions too.</summary>
internal sealed class Recorder : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<string> _lines = new();
    private readonly ConcurrentQueue<(string Part, TaskCompletionSource Seen)> _waiting = new();

    public string Text => string.Join('\n', _lines);

    /// <summary>Until a line holds this, now or later.</summary>
    public Task Saw(string part)
    {
        var seen = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _waiting.Enqueue((part, seen));
        if (Text.Contains(part, StringComparison.Ordinal)) seen.TrySetResult();
        return seen.Task;
    }

    public ILogger CreateLogger(string categoryName) => this;

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => true;

    public void Log<TState>(
        LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        var line = $"{eventId.Id} {formatter(state, exception)} {exception}";
        _lines.Enqueue(line);
        foreach (var (part, seen) in _waiting)
        {
            if (line.Contains(part, StringComparison.Ordinal)) seen.TrySetResult();
        }
    }

    public void Dispose()
    {
    }
}
