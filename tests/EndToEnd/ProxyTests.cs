using System.Diagnostics;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace SecureAggregation.EndToEnd;

/// <summary>A test that needs Debian's nginx with its stream module.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class NginxFactAttribute : FactAttribute
{
    public NginxFactAttribute()
    {
        if (!File.Exists("/usr/sbin/nginx") || !File.Exists(ProxyTests.StreamModule)) Skip = "nginx with its stream module is not installed (apt-get install nginx libnginx-mod-stream)";
    }
}

/// <summary>Everything behind one port of nginx, with the file that deploy/nginx has; only names, ports and places are this test's.</summary>
[Collection(nameof(MadeDemo))]
public sealed class ProxyTests(MadeDemo demo) : IDisposable
{
    internal const string StreamModule = "/usr/lib/nginx/modules/ngx_stream_module.so";
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(60);
    private readonly TemporaryFolder _folder = new();
    private readonly List<Process> _processes = [];

    public void Dispose()
    {
        foreach (var process in _processes)
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
            process.Dispose();
        }

        _folder.Dispose();
    }

    [NginxFact]
    public async Task Station_dashboard_and_REST_are_reached_through_one_port()
    {
        var ports = FreePorts(7);
        var (front, strip, station, tls, deck, rest) = (ports[0], ports[1], ports[2], ports[3], ports[4], ports[5]);
        using var certificate = Certificate();
        StartNginx(front, strip, station, tls, deck, rest);
        Start("Aggregator", "station",
            "--key", Path.Combine(demo.Folder, "station", "station.pem"), "--roster", demo.Roster, "--data", _folder["station-data"], "--listen", $"127.0.0.1:{station}",
            "--rest", $"127.0.0.1:{rest}", "--set", "Station:Rest:Proxies:0=127.0.0.1");
        // The station is asked for by the name by which nginx knows it.
        var through = $"https://localhost:{front}";
        foreach (var config in Directory.GetFiles(Path.Combine(demo.Folder, "outposts"), "outpost.json", SearchOption.AllDirectories))
        {
            var outpost = Path.GetDirectoryName(config)!;
            // The demo's outposts remember the head of the demo's log; this is another log.
            var state = Directory.CreateDirectory(_folder["state-" + Path.GetFileName(outpost)]);
            if (!OperatingSystem.IsWindows()) state.UnixFileMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
            Start("Party", Path.GetFileName(outpost), "--config", config, "--station", through, "--set", $"Outpost:State={state.FullName}");
        }

        var key = Path.Combine(demo.Folder, "coordinator", "coordinator.pem");
        string[] access = ["--station", through, "--roster", demo.Roster, "--key", key];
        await Until(async () => (await Programs.Secagg(["watch", "--once", .. access])).Output.Contains("5 of 5 outposts online", StringComparison.Ordinal));
        // Other tests have asked the demo's own station and remember its log.
        var run = await Programs.SecaggRemembering(_folder["heads"], ["query", "run", Path.Combine(demo.Folder, "2-age-by-decade.yaml"), .. access]);
        Assert.True(run.Code == 0, run.ToString());
        Assert.Contains("5 of 5 outposts", run.Output, StringComparison.Ordinal);
        Assert.Contains("Verified: recomputed here", run.Output, StringComparison.Ordinal);

        Start("Dashboard.Blazor", "deck",
            "--station", through, "--roster", demo.Roster, "--key", Path.Combine(demo.Folder, "dashboard", "auditor.pem"), "--listen", $"http://127.0.0.1:{deck}",
            "--proxy", "127.0.0.1", "--data", _folder["deck-data"]);
        using var handler = Handler(front, certificate);
        using var client = new HttpClient(handler, disposeHandler: false);
        await Until(async () => (await client.GetAsync(new Uri("https://deck.example/health"))) is { IsSuccessStatusCode: true } answer
            && (await answer.Content.ReadAsStringAsync()).Contains("\"outpostsOnline\":5", StringComparison.Ordinal));
        var page = await client.GetAsync(new Uri("https://deck.example/"));
        Assert.Equal(HttpStatusCode.Redirect, page.StatusCode);
        Assert.StartsWith("https://deck.example/", page.Headers.Location!.OriginalString, StringComparison.Ordinal);
        var code = await SignUp(client, File.ReadAllText(_folder["deck.log"]));
        await LiveConnection(client, handler);

        Assert.Equal("alive\n", await client.GetStringAsync(new Uri("https://api.example/health")));
        var refused = await client.GetAsync(new Uri("https://api.example/api/v1/nodes"));
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Equal("token-missing", JsonDocument.Parse(await refused.Content.ReadAsStringAsync()).RootElement.GetProperty("code").GetString());
        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(new Uri("https://other.example/")));
        var logged = File.ReadAllText(_folder["access.log"]);
        Assert.Contains("\"GET /welcome\" 200", logged, StringComparison.Ordinal);
        Assert.DoesNotContain(code, logged, StringComparison.Ordinal);
    }

    /// <summary>The first account, with the link that the dashboard printed; the session's cookie is for TLS only, as the proxy said how the browser came.</summary>
    /// <returns>The link's code.</returns>
    private static async Task<string> SignUp(HttpClient client, string log)
    {
        var code = Regex.Match(log, "welcome\\?code=[A-Za-z0-9_-]+", RegexOptions.None, s_limit).Value;
        var form = await client.GetStringAsync(new Uri($"https://deck.example/{code}"));
        var fields = Regex.Matches(form, "<input type=\"hidden\" name=\"(?<name>[^\"]+)\" value=\"(?<value>[^\"]*)\"", RegexOptions.ExplicitCapture, s_limit)
            .ToDictionary(m => m.Groups["name"].Value, m => WebUtility.HtmlDecode(m.Groups["value"].Value));
        Assert.Contains("__RequestVerificationToken", fields.Keys);
        (fields["Input.Name"], fields["Input.Password"], fields["Input.Again"]) = ("ada", "four words in a row", "four words in a row");
        using var content = new FormUrlEncodedContent(fields);
        var answer = await client.PostAsync(new Uri($"https://deck.example/{code}"), content);
        Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
        var cookie = answer.Headers.GetValues("Set-Cookie").Single(c => c.StartsWith("secagg-deck=", StringComparison.Ordinal));
        Assert.Contains("; secure", cookie, StringComparison.OrdinalIgnoreCase);
        return code["welcome?code=".Length..];
    }

    /// <summary>A page's live connection comes through as a WebSocket.</summary>
    private static async Task LiveConnection(HttpClient client, SocketsHttpHandler handler)
    {
        var negotiated = await client.PostAsync(new Uri("https://deck.example/_blazor/negotiate?negotiateVersion=1"), null);
        Assert.True(negotiated.IsSuccessStatusCode, negotiated.StatusCode.ToString());
        var token = JsonDocument.Parse(await negotiated.Content.ReadAsStringAsync()).RootElement.GetProperty("connectionToken").GetString()!;
        using var invoker = new HttpMessageInvoker(handler, disposeHandler: false);
        using var socket = new ClientWebSocket();
        using var limit = new CancellationTokenSource(s_limit);
        await socket.ConnectAsync(new Uri($"wss://deck.example/_blazor?id={Uri.EscapeDataString(token)}"), invoker, limit.Token);
        await socket.SendAsync("{\"protocol\":\"blazorpack\",\"version\":1}\u001e"u8.ToArray(), WebSocketMessageType.Text, true, limit.Token);
        var answer = await socket.ReceiveAsync(new byte[256], limit.Token);
        Assert.Equal("{}\u001e".Length, answer.Count);
    }

    private void StartNginx(int front, int strip, int station, int tls, int deck, int rest)
    {
        var text = File.ReadAllText(Path.Combine(Programs.Root, "deploy", "nginx", "nginx.conf"));
        foreach (var (from, to) in new[]
        {
            ("user www-data;", ""), ("include /etc/nginx/modules-enabled/*.conf;", $"load_module {StreamModule};"), ("/run/nginx.pid", _folder["nginx.pid"]), ("/var/log/nginx", _folder["."]),
            ("/etc/ssl/secagg", _folder["."]), ("station.example", "localhost"), ("listen 443;", $"listen 127.0.0.1:{front};"), (":7442", $":{strip}"), (":7443", $":{station}"), (":8443", $":{tls}"),
            (":7480", $":{deck}"), (":7481", $":{rest}"),
        })
        {
            Assert.Contains(from, text, StringComparison.Ordinal);
            text = text.Replace(from, to, StringComparison.Ordinal);
        }

        var file = _folder["nginx.conf"];
        File.WriteAllText(file, text);
        var start = new ProcessStartInfo("/usr/sbin/nginx", ["-c", file, "-p", _folder["."], "-g", "daemon off;"]) { UseShellExecute = false };
        _processes.Add(Process.Start(start)!);
    }

    private void Start(string room, string name, params string[] arguments)
    {
        var process = Programs.Start(room, arguments);
        _processes.Add(process);
        var log = TextWriter.Synchronized(new StreamWriter(_folder[name + ".log"]) { AutoFlush = true });
        process.OutputDataReceived += (_, line) => log.WriteLine(line.Data);
        process.ErrorDataReceived += (_, line) => log.WriteLine(line.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    private X509Certificate2 Certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("deck.example");
        names.AddDnsName("api.example");
        var request = new CertificateRequest("CN=deck.example", key, HashAlgorithmName.SHA256) { CertificateExtensions = { names.Build() } };
        var now = TimeProvider.System.GetUtcNow();
        var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        File.WriteAllText(_folder["fullchain.pem"], certificate.ExportCertificatePem());
        File.WriteAllText(_folder["key.pem"], key.ExportPkcs8PrivateKeyPem());
        return certificate;
    }

    /// <summary>Whatever name is asked for is at the front port, with the certificate that was made here.</summary>
    private static SocketsHttpHandler Handler(int front, X509Certificate2 certificate) => new()
    {
        AllowAutoRedirect = false,
        ConnectCallback = async (_, stop) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
            await socket.ConnectAsync(IPAddress.Loopback, front, stop);
            return new NetworkStream(socket, ownsSocket: true);
        },
        SslOptions = new SslClientAuthenticationOptions
        {
            CertificateChainPolicy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, CustomTrustStore = { certificate }, RevocationMode = X509RevocationMode.NoCheck },
        },
    };

    private static int[] FreePorts(int count)
    {
        var sockets = Enumerable.Range(0, count).Select(_ => new TcpListener(IPAddress.Loopback, 0)).ToList();
        sockets.ForEach(s => s.Start());
        var ports = sockets.Select(s => ((IPEndPoint)s.LocalEndpoint).Port).ToArray();
        sockets.ForEach(s => s.Stop());
        return ports;
    }

    private static async Task Until(Func<Task<bool>> holds)
    {
        using var limit = new CancellationTokenSource(s_limit);
        while (!await Holds(holds)) await Task.Delay(200, limit.Token);
    }

    private static async Task<bool> Holds(Func<Task<bool>> holds)
    {
        try
        {
            return await holds();
        }
        catch (HttpRequestException)
        {
            // Nobody listens yet.
            return false;
        }
    }
}
