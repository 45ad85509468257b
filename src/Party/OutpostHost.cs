using System.Globalization;
using System.Security.Cryptography;
using Google.Protobuf;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using SecureAggregation.Crypto;
using SecureAggregation.Party.Catalogue;
using SecureAggregation.Party.Config;
using SecureAggregation.Party.Link;
using SecureAggregation.Party.Rounds;
using SecureAggregation.Party.Storage;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Telemetry;

namespace SecureAggregation.Party;

/// <summary>The program: reads everything, then runs the link until it is told to stop.</summary>
internal static class OutpostHost
{
    /// <summary>Checks everything that can be checked without the station, and says what it found.</summary>
    public static string Check(CommandLine command)
    {
        var setup = OutpostSetup.Load(Settings.Bind(Settings.Read(command), command), TimeProvider.System.GetUtcNow());
        using var identity = setup.Identity;
        var lines = new List<string>
        {
            $"outpost   {identity.Member.Name} of {identity.Roster.Consortium}, epoch {identity.Roster.Epoch}, key " +
                $"{identity.Key.Public.Fingerprint}",
            $"station   {setup.Options.Station}",
            CheckState(setup.Options.State),
        };
        lines.AddRange(setup.UnknownCoordinators().Select(c => $"warning   the policy lets '{c}' ask, whom the roster does not know"));
        lines.AddRange(setup.UnreachableFloors().Select(f => $"warning   the policy refuses every query: {f}"));
        lines.AddRange(setup.Datasets.Values.SelectMany(d => d.Schema.Notes.Select(n => $"note      {d.Name}: {n}")));
        lines.AddRange(setup.Datasets.Values.Select(d => d.CheckRows().Rows is > 0 and var rows
            ? $"dataset   {d.Name}: {rows} rows read, all as the schema says"
            : $"warning   {d.Name}: '{d.Source.Name}' has columns and no rows; is it the right source?"));
        return string.Join(Environment.NewLine, lines);
    }

    private static string CheckState(string directory)
    {
        try
        {
            using var store = OutpostStore.Open(directory);
            var ledger = new Ledger(store, TimeProvider.System);
            var chain = string.Create(CultureInfo.InvariantCulture, $"ledger    {ledger.Head().Count} entries, chain unbroken");
            return ledger.IsBehind ? $"{chain}{Environment.NewLine}warning   {Ledger.LacksDebits}" : chain;
        }
        catch (StoreException e) when (e.InUse)
        {
            return "ledger    not checked: the state directory is in use, by the running outpost most likely";
        }
    }

    public static async Task<int> RunAsync(CommandLine command)
    {
        var configuration = Settings.Read(command);
        var setup = OutpostSetup.Load(Settings.Bind(configuration, command), TimeProvider.System.GetUtcNow());
        IReadOnlyDictionary<string, DataReading> readings = setup.Datasets.ToDictionary(d => d.Key, d => DataReading.Take(d.Value, TimeProvider.System, CancellationToken.None), StringComparer.Ordinal);
        using var random = RandomNumberGenerator.Create();
        using var telemetry = Exporter.Start(setup.Options.Telemetry, "secagg-outpost", typeof(OutpostHost).Assembly.GetName().Version!.ToString(3));
        while (true)
        {
            using var host = Build(configuration, setup, TimeProvider.System, random, logging => telemetry?.AddTo(logging));
            _ = host.Services.GetRequiredService<OutpostMeters>();
            var (rosters, catalogue) = (host.Services.GetRequiredService<RosterSwitch>(), host.Services.GetRequiredService<CatalogueWatch>());
            Announce(host.Services, setup);
            catalogue.Begin(readings);
            await host.RunAsync();
            if (!rosters.BeginsAnew) return ExitCodes.Success;
            // With the data as it was seen last: policy and sources are read anew by a restart only.
            readings = catalogue.Readings;
            setup = setup.Renew(TimeProvider.System.GetUtcNow());
        }
    }

    /// <summary>The host of a set-up outpost, with the outside passed in.</summary>
    public static IHost Build(
        IConfiguration configuration,
        OutpostSetup setup,
        TimeProvider clock,
        RandomNumberGenerator random,
        Action<ILoggingBuilder>? logging = null)
    {
        var (options, identity) = (setup.Options, setup.Identity);
        var builder = Host.CreateEmptyApplicationBuilder(
            new HostApplicationBuilderSettings { DisableDefaults = true, ApplicationName = "secagg-outpost" });
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning).AddConfiguration(configuration.GetSection("Logging"))
            .AddSimpleConsole(o => (o.SingleLine, o.UseUtcTimestamp, o.TimestampFormat) = (true, true, "yyyy-MM-ddTHH:mm:ss.fffZ "));
        // Standard output is for what a command answers; what happens goes to standard error.
        builder.Services.Configure<ConsoleLoggerOptions>(o => o.LogToStandardErrorThreshold = LogLevel.Trace);
        logging?.Invoke(builder.Logging);
        builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(options.ShutdownSeconds) + (2 * StationLink.Farewell));
        builder.Services
            .AddSingleton(clock)
            .AddSingleton(random)
            .AddSingleton(options)
            .AddSingleton(identity)
            .AddSingleton(setup.Policy)
            .AddSingleton(setup.Datasets)
            .AddSingleton(identity.Roster)
            .AddSingleton<RosterSwitch>()
            .AddSingleton(_ => OutpostStore.Open(options.State))
            .AddSingleton(s => OpenMemory(s.GetRequiredService<OutpostStore>(), clock, identity))
            .AddSingleton<Ledger>()
            .AddSingleton<PastReleases>()
            .AddSingleton<OutpostMeters>()
            .AddSingleton<Approvals>()
            .AddSingleton<DataCatalogue>()
            .AddSingleton<IDataVersions>(s => s.GetRequiredService<DataCatalogue>())
            .AddSingleton<CatalogueWatch>()
            .AddSingleton<Guard>()
            .AddSingleton(s => PartySecret.Open(StateOf(s), random))
            .AddSingleton(_ => new KeyRing(Limits.KeyLife))
            .AddSingleton(s => new PartySetup
            {
                Roster = identity.Roster,
                Index = identity.Member.Index,
                Identity = identity.Key,
                Memory = s.GetRequiredService<PartyMemory>(),
                Keys = s.GetRequiredService<KeyRing>(),
                Random = random,
                Cores = options.Cores,
                PreSharedKeys = setup.PairSecrets.Keys,
            })
            .AddSingleton(_ => new WireTrace(options.TraceWire))
            .AddSingleton(s => new StatusFile(
                StateOf(s), clock, s.GetRequiredService<ILogger<StatusFile>>(), FirstStatus(options, identity)))
            .AddSingleton<Answering>()
            .AddSingleton<IStationRounds, RoundRunner>()
            .AddSingleton<IBudgets, Budgets>()
            .AddSingleton<Planning>()
            .AddSingleton<Recollection>()
            .AddSingleton<Func<string, string>>(s => s.GetRequiredService<Recollection>().Check)
            .AddSingleton<Func<PlanRequest, PlanReply>>(s => s.GetRequiredService<Planning>().Reply)
            .AddSingleton<Func<Hello>>(s => () => Hello(setup, s.GetRequiredService<PartyMemory>(), s.GetRequiredService<DataCatalogue>()))
            .AddHostedService(s => s.GetRequiredService<CatalogueWatch>())
            .AddHostedService<StationLink>();
        return builder.Build();
    }

    private static void Announce(IServiceProvider services, OutpostSetup setup)
    {
        var logger = services.GetRequiredService<ILoggerFactory>().CreateLogger("SecureAggregation.Party");
        var (identity, ledger) = (setup.Identity, services.GetRequiredService<Ledger>());
        var roster = identity.Roster;
        Log.Started(logger, identity.Member.Name, roster.Consortium, roster.Epoch, identity.Key.Public.Fingerprint, Software.Text);
        var (entries, head) = ledger.Head();
        Log.LedgerHead(logger, entries, PublicBytes.Hex(head));
        foreach (var (name, rules) in setup.Policy.Datasets)
            Log.Budget(logger, name, Epsilon(ledger.SpentMicro(name)), Epsilon(rules.TotalMicro));
        foreach (var coordinator in setup.UnknownCoordinators()) Log.UnknownCoordinator(logger, coordinator);
        foreach (var floor in setup.UnreachableFloors()) Log.UnreachableFloor(logger, floor);
        foreach (var dataset in setup.Datasets.Values)
        {
            foreach (var note in dataset.Schema.Notes) Log.SchemaNote(logger, dataset.Name, note);
        }

        if (setup.Options.TraceWire.Length > 0) Log.Tracing(logger, setup.Options.TraceWire);
    }

    /// <summary>The store first: it makes the folder and takes its lock.</summary>
    private static string StateOf(IServiceProvider services) => services.GetRequiredService<OutpostStore>().Folder;

    private static PartyMemory OpenMemory(OutpostStore store, TimeProvider clock, Identity identity)
    {
        var memory = new PartyMemory(store, clock);
        return memory.TryAcceptEpoch(identity.Roster) ? memory : throw new ConfigurationException(
            $"The roster is epoch {identity.Roster.Epoch}, but this outpost has served a later epoch, or another roster of the same one. " +
                "A consortium only goes forward; use the newest roster.",
            ExitCodes.Identity);
    }

    private static Hello Hello(OutpostSetup setup, PartyMemory memory, DataCatalogue catalogue)
    {
        var hello = new Hello
        {
            RosterHash = ByteString.CopyFrom(setup.Identity.Roster.Hash),
            Software = Software.Text,
            HeadSize = (ulong)(memory.LastHead?.Size ?? 0),
        };
        // Nothing here depends on rows but the number of times that they were seen to have changed.
        hello.Datasets.Add(setup.Datasets.Values.Select(d => new DatasetOffer
        {
            Name = d.Name,
            Schema = ByteString.CopyFrom(d.Schema.Schema.Encode()),
            Version = (uint)(catalogue.Current(d.Name)?.Number ?? 0),
        }));
        return hello;
    }

    private static OutpostStatus FirstStatus(OutpostOptions options, Identity identity) => new()
    {
        Consortium = identity.Roster.Consortium,
        Party = identity.Member.Name,
        Station = options.Station,
        Software = Software.Text,
        ProcessId = Environment.ProcessId,
    };

    private static string Epsilon(long micro) => (micro / 1_000_000m).ToString("0.######", CultureInfo.InvariantCulture);
}
