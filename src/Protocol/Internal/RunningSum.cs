using SecureAggregation.Crypto;

namespace SecureAggregation.Protocol.Internal;

/// <summary>
/// The sum of the masked vectors of a round, built while they arrive: each block of elements is added as soon as it is there, so that nobody's
/// vector is ever held. It knows what is in it: unless that is exactly the survivors' whole vectors it is not given out, and the sum is made again
/// from what is stored. Several vectors may arrive at once, each on one thread at a time.
/// </summary>
internal sealed class RunningSum
{
    /// <summary>Elements of a block: a lock for each, so that two vectors seldom meet, and a block of any ring is in the fastest cache.</summary>
    public const int BlockElements = 8 * 1024;

    private readonly RoundShape _shape;
    private readonly Lock[] _blocks;
    private readonly Lock _gate = new();
    private readonly Dictionary<uint, Part> _parts = [];
    private RingVector? _sum;
    private bool _closed;
    private bool _spoilt;

    public RunningSum(RoundShape shape)
    {
        _shape = shape;
        _blocks = new Lock[(shape.Length + BlockElements - 1) / BlockElements];
        for (var i = 0; i < _blocks.Length; i++) _blocks[i] = new Lock();
    }

    /// <summary>Begins the vector of a party. What was in the sum of an earlier one must have been withdrawn.</summary>
    /// <param name="party">The party.</param>
    /// <param name="received">Tells what arrived of it, when it is to be withdrawn; gives null if that cannot be told any more. Without it what is read
    /// again is believed.</param>
    public Part Begin(uint party, Func<ReceivedBytes?>? received = null)
    {
        lock (_gate)
        {
            var part = new Part(this, received);
            if (_closed) return part;
            _sum ??= new RingVector(_shape.Bits, _shape.Length);
            _spoilt |= _parts.TryGetValue(party, out var earlier) && earlier.End() > 0;
            _parts[party] = part;
            return part;
        }
    }

    /// <summary>
    /// Subtracts what is in the sum of a party's vector, of which nothing is added any more. If the bytes cannot be read again, or are not those that
    /// arrived, the sum is not given out.
    /// </summary>
    /// <param name="party">The party.</param>
    /// <param name="received">The packed vector from its beginning, at least as far as it arrived.</param>
    public void Withdraw(uint party, Stream received)
    {
        lock (_gate)
        {
            if (_sum is null || !_parts.Remove(party, out var part)) return;
            var blocks = part.End();
            if (blocks == 0) return;
            try
            {
                _spoilt |= !Subtract(blocks, received, part);
            }
            catch (Exception e) when (e is IOException or RingFormatException)
            {
                _spoilt = true;
            }
        }
    }

    /// <summary>Whether what was subtracted is what had been added.</summary>
    private bool Subtract(int blocks, Stream received, Part part)
    {
        using var check = part.Received();
        var buffer = new byte[SizeOf(0)];
        for (var block = 0; block < blocks; block++)
        {
            var packed = buffer.AsSpan(0, SizeOf(block));
            received.ReadExactly(packed);
            check?.Append(packed);
            lock (_blocks[block]) _sum!.SubtractPacked(block * BlockElements, CountOf(block), packed);
        }

        if (check is null) return !part.IsChecked;
        while (check.Left > 0)
        {
            var packed = buffer.AsSpan(0, (int)Math.Min(check.Left, buffer.Length));
            received.ReadExactly(packed);
            check.Append(packed);
        }

        return check.Fits();
    }

    /// <summary>From here on nothing is added, by whichever thread.</summary>
    public void Close()
    {
        lock (_gate) _closed = true;
        foreach (var block in _blocks)
        {
            // Whoever was adding here is done; whoever comes later sees that the sum is closed.
            block.Enter();
            block.Exit();
        }
    }

    /// <summary>Gives the sum away, the caller disposes it; null unless it is exactly that of the whole vectors of these parties. Closes it.</summary>
    public RingVector? Take(IReadOnlyCollection<uint> parties)
    {
        Close();
        lock (_gate)
        {
            var sum = _sum;
            _sum = null;
            var inside = _parts.Where(p => p.Value.Blocks > 0).ToList();
            if (sum is null) return null;
            if (!_spoilt && inside.Count == parties.Count && parties.All(p => _parts.TryGetValue(p, out var part) && part.Whole)) return sum;
            sum.Dispose();
            return null;
        }
    }

    private int CountOf(int block) => Math.Min(BlockElements, _shape.Length - (block * BlockElements));

    private int SizeOf(int block) => (int)RingVector.PackedLength(_shape.Bits, CountOf(block));

    /// <summary>What is in the sum of one party's vector. Once it has ended nothing is added by it, whoever still holds it: nobody would take that out again.</summary>
    internal sealed class Part(RunningSum owner, Func<ReceivedBytes?>? received)
    {
        private readonly Lock _gate = new();
        private byte[]? _buffer;
        private int _filled;
        private bool _ended;

        /// <summary>Blocks from the beginning that are in the sum.</summary>
        public int Blocks { get; private set; }

        /// <summary>Whether what arrived is known by its digest.</summary>
        public bool IsChecked => received is not null;

        /// <summary>Whether the whole vector is in the sum and is the signed one.</summary>
        public bool Whole { get; private set; }

        /// <summary>Adds the bytes that come next, block by block.</summary>
        public void Append(ReadOnlySpan<byte> packed)
        {
            lock (_gate) AddAll(packed);
        }

        /// <summary>Says that the vector is complete and right.</summary>
        public void Finish()
        {
            lock (_gate)
            {
                Whole = !_ended && Blocks == owner._blocks.Length;
                _buffer = null;
            }
        }

        /// <summary>From here on nothing is added; waits for what is being added.</summary>
        /// <returns>Blocks that are in the sum.</returns>
        public int End()
        {
            lock (_gate)
            {
                _ended = true;
                return Blocks;
            }
        }

        /// <summary>What a second reading of the vector must be.</summary>
        public ReceivedBytes? Received() => received?.Invoke();

        private void AddAll(ReadOnlySpan<byte> packed)
        {
            while (!_ended && !packed.IsEmpty && Blocks < owner._blocks.Length)
            {
                var size = owner.SizeOf(Blocks);
                if (_filled == 0 && packed.Length >= size)
                {
                    if (!Add(packed[..size])) return;
                    packed = packed[size..];
                    continue;
                }

                _buffer ??= new byte[owner.SizeOf(0)];
                var next = packed[..Math.Min(size - _filled, packed.Length)];
                next.CopyTo(_buffer.AsSpan(_filled));
                _filled += next.Length;
                packed = packed[next.Length..];
                if (_filled < size) return;
                _filled = 0;
                if (!Add(_buffer.AsSpan(0, size))) return;
            }
        }

        private bool Add(ReadOnlySpan<byte> packed)
        {
            var block = Blocks;
            lock (owner._blocks[block])
            {
                if (owner._closed) return false;
                owner._sum!.AddPacked(block * BlockElements, owner.CountOf(block), packed);
                Blocks++;
                return true;
            }
        }
    }
}
