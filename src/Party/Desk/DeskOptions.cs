using System.Globalization;
using SecureAggregation.Party.Config;

namespace SecureAggregation.Party.Desk;

/// <summary>What was typed after `approvals` or `ledger`.</summary>
internal sealed record DeskOptions
{
    /// <summary>The first word, and the second.</summary>
    public required string Command { get; init; }

    public required string Action { get; init; }

    /// <summary>Which question, by the first digits of its id; empty if none was named.</summary>
    public string Id { get; init; } = "";

    public string ConfigFile { get; init; } = "";

    public string State { get; init; } = "";

    public string Policy { get; init; } = "";

    public bool Json { get; init; }

    public bool All { get; init; }

    public string Approver { get; init; } = "";

    public string Reason { get; init; } = "";

    public string Head { get; init; } = "";

    public string Format { get; init; } = "csv";

    public double Delta { get; init; } = 1e-6;

    /// <summary>The program's commands that look at a state folder.</summary>
    public static bool Has(IReadOnlyList<string> arguments) => arguments is ["approvals" or "ledger", ..];

    /// <exception cref="ConfigurationException">An argument is unknown or lacks its value.</exception>
    public static DeskOptions Parse(IReadOnlyList<string> arguments)
    {
        var args = arguments.SelectMany(a => a.StartsWith("--", StringComparison.Ordinal) ? a.Split('=', 2) : [a]).ToList();
        var actions = args[0] == "ledger" ? (string[])["show", "verify", "export", "write-off"] : ["list", "show", "accept", "reject"];
        if (args.Count < 2 || !actions.Contains(args[1], StringComparer.Ordinal))
            throw Bad($"{args[0]} needs one of {string.Join(", ", actions)} after it, e.g. secagg-outpost {args[0]} {actions[0]} --state state");
        var options = new DeskOptions { Command = args[0], Action = args[1] };
        for (var i = 2; i < args.Count; i++)
        {
            options = args[i] switch
            {
                "--config" => options with { ConfigFile = Value(args, ref i) },
                "--state" => options with { State = Path.GetFullPath(Value(args, ref i)) },
                "--policy" => options with { Policy = Path.GetFullPath(Value(args, ref i)) },
                "--json" => options with { Json = true },
                "--all" when options is { Command: "approvals", Action: "list" } => options with { All = true },
                "--as" when options is { Action: "accept" or "reject" } => options with { Approver = Value(args, ref i).Trim() },
                "--reason" when options is { Action: "accept" or "reject" } => options with { Reason = Value(args, ref i) },
                "--head" when options is { Action: "verify" } => options with { Head = Value(args, ref i).ToLowerInvariant() },
                "--format" when options is { Action: "export" } => options with { Format = Value(args, ref i) },
                "--delta" when options is { Command: "ledger", Action: "show" } => options with { Delta = DeltaOf(Value(args, ref i)) },
                var id when options is { Command: "approvals", Action: not "list", Id.Length: 0 } && !id.StartsWith('-') => options with { Id = id.ToLowerInvariant() },
                var other => throw Bad($"'{other}' is not an argument of secagg-outpost {options.Command} {options.Action}; see secagg-outpost --help."),
            };
        }

        if (options.Format is not ("csv" or "json")) throw Bad($"--format is '{options.Format}'; it must be csv or json.");
        if (options is { Command: "approvals", Action: not "list", Id.Length: 0 })
            throw Bad($"approvals {options.Action} needs the id of a question, as `approvals list` shows it: secagg-outpost approvals {options.Action} 3f09…");
        if (options is { Action: "accept" or "reject", Approver.Length: 0 or > 100 })
            throw Bad($"approvals {options.Action} needs --as NAME, at most 100 characters: who says so, e.g. --as \"Dr Quill\".");
        if (options is { Action: "reject", Reason.Length: 0 } or { Reason.Length: > 1000 })
            throw Bad("approvals reject needs --reason TEXT, at most 1000 characters; it stays at this outpost.");
        return options;
    }

    /// <summary>The state folder: of --state, else of the configuration.</summary>
    /// <exception cref="ConfigurationException">The configuration cannot be read.</exception>
    public string StateFolder() => State.Length > 0 ? State : Configured().State;

    /// <summary>The policy that is in force: of --policy, else of the configuration if there is one; null if nobody says where it is.</summary>
    /// <exception cref="ConfigurationException">It cannot be read.</exception>
    public Policy? LoadPolicy()
    {
        if (Policy.Length > 0) return PolicyFile.Load(Policy);
        return ConfigFile.Length > 0 || State.Length == 0 ? PolicyFile.Load(Configured().Policy) : null;
    }

    private OutpostOptions Configured()
    {
        var command = CommandLine.Parse(ConfigFile.Length > 0 ? ["--config", ConfigFile] : []);
        return Settings.Bind(Settings.Read(command), command);
    }

    private static double DeltaOf(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var delta) && delta is > 0 and < 1
            ? delta
            : throw Bad($"--delta is '{text}'; it must lie between 0 and 1, e.g. 1e-6.");

    private static string Value(List<string> args, ref int i) =>
        i + 1 < args.Count ? args[++i] : throw Bad($"'{args[i]}' needs a value after it; see secagg-outpost --help.");

    private static ConfigurationException Bad(string message) => new(message);
}
