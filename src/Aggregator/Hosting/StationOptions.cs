using System.Net;
using SecureAggregation.Aggregator.Rest;
using SecureAggregation.Telemetry;
using SecureAggregation.Protocol;

namespace SecureAggregation.Aggregator.Hosting;

/// <summary>The section "Station" of the configuration; docs/station.md explains each key.</summary>
internal sealed class StationOptions
{
    public const string Section = "Station";

    public string Listen { get; set; } = "127.0.0.1:7443";

    public string KeyFile { get; set; } = "";

    public string RosterFile { get; set; } = "";

    public string DataDirectory { get; set; } = "";

    /// <summary>A PostgreSQL connection string; empty: SQLite in the data folder.</summary>
    public string Database { get; set; } = "";

    /// <summary>A file with the connection string, for its owner only; empty: <see cref="Database"/> says it.</summary>
    public string DatabaseFile { get; set; } = "";

    /// <summary>Where masked vectors are kept.</summary>
    public VectorPlace Vectors { get; set; }

    public string AddressFile { get; set; } = "";

    public string TraceWire { get; set; } = "";

    /// <summary>Threads that one round may use to unmask.</summary>
    public int Cores { get; set; } = Environment.ProcessorCount;

    public DeadlineOptions Deadlines { get; set; } = new();

    public LimitOptions Limits { get; set; } = new();

    public RestOptions Rest { get; set; } = new();

    /// <summary>Where figures, spans and log lines are sent.</summary>
    public TelemetryOptions Telemetry { get; set; } = new();

    /// <summary>The address and port to bind.</summary>
    public IPEndPoint Endpoint => IPEndPoint.Parse(Listen);

    /// <summary>What is wrong, one sentence a rule; empty when the options can be used.</summary>
    public IReadOnlyList<string> Problems()
    {
        var problems = new List<string>();
        // Parse takes "80" for the address 0.0.0.80: a port must be written out.
        if (!IPEndPoint.TryParse(Listen, out _) || !Listen.Contains(':', StringComparison.Ordinal))
            problems.Add($"Station:Listen is \"{Listen}\"; it must be an IP address and a port, e.g. 127.0.0.1:7443 (port 0 takes a free one).");
        Required(problems, nameof(KeyFile), KeyFile, "the station's identity key (PEM) as `secagg keygen` writes it");
        Required(problems, nameof(RosterFile), RosterFile, "the signed roster as `secagg roster` writes it");
        Required(problems, nameof(DataDirectory), DataDirectory, "the folder of the transcript and the masked vectors (with a database, of the vectors and the lock)");
        if (Vectors == VectorPlace.Database && Database.Length == 0)
            problems.Add("Station:Vectors is Database, but Station:Database names none; set it to a PostgreSQL connection string, or Station:Vectors to Files.");
        foreach (var (name, value) in Deadlines.All)
            Between(problems, $"Deadlines:{name}", value, TimeSpan.FromMilliseconds(100), Protocol.Limits.Deadline);
        Between(problems, "Limits:IdleTimeout", Limits.IdleTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));
        Between(problems, "Limits:RestartGrace", Limits.RestartGrace, TimeSpan.Zero, Protocol.Limits.Deadline);
        Between(problems, "Limits:BlobRetention", Limits.BlobRetention, TimeSpan.Zero, TimeSpan.FromDays(3650));
        Between(problems, "Limits:StorageRetry", Limits.StorageRetry, TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1));
        if (Limits.BlobBytes < 0) problems.Add($"Station:Limits:BlobBytes is {Limits.BlobBytes}; it must be 0 for no limit, or a number of bytes, e.g. 100000000000.");
        if (Limits.RecentBytes < 0) problems.Add($"Station:Limits:RecentBytes is {Limits.RecentBytes}; it must be a number of bytes, e.g. 134217728; 0 keeps the last round only.");
        if (Cores < 1) problems.Add($"Station:Cores is {Cores}; it must be 1 or more, e.g. {Environment.ProcessorCount}, all of this machine.");
        Between(problems, nameof(Limits.Connections), Limits.Connections, 0, 1_000_000);
        Between(problems, nameof(Limits.RunningRounds), Limits.RunningRounds, 1, 10_000);
        Between(problems, nameof(Limits.RecentRounds), Limits.RecentRounds, 1, 10_000);
        Between(problems, nameof(Limits.SendQueue), Limits.SendQueue, 8, 100_000);
        Between(problems, nameof(Limits.BadFrames), Limits.BadFrames, 1, 1_000_000);
        Between(problems, nameof(Limits.EventQueue), Limits.EventQueue, 8, 1_000_000);
        Between(problems, nameof(Limits.EventHistory), Limits.EventHistory, 8, 1_000_000);
        problems.AddRange(Rest.Problems());
        problems.AddRange(Telemetry.Problems($"{Section}:Telemetry"));
        return problems;
    }

    private static void Required(List<string> problems, string key, string value, string what)
    {
        if (string.IsNullOrWhiteSpace(value)) problems.Add($"Station:{key} is not set; it must name {what}.");
    }

    private static void Between(List<string> problems, string key, TimeSpan value, TimeSpan least, TimeSpan most)
    {
        if (value < least || value > most) problems.Add($"Station:{key} is {value:c}; it must be from {least:c} to {most:c} (hours:minutes:seconds).");
    }

    private static void Between(List<string> problems, string key, int value, int least, int most)
    {
        if (value < least || value > most) problems.Add($"Station:Limits:{key} is {value}; it must be from {least} to {most}.");
    }
}

/// <summary>Where masked vectors are kept.</summary>
internal enum VectorPlace
{
    /// <summary>A file each, in the data folder.</summary>
    Files,

    /// <summary>In the database, beside the transcript.</summary>
    Database,
}

/// <summary>How long each phase may take when a query does not say.</summary>
internal sealed class DeadlineOptions
{
    public TimeSpan Join { get; set; } = TimeSpan.FromSeconds(30);

    public TimeSpan Advertise { get; set; } = TimeSpan.FromSeconds(30);

    public TimeSpan Share { get; set; } = TimeSpan.FromSeconds(30);

    public TimeSpan Input { get; set; } = TimeSpan.FromMinutes(2);

    public TimeSpan Agree { get; set; } = TimeSpan.FromSeconds(30);

    public TimeSpan Unmask { get; set; } = TimeSpan.FromSeconds(30);

    public TimeSpan Recover { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>In the order of the proposal.</summary>
    public IReadOnlyList<(string Name, TimeSpan Value)> All =>
    [
        (nameof(Join), Join), (nameof(Advertise), Advertise), (nameof(Share), Share), (nameof(Input), Input),
        (nameof(Agree), Agree), (nameof(Unmask), Unmask), (nameof(Recover), Recover),
    ];
}

/// <summary>Bounds on what callers and time may use up.</summary>
internal sealed class LimitOptions
{
    /// <summary>Connections at a time; 0: as many as the roster's members may need.</summary>
    public int Connections { get; set; }

    public int RunningRounds { get; set; } = 64;

    public int RecentRounds { get; set; } = 32;

    /// <summary>About the bytes that recent rounds may hold together; the last one is kept whatever it holds.</summary>
    public long RecentBytes { get; set; } = 128L << 20;

    public int SendQueue { get; set; } = 512;

    public int BadFrames { get; set; } = 64;

    public int EventQueue { get; set; } = 256;

    public int EventHistory { get; set; } = 1024;

    public TimeSpan IdleTimeout { get; set; } = TimeSpan.FromMinutes(1);

    public TimeSpan RestartGrace { get; set; } = TimeSpan.FromSeconds(20);

    public TimeSpan StorageRetry { get; set; } = TimeSpan.FromSeconds(5);

    public TimeSpan BlobRetention { get; set; } = TimeSpan.FromDays(30);

    /// <summary>Bytes that the masked vectors of ended rounds may take together; 0: any number.</summary>
    public long BlobBytes { get; set; }
}
