using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using SecureAggregation.Accounts;
using SecureAggregation.Aggregator.Events;
using SecureAggregation.Aggregator.Hosting;
using SecureAggregation.Aggregator.Log;
using SecureAggregation.Aggregator.Parties;
using SecureAggregation.Aggregator.Rounds;
using SecureAggregation.Aggregator.Security;
using SecureAggregation.Aggregator.Services;
using SecureAggregation.Aggregator.Store;

namespace SecureAggregation.Aggregator.Rest;

/// <summary>REST beside gRPC: a server of its own, on an address of its own, over the same rounds and log. docs/rest.md and docs/openapi.json describe it.</summary>
internal sealed class RestHost : IAsyncDisposable
{
    /// <summary>Bytes of the largest body: a signed query as base64 in JSON.</summary>
    public const int LargestBody = 512 * 1024;

    private const int Connections = 1024;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_headers = TimeSpan.FromSeconds(10);

    private readonly RestOptions _options;
    private readonly WebApplication _app;

    private RestHost(RestOptions options, WebApplication app) => (_options, _app) = (options, app);

    /// <summary>http(s)://address:port, once started.</summary>
    public string Address { get; private set; } = "";

    public IServiceProvider Services => _app.Services;

    /// <summary>Starts to listen.</summary>
    /// <exception cref="StartException">It cannot.</exception>
    public static async Task<RestHost> Start(StationOptions options, StationFiles files, IServiceProvider station, Action<ILoggingBuilder> logging)
    {
        var rest = new RestHost(options.Rest, Build(options, files, station, logging));
        try
        {
            await rest.Bind();
            return rest;
        }
        catch
        {
            await rest.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
    }

    private static WebApplication Build(StationOptions options, StationFiles files, IServiceProvider station, Action<ILoggingBuilder> logging)
    {
        var rest = options.Rest;
        var clock = station.GetRequiredService<TimeProvider>();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = typeof(RestHost).Assembly.GetName().Name });
        logging(builder.Logging);
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => Listen(kestrel, rest));
        var services = builder.Services;
        services.Configure<HostOptions>(host => host.ShutdownTimeout = s_patience);
        services.AddRouting();
        Lend<StationOptions, TimeProvider, RosterHistory, PartyDirectory, RoundBook>(services, station);
        Lend<Witnesses, PlanDesk, EventHub, StationLog, BundleExport>(services, station);
        Lend<ActRecorder, RoundStop, StationClock, ITranscriptStore, AlertBoard>(services, station);
        var (book, tokens, refresh) = Open(files, clock);
        var rights = new StationRights(book, station.GetRequiredService<ActRecorder>(), station.GetRequiredService<AlertBoard>(), clock, station.GetRequiredService<ILogger<StationRights>>());
        // Made by a delegate, so that they are disposed with the application.
        services.AddSingleton(_ => rights).AddSingleton(_ => tokens).AddSingleton(refresh).AddSingleton(new SignInGuard(clock)).AddSingleton(new IdempotencyKeys(tokens.Derive("idempotency"), files.Roster.LogOrigin));
        services.AddRestAuthentication(rest.Oidc, tokens, rights, clock);
        services.AddRateLimiter(_ => { });
        services.ConfigureHttpJsonOptions(json => Describe(json.SerializerOptions));
        services.Configure<RouteHandlerOptions>(routes => routes.ThrowOnBadRequest = true);
        services.AddProblemDetails().AddOpenApi("v1", OpenApiText.Configure);
        var app = builder.Build();
        Map(app, rest);
        return app;
    }

    private static void Describe(JsonSerializerOptions json)
    {
        json.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
        json.PropertyNameCaseInsensitive = false;
        json.NumberHandling = JsonNumberHandling.Strict;
        json.UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow;
        json.RespectNullableAnnotations = true;
        json.RespectRequiredConstructorParameters = true;
        json.DefaultIgnoreCondition = JsonIgnoreCondition.Never;
    }

    private static (AccountBook Book, AccessTokens Tokens, RefreshTokens Refresh) Open(StationFiles files, TimeProvider clock)
    {
        try
        {
            var random = RandomNumberGenerator.Create();
            return (
                AccountBook.Open(StationFiles.Accounts(files.DataDirectory), random, clock, administered: false),
                AccessTokens.Open(files.TokenKey, files.Roster.LogOrigin, clock),
                RefreshTokens.Open(files.Tokens, random, clock));
        }
        catch (AccountException e)
        {
            throw new StartException(ExitCode.DataDirectory, e.Message, e);
        }
    }

    private static void Listen(KestrelServerOptions kestrel, RestOptions options)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxConcurrentConnections = Connections;
        kestrel.Limits.MaxRequestBodySize = LargestBody;
        kestrel.Limits.RequestHeadersTimeout = s_headers;
        kestrel.Listen(options.Endpoint, listen =>
        {
            if (options.Certificate.Length > 0) listen.UseHttps(Certificate(options));
        });
    }

    private static X509Certificate2 Certificate(RestOptions options)
    {
        try
        {
            return X509Certificate2.CreateFromPemFile(options.Certificate, options.CertificateKey);
        }
        catch (Exception e) when (e is CryptographicException or IOException or UnauthorizedAccessException or ArgumentException)
        {
            throw new StartException(ExitCode.Identity, $"The certificate {options.Certificate} with the key {options.CertificateKey} cannot be used: {e.Message}", e);
        }
    }

    private static void Map(WebApplication app, RestOptions options)
    {
        if (options.Proxies.Count > 0)
        {
            var forwarded = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor };
            forwarded.KnownProxies.Clear();
            forwarded.KnownIPNetworks.Clear();
            foreach (var proxy in options.Proxies) forwarded.KnownProxies.Add(IPAddress.Parse(proxy));
            app.UseForwardedHeaders(forwarded);
        }

        app.Use(Answer);
        app.UseRateLimiter(RateLimits.ByAddress(options.Rates));
        app.UseRouting();
        app.UseWhen(context => context.GetEndpoint()?.Metadata.GetMetadata<TakesSecrets>() is not null, branch => branch.UseRateLimiter(RateLimits.OfSignIns(options.Rates)));
        app.UseAuthentication();
        app.UseRateLimiter(RateLimits.ByIdentity(options.Rates));
        app.UseAuthorization();

        app.MapGet("/health", () => Results.Text("alive\n")).WithName("health").WithSummary("Whether the process answers.").WithTags("station").Produces<string>(contentType: "text/plain").AllowAnonymous();
        app.MapGet("/ready", (StationLog log, ITranscriptStore store) => StationHost.Ready(log, store))
            .WithName("ready").WithSummary("Whether the transcript can be written; 503 with the reason if not.").WithTags("station").Produces<ReadyView>().Produces<ReadyView>(503).AllowAnonymous();
        app.MapOpenApi("/openapi/{documentName}.json").AllowAnonymous();
        var api = app.MapGroup("/api/v1");
        ConsortiumRoutes.Map(api);
        TokenRoutes.Map(api);
        JobRoutes.Map(api);
        LogRoutes.Map(api);
        AccountRoutes.Map(api);
    }

    /// <summary>Turns what a route throws into a problem, and the empty answers of routing too; says in the log what was refused.</summary>
    private static async Task Answer(HttpContext context, RequestDelegate next)
    {
        var logger = context.RequestServices.GetRequiredService<ILogger<RestHost>>();
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        try
        {
            await next(context);
            // Routing and the reading of bodies answer with a bare status.
            if (!context.Response.HasStarted && Bare(context.Response) is var (code, detail)) await Problems.WriteAsync(context, code, detail);
        }
        catch (Exception e) when (!context.Response.HasStarted && !context.RequestAborted.IsCancellationRequested)
        {
            var (code, detail) = Problems.From(e) ?? ("internal", "The station's log says more; tell its operator.");
            if (code == "internal") logger.RestFailed(context.Request.Method, RouteOf(context), e);
            await Problems.WriteAsync(context, code, detail);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The caller has gone.
        }

        // What a stranger may repeat without end stays out of the log.
        if (context.Features.Get<RefusedWith>() is { } refused && context.User.Identity is { IsAuthenticated: true }) logger.RestRefused(context.User.Identity.Name ?? "", context.Request.Method, RouteOf(context), refused.Code);
    }

    /// <summary>For the log: a path itself is the caller's words, with line breaks if he likes.</summary>
    private static string RouteOf(HttpContext context) => (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "another address";

    private static (string Code, string Detail)? Bare(HttpResponse response) => response.StatusCode switch
    {
        StatusCodes.Status404NotFound => ("not-found", "There is nothing at this address; GET /api/v1/discovery and /openapi/v1.json tell what there is."),
        StatusCodes.Status405MethodNotAllowed => ("method-not-allowed", $"This address takes {response.Headers.Allow}."),
        StatusCodes.Status413PayloadTooLarge => ("body-too-large", $"A body has at most {LargestBody} bytes."),
        StatusCodes.Status415UnsupportedMediaType => ("media-type", "Send JSON, with Content-Type: application/json."),
        _ => null,
    };

    private static void Lend<T1, T2, T3, T4, T5>(IServiceCollection services, IServiceProvider station)
        where T1 : class
        where T2 : class
        where T3 : class
        where T4 : class
        where T5 : class =>
        services.AddSingleton(station.GetRequiredService<T1>()).AddSingleton(station.GetRequiredService<T2>()).AddSingleton(station.GetRequiredService<T3>()).AddSingleton(station.GetRequiredService<T4>()).AddSingleton(station.GetRequiredService<T5>());

    private async Task Bind()
    {
        // Before anybody can call: what the file says and the log does not yet is put there.
        await Services.GetRequiredService<StationRights>().RecordAsync(LoggedRights.Operator);
        try
        {
            await _app.StartAsync();
        }
        catch (IOException e) when (e.InnerException is AddressInUseException)
        {
            throw new StartException(ExitCode.AddressInUse, $"{_options.Listen} is in use by another program; stop it, or choose another port with --rest (port 0 takes a free one).", e);
        }
        catch (Exception e) when (e is IOException or System.Net.Sockets.SocketException)
        {
            throw new StartException(ExitCode.AddressInUse, $"{_options.Listen} cannot be bound: {e.Message}. Choose an address of this machine with --rest.", e);
        }

        var bound = new Uri(Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First());
        Address = $"{bound.Scheme}://{new IPEndPoint(_options.Endpoint.Address, bound.Port)}";
        Services.GetRequiredService<ILogger<RestHost>>().RestListens(Address);
    }
}
