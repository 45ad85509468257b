using System.ComponentModel;
using System.Diagnostics;
using System.Reflection;
using System.Text.Json;
using System.Threading.Channels;
using SecureAggregation.Testing;

namespace SecureAggregation.Grpc.Tests;

/// <summary>A process of a foreign gRPC implementation: "node" (grpc-js) or "python" (grpcio); see interop/.</summary>
public sealed class Peer : IAsyncDisposable
{
    private const string Python = "/usr/bin/python3";

    private static readonly string s_folder = typeof(Peer).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(a => a.Key == "InteropFolder").Value!;

    private static readonly Lazy<string?> s_nodeMissing = new(MissingNode);
    private static readonly Lazy<string?> s_pythonMissing = new(() => Works(Python, "-c", "import grpc, google.protobuf")
        ? null
        : $"{Python} with grpc and google.protobuf is missing: apt-get install python3-grpcio python3-protobuf");

    private readonly Process _process;
    private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();
    private readonly List<string> _said = [];

    private Peer(Process process)
    {
        _process = process;
        process.OutputDataReceived += (_, e) => Heard(e.Data);
        process.ErrorDataReceived += (_, e) => Noted(e.Data);
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
    }

    /// <summary>Why a peer cannot be started here; null when it can.</summary>
    public static string? Missing(string peer) => peer == "node" ? s_nodeMissing.Value : s_pythonMissing.Value;

    /// <summary>Starts a server and says where it listens.</summary>
    public static async Task<(Peer Peer, string Address)> ServeAsync(string peer, bool tls)
    {
        var server = Start(peer, "server", tls ? Certificates.Folder : "-");
        var port = (await server.WaitForAsync("PORT "))["PORT ".Length..];
        return (server, $"{(tls ? "https" : "http")}://127.0.0.1:{port}");
    }

    /// <summary>Starts a client, which makes one call.</summary>
    public static Peer Call(string peer, bool tls, int port, string what) =>
        Start(peer, "client", tls ? Certificates.Folder : "-", $"{port}", what);

    /// <summary>What the client's call came to.</summary>
    public async Task<JsonElement> ResultAsync() =>
        JsonDocument.Parse((await WaitForAsync("RESULT "))["RESULT ".Length..]).RootElement;

    /// <summary>The next line that begins so.</summary>
    public async Task<string> WaitForAsync(string prefix)
    {
        try
        {
            while (true)
            {
                var line = await _lines.Reader.ReadAsync().AsTask().Guard();
                if (line.StartsWith(prefix, StringComparison.Ordinal)) return line;
            }
        }
        catch (Exception e) when (e is ChannelClosedException or TimeoutException)
        {
            lock (_said) throw new InvalidOperationException($"The peer never said '{prefix}', but:\n{string.Join('\n', _said)}", e);
        }
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            _process.StandardInput.Close();
            await _process.WaitForExitAsync().WaitAsync(TimeSpan.FromSeconds(5));
        }
        catch (TimeoutException)
        {
            _process.Kill();
        }

        _process.Dispose();
    }

    private static Peer Start(string peer, params string[] arguments)
    {
        var (program, script) = peer == "node" ? ("node", "peer.js") : (Python, "peer.py");
        var process = Process.Start(Quietly(program, [Path.Combine(s_folder, script), .. arguments]))!;
        return new Peer(process);
    }

    private static ProcessStartInfo Quietly(string program, params string[] arguments) => new(program, arguments)
    {
        WorkingDirectory = s_folder,
        UseShellExecute = false,
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
        RedirectStandardError = true,
    };

    private static string? MissingNode()
    {
        if (!Works("node", "--version")) return "node is missing: apt-get install nodejs npm";
        if (Directory.Exists(Path.Combine(s_folder, "node_modules", "@grpc", "grpc-js"))) return null;
        return Works("npm", "ci", "--ignore-scripts") ? null : $"npm ci failed in {s_folder}: the packages of grpc-js cannot be fetched";
    }

    private static bool Works(string program, params string[] arguments)
    {
        try
        {
            using var process = Process.Start(Quietly(program, arguments))!;
            process.StandardInput.Close();
            process.OutputDataReceived += (_, _) => { };
            process.ErrorDataReceived += (_, _) => { };
            process.BeginOutputReadLine();
            process.BeginErrorReadLine();
            if (process.WaitForExit(TimeSpan.FromMinutes(2))) return process.ExitCode == 0;
            process.Kill(entireProcessTree: true);
            return false;
        }
        catch (Win32Exception)
        {
            return false;
        }
    }

    private void Heard(string? line)
    {
        Noted(line);
        if (line is null) _lines.Writer.TryComplete();
        else _lines.Writer.TryWrite(line);
    }

    private void Noted(string? line)
    {
        if (line is null) return;
        lock (_said) _said.Add(line);
    }
}
