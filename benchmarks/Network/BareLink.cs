using System.Globalization;
using System.Security.Cryptography;
using Google.Protobuf;
using Microsoft.Extensions.Hosting.Internal;
using Microsoft.Extensions.Logging.Abstractions;
using SecureAggregation.Party;
using SecureAggregation.Party.Config;
using SecureAggregation.Party.Link;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Benchmarks;

/// <summary>The outpost's own link to a station, without an outpost: no data, no budgets, no plans.</summary>
internal static class BareLink
{
    public static StationLink Open(NetworkWorld world, int index, string station, IStationRounds rounds, WireTrace trace, RandomNumberGenerator random)
    {
        var identity = world.Identity(index);
        var folder = Directory.CreateDirectory(Path.Combine(world.Folder, "parties", index.ToString(CultureInfo.InvariantCulture))).FullName;
        var first = new OutpostStatus { Consortium = "", Party = identity.Member.Name, Station = station, Software = "", ProcessId = Environment.ProcessId };
        var options = new OutpostOptions { Station = station };
        return new StationLink(
            options,
            identity,
            () => Hello(world),
            rounds,
            // No question is planned here.
            _ => new PlanReply(),
            new NoBudgets(),
            new StatusFile(folder, TimeProvider.System, NullLogger<StatusFile>.Instance, first),
            new RosterSwitch(options, identity, TimeProvider.System),
            new ApplicationLifetime(NullLogger<ApplicationLifetime>.Instance),
            trace,
            TimeProvider.System,
            random,
            NullLogger<StationLink>.Instance);
    }

    private static Hello Hello(NetworkWorld world)
    {
        var hello = new Hello { RosterHash = ByteString.CopyFrom(world.Roster.Hash), Software = "benchmark" };
        hello.Datasets.Add(new DatasetOffer { Name = NetworkWorld.Dataset });
        return hello;
    }

    private sealed class NoBudgets : IBudgets
    {
        /// <summary>Never: nothing is charged here.</summary>
        public Action OnChanged
        {
            set
            {
            }
        }

        public BudgetStatement Statement() => new();
    }
}
