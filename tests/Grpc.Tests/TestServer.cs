using System.Net;
using Grpc.AspNetCore.Server;
using Grpc.HealthCheck;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace SecureAggregation.Grpc.Tests;

/// <summary>A real Kestrel on a free loopback port with the echo and health services.</summary>
public sealed class TestServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private TestServer(WebApplication app, string address, EchoLog log)
    {
        _app = app;
        Address = address;
        Log = log;
    }

    public string Address { get; }

    public int Port => new Uri(Address).Port;

    public EchoLog Log { get; }

    public IServiceProvider Services => _app.Services;

    public HealthServiceImpl Health => _app.Services.GetRequiredService<HealthServiceImpl>();

    public static async Task<TestServer> StartAsync(
        bool tls = false,
        Action<GrpcServiceOptions>? options = null,
        Action<IServiceCollection>? services = null,
        Action<WebApplication>? app = null,
        HttpProtocols protocols = HttpProtocols.Http2)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = protocols;
            if (tls) listen.UseHttps(https =>
            {
                https.ServerCertificate = Certificates.Server;
                https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
                https.ClientCertificateValidation = (certificate, _, _) => Certificates.Same(certificate, Certificates.Client);
            });
        }));
        var log = new EchoLog();
        builder.Services.AddSingleton(log).AddSingleton<HealthServiceImpl>();
        builder.Services.AddGrpc(options ?? (_ => { }));
        services?.Invoke(builder.Services);
        var host = builder.Build();
        host.MapGrpcService<EchoService>();
        host.MapGrpcService<HealthServiceImpl>();
        app?.Invoke(host);
        await host.StartAsync();
        var address = host.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        return new TestServer(host, address, log);
    }

    public GrpcChannel Channel(Action<GrpcChannelOptions>? configure = null)
    {
        var options = new GrpcChannelOptions { HttpHandler = Handler(), DisposeHttpClient = true };
        configure?.Invoke(options);
        return GrpcChannel.ForAddress(Address, options);
    }

    /// <summary>Shows the client's certificate and takes the server's only.</summary>
    public static SocketsHttpHandler Handler(System.Security.Cryptography.X509Certificates.X509Certificate2? certificate = null) => new()
    {
        SslOptions =
        {
            ClientCertificates = [certificate ?? Certificates.Client],
            RemoteCertificateValidationCallback = (_, shown, _, _) => Certificates.Same(shown, Certificates.Server),
        },
    };

    public Task StopAsync() => _app.StopAsync();

    /// <summary>Stops at once, without waiting for calls.</summary>
    public async ValueTask DisposeAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app.StopAsync(now.Token);
        await _app.DisposeAsync();
    }
}
