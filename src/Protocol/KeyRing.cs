using SecureAggregation.Crypto;

namespace SecureAggregation.Protocol;

/// <summary>
/// The ephemeral agreement key of a party, shared by its rounds and renewed by age, and the agreements made with it. In memory only.
/// A round keeps the key that it began with; a key that no round holds any more is erased with all its agreements.
/// </summary>
/// <param name="life">How long a key is used for new rounds; zero makes a new one for every round. At most <see cref="Limits.KeyLife"/>.</param>
public sealed class KeyRing(TimeSpan life) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly TimeSpan _life = life <= Limits.KeyLife ? life : throw new ArgumentOutOfRangeException(nameof(life), life, "An agreement key lives at most an hour.");
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

    /// <summary>A ring that hands out one given key, for published test vectors.</summary>
    internal static KeyRing Fixed(AgreementKey key, DateTimeOffset notAfter) =>
        new(Limits.KeyLife) { _current = new Lease(key, DateTimeOffset.MaxValue, notAfter) };

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
        private readonly Dictionary<byte[], SecretBytes> _agreements = new(PublicBytes.Comparer);
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
                foreach (var agreement in _agreements.Values) agreement.Dispose();
                _agreements.Clear();
                key.Dispose();
            }
        }

        /// <summary>The x-coordinate shared with a peer; the ring keeps it, the caller must not dispose it.</summary>
        public SecretBytes Agree(byte[] peer)
        {
            lock (_gate)
            {
                if (!_agreements.TryGetValue(peer, out var secret))
                {
                    secret = key.Agree(peer);
                    _agreements.Add(peer, secret);
                }

                return secret;
            }
        }
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

    private KeyRing.Lease Held => _lease ?? throw new ObjectDisposedException(nameof(KeyLease));

    /// <inheritdoc/>
    public void Dispose()
    {
        _lease?.Release();
        _lease = null;
    }

    internal SecretBytes Agree(byte[] peer) => Held.Agree(peer);
}
