using System.IO.Pipelines;
using System.Net;
using System.Text;
using Google.Protobuf;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Grpc.Net.Client;
using Grpc.Wire;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using SecureAggregation.Fuzz.Engine;
using SecureAggregation.Protocol.Wire;
using static SecureAggregation.Fuzz.Engine.Outcome;

namespace SecureAggregation.Fuzz.Targets;

/// <summary>Our own gRPC: frames, headers, and whole calls on both sides over a transport that says anything.</summary>
internal static class GrpcTargets
{
    private const int MessageLimit = 64 * 1024 * 1024;

    private static readonly Marshaller<PartyFrame> s_marshaller = Marshallers.Create(
        (PartyFrame m) => m.ToByteArray(), bytes => PartyFrame.Parser.ParseFrom(bytes));

    private static readonly Method<PartyFrame, PartyFrame> s_method = new(MethodType.Unary, "secagg.v1.Fuzz", "Call", s_marshaller, s_marshaller);

    private static readonly byte[][] s_words =
        [.. new[] { "grpc-status", "grpc-message", "grpc-timeout", "grpc-encoding", "application/grpc", "application/grpc+proto", "application/grpc-web", "identity", "gzip", "-bin", "0", "16", "17", "-1", "99999999H", "100000000n", "1S", "%", "%2", "%20", "%zz", "%F0%9F%99%82", "%ff", "=", "AAA=", ",", ";", " ", "\t", "te", ":path", "x-a-bin", "2147483648", "00", "+0", "200", "503", "\u00e9" }
            .Select(Encoding.Latin1.GetBytes)];

    public static IEnumerable<Target> All =>
    [
        new("grpc-frame", 60_000, Bodies, () => AsBody) { Words = s_words, Allowance = 256 * 1024, PerByte = 80 },
        new("grpc-header", 60_000, Headers, () => AsHeader) { Make = Mutation.OfText, Words = s_words, PerByte = 400 },
        new("grpc-response", 12_000, Responses, () => AsResponse) { Make = Mutation.OfText, Words = s_words, Allowance = 512 * 1024, PerByte = 200 },
        new("grpc-request", 12_000, Requests, () => AsRequest) { Make = Mutation.OfText, Words = s_words, Allowance = 512 * 1024, PerByte = 200 },
    ];

    private static byte[] Framed(byte[] message) => [0, (byte)(message.Length >> 24), (byte)(message.Length >> 16), (byte)(message.Length >> 8), (byte)message.Length, .. message];

    private static byte[][] Bodies() => [.. Views.Frames().Select(f => Framed(f.ToByteArray())), .. Round.All[0].Messages.Take(6).Select(m => Framed(new PartyFrame { Message = new PartyMessage { Envelope = m.Envelope } }.ToByteArray())), [.. Framed([]), .. Framed([]), .. Framed([])]];

    /// <summary>All messages of a body that comes in small parts.</summary>
    private static bool AsBody(byte[] input) => Or<RpcException>(() =>
    {
        var reader = new MessageReader<PartyFrame>(PipeReader.Create(new Piped(input)), s_marshaller, MessageLimit);
        for (var read = 0; reader.ReadAsync(CancellationToken.None).AsTask().GetAwaiter().GetResult() is not null; read++) Must(read * Prefix.Size <= input.Length, "more messages than prefixes");
    });

    /// <summary>Kind of header, then its name and value on two lines.</summary>
    private static byte[][] Headers() => [.. new[] { "t1S", "t99999999n", "mHello%20world%21", "mplain", "x-trace\nabc", "x-trace-bin\nAAEC", "x-trace-bin\nAAE,AA==", "capplication/grpc+proto" }.Select(Encoding.Latin1.GetBytes)];

    private static bool AsHeader(byte[] input)
    {
        if (input.Length == 0) return false;
        var text = Encoding.Latin1.GetString(input);
        switch (text[0])
        {
            case 't':
                if (!Grpc.Wire.Timeout.TryParse(text[1..], out var timeout)) return false;
                Must(timeout >= TimeSpan.Zero && Grpc.Wire.Timeout.TryParse(Grpc.Wire.Timeout.Format(timeout), out var again) && again >= timeout, "a timeout becomes shorter on its way");
                return true;
            case 'm':
                var message = StatusMessage.Decode(text[1..]);
                Must(StatusMessage.Decode(StatusMessage.Encode(message)) == message, "a message of a status is not what was said");
                return true;
            case 'c':
                return Grpc.Wire.Headers.IsGrpc(text[1..]);
            default:
                var (metadata, parts) = (new Metadata(), text.Split('\n', 2));
                Grpc.Wire.Headers.AddTo(metadata, parts[0], parts[^1]);
                foreach (var entry in metadata) Must(Grpc.Wire.Headers.ValueOf(entry).All(c => c is >= ' ' and <= '~'), "a header that was taken cannot be sent");
                return metadata.Count > 0;
        }
    }

    private static byte[][] Responses() => [.. new[]
    {
        "200\ncontent-type: application/grpc\n\ngrpc-status: 0\n\n", "200\ncontent-type: application/grpc\nx-a: b\nx-b-bin: AAEC\n\ngrpc-status: 0\ngrpc-message: fine\n\n",
    }.Select(head => (byte[])[.. Encoding.Latin1.GetBytes(head), .. Framed([0x2A, 0x02, 0x08, 0x01])])];

    /// <summary>Status line, headers, empty line, trailers, empty line, body: null if it has not these parts.</summary>
    private static (string First, List<(string, string)> Headers, List<(string, string)> Trailers, byte[] Body)? Parts(byte[] input)
    {
        var text = Encoding.Latin1.GetString(input);
        var parts = text.Split("\n\n", 3);
        if (parts.Length < 3) return null;
        var lines = parts[0].Split('\n');
        return (lines[0], Pairs(lines[1..]), Pairs(parts[1].Split('\n')), Encoding.Latin1.GetBytes(parts[2]));

        static List<(string, string)> Pairs(string[] lines) => [.. lines.Select(l => l.Split(": ", 2)).Where(l => l.Length == 2).Select(l => (l[0], l[1]))];
    }

    /// <summary>A whole unary call of the client.</summary>
    private static bool AsResponse(byte[] input)
    {
        if (Parts(input) is not var (first, headers, trailers, body) || !int.TryParse(first, out var code) || code is < 100 or > 599) return false;
        return Or<RpcException>(() =>
        {
            using var channel = GrpcChannel.ForAddress("http://station.test", new GrpcChannelOptions { HttpHandler = new Answer((HttpStatusCode)code, headers, trailers, body), MaxReceiveMessageSize = MessageLimit });
            using var call = channel.CreateCallInvoker().AsyncUnaryCall(s_method, null, new CallOptions(), new PartyFrame());
            var reply = call.ResponseAsync.GetAwaiter().GetResult();
            Must(reply is not null && call.GetStatus().StatusCode == StatusCode.OK, "a call without status OK gave an answer");
        });
    }

    private static byte[][] Requests() => [.. new[]
    {
        "HTTP/2\ncontent-type: application/grpc\nte: trailers\n\n\n\n", "HTTP/2\ncontent-type: application/grpc+proto\ngrpc-timeout: 10S\ngrpc-encoding: identity\nx-a-bin: AAEC,AAE=\n\n\n\n",
    }.Select(head => (byte[])[.. Encoding.Latin1.GetBytes(head), .. Framed([0x2A, 0x02, 0x08, 0x01])])];

    private static readonly ServiceProvider s_services = new ServiceCollection().AddLogging().AddSingleton<Nothing>().BuildServiceProvider();

    /// <summary>A whole unary call of the server.</summary>
    private static bool AsRequest(byte[] input)
    {
        if (Parts(input) is not var (first, headers, _, body)) return false;
        var http = new DefaultHttpContext { RequestServices = s_services };
        http.Request.Protocol = first;
        http.Request.Method = "POST";
        http.Request.Body = new Piped(body);
        http.Response.Body = new MemoryStream();
        var trailers = new Trailing();
        http.Features.Set<IHttpResponseTrailersFeature>(trailers);
        foreach (var (name, value) in headers) http.Request.Headers.Append(name, value);
        PartyFrame? read = null;
        var options = new GrpcServiceOptions { MaxReceiveMessageSize = MessageLimit };
        var handler = new CallHandler<Nothing>(s_method, options, async (nothing, call) =>
        {
            Must(nothing is not null && call.RequestHeaders.Count >= 0, "a call without headers");
            var reader = new MessageReader<PartyFrame>(call.Http.Request.BodyReader, s_marshaller, MessageLimit);
            read = await reader.ReadAsync(call.CancellationToken);
        });
        handler.HandleAsync(http).GetAwaiter().GetResult();
        var status = trailers.Trailers.TryGetValue("grpc-status", out var said) ? said.ToString() : http.Response.Headers["grpc-status"].ToString();
        Must(status.Length > 0 || http.Response.StatusCode is 426 or 415, "a call without a status");
        return read is not null;
    }

    private sealed class Nothing;

    private sealed class Trailing : IHttpResponseTrailersFeature
    {
        public IHeaderDictionary Trailers { get; set; } = new HeaderDictionary();
    }

    private sealed class Answer(HttpStatusCode code, List<(string, string)> headers, List<(string, string)> trailers, byte[] body) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var response = new HttpResponseMessage(code) { Content = new StreamContent(new Piped(body)), RequestMessage = request, Version = HttpVersion.Version20 };
            foreach (var (name, value) in headers)
            {
                if (!response.Headers.TryAddWithoutValidation(name, value)) response.Content.Headers.TryAddWithoutValidation(name, value);
            }

            foreach (var (name, value) in trailers) response.TrailingHeaders.TryAddWithoutValidation(name, value);
            return Task.FromResult(response);
        }
    }
}
