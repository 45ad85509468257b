using System.Collections.Concurrent;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Internal;

namespace SecureAggregation.Protocol;

/// <summary>
/// The ephemeral agreement key of a party, shared by its rounds and renewed by age, and the agreements made with it. In memory only.
/// A round keeps the key that it began with; a key that no round holds any more is erased with all its agreements. Thread-safe.
/// </summary>
/// <param name="life">How long a key is used for new rounds; zero makes a new one for every round. At most <see cref="Limits.KeyLife"/>.</param>
public sealed class KeyRing(TimeSpan life) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly TimeSpan _life = life <= Limits.KeyLife ? life : throw new ArgumentOutOfRangeException(nameof(life), life, "An agreement key lives at most an hour.");
    private readonly Dictionary<uint, (byte[] Key, DateTimeOffset End)> _peers = [];
    private Lease? _current;

    /// <summary>A key for a new round that begins now.</summary>
    public KeyLease Take(DateTimeOffset now)
    {
        lock (_gate)
        {
            if (_current is null || now >= _current.RenewAt)
            {
                _current?.Release();
                _current = new Lease(AgreementKey.Generate(), now + _life, now + Limits.KeyLife);
            }

            return new KeyLease(_current);
        }
    }

    /// <summary>
    /// Makes the agreements of the newest own key with the keys that the other parties had in rounds before and may still have: a host calls it on a thread
    /// of its own while the round waits for the network, so that after a renewal of its own key a party need not make them all at once.
    /// </summary>
    /// <param name="now">The time; keys past their end are forgotten.</param>
    /// <param name="cores">Threads to use, 1 or more.</param>
    /// <returns>Agreements that are ready.</returns>
    public int Prepare(DateTimeOffset now, int cores = 1)
    {
        KeyLease lease;
        byte[][] peers;
        lock (_gate)
        {
            if (_current is null) return 0;
            foreach (var (party, _) in _peers.Where(p => p.Value.End < now).ToList()) _peers.Remove(party);
            peers = [.. _peers.Values.Select(p => p.Key)];
            lease = new KeyLease(_current);
        }

        using (lease) lease.AgreeWith(peers, cores);
        return peers.Length;
    }

    /// <summary>Uses the key of a round for no further one; that round, and others that began with it, keep it.</summary>
    internal void Retire(KeyLease lease)
    {
        lock (_gate)
        {
            if (_current is null || !lease.IsOf(_current)) return;
            _current.Release();
            _current = null;
        }
    }

    /// <summary>A ring that hands out one given key, for published test vectors.</summary>
    internal static KeyRing Fixed(AgreementKey key, DateTimeOffset notAfter) =>
        new(Limits.KeyLife) { _current = new Lease(key, DateTimeOffset.MaxValue, notAfter) };

    /// <summary>Remembers the key that a party advertises, checked and signed.</summary>
    internal void Saw(uint party, byte[] key, DateTimeOffset end)
    {
        lock (_gate) _peers[party] = (key, end);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_gate)
        {
            _current?.Release();
            _current = null;
        }
    }

    internal sealed class Lease(AgreementKey key, DateTimeOffset renewAt, DateTimeOffset notAfter)
    {
        private readonly Lock _gate = new();

        // Each peer's is made once, by whoever asks first; who asks for another peer's does not wait for it.
        private readonly ConcurrentDictionary<byte[], Lazy<SecretBytes>> _agreements = new(PublicBytes.Comparer);
        private int _holders = 1;

        public DateTimeOffset RenewAt => renewAt;

        public DateTimeOffset NotAfter => notAfter;

        public byte[] PublicKey => key.PublicKey;

        public void Hold()
        {
            lock (_gate) _holders++;
        }

        public void Release()
        {
            lock (_gate)
            {
                if (--_holders != 0) return;
                foreach (var agreement in _agreements.Values.Where(a => a.IsValueCreated)) agreement.Value.Dispose();
                _agreements.Clear();
                key.Dispose();
            }
        }

        /// <summary>The x-coordinate shared with a peer; the ring keeps it, the caller must not dispose it.</summary>
        public SecretBytes Agree(byte[] peer) => _agreements.GetOrAdd(peer, p => new Lazy<SecretBytes>(() => key.Agree(p))).Value;
    }
}

/// <summary>One round's hold on an agreement key.</summary>
public sealed class KeyLease : IDisposable
{
    private KeyRing.Lease? _lease;

    internal KeyLease(KeyRing.Lease lease)
    {
        lease.Hold();
        _lease = lease;
    }

    /// <summary>65 bytes, uncompressed.</summary>
    public byte[] PublicKey => Held.PublicKey;

    /// <summary>End of life that is advertised.</summary>
    public DateTimeOffset NotAfter => Held.NotAfter;

    internal bool IsOf(KeyRing.Lease lease) => ReferenceEquals(_lease, lease);

    private KeyRing.Lease Held => _lease ?? throw new ObjectDisposedException(nameof(KeyLease));

    /// <inheritdoc/>
    public void Dispose()
    {
        _lease?.Release();
        _lease = null;
    }

    internal SecretBytes Agree(byte[] peer) => Held.Agree(peer);

    /// <summary>Makes the agreements with these peers that are not there yet.</summary>
    internal void AgreeWith(IReadOnlyList<byte[]> peers, int cores) => Workers.Run(peers.Count, cores, i => Agree(peers[i]));
}
