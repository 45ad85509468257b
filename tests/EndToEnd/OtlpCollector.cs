using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace SecureAggregation.EndToEnd;

/// <summary>Takes OTLP over HTTP in protobuf, and reads of it by field number what tests look at (opentelemetry-proto v1).</summary>
internal sealed class OtlpCollector : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Lock _gate = new();
    private readonly List<(string Kind, string Service, string Name)> _seen = [];
    private readonly List<string> _tokens = [];

    private OtlpCollector()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseUrls("http://127.0.0.1:0");
        _app = builder.Build();
        _app.Run(Take);
    }

    public string Address => _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();

    public static async Task<OtlpCollector> StartAsync()
    {
        var collector = new OtlpCollector();
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

    private async Task Take(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        var kind = context.Request.Path.Value!.Split('/')[^1];
        lock (_gate)
        {
            _tokens.Add(context.Request.Headers.Authorization.ToString());
            foreach (var resource in Fields(body.ToArray(), 1)) Read(kind, resource);
        }

        context.Response.ContentType = "application/x-protobuf";
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
