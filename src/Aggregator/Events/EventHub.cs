using System.Runtime.CompilerServices;
using System.Threading.Channels;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Aggregator.Events;

/// <summary>
/// What happens, told to any number of readers. Memory is bounded: the newest events are kept for readers that come back, and each
/// reader has a short queue. Whoever falls behind either gets one event with nothing set, the sign to read the state again.
/// </summary>
internal sealed class EventHub
{
    private readonly TimeProvider _clock;
    private readonly int _history;
    private readonly int _queue;
    private readonly Lock _gate = new();
    private readonly EventTrail _recent = new();
    private readonly List<Reader> _readers = [];
    private ulong _sequence;
    // The newest event that is no longer kept, but for those that a newer one about the same round or outpost has replaced.
    private ulong _forgotten;

    public EventHub(TimeProvider clock, int history, int queue)
    {
        (_clock, _history, _queue) = (clock, history, queue);
        // Starts above everything that an earlier run of this station can have given out, so that an old number is known as old.
        _sequence = _forgotten = (ulong)clock.GetUtcNow().ToUnixTimeMilliseconds() * 1000;
    }

    public void Publish(Event happened)
    {
        lock (_gate)
        {
            happened.Sequence = ++_sequence;
            happened.TimeMs = (ulong)_clock.GetUtcNow().ToUnixTimeMilliseconds();
            _recent.Add(happened);
            if (_recent.Count > _history) _forgotten = _recent.Take()!.Sequence;
            foreach (var reader in _readers) reader.Add(happened);
        }
    }

    /// <summary>Events after a sequence number (0 = from now on); from the moment of this call none is missed without notice.</summary>
    public Subscription Subscribe(ulong after) => new(this, Attach(after));

    private Reader Attach(ulong after)
    {
        lock (_gate)
        {
            var reader = new Reader(_queue);
            if (after != 0 && after != _sequence)
            {
                var known = after < _sequence && after >= _forgotten;
                var missed = known ? _recent.All.Where(e => e.Sequence > after).ToList() : [];
                if (!known || missed.Count > _queue) reader.Lose(_sequence);
                else missed.ForEach(reader.Add);
            }

            _readers.Add(reader);
            return reader;
        }
    }

    /// <summary>One reader's hold on the hub.</summary>
    public sealed class Subscription : IDisposable
    {
        private readonly EventHub _hub;
        private readonly Reader _reader;

        internal Subscription(EventHub hub, Reader reader) => (_hub, _reader) = (hub, reader);

        /// <summary>The events, until cancelled.</summary>
        public async IAsyncEnumerable<Event> Read([EnumeratorCancellation] CancellationToken stop = default)
        {
            while (true)
            {
                while (_reader.Take() is { } next) yield return next;
                await _reader.Wait(stop);
            }
        }

        public void Dispose()
        {
            lock (_hub._gate) _hub._readers.Remove(_reader);
        }
    }

    internal sealed class Reader(int capacity)
    {
        private readonly EventTrail _queue = new();
        private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        private readonly Lock _gate = new();
        private ulong _lost;

        public void Add(Event happened)
        {
            lock (_gate)
            {
                if (_lost == 0) _queue.Add(happened);
                if (_lost != 0 || _queue.Count > capacity) Lose(happened.Sequence);
            }

            _signal.Writer.TryWrite(true);
        }

        public void Lose(ulong upTo)
        {
            lock (_gate)
            {
                _queue.Clear();
                _lost = upTo;
            }

            _signal.Writer.TryWrite(true);
        }

        public Event? Take()
        {
            lock (_gate)
            {
                if (_lost == 0) return _queue.Take();
                var marker = new Event { Sequence = _lost };
                _lost = 0;
                return marker;
            }
        }

        public async ValueTask Wait(CancellationToken stop) => await _signal.Reader.ReadAsync(stop);
    }
}
