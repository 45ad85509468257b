using System.Globalization;
using SecureAggregation.Party.Config;
using SecureAggregation.Statistics;

namespace SecureAggregation.Party.Catalogue;

/// <summary>What was typed after `dataset`.</summary>
internal sealed record DatasetDeskOptions
{
    private static readonly string[] s_actions = ["register", "list", "show", "versions", "check", "dummy"];

    public required string Action { get; init; }

    /// <summary>Which dataset; empty with `list`.</summary>
    public string Name { get; init; } = "";

    /// <summary>The configuration file.</summary>
    public string ConfigFile { get; init; } = CommandLine.DefaultConfigFile;

    public string Csv { get; init; } = "";

    public string Schema { get; init; } = "";

    public long Rows { get; init; } = 1000;

    public ulong Seed { get; init; } = 42;

    public string Out { get; init; } = "";

    public bool Json { get; init; }

    public static bool Has(IReadOnlyList<string> arguments) => arguments is ["dataset", ..];

    /// <exception cref="ConfigurationException">An argument is unknown or lacks its value.</exception>
    public static DatasetDeskOptions Parse(IReadOnlyList<string> arguments)
    {
        var args = arguments.SelectMany(a => a.StartsWith("--", StringComparison.Ordinal) ? a.Split('=', 2) : [a]).ToList();
        if (args.Count < 2 || !s_actions.Contains(args[1], StringComparer.Ordinal))
            throw Bad($"dataset needs one of {string.Join(", ", s_actions)} after it, e.g. secagg-outpost dataset list");
        var options = new DatasetDeskOptions { Action = args[1] };
        for (var i = 2; i < args.Count; i++)
        {
            options = args[i] switch
            {
                "--config" => options with { ConfigFile = Value(args, ref i) },
                "--json" => options with { Json = true },
                "--csv" when options.Action == "register" => options with { Csv = Value(args, ref i) },
                "--schema" when options.Action == "register" => options with { Schema = Value(args, ref i) },
                "--rows" when options.Action == "dummy" => options with { Rows = Whole(args[i], Value(args, ref i), DummyRows.MaxRows) },
                "--seed" when options.Action == "dummy" => options with { Seed = (ulong)Whole(args[i], Value(args, ref i), long.MaxValue, 0) },
                "--out" when options.Action == "dummy" => options with { Out = Value(args, ref i) },
                var name when options is { Action: not "list", Name.Length: 0 } && !name.StartsWith('-') => options with { Name = name },
                var other => throw Bad($"'{other}' is not an argument of secagg-outpost dataset {options.Action}; see secagg-outpost --help."),
            };
        }

        if (options is { Action: not "list", Name.Length: 0 }) throw Bad($"dataset {options.Action} needs a name: secagg-outpost dataset {options.Action} heart");
        if (options is { Action: "register", Csv.Length: 0 }) throw Bad("dataset register needs --csv FILE: the data, a file or a folder of parts.");
        return options;
    }

    private static long Whole(string option, string text, long most, long least = 1) =>
        long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) && value >= least && value <= most
            ? value
            : throw Bad($"{option} is '{text}'; it must be a whole number from {least} to {most}.");

    private static string Value(List<string> args, ref int i) =>
        i + 1 < args.Count ? args[++i] : throw Bad($"'{args[i]}' needs a value after it; see secagg-outpost --help.");

    private static ConfigurationException Bad(string message) => new(message);
}
