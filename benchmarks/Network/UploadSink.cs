using System.Diagnostics;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using SecureAggregation.Crypto;

namespace SecureAggregation.Benchmarks;

/// <summary>
/// The bare upload that the network round is held against: the same bytes over as many TLS connections to the same kind of server, with the same certificates,
/// into a sink that reads and forgets. What the station does beyond that (messages, hashes, sums, files, the log) is the difference.
/// </summary>
internal static class UploadSink
{
    public const string Name = "network-sink";
    private const int Part = 256 * 1024;

    /// <summary>The sink: prints its address and runs until it is killed.</summary>
    public static async Task<int> Run(string[] args)
    {
        using var key = IdentityKey.FromPem(await File.ReadAllBytesAsync(args[0]));
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = key.CreateCertificate("sink", now.AddDays(-1), now.AddDays(1), ["127.0.0.1"]);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.Limits.Http2.InitialStreamWindowSize = 8 * 1024 * 1024;
            kestrel.Limits.Http2.InitialConnectionWindowSize = 16 * 1024 * 1024;
            kestrel.Limits.MaxRequestBodySize = null;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Listen(IPAddress.Loopback, 0, listen =>
            {
                listen.Protocols = HttpProtocols.Http1AndHttp2;
                listen.UseHttps(new HttpsConnectionAdapterOptions
                {
                    ServerCertificate = certificate,
                    SslProtocols = System.Security.Authentication.SslProtocols.Tls13,
                    ClientCertificateMode = ClientCertificateMode.AllowCertificate,
                    ClientCertificateValidation = (_, _, _) => true,
                });
            });
        });
        builder.Services.AddRoutingCore();
        await using var app = builder.Build();
        app.UseRouting();
        app.MapGet("/", () => Results.Ok());
        app.MapPost("/", Drain);
        await app.StartAsync();
        var bound = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        Console.WriteLine($"https://127.0.0.1:{bound.Port}");
        await app.WaitForShutdownAsync();
        return 0;
    }

    /// <summary>Makes the connections, with their handshakes.</summary>
    public static async Task<IReadOnlyList<HttpMessageInvoker>> Connect(string address, IReadOnlyList<SocketsHttpHandler> handlers)
    {
        var clients = handlers.Select(h => new HttpMessageInvoker(h, disposeHandler: false)).ToList();
        foreach (var wave in clients.Chunk(32)) await Task.WhenAll(wave.Select(c => SendAsync(c, new HttpRequestMessage(HttpMethod.Get, address))));
        return clients;
    }

    /// <summary>Sends so many bytes on each of the connections at once.</summary>
    /// <returns>Seconds from the first byte to the last answer.</returns>
    public static async Task<double> Upload(string address, IReadOnlyList<HttpMessageInvoker> clients, long bytesEach)
    {
        var data = new byte[Part];
        var began = Stopwatch.GetTimestamp();
        await Task.WhenAll(clients.Select(c => Task.Run(() => SendAsync(c, new HttpRequestMessage(HttpMethod.Post, address) { Content = new Body(data, bytesEach) }))));
        return Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    private static async Task SendAsync(HttpMessageInvoker client, HttpRequestMessage request)
    {
        (request.Version, request.VersionPolicy) = (HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact);
        using var response = await client.SendAsync(request, CancellationToken.None);
        response.EnsureSuccessStatusCode();
    }

    private static async Task Drain(HttpContext http)
    {
        while (true)
        {
            var result = await http.Request.BodyReader.ReadAsync();
            http.Request.BodyReader.AdvanceTo(result.Buffer.End);
            if (result.IsCompleted) return;
        }
    }

    private sealed class Body(byte[] part, long length) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            for (var left = length; left > 0; left -= part.Length)
            {
                await stream.WriteAsync(part.AsMemory(0, (int)Math.Min(left, part.Length)));
                await stream.FlushAsync();
            }
        }

        protected override bool TryComputeLength(out long result)
        {
            result = length;
            return true;
        }
    }
}
