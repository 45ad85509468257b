using System.Diagnostics;
using System.IO.MemoryMappedFiles;
using System.Text;

namespace SecureAggregation.Fuzz.Engine;

/// <summary>
/// Knows which input each thread is at. An input that takes too long ends the process with its number, since a thread that hangs cannot be ended; and
/// the numbers stand in files of artifacts/fuzz meanwhile, where they are still to be found after a stack has overflown.
/// </summary>
internal sealed class Watchdog : IDisposable
{
    private static readonly TimeSpan s_longest = TimeSpan.FromSeconds(60);

    private readonly Entry[] _lanes;
    private readonly Timer _timer;

    public Watchdog(string target, ulong seed)
    {
        _lanes = [.. Enumerable.Range(0, Environment.ProcessorCount).Select(i => new Entry(target, seed, i))];
        _timer = new Timer(_ => Look(), null, s_longest / 10, s_longest / 10);
    }

    public Entry Lane(int index) => _lanes[index];

    public void Dispose()
    {
        _timer.Dispose();
        foreach (var lane in _lanes) lane.Dispose();
    }

    private void Look()
    {
        foreach (var lane in _lanes)
        {
            if (lane.Elapsed > s_longest) Environment.FailFast($"fuzz: {lane} takes more than {s_longest.TotalSeconds} s");
        }
    }

    internal sealed class Entry : IDisposable
    {
        private readonly string _target;
        private readonly ulong _seed;
        private readonly MemoryMappedFile _file;
        private readonly MemoryMappedViewAccessor _view;
        private readonly string _path;
        private long _number;
        private long _began = long.MaxValue;

        public Entry(string target, ulong seed, int index)
        {
            (_target, _seed) = (target, seed);
            var folder = Path.Combine(Corpus.Artifacts, "current");
            Directory.CreateDirectory(folder);
            _path = Path.Combine(folder, $"{Environment.ProcessId}-{index}");
            var name = Encoding.UTF8.GetBytes($"{target} seed {seed} input ");
            _file = MemoryMappedFile.CreateFromFile(_path, FileMode.Create, null, name.Length + 20);
            _view = _file.CreateViewAccessor();
            _view.WriteArray(0, name, 0, name.Length);
            Digits = name.Length;
        }

        public TimeSpan Elapsed => Volatile.Read(ref _began) is var began && began == long.MaxValue ? TimeSpan.Zero : Stopwatch.GetElapsedTime(began);

        private int Digits { get; }

        public void Begin(long number)
        {
            _number = number;
            Volatile.Write(ref _began, Stopwatch.GetTimestamp());
            for (var (i, rest) = (Digits + 19, number); i >= Digits; i--, rest /= 10) _view.Write(i, (byte)('0' + (rest % 10)));
        }

        public void Done() => Volatile.Write(ref _began, long.MaxValue);

        public void Dispose()
        {
            _view.Dispose();
            _file.Dispose();
            File.Delete(_path);
        }

        public override string ToString() => $"{_target} seed {_seed} input {_number} (SECAGG_FUZZ_SEED={_seed} SECAGG_FUZZ_ONLY={_target}:{_number})";
    }
}
