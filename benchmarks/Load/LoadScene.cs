using System.Collections.Concurrent;
using System.Diagnostics;
using Google.Protobuf;
using SecureAggregation.Client;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Benchmarks;

/// <summary>A station as its own process, all outposts of a roster before it, and rounds that are asked for and awaited.</summary>
internal sealed class LoadScene : IAsyncDisposable
{
    private static readonly TimeSpan s_phase = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan s_look = TimeSpan.FromSeconds(1);

    private readonly NetworkWorld _world;
    private readonly List<LoadParty> _parties = [];
    private readonly ConcurrentDictionary<ByteString, TaskCompletionSource<ByteString>> _ends = new();
    private IConsortium? _consortium;
    private int _wrong;

    private LoadScene(NetworkWorld world, ChildProgram station) => (_world, Station) = (world, station);

    public ChildProgram Station { get; }

    /// <summary>https://address:port of the station.</summary>
    public string Address { get; private set; } = "";

    /// <summary>Its folder, in which a station may leave files too.</summary>
    public string Folder => _world.Folder;

    /// <summary>Rounds that were aborted, streams that were lost, messages that were refused, in words.</summary>
    public ConcurrentQueue<string> Faults { get; } = [];

    /// <summary>Totals that are not the sum of all inputs.</summary>
    public int Wrong => _wrong;

    /// <param name="parties">Outposts.</param>
    /// <param name="length">Cells of each query.</param>
    /// <param name="bits">Bits a cell, at most.</param>
    /// <param name="atOnce">Rounds that will run at a time.</param>
    /// <param name="options">More for the station, after the folder is known.</param>
    public static async Task<LoadScene> Open(int parties, int length, int bits, int atOnce, Func<string, string[]>? options = null)
    {
        var world = new NetworkWorld(parties, length, bits);
        // A total is told a moment before its round is shown as ended.
        var station = ChildProgram.Start(
            "SecureAggregation.Aggregator.dll",
            [
                "--key", world.KeyFile, "--roster", world.RosterFile, "--data", Path.Combine(world.Folder, "data"), "--listen", "127.0.0.1:0",
                "--set", "Station:Limits:IdleTimeout=00:10:00", "--set", $"Station:Limits:RunningRounds={(2 * atOnce) + 8}", .. options?.Invoke(world.Folder) ?? [],
            ]);
        var scene = new LoadScene(world, station);
        try
        {
            scene.Address = (await station.Said).Split(' ')[^1];
            // The first party's word stands for all: what the others got has the same signature.
            for (var i = 0; i < parties; i++) scene._parties.Add(new LoadParty(world, i, scene.Address, i == 0 ? scene.Ended : (_, _) => { }, scene.Faults.Enqueue));
            foreach (var wave in scene._parties.Chunk(32)) await Task.WhenAll(wave.Select(p => p.ConnectAsync()));
            await station.Quiet();
            scene._consortium = Consortium.Connect(new ConsortiumOptions
            {
                Address = new Uri(scene.Address), Roster = world.Roster, Identity = world.Coordinator, Time = TimeProvider.System,
            });
            return scene;
        }
        catch
        {
            await scene.DisposeAsync();
            throw;
        }
    }

    /// <summary>Asks, and waits for the total.</summary>
    /// <returns>Seconds; null if something went wrong meanwhile, with this round or another.</returns>
    public async Task<double?> Play()
    {
        var from = Stopwatch.GetTimestamp();
        var round = ByteString.CopyFrom((await _consortium!.SubmitAsync(_world.Query(), s_phase)).Id);
        var ended = End(round).Task;
        while (!ended.IsCompleted && Faults.IsEmpty) await Task.WhenAny(ended, Task.Delay(s_look));
        if (!ended.IsCompleted) return null;
        if (!_world.IsSum(Total.Parser.ParseFrom(await ended))) Interlocked.Increment(ref _wrong);
        _ends.TryRemove(round, out _);
        return Stopwatch.GetElapsedTime(from).TotalSeconds;
    }

    public async ValueTask DisposeAsync()
    {
        if (_consortium is not null) await _consortium.DisposeAsync();
        await Task.WhenAll(_parties.Select(p => p.DisposeAsync().AsTask()));
        await Station.DisposeAsync();
        _world.Dispose();
    }

    private void Ended(ByteString round, ByteString total) => End(round).TrySetResult(total);

    private TaskCompletionSource<ByteString> End(ByteString round) => _ends.GetOrAdd(round, _ => new(TaskCreationOptions.RunContinuationsAsynchronously));
}
