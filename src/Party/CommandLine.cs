namespace SecureAggregation.Party;

internal enum OutpostCommand
{
    Run,
    Check,
    Infer,
    Enrol,
    Help,
    Version,
}

/// <summary>The command line, parsed: what to do, and settings that come before those of file and environment.</summary>
internal sealed record CommandLine(OutpostCommand Command, string ConfigFile, string DataFile, string Words, IReadOnlyDictionary<string, string?> Settings)
{
    public const string DefaultConfigFile = "outpost.json";

    public const string Help =
        """
        secagg-outpost: answers a consortium's questions about local data with noised, masked totals. It dials out to the station; it listens nowhere.

          secagg-outpost [run] [options]        runs until stopped (SIGTERM or Ctrl-C)
          secagg-outpost --check [options]      checks configuration, key, roster, policy, schemas and every row of the data, then ends
          secagg-outpost enrol [options]        shows the roster's 12 words and pins the roster once they are confirmed
          secagg-outpost infer DATA.csv         writes a schema to begin with to standard output; a person must complete it

        options
          --config FILE        configuration, JSON (default: outpost.json)
          --station URL        instead of Outpost:Station
          --roster FILE        instead of Outpost:Roster
          --key FILE           instead of Outpost:Key
          --state DIR          instead of Outpost:State
          --policy FILE        instead of Outpost:Policy
          --trace-wire DIR     writes every frame as sent and received, before TLS (masked data only), to DIR
          --log-level LEVEL    Trace, Debug, Information (default), Warning, Error
          --words "w1 … w12"   enrol: the words, if they cannot be typed at the prompt
          --help, --version

        Every setting can also come from the environment, e.g. SECAGG_OUTPOST__STATION=https://station:7443.
        Exit codes: 0 done, 1 internal error, 2 command line, 3 configuration or policy, 4 data or schema, 5 key, roster or pin, 6 state directory.
        """;

    private static readonly Dictionary<string, string> s_options = new(StringComparer.Ordinal)
    {
        ["--station"] = "Outpost:Station",
        ["--roster"] = "Outpost:Roster",
        ["--key"] = "Outpost:Key",
        ["--state"] = "Outpost:State",
        ["--policy"] = "Outpost:Policy",
        ["--trace-wire"] = "Outpost:TraceWire",
        ["--log-level"] = "Logging:LogLevel:Default",
    };

    /// <exception cref="UsageException">An argument is unknown or lacks its value.</exception>
    public static CommandLine Parse(IReadOnlyList<string> args)
    {
        var command = OutpostCommand.Run;
        var (config, data, words) = ("", "", "");
        var settings = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        for (var i = 0; i < args.Count; i++)
        {
            switch (args[i])
            {
                case "run" when i == 0: break;
                case "infer" when i == 0: command = OutpostCommand.Infer; break;
                case "enrol" or "enroll" when i == 0: command = OutpostCommand.Enrol; break;
                case "--check": command = OutpostCommand.Check; break;
                case "-h" or "--help": return new(OutpostCommand.Help, "", "", "", settings);
                case "--version": return new(OutpostCommand.Version, "", "", "", settings);
                case "--config": config = Value(args, ref i); break;
                case "--words": words = Value(args, ref i); break;
                // Paths on the command line count from where the command is given, those in the file from the file.
                case var option when s_options.TryGetValue(option, out var key):
                    var value = Value(args, ref i);
                    settings[key] = option is "--station" or "--log-level" ? value : Path.GetFullPath(value);
                    break;
                case var name when command == OutpostCommand.Infer && data.Length == 0 && !name.StartsWith('-'): data = name; break;
                case var other: throw new UsageException($"'{other}' is not an argument that secagg-outpost knows; see secagg-outpost --help.");
            }
        }

        if (command == OutpostCommand.Infer && data.Length == 0) throw new UsageException("infer needs a file: secagg-outpost infer DATA.csv > schema.yaml");
        return new(command, config, data, words, settings);
    }

    private static string Value(IReadOnlyList<string> args, ref int i) =>
        i + 1 < args.Count ? args[++i] : throw new UsageException($"'{args[i]}' needs a value after it; see secagg-outpost --help.");
}

/// <summary>The command line is wrong.</summary>
internal sealed class UsageException(string message) : Exception(message);
