using Microsoft.Extensions.Logging;
using SecureAggregation.Aggregator.Hosting;
using SecureAggregation.Aggregator.Store;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Aggregator.Tests;

/// <summary>A folder with a station's files, and stations that are started in it.</summary>
internal sealed class TestStation : IAsyncDisposable
{
    private readonly TempFolder _folder = new();

    public TestStation(int parties = 5, int colluders = 1)
    {
        Consortium = new TestConsortium(Clock.GetUtcNow(), parties, colluders);
        Consortium.WriteFiles(_folder);
        Options = new StationOptions
        {
            Listen = "127.0.0.1:0", KeyFile = _folder.File("station.pem"), RosterFile = _folder.File("roster.bin"), DataDirectory = _folder.File("data"),
        };
        // Deadlines pass by jumps of the clock, at which streams must not end.
        Options.Limits.IdleTimeout = TimeSpan.FromHours(1);
    }

    // The real time of the start, since TLS looks at certificates by the real clock; from there it moves by hand.
    public ManualTimeProvider Clock { get; } = new(DateTimeOffset.FromUnixTimeSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds()));

    public TestConsortium Consortium { get; }

    public StationOptions Options { get; }

    public SumMeaning Meaning { get; set; } = new();

    public LogRecorder Logs { get; } = new();

    public Func<ITranscriptStore, ITranscriptStore> Wrap { get; set; } = store => store;

    public StationHost? Host { get; private set; }

    /// <summary>Where it listens; a station in a process of its own is set here.</summary>
    public string Address
    {
        get => field.Length > 0 ? field : Host!.Address;
        set;
    } = "";

    public TempFolder Folder => _folder;

    public string Data => Options.DataDirectory;

    public async Task<StationHost> Start()
    {
        Host = await StationHost.Start(Options, Surroundings).Guard();
        return Host;
    }

    public StationSurroundings Surroundings => new(Clock, Storage, Meaning, logging => logging.SetMinimumLevel(LogLevel.Information).AddProvider(Logs));

    /// <summary>What the station keeps, with what a test puts in between.</summary>
    public StationStorage Storage(StationOptions options, StationFiles files)
    {
        var storage = StationStorage.Open(options, files);
        return storage with { Transcript = Wrap(storage.Transcript) };
    }

    /// <summary>What the log holds.</summary>
    public IReadOnlyList<Entry> Entries()
    {
        using var store = new SqliteTranscriptStore(Path.Combine(Data, "transcript.db"));
        return [.. store.Read(0, long.MaxValue).Select(e => Entry.Parser.ParseFrom(e.Leaf))];
    }

    public async Task Stop()
    {
        if (Host is not null) await Host.DisposeAsync().AsTask().Guard();
        Host = null;
    }

    public async ValueTask DisposeAsync()
    {
        await Stop();
        Consortium.Dispose();
        _folder.Dispose();
    }
}
