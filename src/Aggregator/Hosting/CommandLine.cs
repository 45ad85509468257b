using System.Collections;
using Microsoft.Extensions.Configuration;

namespace SecureAggregation.Aggregator.Hosting;

/// <summary>Configuration, weakest first: appsettings.json beside the program, the file of --config, environment SECAGG_STATION__…, command line.</summary>
internal static class CommandLine
{
    public const string Usage = """
        secagg-station: adds up what the outposts of a consortium have masked, and can read nothing but the totals.

        usage: SecureAggregation.Aggregator --key FILE --roster FILE --data DIR [options]
               SecureAggregation.Aggregator accounts|keys ...   who may use the REST interface; see accounts --help
               SecureAggregation.Aggregator backup --to DIR [--without-vectors] (the options that the station runs with)
               SecureAggregation.Aggregator restore --from DIR [--without-vectors] (the options that it will run with)

          --key FILE           identity key of the station, PEM                 (Station:KeyFile)
          --roster FILE        signed roster                                    (Station:RosterFile)
          --data DIR           folder of the transcript and the masked vectors  (Station:DataDirectory)
          --database STRING    PostgreSQL instead of SQLite in the folder, e.g.  (Station:Database)
                               "Host=db;Database=station;Username=station;
                               Passfile=/etc/secagg/pgpass"; a password on the
                               command line is seen by all users
          --vectors PLACE      Files (in the folder, the default) or Database  (Station:Vectors)
          --listen IP:PORT     address to bind, 127.0.0.1:7443 by default;      (Station:Listen)
                               port 0 takes a free one
          --address-file FILE  writes https://IP:PORT there once it is bound    (Station:AddressFile)
          --cores N            threads with which one round is unmasked, all    (Station:Cores)
                               of the machine by default
          --trace-wire DIR     writes every byte received and sent, before      (Station:TraceWire)
                               encryption, for tests
          --rest IP:PORT       address of the REST interface, none by default;  (Station:Rest:Listen)
                               docs/rest.md
          --config FILE        a JSON file with more settings
          --set KEY=VALUE      any setting, e.g. --set Station:Deadlines:Input=00:05:00
          --help, --version

        Every setting can also be given by the environment: SECAGG_STATION__LISTEN=0.0.0.0:7443.

        exit codes: 0 stopped, 1 unexpected failure, 2 command line or configuration, 3 key or roster,
                    4 transcript refused, 5 address in use, 6 data folder or database
                    not usable
        """;

    // Not "SECAGG_": SECAGG_STATION alone is the station's address for other programs.
    private const string EnvironmentPrefix = "SECAGG_STATION__";

    private static readonly Dictionary<string, string> s_keys = new(StringComparer.Ordinal)
    {
        ["--key"] = "Station:KeyFile",
        ["--roster"] = "Station:RosterFile",
        ["--data"] = "Station:DataDirectory",
        ["--database"] = "Station:Database",
        ["--vectors"] = "Station:Vectors",
        ["--listen"] = "Station:Listen",
        ["--address-file"] = "Station:AddressFile",
        ["--cores"] = "Station:Cores",
        ["--trace-wire"] = "Station:TraceWire",
        ["--rest"] = "Station:Rest:Listen",
    };

    /// <summary>The options, checked.</summary>
    /// <exception cref="StartException">Something is wrong with them.</exception>
    public static StationOptions Read(IReadOnlyList<string> args, IDictionary environment) => Read(args, environment, Bind);

    /// <summary>The data folder alone, for commands that need nothing else.</summary>
    /// <exception cref="StartException">None is named.</exception>
    public static string ReadDataDirectory(IReadOnlyList<string> args, IDictionary environment) => Read(args, environment, configuration => configuration["Station:DataDirectory"]) is { Length: > 0 } folder
        ? folder
        : throw Wrong("The station's data folder is not named; give --data DIR, or --config FILE.");

    private static T Read<T>(IReadOnlyList<string> args, IDictionary environment, Func<IConfiguration, T> read)
    {
        var (settings, file) = Parse(args);
        var builder = new ConfigurationBuilder();
        try
        {
            builder.AddJsonFile(Path.Combine(AppContext.BaseDirectory, "appsettings.json"), optional: true);
            if (file is not null) builder.AddJsonFile(Path.GetFullPath(file), optional: false);
            return read(builder.AddInMemoryCollection(FromEnvironment(environment)).AddInMemoryCollection(settings).Build());
        }
        catch (Exception e) when (e is InvalidOperationException or InvalidDataException or IOException or FormatException)
        {
            throw new StartException(ExitCode.Configuration, Explain(e), e);
        }
    }

    private static string Explain(Exception e)
    {
        // The binder's sentence is about its own classes; a person knows keys only, and they stand at its end.
        if (e.Message.Contains("ErrorOnUnknownConfiguration", StringComparison.Ordinal))
            return $"The section \"{StationOptions.Section}\" has an unknown key: {e.Message[(e.Message.LastIndexOf(": ", StringComparison.Ordinal) + 2)..]}. docs/station.md lists the keys.";
        var cause = e.GetBaseException();
        return $"The configuration cannot be read: {e.Message}{(cause == e ? "" : " " + cause.Message)}";
    }

    /// <summary>The section "Station" of a configuration, checked.</summary>
    public static StationOptions Bind(IConfiguration configuration)
    {
        var options = configuration.GetSection(StationOptions.Section).Get<StationOptions>(o => o.ErrorOnUnknownConfiguration = true) ?? new StationOptions();
        if (options.DatabaseFile.Length > 0) options.Database = ReadDatabase(options);
        var problems = options.Problems();
        return problems.Count == 0 ? options : throw new StartException(ExitCode.Configuration, string.Join(Environment.NewLine, problems));
    }

    private static string ReadDatabase(StationOptions options)
    {
        const int largest = 16 * 1024;
        var path = options.DatabaseFile;
        if (options.Database.Length > 0) throw new StartException(ExitCode.Configuration, "Station:Database and Station:DatabaseFile are both set; keep one of them.");
        try
        {
            if (!OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & StationFiles.Foreign) != UnixFileMode.None)
                throw new StartException(ExitCode.Configuration, $"Station:DatabaseFile {path} is open to other users of this machine; close it: chmod 600 '{path}'");
            return new FileInfo(path).Length <= largest ? File.ReadAllText(path).Trim() : throw new IOException($"it has more than {largest} bytes");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartException(ExitCode.Configuration, $"Station:DatabaseFile {path} cannot be read: {e.Message}", e);
        }
    }

    private static IEnumerable<KeyValuePair<string, string?>> FromEnvironment(IDictionary environment) =>
        from DictionaryEntry variable in environment
        let name = (string)variable.Key
        where name.StartsWith(EnvironmentPrefix, StringComparison.OrdinalIgnoreCase)
        select KeyValuePair.Create($"{StationOptions.Section}:{name[EnvironmentPrefix.Length..].Replace("__", ":", StringComparison.Ordinal)}", (string?)variable.Value);

    private static (Dictionary<string, string?> Settings, string? File) Parse(IReadOnlyList<string> args)
    {
        var settings = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        string? file = null;
        for (var i = 0; i < args.Count; i++)
        {
            var (name, value) = args[i].Split('=', 2) is [var n, var v] && n.StartsWith("--", StringComparison.Ordinal) ? (n, v) : (args[i], null);
            if (name is not ("--config" or "--set") && !s_keys.ContainsKey(name)) throw Wrong($"{name} is not an option of the station.");
            value ??= i + 1 < args.Count ? args[++i] : throw Wrong($"{name} needs a value.");
            if (name == "--config") file = value;
            else if (name == "--set" && value.Split('=', 2) is [var key, var setting]) settings[key] = setting;
            else if (name == "--set") throw Wrong($"--set {value} has no '='; write --set KEY=VALUE.");
            else settings[s_keys[name]] = value;
        }

        return (settings, file);
    }

    private static StartException Wrong(string problem) => new(ExitCode.Configuration, problem + " See --help.");
}
