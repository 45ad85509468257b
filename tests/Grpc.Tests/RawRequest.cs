using System.Buffers.Binary;
using System.Net;
using System.Net.Http.Headers;
using SecureAggregation.Testing;

namespace SecureAggregation.Grpc.Tests;

/// <summary>A request byte by byte, and what came back, for what no proper client sends.</summary>
public sealed record RawRequest(string? Status, string Message, HttpStatusCode Http, bool InHeaders, byte[] Body)
{
    public static byte[] Frame(byte[] payload, byte flag = 0, uint? length = null)
    {
        var frame = new byte[5 + payload.Length];
        frame[0] = flag;
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(1), length ?? (uint)payload.Length);
        payload.CopyTo(frame, 5);
        return frame;
    }

    public static async Task<RawRequest> SendAsync(
        TestServer server,
        byte[] body,
        string path = "/interop.v1.Echo/Unary",
        string? contentType = "application/grpc",
        HttpMethod? method = null,
        Version? version = null,
        (string Name, string Value)? header = null)
    {
        using var handler = TestServer.Handler();
        using var http = new HttpMessageInvoker(handler);
        using var request = new HttpRequestMessage(method ?? HttpMethod.Post, new Uri(new Uri(server.Address), path))
        {
            Version = version ?? HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(body),
        };
        if (contentType is not null) request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        if (header is { } extra) request.Headers.TryAddWithoutValidation(extra.Name, extra.Value);
        using var response = await http.SendAsync(request, CancellationToken.None).Guard();
        var bytes = await response.Content.ReadAsByteArrayAsync().Guard();
        var inHeaders = response.Headers.Contains("grpc-status");
        var ending = inHeaders ? response.Headers : response.TrailingHeaders;
        return new(Value(ending, "grpc-status"), Value(ending, "grpc-message") ?? "", response.StatusCode, inHeaders, bytes);
    }

    private static string? Value(HttpResponseHeaders headers, string name) =>
        headers.TryGetValues(name, out var values) ? values.Single() : null;
}
