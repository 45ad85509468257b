using System.Net;
using SecureAggregation.Accounts;
using SecureAggregation.Telemetry;

namespace SecureAggregation.Dashboard.Blazor;

/// <summary>How people show who they are.</summary>
internal enum SignInMode
{
    /// <summary>Accounts of the dashboard's own, with passwords.</summary>
    Local,

    /// <summary>An OpenID Connect provider.</summary>
    Oidc,

    /// <summary>Nobody is asked: whoever reaches the port reads.</summary>
    Off,
}

/// <summary>What the dashboard is told at start: by command line, environment (SECAGG_DASHBOARD_STATION) or appsettings.json, in that order.</summary>
internal sealed record DashboardOptions
{
    public const string Usage = """
        secagg-dashboard: shows a consortium's rounds, results and evidence to the people of one member.

        usage: SecureAggregation.Dashboard.Blazor --station URL --roster FILE --key FILE [--listen URL] [--data DIR] [--sign-in local|oidc|off]
                                                  [--proxy ADDRESS] [--address-file FILE]

          --station URL        address of the station, such as https://station.example:7443
          --roster FILE        the consortium's signed roster; the station's key is pinned to it
          --key FILE           identity key of the deck in the roster: an auditor's to read, a coordinator's to ask as well (never an outpost's)
          --listen URL         where browsers find the dashboard (default http://127.0.0.1:7480; port 0 takes a free one)
          --data DIR           folder of the dashboard's own files: accounts, session keys, templates, what was done about alerts
                               (default ~/.local/share/secagg-dashboard; with --sign-in off nothing is kept unless a folder is named)
          --sign-in MODE       local: accounts with passwords (default; the first start prints a link that makes the first one)
                               oidc:  an OpenID Connect provider, see docs/dashboard.md for its settings
                               off:   nobody is asked; only on this machine (a loopback address)
          --proxy ADDRESS      a reverse proxy that ends TLS; needed to listen on other addresses than loopback
          --address-file FILE  write the address there once the dashboard listens
          --help, --version
        """;

    public required Uri Station { get; init; }

    public required string RosterFile { get; init; }

    public required string KeyFile { get; init; }

    public Uri Listen { get; init; } = new("http://127.0.0.1:7480");

    /// <summary>Folder of accounts, session keys and what was done about alerts; "" keeps all in memory.</summary>
    public string DataFolder { get; init; } = "";

    public SignInMode SignIn { get; init; }

    public OidcOptions? Oidc { get; init; }

    /// <summary>Whose word on the browser's address and scheme counts; null for nobody's.</summary>
    public IPAddress? Proxy { get; init; }

    public string? AddressFile { get; init; }

    /// <summary>Where figures, spans and log lines are sent.</summary>
    public TelemetryOptions Telemetry { get; init; } = new();

    /// <exception cref="OptionsException">Something is missing or wrong; the message says what and how to mend it.</exception>
    public static DashboardOptions Read(string[] args)
    {
        var configuration = new ConfigurationBuilder()
            .AddJsonFile(Path.Combine(AppContext.BaseDirectory, "appsettings.json"), optional: true)
            .AddEnvironmentVariables("SECAGG_DASHBOARD_")
            .AddCommandLine(args)
            .Build();
        var listen = Listening(configuration["listen"] ?? "http://127.0.0.1:7480");
        var mode = Mode(configuration["sign-in"] ?? "local");
        var options = new DashboardOptions
        {
            Station = Url(Required(configuration, "station"), "--station"),
            RosterFile = Existing(Required(configuration, "roster"), "--roster"),
            KeyFile = Existing(Required(configuration, "key"), "--key"),
            Listen = listen,
            DataFolder = configuration["data"] ?? (mode == SignInMode.Off ? "" : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify), "secagg-dashboard")),
            SignIn = mode,
            Oidc = mode == SignInMode.Oidc ? OidcOptions.Read(configuration.GetSection("oidc")) : null,
            Proxy = configuration["proxy"] is { } proxy ? Address(proxy) : null,
            AddressFile = configuration["address-file"],
            Telemetry = ReadTelemetry(configuration.GetSection("telemetry")),
        };
        options.CheckListen();
        return options;
    }

    private static TelemetryOptions ReadTelemetry(IConfigurationSection section)
    {
        try
        {
            var options = section.Get<TelemetryOptions>(binder => binder.ErrorOnUnknownConfiguration = true) ?? new TelemetryOptions();
            return options.Problems("telemetry").FirstOrDefault() is { } problem ? throw new OptionsException(problem) : options;
        }
        catch (InvalidOperationException e)
        {
            throw new OptionsException($"telemetry cannot be read: {e.Message} docs/operations.md lists its keys.");
        }
    }

    /// <summary>Passwords and sessions cross no network in the clear, and without sign-in only this machine may reach the port.</summary>
    public void CheckListen()
    {
        if (SignIn == SignInMode.Off && Proxy is not null)
            throw new OptionsException($"--sign-in off with --proxy {Proxy}: without sign-in the deck answers on this machine only, and a proxy brings others; leave --proxy out, or use --sign-in local");
        if (IsLoopback(Listen)) return;
        if (SignIn == SignInMode.Off) throw new OptionsException($"--sign-in off with --listen {Listen.OriginalString}: without sign-in the deck answers on this machine only; use http://127.0.0.1:{Listen.Port}, or --sign-in local");
        if (Listen.Scheme != Uri.UriSchemeHttps && Proxy is null)
        {
            throw new OptionsException(
                $"--listen {Listen.OriginalString} is not a loopback address, and passwords would cross the network in the clear; put a reverse proxy with TLS in front and name its address with --proxy (docs/dashboard.md), or use http://127.0.0.1:{Listen.Port}");
        }
    }

    public static bool IsLoopback(Uri url) => url.IsLoopback || (IPAddress.TryParse(url.Host, out var address) && IPAddress.IsLoopback(address));

    private static SignInMode Mode(string word) =>
        Enum.TryParse<SignInMode>(word, ignoreCase: true, out var mode) && Enum.IsDefined(mode) && !char.IsAsciiDigit(word[0])
            ? mode
            : throw new OptionsException($"--sign-in is '{word}'; it must be local, oidc or off");

    private static IPAddress Address(string text) =>
        IPAddress.TryParse(text, out var address) ? address : throw new OptionsException($"--proxy is '{text}'; it must be an IP address such as 10.0.0.2");

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

/// <summary>The OpenID Connect provider, from the configuration's section "oidc".</summary>
/// <param name="Authority">Address under which the provider publishes .well-known/openid-configuration.</param>
/// <param name="ClientId">Name of this dashboard there.</param>
/// <param name="ClientSecret">Its secret, read from a file; null for a public client.</param>
/// <param name="RoleClaim">The claim whose values say what somebody may do.</param>
/// <param name="RoleOf">Role for a value of that claim.</param>
internal sealed record OidcOptions(Uri Authority, string ClientId, string? ClientSecret, string RoleClaim, IReadOnlyDictionary<string, Role> RoleOf)
{
    private const int LargestSecret = 4096;

    public static OidcOptions Read(IConfigurationSection section)
    {
        var text = section["authority"] ?? throw new OptionsException("--sign-in oidc needs oidc:authority, the provider's address");
        if (!Uri.TryCreate(text, UriKind.Absolute, out var authority) || (authority.Scheme != Uri.UriSchemeHttps && !DashboardOptions.IsLoopback(authority)))
            throw new OptionsException($"oidc:authority is '{text}'; it must be an https address");
        var client = section["client-id"] ?? throw new OptionsException("--sign-in oidc needs oidc:client-id, the name that the provider knows this dashboard by");
        var roles = new Dictionary<string, Role>(StringComparer.Ordinal);
        foreach (var entry in section.GetSection("roles").GetChildren())
        {
            var role = Roles.Find(entry.Key) ?? throw new OptionsException($"oidc:roles:{entry.Key} is not a role; the roles are {string.Join(", ", Roles.All.Select(r => r.Word()))}");
            foreach (var value in (entry.Value ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)) roles[value] = role;
        }

        if (roles.Count == 0)
            throw new OptionsException("--sign-in oidc needs oidc:roles, which values of the role claim give which role, such as oidc:roles:auditor=secagg-auditors");
        return new OidcOptions(authority, client, section["client-secret-file"] is { } file ? Secret(file) : null, section["role-claim"] ?? "roles", roles);
    }

    public override string ToString() => $"{Authority} as {ClientId}";

    private static string Secret(string path)
    {
        var file = new FileInfo(path);
        if (!file.Exists) throw new OptionsException($"oidc:client-secret-file: the file {path} does not exist");
        return file.Length is > 0 and <= LargestSecret ? File.ReadAllText(path).Trim() : throw new OptionsException($"oidc:client-secret-file: {path} has {file.Length} bytes; a secret has 1 to {LargestSecret}");
    }
}

internal sealed class OptionsException(string message) : Exception(message);
