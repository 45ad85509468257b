using System.CommandLine;
using SecureAggregation.Client;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;

namespace SecureAggregation.Cli;

/// <summary>Which station, under which roster, as whom: options of every command that talks to one, or the environment.</summary>
internal static class StationAccess
{
    public static Option<string?> Station { get; } = new("--station")
    {
        Description = "Address of the station, https://HOST:PORT (default: SECAGG_STATION)",
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable("SECAGG_STATION"),
    };

    public static Option<string?> RosterFile { get; } = new("--roster")
    {
        Description = "The signed roster; the station must have the key that it names (default: SECAGG_ROSTER)",
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable("SECAGG_ROSTER"),
    };

    public static Option<string?> Key { get; } = new("--key")
    {
        Description = "Private key of a coordinator or auditor (default: SECAGG_KEY)",
        DefaultValueFactory = _ => Environment.GetEnvironmentVariable("SECAGG_KEY"),
    };

    public static IConsortium Connect(Arguments arguments)
    {
        var roster = RosterFiles.Read(Required(arguments, RosterFile));
        var address = Required(arguments, Station);
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || uri.Scheme != Uri.UriSchemeHttps)
            throw new CliException(ExitCode.BadInput, $"--station is '{address}'; it must be an address such as https://station.example:7443");
        return Connect(uri, roster, KeyFiles.Read(Required(arguments, Key)));
    }

    public static IConsortium Connect(Uri station, Roster roster, IdentityKey key)
    {
        try
        {
            return Consortium.Connect(new ConsortiumOptions { Address = station, Roster = roster, Identity = key, Time = TimeProvider.System, Heads = RememberedHeads.Default });
        }
        catch (ArgumentException e)
        {
            throw new CliException(ExitCode.BadInput, e.Message.Split(" (Parameter", 2)[0], e);
        }
    }

    public static string Required(Arguments arguments, Option<string?> option) =>
        arguments.Find(option) is { Length: > 0 } value
            ? value
            : throw new CliException(ExitCode.BadInput, $"{option.Name} is missing; give it, or set SECAGG_{option.Name[2..].ToUpperInvariant()}");
}
