using SecureAggregation.Aggregator.Backup;
using SecureAggregation.Aggregator.Hosting;
using SecureAggregation.Aggregator.Rounds;
using SecureAggregation.Aggregator.Security;
using SecureAggregation.Aggregator.Store;

if (args is ["accounts" or "keys", ..]) return (int)RightsCommand.Run(args, Environment.GetEnvironmentVariables(), Console.Out, Console.Error);

// Wherever they stand, as with the other programs.
if (args.Contains("--help") || args.Contains("-h"))
{
    Console.WriteLine(CommandLine.Usage);
    return (int)ExitCode.Stopped;
}

if (args.Contains("--version"))
{
    Console.WriteLine(StationHost.Software);
    return (int)ExitCode.Stopped;
}

try
{
    var surroundings = new StationSurroundings(TimeProvider.System, StationStorage.Open, new SurveyMeaning(), Logging);
    if (BackupDesk.Has(args))
    {
        Console.WriteLine(await BackupDesk.Run(args, Environment.GetEnvironmentVariables(), surroundings));
        return (int)ExitCode.Stopped;
    }

    await using var station = await StationHost.Start(CommandLine.Read(args, Environment.GetEnvironmentVariables()), surroundings);
    Console.WriteLine($"The station listens on {station.Address}");
    if (station.Rest is { } rest) Console.WriteLine($"REST listens on {rest.Address}");
    await station.WaitForShutdown();
    return (int)ExitCode.Stopped;
}
catch (StartException e)
{
    Console.Error.WriteLine(e.Message);
    return (int)e.Code;
}
catch (Exception e)
{
    Console.Error.WriteLine($"The station failed: {e}");
    return (int)ExitCode.Unexpected;
}

static void Logging(ILoggingBuilder logging) => logging
    .SetMinimumLevel(LogLevel.Information)
    .AddFilter("Microsoft", LogLevel.Warning)
    // It would print a stack trace where the station says in one sentence why it cannot start.
    .AddFilter("Microsoft.Extensions.Hosting", LogLevel.None)
    .AddFilter("Grpc", LogLevel.Warning)
    .AddSimpleConsole(console =>
    {
        console.SingleLine = true;
        console.UseUtcTimestamp = true;
        console.TimestampFormat = "yyyy-MM-ddTHH:mm:ss.fffZ ";
    })
    .Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
