using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Logs;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace SecureAggregation.Telemetry;

/// <summary>
/// Sends a program's figures, spans and log lines to an OpenTelemetry collector. What cannot be sent is dropped: nothing that the program does waits for it. Disposed,
/// it sends what it has and gives up after some seconds.
/// </summary>
public sealed class Exporter : IDisposable
{
    // The framework's own, beside what each program counts.
    private static readonly string[] s_frameworkMeters = ["System.Runtime", "Microsoft.AspNetCore.Hosting", "Microsoft.AspNetCore.Server.Kestrel"];

    private readonly TelemetryOptions _options;
    private readonly ResourceBuilder _resource;
    private readonly string _headers;
    private readonly MeterProvider _meters;
    private readonly TracerProvider _traces;

    private Exporter(TelemetryOptions options, string service, string version)
    {
        _options = options;
        _headers = options.Headers();
        _resource = ResourceBuilder.CreateEmpty().AddService(service, serviceVersion: version, serviceInstanceId: $"{Environment.MachineName}:{Environment.ProcessId}").AddEnvironmentVariableDetector();
        var own = $"SecureAggregation.{Room(service)}";
        _meters = Sdk.CreateMeterProviderBuilder().SetResourceBuilder(_resource).AddMeter([own, .. s_frameworkMeters])
            .AddOtlpExporter((exporter, reader) =>
            {
                Aim(exporter, "v1/metrics");
                reader.PeriodicExportingMetricReaderOptions = new() { ExportIntervalMilliseconds = (int)options.Interval.TotalMilliseconds, ExportTimeoutMilliseconds = exporter.TimeoutMilliseconds };
            }).Build();
        _traces = Sdk.CreateTracerProviderBuilder().SetResourceBuilder(_resource).AddSource(own, "Microsoft.AspNetCore").AddOtlpExporter(exporter => Aim(exporter, "v1/traces")).Build();
    }

    /// <summary>Begins to send; null if the options name no collector.</summary>
    /// <param name="options">Checked options.</param>
    /// <param name="service">The name of the program: secagg-station, secagg-outpost or secagg-dashboard.</param>
    /// <param name="version">Its version.</param>
    public static Exporter? Start(TelemetryOptions options, string service, string version) => options.IsOn ? new Exporter(options, service, version) : null;

    /// <summary>Sends log lines as well: with event id, name and fields.</summary>
    public void AddTo(ILoggingBuilder logging) => logging.AddOpenTelemetry(logs =>
    {
        logs.SetResourceBuilder(_resource);
        logs.IncludeFormattedMessage = true;
        logs.AddProcessor(new EventIds());
        logs.AddOtlpExporter(exporter => Aim(exporter, "v1/logs"));
    });

    /// <inheritdoc/>
    public void Dispose()
    {
        _traces.Dispose();
        _meters.Dispose();
    }

    /// <summary>The library sends an event's name only; what people look up in the documents is the number.</summary>
    private sealed class EventIds : BaseProcessor<LogRecord>
    {
        public override void OnEnd(LogRecord data)
        {
            if (data.EventId.Id != 0) data.Attributes = [.. data.Attributes ?? [], new("event.id", data.EventId.Id)];
        }
    }

    private static string Room(string service) => service switch
    {
        "secagg-station" => "Aggregator",
        "secagg-outpost" => "Party",
        "secagg-dashboard" => "Dashboard.Blazor",
        _ => throw new ArgumentException($"{service} is no program of this repository", nameof(service)),
    };

    /// <summary>Over HTTP each kind has an address of its own below the endpoint; the library adds it only to what it reads itself.</summary>
    private void Aim(OtlpExporterOptions exporter, string path)
    {
        var http = _options.Protocol == TelemetryOptions.Http;
        exporter.Protocol = http ? OtlpExportProtocol.HttpProtobuf : OtlpExportProtocol.Grpc;
        exporter.Endpoint = http ? new Uri(_options.Endpoint.TrimEnd('/') + "/" + path) : new Uri(_options.Endpoint);
        if (_headers.Length > 0) exporter.Headers = _headers;
        exporter.TimeoutMilliseconds = 5000;
    }
}
