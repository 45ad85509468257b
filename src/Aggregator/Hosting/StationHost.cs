using System.Buffers;
using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Grpc.HealthCheck;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Options;
using SecureAggregation.Aggregator.Events;
using SecureAggregation.Aggregator.Log;
using SecureAggregation.Aggregator.Parties;
using SecureAggregation.Aggregator.Rest;
using SecureAggregation.Aggregator.Rounds;
using SecureAggregation.Aggregator.Security;
using SecureAggregation.Aggregator.Services;
using SecureAggregation.Aggregator.Store;
using SecureAggregation.Protocol;
using SecureAggregation.Telemetry;
using Serving = Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace SecureAggregation.Aggregator.Hosting;

/// <summary>The station put together: files, log, rounds, and the server in front of them.</summary>
internal sealed class StationHost : IAsyncDisposable
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_expiry = TimeSpan.FromHours(1);

    private const int FrameSlack = 4 * 1024;

    // The largest frame that any member may send under any roster, since one may follow that has more parties: an outpost's message in a round with everybody,
    // a roster, a part of a vector, or a query. Each is held to its own limit when it is read.
    private static readonly int s_largestFrame = new[] { Limits.PartyEnvelope(Limits.Parties), Limits.Roster, Limits.Chunk, Limits.Query }.Max() + FrameSlack;

    private readonly StationOptions _options;
    private readonly TimeProvider _clock;
    private readonly StationFiles _files;
    private readonly StationStorage _storage;
    private readonly WebApplication _app;
    private readonly Exporter? _telemetry;
    private readonly Action<ILoggingBuilder> _logging;
    private RestHost? _rest;

    private StationHost(StationOptions options, StationSurroundings surroundings, StationFiles files, StationStorage storage, WebApplication app, Exporter? telemetry) =>
        (_options, _clock, _logging, _files, _storage, _app, _telemetry) = (options, surroundings.Clock, surroundings.Logging, files, storage, app, telemetry);

    /// <summary>Name and version, as parties and readers see it.</summary>
    public static string Software { get; } = $"secagg-station/{Version}";

    private static string Version => typeof(StationHost).Assembly.GetName().Version!.ToString(3);

    /// <summary>https://address:port, once started.</summary>
    public string Address { get; private set; } = "";

    /// <summary>The REST interface; null if it is off.</summary>
    public RestHost? Rest => _rest;

    public IServiceProvider Services => _app.Services;

    /// <summary>Opens everything and starts to listen.</summary>
    /// <param name="options">Checked options.</param>
    /// <param name="surroundings">What tests replace.</param>
    /// <exception cref="StartException">The station cannot start.</exception>
    public static Task<StationHost> Start(StationOptions options, StationSurroundings surroundings) => Open(options, surroundings, host => host.Run());

    /// <summary>Checks everything that a start checks, without listening.</summary>
    /// <param name="options">Checked options.</param>
    /// <param name="surroundings">What tests replace.</param>
    /// <returns>Entries of the log and rounds in it.</returns>
    /// <exception cref="StartException">The station could not start.</exception>
    public static async Task<(long Entries, int Rounds)> Check(StationOptions options, StationSurroundings surroundings)
    {
        await using var host = await Open(options, surroundings, host => Task.FromResult(host.Load()));
        return (host.Services.GetRequiredService<StationLog>().Head.Size, host.Services.GetRequiredService<RoundBook>().Count);
    }

    private static async Task<StationHost> Open(StationOptions options, StationSurroundings surroundings, Func<StationHost, Task> begin)
    {
        var clock = surroundings.Clock;
        var files = StationFiles.Open(options);
        StationStorage? storage = null;
        StationHost? host = null;
        var telemetry = Exporter.Start(options.Telemetry, "secagg-station", Version);
        try
        {
            storage = surroundings.OpenStorage(options, files);
            var events = new EventHub(clock, options.Limits.EventHistory, options.Limits.EventQueue);
            host = new StationHost(options, surroundings, files, storage, Build(options, surroundings, files, storage, events, telemetry), telemetry);
            await begin(host);
            return host;
        }
        catch (Exception e)
        {
            if (host is not null)
            {
                await host.DisposeAsync();
            }
            else
            {
                storage?.Dispose();
                files.Dispose();
                telemetry?.Dispose();
            }

            if (e is StoreException failure) throw Unusable(failure);
            throw;
        }
    }

    public Task WaitForShutdown() => _app.WaitForShutdownAsync();

    public async ValueTask DisposeAsync()
    {
        if (_rest is not null) await _rest.DisposeAsync();
        await _app.StopAsync();
        // Disposes what it made, in reverse order: the rounds before the log that they write to.
        await _app.DisposeAsync();
        _storage.Dispose();
        _files.Dispose();
        _telemetry?.Dispose();
    }

    private static StartException Unusable(StoreException e) => e.IsDisk
        ? new StartException(ExitCode.DataDirectory, $"{e.Message} The data folder must be on a disk that takes writes, and the database, if there is one, be there and be this station's.", e)
        : StartException.Refused(e.IsNewer ? TranscriptFault.StoreNewer : TranscriptFault.StoreUnreadable, e.Message);

    private static WebApplication Build(
        StationOptions options, StationSurroundings surroundings, StationFiles files, StationStorage storage, EventHub events, Exporter? telemetry)
    {
        var clock = surroundings.Clock;
        // Empty: no configuration file, variable or argument but the station's own has a say.
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = typeof(StationHost).Assembly.GetName().Name });
        surroundings.Logging(builder.Logging);
        telemetry?.AddTo(builder.Logging);
        builder.Logging.AddProvider(new TelemetryLoggerProvider(events));
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => Listen(kestrel, options, clock, files));
        var services = builder.Services;
        // Streams are ended at once; what is left then is callers that do not close their side.
        services.Configure<HostOptions>(host => host.ShutdownTimeout = s_patience);
        services.AddRoutingCore().AddSingleton<IMemoryPoolFactory<byte>>(new ConnectionMemory(ConnectionLimits.Buffer(files.Roster.Parties.Count)));
        services.AddGrpc(grpc => grpc.MaxReceiveMessageSize = s_largestFrame);
        services.AddSingleton(options).AddSingleton(clock).AddSingleton(storage.Transcript).AddSingleton(storage.Blobs).AddSingleton(events);
        services.AddSingleton(new StationClock(clock));
        services.AddSingleton<AlertBoard>().AddSingleton<PartyDirectory>().AddSingleton<PlanDesk>().AddSingleton<Access>().AddSingleton<CallGate>().AddSingleton<HealthServiceImpl>();
        services.AddSingleton(surroundings.Meaning);
        services.AddSingleton(p => new LogOpening(storage.Transcript, files.Roster, files.Keys, options.Limits.StorageRetry, clock, p.GetRequiredService<AlertBoard>(), p.GetRequiredService<ILogger<StationLog>>()).Open());
        services.AddSingleton(p => p.GetRequiredService<OpenedLog>().Log);
        services.AddSingleton(p => p.GetRequiredService<OpenedLog>().Rosters);
        services.AddSingleton<ILogger>(p => p.GetRequiredService<ILogger<RoundBook>>());
        services.AddSingleton(p => new ActRecorder(p.GetRequiredService<StationLog>(), p.GetRequiredService<RosterHistory>(), p.GetRequiredService<OpenedLog>().Acts, files.Keys, clock));
        services.AddSingleton<Witnesses>().AddSingleton<RoundServices>().AddSingleton<StationMeters>();
        services.AddSingleton<RoundBook>(p => new RoundBook(
            p.GetRequiredService<RoundServices>(), p.GetRequiredService<RosterHistory>(), p.GetRequiredService<IRoundMeaning>(), files.Keys.New, RandomNumberGenerator.Create()));
        services.AddSingleton<BundleExport>().AddSingleton<RoundStop>().AddSingleton<MemberActs>();
        services.AddSingleton(p => new RosterAdoption(
            p.GetRequiredService<RosterHistory>(),
            p.GetRequiredService<ActRecorder>(),
            p.GetRequiredService<RoundBook>(),
            p.GetRequiredService<PartyDirectory>(),
            p.GetRequiredService<Witnesses>(),
            files.Keys,
            next => ConnectionLimits.Share(p.GetRequiredService<IOptions<KestrelServerOptions>>().Value.Limits, next.Parties.Count),
            clock,
            p.GetRequiredService<ILogger<RosterAdoption>>()));
        services.AddSingleton<StationService>().AddSingleton<CoordinationService>().AddSingleton<AuditService>();
        return builder.Build();
    }

    private static void Listen(KestrelServerOptions kestrel, StationOptions options, TimeProvider clock, StationFiles files)
    {
        var endpoint = options.Endpoint;
        kestrel.AddServerHeader = false;
        ConnectionLimits.Apply(kestrel.Limits, files.Roster.Parties.Count);
        kestrel.Listen(endpoint, listen =>
        {
            listen.Protocols = HttpProtocols.Http1AndHttp2;
            var gate = new ConnectionGate(kestrel.ApplicationServices.GetRequiredService<RosterHistory>(), options.Limits.Connections);
            listen.Use(next => connection => gate.Count(connection, next));
            listen.UseHttps(new TlsHandshakeCallbackOptions
            {
                OnConnection = _ => ValueTask.FromResult(new SslServerAuthenticationOptions
                {
                    // Of the key that is in force now: a roster may replace it.
                    ServerCertificateContext = files.Keys.Certificate(files.Roster.LogOrigin, endpoint.Address, clock.GetUtcNow()),
                    EnabledSslProtocols = SslProtocols.Tls13,
                    ApplicationProtocols = [SslApplicationProtocol.Http2, SslApplicationProtocol.Http11],
                    // Asked for, and needed by none: health is for everybody, and of every call the caller is looked up in the roster (CallGate), which no certificate
                    // authority could do for it.
                    ClientCertificateRequired = true,
                    RemoteCertificateValidationCallback = (_, shown, _, _) => shown is null or X509Certificate2,
                    CertificateRevocationCheckMode = X509RevocationMode.NoCheck,
                }),
            });
            listen.Use(next => connection => gate.Pass(connection, next));
            if (options.TraceWire.Length > 0) WireTrace.Use(listen, options.TraceWire);
        });
    }

    private StationLog Load()
    {
        var services = _app.Services;
        var (log, rounds) = (services.GetRequiredService<StationLog>(), services.GetRequiredService<RoundBook>());
        Watch(log, rounds, services);
        if (_storage.Transcript.Recovered is > 0 and var ahead) services.GetRequiredService<ILogger<StationHost>>().ReadBack(ahead);
        rounds.Load();
        return log;
    }

    private async Task Run()
    {
        var log = Load();
        var services = _app.Services;
        var rounds = services.GetRequiredService<RoundBook>();
        var expiry = _clock.CreateTimer(_ => rounds.ExpireVectors(), null, TimeSpan.Zero, s_expiry);
        _app.Lifetime.ApplicationStopping.Register(expiry.Dispose);
        services.GetRequiredService<StationMeters>();
        _app.UseRouting();
        _app.Use(services.GetRequiredService<CallGate>().Pass);
        _app.MapGrpcService(services.GetRequiredService<StationService>().Definition());
        _app.MapGrpcService<CoordinationService>();
        _app.MapGrpcService<AuditService>();
        _app.MapGrpcService<HealthServiceImpl>().AllowAnonymous();
        _app.MapGet("/health", () => Results.Text("alive\n")).AllowAnonymous();
        _app.MapGet("/ready", () => Ready(log, _storage.Transcript)).AllowAnonymous();
        CallGate.Check(services.GetRequiredService<EndpointDataSource>().Endpoints);
        await Bind();
        if (_options.Rest.IsOn) _rest = await RestHost.Start(_options, _files, services, _logging);
        Announce(services, log.Head.Size);
    }

    internal static IResult Ready(StationLog log, ITranscriptStore store) => (log.Failure ?? Probe(store)) is { } failure
        ? Results.Json(new { ready = false, logSize = log.Head.Size, reason = failure.Message }, statusCode: StatusCodes.Status503ServiceUnavailable)
        : Results.Json(new { ready = true, logSize = log.Head.Size });

    /// <summary>Nothing may have been written for a while: whether the store answers now.</summary>
    private static StoreException? Probe(ITranscriptStore store)
    {
        try
        {
            store.Probe();
            return null;
        }
        catch (StoreException e)
        {
            return e;
        }
    }

    private void Watch(StationLog log, RoundBook rounds, IServiceProvider services)
    {
        var logger = services.GetRequiredService<ILogger<StationHost>>();
        var (events, alerts, health) = (services.GetRequiredService<EventHub>(), services.GetRequiredService<AlertBoard>(), services.GetRequiredService<HealthServiceImpl>());
        health.SetStatus("", Serving.Serving);
        log.OnHead = head => events.Publish(new Protocol.Wire.Event { Head = Witnesses.View(Checkpoint.Parse(head.Note), 0, _clock.GetUtcNow()) });
        var retry = _clock.CreateTimer(_ => Retry(log), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        log.OnStorage = failure =>
        {
            health.SetStatus("", failure is null ? Serving.Serving : Serving.NotServing);
            if (failure is null)
            {
                retry.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                logger.StorageBack();
                rounds.Wake();
                return;
            }

            if (failure.IsLost)
            {
                // The log itself asks again.
                retry.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
                logger.StorageAway(failure.Message);
                alerts.Raise("storage", Protocol.Wire.Severity.Critical, $"{failure.Message} Rounds wait until the database is back.");
                return;
            }

            logger.StorageFailed(failure.Message);
            alerts.Raise("storage", Protocol.Wire.Severity.Critical, $"The transcript cannot be written: {failure.Message} Rounds stop; free space or repair the disk.");
            retry.Change(_options.Limits.StorageRetry, _options.Limits.StorageRetry);
        };
        _app.Lifetime.ApplicationStopping.Register(() =>
        {
            logger.Stopping();
            log.StopWaiting();
            retry.Dispose();
            services.GetRequiredService<PartyDirectory>().CloseAll(new Grpc.Core.Status(Grpc.Core.StatusCode.Unavailable, "The station stops; come back when it is up again."));
        });
    }

    /// <summary>Signs and stores the same head again, to see whether the disk takes it.</summary>
    private static async void Retry(StationLog log) => await ((Task)log.Append([])).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private async Task Bind()
    {
        try
        {
            await _app.StartAsync();
        }
        catch (IOException e) when (e.InnerException is AddressInUseException)
        {
            throw new StartException(ExitCode.AddressInUse, $"{_options.Listen} is in use by another program; stop it, or choose another port with --listen (port 0 takes a free one).", e);
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException)
        {
            throw new StartException(ExitCode.AddressInUse, $"{_options.Listen} cannot be bound: {e.Message}. Choose an address of this machine with --listen.", e);
        }

        var bound = new Uri(_app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First());
        Address = $"https://{new IPEndPoint(_options.Endpoint.Address, bound.Port)}";
    }

    private void Announce(IServiceProvider services, long size)
    {
        var logger = services.GetRequiredService<ILogger<StationHost>>();
        var roster = services.GetRequiredService<RosterHistory>().Current;
        logger.Started(roster.Consortium, roster.Epoch, string.Join(' ', roster.Words), Address, roster.LogOrigin, size);
        if (_options.TraceWire.Length > 0) logger.TracingWire(_options.TraceWire);
        Write(_options.AddressFile, Address);
        if (_rest is not null) Write(_options.Rest.AddressFile, _rest.Address);

        // Whole or not there: somebody may wait for the file.
        static void Write(string file, string address)
        {
            if (file.Length == 0) return;
            File.WriteAllText(file + ".part", address + "\n");
            File.Move(file + ".part", file, overwrite: true);
        }
    }
}
