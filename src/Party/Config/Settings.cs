using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace SecureAggregation.Party.Config;

/// <summary>
/// Configuration, weakest first: the file of --config, environment SECAGG_OUTPOST__…, command line. Reads it
/// into <see cref="OutpostOptions"/>
/// with all paths made absolute; a key that nothing reads is refused, because a misspelt one would silently not apply.
/// </summary>
internal static class Settings
{
    private const string EnvironmentPrefix = "SECAGG_";
    private const string LoggingSection = "Logging";

    /// <exception cref="ConfigurationException">The file is missing or broken, or holds an unknown key.</exception>
    public static IConfigurationRoot Read(CommandLine command)
    {
        var path = ConfigFile(command);
        var builder = new ConfigurationBuilder();
        if (path is not null)
        {
            builder.AddJsonFile(path, optional: false);
            try
            {
                var odd = builder.Build().GetChildren()
                    .FirstOrDefault(s => !IsKnown(s.Key));
                if (odd is not null)
                    throw Bad($"'{path}' has the section \"{odd.Key}\"; known are \"{OutpostOptions.Section}\" and \"{LoggingSection}\".");
            }
            catch (Exception e) when (e is InvalidDataException or IOException or UnauthorizedAccessException)
            {
                throw Bad($"'{path}' cannot be read: {e.GetBaseException().Message}");
            }
        }

        if (command.Settings.Keys.FirstOrDefault(k => !IsKnown(k.Split(':')[0])) is { } stray)
            throw Bad($"--set {stray}: a key begins with \"{OutpostOptions.Section}:\" or \"{LoggingSection}:\", e.g. --set Outpost:State=state.");
        return builder.AddEnvironmentVariables(EnvironmentPrefix).AddInMemoryCollection(command.Settings).Build();
    }

    /// <summary>The section "Outpost", bound; paths count from the configuration file's folder.</summary>
    /// <exception cref="ConfigurationException">An unknown key, or a value that is not of its type.</exception>
    public static OutpostOptions Bind(IConfiguration configuration, CommandLine command)
    {
        OutpostOptions options;
        try
        {
            options = configuration.GetSection(OutpostOptions.Section).Get<OutpostOptions>(o => o.ErrorOnUnknownConfiguration = true)
                ?? new OutpostOptions();
        }
        catch (InvalidOperationException e)
        {
            throw Bad($"Section \"{OutpostOptions.Section}\"{Explain(e.Message)} Keys and their types are listed in docs/outpost.md.");
        }

        foreach (var level in configuration.GetSection(LoggingSection + ":LogLevel").GetChildren())
        {
            if (!Enum.GetNames<LogLevel>().Contains(level.Value, StringComparer.OrdinalIgnoreCase))
                throw Bad($"{level.Path} is \"{level.Value}\"; it must be one of {string.Join(", ", Enum.GetNames<LogLevel>())}.");
        }

        var folder = ConfigFile(command) is { } path ? Path.GetDirectoryName(path)! : Environment.CurrentDirectory;
        string Absolute(string name) => name.Length == 0 ? ""
            : !name.Contains('\0', StringComparison.Ordinal) ? Path.GetFullPath(name, folder)
            : throw Bad("A path in the configuration has a NUL character in it, which no file's name has; take it out.");
        options.Roster = Absolute(options.Roster);
        options.RosterPinFile = Absolute(options.RosterPinFile);
        options.Key = Absolute(options.Key);
        options.NextKey = Absolute(options.NextKey);
        options.State = Absolute(options.State);
        options.Policy = Absolute(options.Policy);
        options.TraceWire = Absolute(options.TraceWire);
        options.Telemetry.HeadersFile = Absolute(options.Telemetry.HeadersFile);
        foreach (var party in options.PreSharedKeys.Keys.ToList()) options.PreSharedKeys[party] = Absolute(options.PreSharedKeys[party]);
        foreach (var dataset in options.Datasets.Values)
        {
            dataset.MakeAbsolute(Absolute);
        }

        return options;
    }

    /// <summary>Refuses values that no outpost can run with.</summary>
    /// <exception cref="ConfigurationException">Each broken rule, one a line.</exception>
    public static void Validate(OutpostOptions options)
    {
        var problems = new List<string>();
        if (!Uri.TryCreate(options.Station, UriKind.Absolute, out var station)
            || station.Scheme != Uri.UriSchemeHttps
            || station.PathAndQuery != "/")
        {
            problems.Add($"Outpost:Station is \"{options.Station}\"; it must be the station's address, https://host:port, e.g. " +
                "https://station.example:7443.");
        }

        if (options.Datasets.Count == 0)
            problems.Add("Outpost:Datasets is empty; an outpost needs at least one dataset: \"Datasets\": { \"heart\": { \"Csv\": …, " +
                "\"Schema\": … } }.");
        foreach (var (name, dataset) in options.Datasets)
        {
            problems.AddRange(dataset.Problems($"Outpost:Datasets:{name}"));
            if (dataset.Schema.Length == 0)
                problems.Add($"Outpost:Datasets:{name}:Schema is not set; it must name the schema file. Make one to begin with: " +
                    $"secagg-outpost infer DATA.csv > {name}.yaml");
        }

        var (first, longest) = (options.Reconnect.First, options.Reconnect.Longest);
        if (first < TimeSpan.FromMilliseconds(10) || first > longest || longest > TimeSpan.FromHours(1))
            problems.Add($"Outpost:Reconnect is {first:c} to {longest:c}; First must be at least " +
                "00:00:00.010, and Longest from First to 01:00:00.");
        if (options.Cores < 1)
            problems.Add($"Outpost:Cores is {options.Cores}; it must be 1 or more, e.g. {Environment.ProcessorCount}, all of this machine.");
        if (options.CatalogueEvery < TimeSpan.FromMinutes(1) || options.CatalogueEvery > TimeSpan.FromDays(30))
            problems.Add($"Outpost:CatalogueEvery is {options.CatalogueEvery:c}; it must be from 00:01:00 to 30.00:00:00.");
        if (options.Pause < TimeSpan.Zero || options.Pause > TimeSpan.FromSeconds(10))
            problems.Add($"Outpost:Pause is {options.Pause:c}; it must be from 00:00:00 to 00:00:10.");
        if (options.ShutdownSeconds is < 0 or > 3600)
            problems.Add($"Outpost:ShutdownSeconds is {options.ShutdownSeconds}; it must be from 0 to 3600, and less than whoever stops the outpost waits before it kills it.");
        problems.AddRange(options.Telemetry.Problems("Outpost:Telemetry"));
        if (problems.Count > 0) throw Bad(string.Join(Environment.NewLine, problems));
    }

    private static string? ConfigFile(CommandLine command)
    {
        var path = Path.GetFullPath(command.ConfigFile.Length > 0 ? command.ConfigFile : CommandLine.DefaultConfigFile);
        if (File.Exists(path)) return path;
        return command.ConfigFile.Length == 0 ? null : throw Bad($"Configuration file '{path}' does not exist; docs/outpost.md shows one.");
    }

    // The binder's sentence is about its own classes; a person knows keys only, and they stand at its end.
    private static string Explain(string message) => message.Contains("ErrorOnUnknownConfiguration", StringComparison.Ordinal)
        ? $" has an unknown key: {message[(message.LastIndexOf(": ", StringComparison.Ordinal) + 2)..]}."
        : $": {message}";

    private static bool IsKnown(string section) =>
        section.Equals(OutpostOptions.Section, StringComparison.OrdinalIgnoreCase) || section.Equals(LoggingSection, StringComparison.OrdinalIgnoreCase);

    private static ConfigurationException Bad(string message) => new(message);
}
