using System.Buffers.Binary;
using System.Net;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace SecureAggregation.EndToEnd;

/// <summary>Takes OTLP over HTTP in protobuf, or over gRPC without TLS, and reads of it by field number what tests look at (opentelemetry-proto v1).</summary>
internal sealed class OtlpCollector : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Lock _gate = new();
    private readonly List<(string Kind, string Service, string Name)> _seen = [];
    private readonly List<string> _tokens = [];

    /// <param name="grpc">Whether it speaks gRPC, and nothing else: a client that speaks the other protocol gets no answer.</param>
    private OtlpCollector(bool grpc)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = grpc ? HttpProtocols.Http2 : HttpProtocols.Http1));
        _app = builder.Build();
        _app.Run(grpc ? TakeCall : TakePost);
    }

    public string Address => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

    public static async Task<OtlpCollector> StartAsync(bool grpc = false)
    {
        var collector = new OtlpCollector(grpc);
        await collector._app.StartAsync();
        return collector;
    }

    /// <summary>Names that came: of metrics, of spans, or event ids of log lines, of one service.</summary>
    public IReadOnlySet<string> Names(string kind, string service)
    {
        lock (_gate) return _seen.Where(s => s.Kind == kind && s.Service == service).Select(s => s.Name).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>What each message had in the header Authorization.</summary>
    public IReadOnlyList<string> Tokens
    {
        get
        {
            lock (_gate) return [.. _tokens];
        }
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    /// <summary>POST /v1/metrics.</summary>
    private async Task TakePost(HttpContext context)
    {
        Take(context, context.Request.Path.Value!.Split('/')[^1], await Body(context));
        context.Response.ContentType = "application/x-protobuf";
    }

    /// <summary>opentelemetry.proto.collector.metrics.v1.MetricsService/Export, unary: a byte for compression, four for the length, the message.</summary>
    private async Task TakeCall(HttpContext context)
    {
        var body = await Body(context);
        Assert.Equal((0, (uint)body.Length - 5), (body[0], BinaryPrimitives.ReadUInt32BigEndian(body.AsSpan(1))));
        var path = context.Request.Path.Value!.Split('/');
        Assert.Equal(("application/grpc", "Export"), (context.Request.ContentType, path[2]));
        Take(context, path[1].Split('.')[^3] switch { "trace" => "traces", var kind => kind }, body[5..]);
        context.Response.ContentType = "application/grpc";
        // An empty answer: everything was taken.
        await context.Response.Body.WriteAsync(new byte[5]);
        context.Response.AppendTrailer("grpc-status", "0");
    }

    private static async Task<byte[]> Body(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        return body.ToArray();
    }

    private void Take(HttpContext context, string kind, byte[] message)
    {
        lock (_gate)
        {
            _tokens.Add(context.Request.Headers.Authorization.ToString());
            foreach (var resource in Fields(message, 1)) Read(kind, resource);
        }
    }

    private void Read(string kind, byte[] resource)
    {
        var service = Fields(resource, 1).SelectMany(r => Fields(r, 1)).Where(a => Text(Fields(a, 1)) == "service.name").Select(a => Text(Fields(Fields(a, 2)[0], 1))).FirstOrDefault() ?? "";
        foreach (var item in Fields(resource, 2).SelectMany(scope => Fields(scope, 2)))
        {
            var name = kind switch
            {
                "metrics" => Text(Fields(item, 1)),
                "traces" => Text(Fields(item, 5)),
                _ => Fields(item, 6).Where(a => Text(Fields(a, 1)) == "event.id").Select(a => Integer(Fields(a, 2)[0], 3)).FirstOrDefault(""),
            };
            _seen.Add((kind, service, name));
        }
    }

    private static string Text(List<byte[]> values) => values.Count == 0 ? "" : System.Text.Encoding.UTF8.GetString(values[0]);

    private static List<byte[]> Fields(byte[] message, int number)
    {
        var found = new List<byte[]>();
        var input = new CodedInputStream(message);
        while (input.ReadTag() is not 0 and var tag)
        {
            if (tag == WireFormat.MakeTag(number, WireFormat.WireType.LengthDelimited)) found.Add(input.ReadBytes().ToByteArray());
            else input.SkipLastField();
        }

        return found;
    }

    private static string Integer(byte[] message, int number)
    {
        var input = new CodedInputStream(message);
        while (input.ReadTag() is not 0 and var tag)
        {
            if (tag == WireFormat.MakeTag(number, WireFormat.WireType.Varint)) return $"{input.ReadInt64()}";
            input.SkipLastField();
        }

        return "";
    }
}
