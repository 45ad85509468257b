using SecureAggregation.Crypto;

namespace SecureAggregation.Protocol.Internal;

/// <summary>
/// Who is joined to whom in a round: everybody to everybody, or each to the k/2 before and the k/2 behind it on a ring in random order (a Harary graph;
/// docs/protocol.md section 3). Neighbours share a seed, hold each other's shares and answer for each other.
/// </summary>
internal sealed class RoundGraph
{
    private readonly RoundRules _rules;
    private readonly uint[] _ring;
    private readonly Dictionary<uint, int> _places;
    private readonly Dictionary<uint, uint[]> _neighbours = [];

    /// <param name="rules">Degree and rule.</param>
    /// <param name="members">U1, ascending.</param>
    /// <param name="seed">What the order is drawn from; unused on the complete graph, where it does not matter.</param>
    public RoundGraph(RoundRules rules, IEnumerable<uint> members, ReadOnlySpan<byte> seed)
    {
        _rules = rules;
        _ring = [.. members];
        if (!rules.IsComplete) Shuffle(_ring, seed);
        _places = new Dictionary<uint, int>(_ring.Length);
        for (var i = 0; i < _ring.Length; i++) _places.Add(_ring[i], i);
    }

    /// <summary>The order of the ring.</summary>
    public IReadOnlyList<uint> Ring => _ring;

    /// <summary>Neighbours, ascending; nobody's if the party did not advertise.</summary>
    public IReadOnlyList<uint> Neighbours(uint party)
    {
        if (!_places.TryGetValue(party, out var place)) return [];
        if (_neighbours.TryGetValue(party, out var known)) return known;
        var neighbours = _rules.IsComplete ? _ring.Where(v => v != party).ToArray() : Around(place);
        _neighbours.Add(party, neighbours);
        return neighbours;
    }

    /// <summary>Whether two parties are neighbours.</summary>
    public bool AreJoined(uint one, uint other) =>
        one != other && _places.TryGetValue(one, out var a) && _places.TryGetValue(other, out var b) && (_rules.IsComplete || !AreApart(a, b));

    /// <summary>Where a holder stands among the neighbours of a dealer, ascending; -1 if it is none of them.</summary>
    public int IndexOf(uint holder, uint dealer)
    {
        if (!AreJoined(holder, dealer)) return -1;
        var (n, half, own) = (_ring.Length, _rules.Degree / 2, _places[dealer]);

        // The ring of the complete graph is in ascending order; that of a sparse one is not, and nobody needs the lists of all others.
        if (_rules.IsComplete) return _places[holder] - (holder > dealer ? 1 : 0);
        var before = 0;
        for (var i = 1; i <= half; i++) before += (_ring[(own + i) % n] < holder ? 1 : 0) + (_ring[(own + n - i) % n] < holder ? 1 : 0);
        return before;
    }

    /// <summary>
    /// The neighbourhood rule: two members of a survivor set, not neighbours of each other, whose successors on the ring hold too few survivors; null if
    /// there are none. Then no choice of survivors parts honest ones from each other, but by a chance of the order (docs/protocol.md section 3).
    /// </summary>
    public (uint One, uint Other)? FindCut(Func<uint, bool> survives)
    {
        var floor = _rules.SuccessorFloor;
        if (floor == 0) return null;
        var (n, half) = (_ring.Length, _rules.Degree / 2);
        var inSet = Array.ConvertAll(_ring, p => survives(p) ? 1 : 0);
        var successors = new int[n];
        for (var i = 1; i <= half; i++) successors[0] += inSet[i];
        for (var i = 1; i < n; i++) successors[i] = successors[i - 1] - inSet[i] + inSet[(i + half) % n];

        // Fewest first: unless something is wrong, the first two already hold enough.
        var places = Enumerable.Range(0, n).Where(i => inSet[i] == 1).OrderBy(i => successors[i]).ToArray();
        for (var i = 0; i < places.Length; i++)
        {
            for (var j = i + 1; j < places.Length && successors[places[i]] + successors[places[j]] < floor; j++)
            {
                if (AreApart(places[i], places[j])) return (_ring[places[i]], _ring[places[j]]);
            }
        }

        return null;
    }

    private bool AreApart(int place, int other)
    {
        var way = Math.Abs(place - other);
        return Math.Min(way, _ring.Length - way) > _rules.Degree / 2;
    }

    private uint[] Around(int place)
    {
        var (n, half) = (_ring.Length, _rules.Degree / 2);
        var neighbours = new uint[2 * half];
        for (var i = 0; i < half; i++)
        {
            neighbours[i] = _ring[(place + 1 + i) % n];
            neighbours[half + i] = _ring[(place + n - 1 - i) % n];
        }

        Array.Sort(neighbours);
        return neighbours;
    }

    /// <summary>Fisher and Yates, from the end; each draw is uniform because words that would favour the small numbers are passed over.</summary>
    private static void Shuffle(uint[] ring, ReadOnlySpan<byte> seed)
    {
        using var words = new Words(seed[..MaskBatch.KeySize]);
        for (var i = ring.Length - 1; i > 0; i--)
        {
            var j = words.Below((uint)i + 1);
            (ring[i], ring[j]) = (ring[j], ring[i]);
        }
    }

    /// <summary>The words of a mask stream of 32 bits: the graph needs no other source of numbers.</summary>
    private sealed class Words : IDisposable
    {
        private readonly byte[] _key;
        private RingVector _stream;
        private int _next;

        public Words(ReadOnlySpan<byte> key)
        {
            _key = key.ToArray();
            _stream = Stream(256);
        }

        public uint Below(uint bound)
        {
            var fair = (1UL << 32) / bound * bound;
            ulong word;
            do
            {
                word = Next();
            }
            while (word >= fair);
            return (uint)(word % bound);
        }

        public void Dispose() => _stream.Dispose();

        private ulong Next()
        {
            if (_next == _stream.Length)
            {
                var longer = Stream(2 * _stream.Length);
                _stream.Dispose();
                _stream = longer;
            }

            return _stream[_next++];
        }

        private RingVector Stream(int words)
        {
            var stream = new RingVector(32, words);
            using var mask = new MaskBatch();
            mask.Add(_key, MaskSign.Add);
            mask.ApplyTo(stream);
            return stream;
        }
    }
}
