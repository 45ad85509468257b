using System.CommandLine;
using SecureAggregation.Client;

namespace SecureAggregation.Cli;

/// <summary>A published log, by folder or address.</summary>
internal static class PublishedLog
{
    private static readonly HttpClient s_http = new(new SocketsHttpHandler { AllowAutoRedirect = true, ConnectTimeout = TimeSpan.FromSeconds(10) }) { Timeout = TimeSpan.FromMinutes(5) };

    public static Option<string?> Tiles { get; } = new("--tiles")
    {
        Description = "A log that was published as files: a folder, or the address of a web server, http:// or https://",
    };

    /// <exception cref="CliException">There is no such folder.</exception>
    public static ITileFiles Open(string where)
    {
        if (Uri.TryCreate(where, UriKind.Absolute, out var address) && address.Scheme is "http" or "https") return new TileSite(s_http, address);
        return Directory.Exists(where)
            ? new TileFolder(where)
            : throw new CliException(ExitCode.BadInput, $"--tiles is '{where}'; there is no such folder, and it is no address such as https://station.example/log");
    }
}
