using SecureAggregation.Party.Config;

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
internal sealed record CommandLine(
    OutpostCommand Command, string ConfigFile, string DataFile, string Words, IReadOnlyDictionary<string, string?> Settings)
{
    public const string DefaultConfigFile = "outpost.json";

    public const string Help =
        """
        secagg-outpost: answers a consortium's questions about local data with noised, masked totals.
        It dials out to the station; it listens nowhere.

          secagg-outpost [run] [options]        runs until stopped (SIGTERM or Ctrl-C)
          secagg-outpost --check [options]      checks configuration, key, roster, policy, schemas and every row of the data, then ends
          secagg-outpost enrol [options]        shows the roster's 12 words and pins the roster once they are confirmed
          secagg-outpost infer DATA.csv         writes a schema to begin with to standard output; a person must complete it

        commands on datasets (--config FILE; --json)
          secagg-outpost dataset register NAME --csv FILE [--schema FILE]  adds it to the configuration; infers a schema if there is none
          secagg-outpost dataset list                             what is configured, with version and rounded size
          secagg-outpost dataset show NAME                        what everybody is told of it
          secagg-outpost dataset versions NAME                    the states that its data has had
          secagg-outpost dataset check NAME                       reads every row, as at a start
          secagg-outpost dataset dummy NAME [--rows N] [--seed S] [--out FILE]  rows made from the schema alone, as CSV

        commands on the state of an outpost, while it runs or not (--state DIR or --config FILE; --json)
          secagg-outpost approvals list [--all]                   questions that wait for a person
          secagg-outpost approvals show ID                        one of them, with everything that was signed
          secagg-outpost approvals accept ID --as NAME            it may be answered
          secagg-outpost approvals reject ID --as NAME --reason TEXT
          secagg-outpost ledger show [--delta 1e-6] [--policy FILE]  spent and left, by dataset, coordinator and study
          secagg-outpost ledger verify [--head HASH]              checks the chain, and that it goes on from a head noted down before
          secagg-outpost ledger export [--format csv|json]        every entry
          secagg-outpost ledger write-off [--policy FILE]         takes all budgets as spent, where debits are missing; the outpost must not run

        options
          --config FILE        configuration, JSON (default: outpost.json, if there is one)
          --station URL        address of the station, https://host:port        (Outpost:Station)
          --key FILE           identity key of this outpost, PEM                (Outpost:Key)
          --roster FILE        signed roster                                    (Outpost:Roster)
          --policy FILE        what may be asked, YAML                          (Outpost:Policy)
          --state DIR          ledger and rounds seen                           (Outpost:State)
          --cores N            threads for one round's agreements and masks,    (Outpost:Cores)
                               all of the machine by default
          --trace-wire DIR     writes every frame as sent and received, before  (Outpost:TraceWire)
                               encryption (masked data only), for tests
          --log-level LEVEL    Trace, Debug, Information, Warning or Error      (Logging:LogLevel:Default)
          --set KEY=VALUE      any setting, e.g. --set Outpost:Datasets:heart:Csv=heart.csv
          --words "w1 … w12"   enrol: the words, where they cannot be typed at the prompt
          --help, --version

        Every setting can also be given by the environment: SECAGG_OUTPOST__STATION=https://station:7443.

        exit codes: 0 done, 1 unexpected failure, 2 command line, configuration or policy, 3 key, roster or pin,
                    4 data or schema, 6 state directory not usable
        """;

    private static readonly Dictionary<string, string> s_options = new(StringComparer.Ordinal)
    {
        ["--station"] = "Outpost:Station",
        ["--roster"] = "Outpost:Roster",
        ["--key"] = "Outpost:Key",
        ["--state"] = "Outpost:State",
        ["--policy"] = "Outpost:Policy",
        ["--cores"] = "Outpost:Cores",
        ["--trace-wire"] = "Outpost:TraceWire",
        ["--log-level"] = "Logging:LogLevel:Default",
    };

    /// <exception cref="ConfigurationException">An argument is unknown or lacks its value.</exception>
    public static CommandLine Parse(IReadOnlyList<string> arguments)
    {
        // --name=value is --name value.
        var args = arguments.SelectMany(a => a.StartsWith("--", StringComparison.Ordinal) ? a.Split('=', 2) : [a]).ToList();
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
                case "--set":
                    var setting = Value(args, ref i).Split('=', 2);
                    settings[setting[0]] = setting.Length == 2 ? setting[1] : throw new ConfigurationException($"--set {setting[0]} has " +
                        "no '='; write --set KEY=VALUE.");
                    break;
                // Paths on the command line count from where the command is given, those in the file from the file.
                case var option when s_options.TryGetValue(option, out var key):
                    var value = Value(args, ref i);
                    settings[key] = option is "--station" or "--log-level" ? value : Path.GetFullPath(value);
                    break;
                case var name when command == OutpostCommand.Infer && data.Length == 0 && !name.StartsWith('-'): data = name; break;
                case var other: throw new ConfigurationException($"'{other}' is not an argument that secagg-outpost knows; see " +
                    "secagg-outpost --help.");
            }
        }

        if (command == OutpostCommand.Infer && data.Length == 0)
            throw new ConfigurationException("infer needs a file: secagg-outpost infer DATA.csv > schema.yaml");
        return new(command, config, data, words, settings);
    }

    private static string Value(List<string> args, ref int i) =>
        i + 1 < args.Count ? args[++i] : throw new ConfigurationException($"'{args[i]}' needs a value after it; see secagg-outpost " +
            "--help.");
}
