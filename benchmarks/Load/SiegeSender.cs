using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json;
using SecureAggregation.Crypto;

namespace SecureAggregation.Benchmarks;

/// <summary>
/// The far end of `siege`, a process of its own: so many requests a second that no honest client sends, until the time is over; then it prints what was answered, by
/// kind and status.
/// </summary>
internal sealed class SiegeSender : IDisposable
{
    public const string Name = "siege-sender";
    private const int AtOnce = 256;
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(5);

    private readonly Uri _grpc;
    private readonly Uri _rest;
    private readonly string _token = WrongToken();
    private readonly ConcurrentDictionary<string, int> _answers = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _places = new(AtOnce);
    private readonly IdentityKey _stranger = IdentityKey.Generate();
    private readonly HttpClient _restClient;
    private readonly HttpClient _nobody;
    private readonly HttpClient _strange;
    private readonly (string Name, Func<Task<string>> Send)[] _kinds;

    private SiegeSender(Uri grpc, Uri rest)
    {
        (_grpc, _rest) = (grpc, rest);
        var now = TimeProvider.System.GetUtcNow();
        _restClient = Client(new SocketsHttpHandler());
#pragma warning disable CA5359 // a stranger does not mind whose door it is
        _nobody = Client(new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, _, _, _) => true } });
        _strange = Client(new SocketsHttpHandler
        {
            SslOptions =
            {
                RemoteCertificateValidationCallback = (_, _, _, _) => true,
                ClientCertificates = [_stranger.CreateCertificate("stranger", now.AddDays(-1), now.AddDays(1), [])],
            },
        });
#pragma warning restore CA5359
        _kinds =
        [
            ("rest, a token that is none", () => Rest(HttpMethod.Get, "/api/v1/jobs", "nonsense", null)),
            ("rest, a token of another issuer", () => Rest(HttpMethod.Get, "/api/v1/nodes", _token, null)),
            ("rest, garbage for a job", () => Rest(HttpMethod.Post, "/api/v1/jobs", _token, Garbage(2000))),
            ("rest, garbage for a token", () => Rest(HttpMethod.Post, "/api/v1/auth/token", null, Garbage(200))),
            ("rest, a page that is not", () => Rest(HttpMethod.Get, "/" + Convert.ToHexString(Garbage(12)), null, null)),
            ("grpc, no certificate", () => Grpc(_nobody, "/secagg.v1.Coordination/SubmitQuery", Garbage(500))),
            ("grpc, a stranger's certificate", () => Grpc(_strange, "/secagg.v1.Station/Attend", Garbage(2000))),
            ("grpc, a call that is not", () => Grpc(_strange, "/secagg.v1.Station/" + Convert.ToHexString(Garbage(6)), Garbage(50))),
            ("no TLS at all", Raw),
        ];
    }

    public static async Task<int> Run(string[] args)
    {
        var (rate, span) = (int.Parse(args[2], CultureInfo.InvariantCulture), TimeSpan.FromSeconds(int.Parse(args[3], CultureInfo.InvariantCulture)));
        using var sender = new SiegeSender(new Uri(args[0]), new Uri(args[1]));
        Console.WriteLine(JsonSerializer.Serialize(await sender.Send(rate, span)));
        return 0;
    }

    public void Dispose()
    {
        _restClient.Dispose();
        _nobody.Dispose();
        _strange.Dispose();
        _stranger.Dispose();
        _places.Dispose();
    }

    private async Task<SortedDictionary<string, int>> Send(int rate, TimeSpan span)
    {
        var (began, sent) = (Stopwatch.GetTimestamp(), 0L);
        while (Stopwatch.GetElapsedTime(began) is var passed && passed < span)
        {
            for (var due = (long)(passed.TotalSeconds * rate); sent < due; sent++)
            {
                await _places.WaitAsync();
                _ = One(_kinds[sent % _kinds.Length]);
            }

            await Task.Delay(5);
        }

        for (var i = 0; i < AtOnce; i++) await _places.WaitAsync();
        return new SortedDictionary<string, int>(_answers, StringComparer.Ordinal);
    }

    private async Task One((string Name, Func<Task<string>> Send) kind)
    {
        try
        {
            var answer = await kind.Send();
            _answers.AddOrUpdate($"{kind.Name}: {answer}", 1, (_, n) => n + 1);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException or SocketException)
        {
            _answers.AddOrUpdate($"{kind.Name}: {e.GetType().Name}", 1, (_, n) => n + 1);
        }
        finally
        {
            _places.Release();
        }
    }

    private async Task<string> Rest(HttpMethod method, string path, string? token, byte[]? body)
    {
        using var request = new HttpRequestMessage(method, new Uri(_rest, path));
        if (token is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (body is not null) request.Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        using var response = await _restClient.SendAsync(request);
        return ((int)response.StatusCode).ToString(CultureInfo.InvariantCulture);
    }

    private async Task<string> Grpc(HttpClient client, string path, byte[] body)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(_grpc, path)) { Version = HttpVersion.Version20, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Content = new ByteArrayContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/grpc") } };
        using var response = await client.SendAsync(request);
        var status = response.Headers.TryGetValues("grpc-status", out var early) || response.TrailingHeaders.TryGetValues("grpc-status", out early) ? early.First() : "none";
        return $"{(int)response.StatusCode}, grpc-status {status}";
    }

    private async Task<string> Raw()
    {
        using var client = new TcpClient();
        using var limit = new CancellationTokenSource(s_patience);
        await client.ConnectAsync(_grpc.Host, _grpc.Port, limit.Token);
        await using var stream = client.GetStream();
        await stream.WriteAsync(Garbage(600), limit.Token);
        var buffer = new byte[64];
        while (await stream.ReadAsync(buffer, limit.Token) > 0)
        {
        }

        return "closed";
    }

    private static HttpClient Client(SocketsHttpHandler handler)
    {
        handler.MaxConnectionsPerServer = 32;
        return new HttpClient(handler) { Timeout = s_patience };
    }

    private static byte[] Garbage(int length) => RandomNumberGenerator.GetBytes(length);

    /// <summary>A JWT in order, but for who signed it and for whom.</summary>
    private static string WrongToken()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var later = TimeProvider.System.GetUtcNow().AddDays(1).ToUnixTimeSeconds();
        var head = Encode("""{"alg":"ES256","typ":"JWT"}"""u8) + "." + Encode(System.Text.Encoding.UTF8.GetBytes($$"""{"iss":"elsewhere","aud":"elsewhere","sub":"admin","role":"admin","exp":{{later}}}"""));
        return $"{head}.{Encode(key.SignData(System.Text.Encoding.ASCII.GetBytes(head), HashAlgorithmName.SHA256))}";
    }

    private static string Encode(ReadOnlySpan<byte> bytes) => System.Buffers.Text.Base64Url.EncodeToString(bytes);
}
