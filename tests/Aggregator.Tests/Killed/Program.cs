using Microsoft.Extensions.Logging;
using SecureAggregation.Aggregator.Hosting;
using SecureAggregation.Aggregator.Rounds;
using SecureAggregation.Aggregator.Store;

namespace SecureAggregation.Aggregator.Tests.Killed;

/// <summary>The station as a process, with a store that kills the process where the file of an order says. Arguments are the station's own.</summary>
internal static class Program
{
    /// <summary>Names the file of the order.</summary>
    public const string OrderVariable = "SECAGG_TEST_KILL";

    private static async Task<int> Main(string[] args)
    {
        var order = new KillOrder(Environment.GetEnvironmentVariable(OrderVariable)!);
        var surroundings = new StationSurroundings(
            TimeProvider.System,
            (options, files) =>
            {
                var storage = StationStorage.Open(options, files);
                return new StationStorage(new KillingStore(storage.Transcript, order), new KillingBlobs(storage.Blobs, order));
            },
            new SurveyMeaning(),
            logging => logging.SetMinimumLevel(LogLevel.Warning).AddFilter("Microsoft", LogLevel.None).AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace));
        try
        {
            await using var station = await StationHost.Start(CommandLine.Read(args, Environment.GetEnvironmentVariables()), surroundings);
            Console.WriteLine(station.Address);
            await station.WaitForShutdown();
            return 0;
        }
        catch (StartException e)
        {
            Console.Error.WriteLine(e.Message);
            return (int)e.Code;
        }
    }
}
