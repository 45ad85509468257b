using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using SecureAggregation.Aggregator.Log;
using SecureAggregation.Aggregator.Store;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;

namespace SecureAggregation.Benchmarks;

/// <summary>
/// Entries into the station's log: hashed into the tree, a signed head over them, one transaction of the real SQLite store, on disk when it returns. The
/// baseline appends the same bytes to a plain file and flushes it to disk. Divide the number of entries by the time.
/// </summary>
[Config(typeof(Rates))]
public class TranscriptBenchmarks
{
    private readonly string _folder = Directory.CreateTempSubdirectory("secagg-transcript-").FullName;
    private readonly IdentityKey _key = IdentityKey.Generate();
    private readonly byte[] _round = new byte[16];
    private IReadOnlyList<NewLeaf> _leaves = [];
    private SqliteTranscriptStore _store = null!;
    private StationLog _log = null!;
    private FileStream _file = null!;

    /// <summary>Entries that wait together, and so share a transaction.</summary>
    [Params(1, 1000)]
    public int Entries { get; set; }

    /// <summary>Bytes of an entry: a short message, and one with the shares for sixty neighbours.</summary>
    [Params(300, 36_000)]
    public int Bytes { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        _leaves = [.. Enumerable.Range(0, Entries).Select(_ => new NewLeaf(_round, new byte[Bytes]))];
        _store = new SqliteTranscriptStore(Path.Combine(_folder, $"{Entries}-{Bytes}.db"));
        _log = new StationLog(
            _store, new LogTree(), new StoredHead(0, [], ""), (size, root) => Checkpoint.Create("benchmark/log", size, root, _key).Note, TimeSpan.FromSeconds(1), TimeProvider.System);
        _file = new FileStream(Path.Combine(_folder, $"{Entries}-{Bytes}.log"), FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16);
    }

    [GlobalCleanup]
    public async Task Cleanup()
    {
        await _log.DisposeAsync();
        _store.Dispose();
        _file.Dispose();
        _key.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Benchmark(Baseline = true)]
    public void PlainFile()
    {
        foreach (var leaf in _leaves) _file.Write(leaf.Bytes);
        _file.Flush(flushToDisk: true);
    }

    [Benchmark]
    public Task<long> Transcript() => _log.Append(_leaves);

    /// <summary>The same entries as a thousand messages of as many streams would come: each on its own, many at a time.</summary>
    [Benchmark]
    public Task GroupCommit() => Task.WhenAll(_leaves.Select(leaf => _log.Append([leaf])));

    private sealed class Rates : ManualConfig
    {
        public Rates() => AddColumn(new RateColumn(c => (int)c.Parameters[nameof(Entries)] * (long)(int)c.Parameters[nameof(Bytes)], "Entries, 10^9 bytes a second"));
    }
}
