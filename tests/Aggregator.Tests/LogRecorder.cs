using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace SecureAggregation.Aggregator.Tests;

/// <summary>Keeps what is logged.</summary>
internal sealed class LogRecorder : ILoggerProvider, ILogger
{
    private readonly ConcurrentQueue<(int Id, LogLevel Level, string Text)> _lines = new();

    public IReadOnlyList<(int Id, LogLevel Level, string Text)> Lines => [.. _lines];

    public void Clear() => _lines.Clear();

    public bool Has(int id) => _lines.Any(l => l.Id == id);

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
    }

    public void Dispose()
    {
    }
}
