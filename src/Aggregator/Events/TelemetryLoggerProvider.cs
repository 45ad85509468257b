using Google.Protobuf;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Aggregator.Events;

/// <summary>Turns the station's own log messages (<see cref="StationMessages"/>, and no others) into events.</summary>
internal sealed class TelemetryLoggerProvider(EventHub events) : ILoggerProvider
{
    private const int FirstId = 1000;
    private const int LastId = 1999;

    public ILogger CreateLogger(string categoryName) => new Telemetry(events);

    public void Dispose()
    {
        // Nothing is held.
    }

    private sealed class Telemetry(EventHub events) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Information;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (eventId.Id is < FirstId or > LastId || !IsEnabled(logLevel)) return;
            var line = new LogLine { EventId = (uint)eventId.Id, Severity = Severity(logLevel), Text = formatter(state, null) };
            foreach (var (name, value) in state as IReadOnlyList<KeyValuePair<string, object?>> ?? [])
            {
                if (name == "Round" && value is string round) line.RoundId = ByteString.CopyFrom(Convert.FromHexString(round));
                if (name == "Outpost" && value is string outpost) line.Outpost = outpost;
            }

            events.Publish(new Event { Log = line });
        }

        private static Severity Severity(LogLevel level) => level switch
        {
            LogLevel.Critical or LogLevel.Error => Protocol.Wire.Severity.Critical,
            LogLevel.Warning => Protocol.Wire.Severity.Warning,
            _ => Protocol.Wire.Severity.Info,
        };
    }
}
