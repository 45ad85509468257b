using System.Globalization;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace SecureAggregation.Party.Tests.Data;

/// <summary>
/// One file behind HTTP on a free port of this machine, with ETags, ranges and preconditions as RFC 9110 has them, and with the faults that a test asks for.
/// </summary>
public sealed class FileServer : IDisposable
{
    private readonly IHost _host;

    public FileServer(Func<HttpRequest, int>? guard = null)
    {
        _host = new HostBuilder().ConfigureWebHost(web => web
            .UseKestrel(k => k.Listen(System.Net.IPAddress.Loopback, 0))
            .Configure(app => app.Run(context => AnswerAsync(context, guard))))
            .ConfigureLogging(l => l.ClearProviders()).Build();
        _host.Start();
        var server = _host.Services.GetRequiredService<IServer>();
        Address = new Uri(server.Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single());
    }

    public Uri Address { get; }

    /// <summary>What is served, at every path but /none.</summary>
    public byte[] Content { get; set; } = [];

    /// <summary>After how many bytes of each answer the connection breaks.</summary>
    public int? BreakAfter { get; set; }

    /// <summary>Called before an answer to a range, so that a test can change the file in between.</summary>
    public Action? BeforeRange { get; set; }

    /// <summary>The server sends no ETag.</summary>
    public bool Anonymous { get; set; }

    /// <summary>After how many bytes nothing comes any more, while the connection stands.</summary>
    public int? SilentAfter { get; set; }

    /// <summary>The path and query, the range and the Authorization header of each request.</summary>
    public List<(string Path, string Range, string Authorization)> Requests { get; } = [];

    private string Tag => $"\"{Convert.ToHexString(SHA256.HashData(Content))[..16]}\"";

    public void Dispose()
    {
        _host.StopAsync(TimeSpan.Zero).Wait();
        _host.Dispose();
    }

    private async Task AnswerAsync(HttpContext context, Func<HttpRequest, int>? guard)
    {
        var (request, response) = (context.Request, context.Response);
        var range = request.Headers.Range.ToString();
        Requests.Add((request.Path + request.QueryString, range, request.Headers.Authorization.ToString()));
        if (range.Length > 0) BeforeRange?.Invoke();
        var content = Content;
        response.StatusCode = request.Path == "/none" ? 404 : guard?.Invoke(request) ?? 200;
        if (response.StatusCode != 200) return;
        if (request.Headers.IfMatch.ToString() is { Length: > 0 } wanted && wanted != Tag)
        {
            response.StatusCode = 412;
            return;
        }

        var from = 0;
        if (range.Length > 0)
        {
            from = int.Parse(range["bytes=".Length..^1], CultureInfo.InvariantCulture);
            (response.StatusCode, response.Headers.ContentRange) = (206, $"bytes {from}-{content.Length - 1}/{content.Length}");
        }

        if (!Anonymous) response.Headers.ETag = Tag;
        response.ContentLength = content.Length - from;
        if ((BreakAfter ?? SilentAfter) is { } most && most < content.Length - from)
        {
            await AnswerInPartAsync(context, content.AsMemory(from, most));
            return;
        }

        await response.Body.WriteAsync(content.AsMemory(from));
    }

    /// <summary>Headers and some of the body straight into the socket, so that exactly so many bytes arrive; then the end of the connection, or nothing.</summary>
    private async Task AnswerInPartAsync(HttpContext context, ReadOnlyMemory<byte> body)
    {
        var socket = context.Features.GetRequiredFeature<IConnectionSocketFeature>().Socket;
        var head = new StringBuilder(string.Create(CultureInfo.InvariantCulture, $"HTTP/1.1 {context.Response.StatusCode} OK\r\n"));
        foreach (var (name, value) in context.Response.Headers) head.Append(CultureInfo.InvariantCulture, $"{name}: {value}\r\n");
        ReadOnlyMemory<byte> left = (byte[])[.. Encoding.ASCII.GetBytes(head + "\r\n"), .. body.Span];
        while (!left.IsEmpty) left = left[await socket.SendAsync(left)..];
        if (BreakAfter is not null) socket.Shutdown(SocketShutdown.Send);
        var gone = new TaskCompletionSource();
        using var registration = context.RequestAborted.Register(gone.SetResult);
        await gone.Task;
    }
}
