using System.Net;

namespace SecureAggregation.Dashboard.Blazor;

/// <summary>What the dashboard is told at start: by command line, environment (SECAGG_DASHBOARD_STATION) or appsettings.json, in that order.</summary>
internal sealed record DashboardOptions
{
    public const string Usage = """
        usage: SecureAggregation.Dashboard.Blazor --station URL --roster FILE --key FILE [--listen URL] [--address-file FILE] [--allow-remote]

          --station URL        address of the station, such as https://station.example:7443
          --roster FILE        the consortium's signed roster; the station's key is pinned to it
          --key FILE           identity key of an auditor of the roster (never an outpost's)
          --listen URL         where browsers find the dashboard (default http://127.0.0.1:7480; port 0 takes a free one)
          --address-file FILE  write the address there once the dashboard listens
          --allow-remote       listen on other addresses than loopback: the dashboard has no sign-in yet, so put one in front of it
        """;

    public required Uri Station { get; init; }

    public required string RosterFile { get; init; }

    public required string KeyFile { get; init; }

    public Uri Listen { get; init; } = new("http://127.0.0.1:7480");

    public string? AddressFile { get; init; }

    public bool AllowRemote { get; init; }

    /// <exception cref="OptionsException">Something is missing or wrong; the message says what and how to mend it.</exception>
    public static DashboardOptions Read(string[] args)
    {
        // A flag needs no value on the command line; the configuration reader wants one.
        string[] spelled = [.. args.Select(arg => arg == "--allow-remote" ? "--allow-remote=true" : arg)];
        var configuration = new ConfigurationBuilder()
            .AddJsonFile(Path.Combine(AppContext.BaseDirectory, "appsettings.json"), optional: true)
            .AddEnvironmentVariables("SECAGG_DASHBOARD_")
            .AddCommandLine(spelled)
            .Build();
        var listen = Listening(configuration["listen"] ?? "http://127.0.0.1:7480");
        var options = new DashboardOptions
        {
            Station = Url(Required(configuration, "station"), "--station"),
            RosterFile = Existing(Required(configuration, "roster"), "--roster"),
            KeyFile = Existing(Required(configuration, "key"), "--key"),
            Listen = listen,
            AddressFile = configuration["address-file"],
            AllowRemote = bool.TryParse(configuration["allow-remote"], out var remote) && remote,
        };
        options.CheckListen();
        return options;
    }

    /// <summary>Without sign-in whoever reaches the port reads the deck, so only this machine may reach it unless the operator says otherwise.</summary>
    public void CheckListen()
    {
        if (AllowRemote || IsLoopback(Listen)) return;
        throw new OptionsException(
            $"--listen {Listen.OriginalString} is not a loopback address, and the dashboard has no sign-in; use http://127.0.0.1:{Listen.Port}, or add --allow-remote when something in front of it asks for a password");
    }

    public static bool IsLoopback(Uri url) => url.IsLoopback || (IPAddress.TryParse(url.Host, out var address) && IPAddress.IsLoopback(address));

    private static string Required(IConfiguration configuration, string name) =>
        configuration[name] is { Length: > 0 } value ? value : throw new OptionsException($"--{name} is missing");

    private static string Existing(string path, string name) =>
        File.Exists(path) ? path : throw new OptionsException($"{name}: the file {path} does not exist");

    // "127.0.0.1:0" is what people write for an address to listen on.
    private static Uri Listening(string text) => Url(text.Contains("://", StringComparison.Ordinal) ? text : "http://" + text, "--listen");

    private static Uri Url(string text, string name) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            ? url
            : throw new OptionsException($"{name} is '{text}'; it must be an address such as https://127.0.0.1:7443");
}

internal sealed class OptionsException(string message) : Exception(message);
