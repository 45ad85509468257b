using System.Net;
using System.Security.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace SecureAggregation.Party.Tests.Link;

/// <summary>A station with the right key whose frames are none: one that ends before its length, or one of 4 GiB.</summary>
internal sealed class BrokenStation : IAsyncDisposable
{
    private readonly WebApplication _app;

    private BrokenStation(TestConsortium consortium, bool beyond)
    {
        var now = TimeProvider.System.GetUtcNow();
        var certificate = consortium.Station.CreateCertificate("station", now.AddMinutes(-5), now.AddDays(1), ["127.0.0.1"]);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = HttpProtocols.Http2;
            listen.UseHttps(https =>
            {
                https.SslProtocols = SslProtocols.Tls13;
                https.ServerCertificate = certificate;
                https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
                https.ClientCertificateValidation = (_, _, _) => true;
            });
        }));
        _app = builder.Build();
        _app.MapPost("/secagg.v1.Station/Attend", async http =>
        {
            http.Response.ContentType = "application/grpc";
            byte[] frame = beyond ? [0, 0xff, 0xff, 0xff, 0xff, 1, 2, 3] : [0, 0, 0, 1, 0, 1, 2, 3];
            await http.Response.Body.WriteAsync(frame, http.RequestAborted);
            await http.Response.Body.FlushAsync(http.RequestAborted);

            // What is beyond every limit must be refused by its length alone: no more of it ever comes.
            if (beyond) await Task.Delay(Timeout.Infinite, http.RequestAborted).ContinueWith(static _ => { }, TaskScheduler.Default);
        });
    }

    public string Address { get; private set; } = "";

    public static async Task<BrokenStation> StartAsync(TestConsortium consortium, bool beyond)
    {
        var station = new BrokenStation(consortium, beyond);
        await station._app.StartAsync();
        station.Address = station._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        return station;
    }

    public async ValueTask DisposeAsync()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await _app.StopAsync(limit.Token);
        await _app.DisposeAsync();
    }
}
