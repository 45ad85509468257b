using System.Buffers.Binary;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Internal;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Tests.Harness;

/// <summary>
/// Tries to remove masks with everything that a lying station received and made up: each 32-byte value of each message is taken for any secret that it fits,
/// private keys (of corrupt parties, or planted by the station) give pair seeds and open sealed shares, shares are combined, vaults opened with what comes
/// out, until nothing new does. Then every set of parties is added up, every mask that is known taken out, and the result held against the plain sum.
/// </summary>
internal sealed class Unmasker
{
    /// <summary>Beyond so many vectors only single parties, and all but one, are tried.</summary>
    private const int AllSubsets = 8;

    private readonly List<(RoundRecord View, uint Party, Envelope Message)> _messages = [];
    private readonly List<(RoundRecord View, uint Party, byte[] Packed)> _vectors = [];
    private readonly Dictionary<byte[], Func<byte[], SecretBytes>> _keys = new(PublicBytes.Comparer);
    private readonly HashSet<byte[]> _secrets = new(PublicBytes.Comparer);

    /// <summary>What a party sent, after it was told what is in this view.</summary>
    public void Saw(RoundRecord view, uint party, Envelope message) => _messages.Add((view, party, message));

    /// <summary>What a party sent as its masked vector.</summary>
    public void SawVector(RoundRecord view, uint party, byte[] packed) => _vectors.Add((view, party, packed));

    /// <summary>A private key that the station has, by its public half.</summary>
    public void Holds(byte[] publicKey, Func<byte[], SecretBytes> agree) => _keys[publicKey] = agree;

    /// <summary>A secret that it has from elsewhere.</summary>
    public void Holds(ReadOnlySpan<byte> secret) => _secrets.Add(secret.ToArray());

    /// <summary>Parties whose plain sum comes out of their masked vectors: single ones first, then by ascending number of parties.</summary>
    /// <param name="shape">Shape of the vectors.</param>
    /// <param name="inputOf">What each party put in.</param>
    public IReadOnlyList<uint[]> Opened(RoundShape shape, Func<uint, RingVector> inputOf) => Opened(shape, (parties, sum) =>
    {
        using var plain = new RingVector(shape.Bits, shape.Length);
        foreach (var party in parties)
        {
            using var input = inputOf(party);
            plain.Add(input);
        }

        return sum.FixedTimeEquals(plain);
    });

    /// <summary>The same where nobody knows the inputs.</summary>
    /// <param name="shape">Shape of the vectors.</param>
    /// <param name="isPlain">Whether this can be the plain sum of these parties: of a masked one it says so by chance only.</param>
    public IReadOnlyList<uint[]> Opened(RoundShape shape, Func<IReadOnlyList<uint>, RingVector, bool> isPlain)
    {
        var rounds = Rounds();
        foreach (var round in rounds.Values) round.Read(_keys, _secrets);
        foreach (var message in _messages) Collect(Body(message.Message));

        // Each pass knows what the last one found; what is found once stays.
        for (var before = -1; before != _secrets.Count;)
        {
            before = _secrets.Count;
            foreach (var round in rounds.Values) round.Combine(_secrets);
        }

        var vectors = _vectors.GroupBy(v => v.Party).Select(g => g.Last()).OrderBy(v => v.Party).ToList();
        return [.. Subsets(vectors).Where(set => ComesOut(set, rounds, shape, isPlain)).Select(set => set.Select(v => v.Party).ToArray())];
    }

    private static IEnumerable<List<(RoundRecord View, uint Party, byte[] Packed)>> Subsets(List<(RoundRecord View, uint Party, byte[] Packed)> vectors)
    {
        if (vectors.Count > AllSubsets) return [.. vectors.Select(v => vectors.FindAll(o => o == v)), .. vectors.Select(v => vectors.FindAll(o => o != v))];
        return Enumerable.Range(1, (1 << vectors.Count) - 1).Select(set => vectors.Where((_, i) => (set & (1 << i)) != 0).ToList()).OrderBy(s => s.Count);
    }

    private static bool ComesOut(
        List<(RoundRecord View, uint Party, byte[] Packed)> set, Dictionary<byte[], KnownRound> rounds, RoundShape shape,
        Func<IReadOnlyList<uint>, RingVector, bool> isPlain)
    {
        using var sum = new RingVector(shape.Bits, shape.Length);
        foreach (var (view, party, packed) in set)
        {
            using (var masked = RingVector.Unpack(shape.Bits, shape.Length, packed)) sum.Add(masked);
            using var masks = rounds[view.Contexts.Context1].MasksOf(party, view);
            masks.ApplyTo(sum);
        }

        return isPlain([.. set.Select(v => v.Party)], sum);
    }

    /// <summary>Views that agree on the keys are one round to the secrets.</summary>
    private Dictionary<byte[], KnownRound> Rounds()
    {
        var rounds = new Dictionary<byte[], KnownRound>(PublicBytes.Comparer);
        foreach (var (view, party, message) in _messages)
        {
            // Before the keys are out nobody has a secret of the round.
            if (view.Rules.Advertised == 0) continue;
            if (!rounds.TryGetValue(view.Contexts.Context1, out var round)) rounds.Add(view.Contexts.Context1, round = new KnownRound(view));
            round.Messages.Add((party, message));
        }

        return rounds;
    }

    private static IMessage? Body(Envelope envelope) => envelope.Kind switch
    {
        MessageKind.Advertise => Advertise.Parser.ParseFrom(envelope.Body),
        MessageKind.Share => Share.Parser.ParseFrom(envelope.Body),
        MessageKind.Input => Input.Parser.ParseFrom(envelope.Body),
        MessageKind.Agree => Agree.Parser.ParseFrom(envelope.Body),
        MessageKind.Unmask => Unmask.Parser.ParseFrom(envelope.Body),
        MessageKind.Recover => Recover.Parser.ParseFrom(envelope.Body),
        _ => null,
    };

    /// <summary>Every field that could be a seed, however deep.</summary>
    private void Collect(IMessage? message)
    {
        foreach (var field in message?.Descriptor.Fields.InFieldNumberOrder() ?? [])
        {
            var value = field.Accessor.GetValue(message);
            foreach (var item in value as System.Collections.IList ?? new[] { value })
            {
                if (item is ByteString { Length: PairKeys.SeedSize } bytes) _secrets.Add(bytes.ToByteArray());
                if (item is IMessage inner) Collect(inner);
            }
        }
    }

    /// <summary>What is known of one round, that is of one set of keys.</summary>
    private sealed class KnownRound(RoundRecord view)
    {
        private readonly byte[] _context1 = view.Contexts.Context1;
        private readonly Dictionary<uint, (Share Body, Dictionary<uint, ShareEntry> Entries)> _dealt = [];
        private readonly Dictionary<(uint Dealer, SharedSecret Kind), SortedDictionary<uint, byte[]>> _shares = [];
        private readonly Dictionary<(uint Party, SharedSecret Kind), byte[]> _own = [];
        private readonly Dictionary<(uint Low, uint High), byte[]> _pairs = [];

        public List<(uint Party, Envelope Message)> Messages { get; } = [];

        /// <summary>Reads what was dealt and revealed, and what the known keys open of it.</summary>
        public void Read(Dictionary<byte[], Func<byte[], SecretBytes>> keys, HashSet<byte[]> secrets)
        {
            foreach (var (party, message) in Messages.Where(m => m.Message.Kind == MessageKind.Share))
            {
                var entries = message.Detached.Select(d => ShareEntry.TryRead(d, BinaryPrimitives.ReadUInt32BigEndian(d.Span))!).ToDictionary(e => e.Holder);
                _dealt[party] = (Share.Parser.ParseFrom(message.Body), entries);
            }

            foreach (var recover in Messages.Where(m => m.Message.Kind == MessageKind.Recover).Select(m => Recover.Parser.ParseFrom(m.Message.Body)))
            {
                foreach (var share in recover.SelfShares) Add(share.Dealer, recover.Party, SharedSecret.SelfSeed, share.Share.Span);
                foreach (var share in recover.RecoveryShares) Add(share.Dealer, recover.Party, SharedSecret.RecoverySeed, share.Share.Span);
            }

            foreach (var (holder, message) in Messages.Where(m => m.Message.Kind == MessageKind.Input))
            {
                foreach (var complaint in Complaint.TryRead(message.Detached) ?? [])
                {
                    if (_dealt.TryGetValue(complaint.Dealer, out var dealt) && dealt.Entries.TryGetValue(holder, out var entry)) OpenShares(complaint.SealKey, complaint.Dealer, holder, entry);
                }
            }

            foreach (var (holder, advertise) in view.Advertised)
            {
                if (!keys.TryGetValue(advertise.PublicKey.ToByteArray(), out var agree)) continue;
                foreach (var (dealer, other) in view.Advertised.Where(a => a.Key != holder))
                {
                    var peer = other.PublicKey.ToByteArray();
                    using var key = PairKeys.Pair(view.Roster.Hash, holder, advertise.PublicKey.ToByteArray(), dealer, peer, agree(peer), null);
                    using var seed = PairKeys.PairSeed(key, _context1);
                    secrets.Add(seed.Span.ToArray());
                    using var sealKey = PairKeys.Seal(key, _context1, dealer, holder);
                    if (_dealt.TryGetValue(dealer, out var dealt) && dealt.Entries.TryGetValue(holder, out var entry)) OpenShares(sealKey.Span, dealer, holder, entry);
                }
            }
        }

        /// <summary>Finds out what each known secret is, and what more follows from it.</summary>
        public void Combine(HashSet<byte[]> secrets)
        {
            foreach (var ((dealer, kind), shares) in _shares.Where(s => s.Value.Count >= Shamir.MinThreshold && !_own.ContainsKey(s.Key)))
            {
                var list = shares.Select(s => (s.Key, s.Value)).ToList();
                for (var count = Shamir.MinThreshold; count <= list.Count; count++)
                {
                    using var secret = Shamir.Combine(count, list);
                    secrets.Add(secret.Span.ToArray());
                }
            }

            foreach (var secret in secrets.ToList())
            {
                foreach (var (party, (body, entries)) in _dealt) Match(party, body, entries, secret, secrets);
            }
        }

        /// <summary>The masks of a vector that are known, to be taken out.</summary>
        public MaskBatch MasksOf(uint party, RoundRecord told)
        {
            var masks = new MaskBatch();
            if (_own.TryGetValue((party, SharedSecret.SelfSeed), out var seed)) Remove(masks, seed, told, MaskSign.Add);
            foreach (var v in told.Peers(party))
            {
                if (IsDisputed(party, v) || !_pairs.TryGetValue((Math.Min(party, v), Math.Max(party, v)), out var pair)) continue;
                Remove(masks, pair, told, v > party ? MaskSign.Add : MaskSign.Subtract);
            }

            return masks;
        }

        private static void Remove(MaskBatch masks, byte[] seed, RoundRecord told, MaskSign put)
        {
            using var key = PairKeys.Mask(seed, told.Contexts.Context2);
            masks.Add(key.Span, put == MaskSign.Add ? MaskSign.Subtract : MaskSign.Add);
        }

        private void Match(uint party, Share body, Dictionary<uint, ShareEntry> entries, byte[] secret, HashSet<byte[]> secrets)
        {
            if (PublicBytes.Equal(Commitments.SelfSeed(_context1, party, secret), body.SelfCommitment.Span)) _own[(party, SharedSecret.SelfSeed)] = secret;
            foreach (var (v, entry) in entries)
            {
                if (PublicBytes.Equal(Commitments.PairSeed(_context1, party, v, secret), entry.SeedCommitment)) _pairs[(Math.Min(party, v), Math.Max(party, v))] = secret;
            }

            if (_own.ContainsKey((party, SharedSecret.RecoverySeed))) return;
            if (!PublicBytes.Equal(Commitments.RecoverySeed(_context1, party, secret), body.RecoveryCommitment.Span)) return;
            _own[(party, SharedSecret.RecoverySeed)] = secret;
            foreach (var (v, entry) in entries)
            {
                using var key = PairKeys.Vault(secret, _context1, party, v);
                var seed = new byte[PairKeys.SeedSize];
                if (Aead.TryOpen(key.Span, entry.Vault, PairKeys.AssociatedData(_context1, party, v), seed)) secrets.Add(seed);
            }
        }

        private void OpenShares(ReadOnlySpan<byte> key, uint dealer, uint holder, ShareEntry entry)
        {
            var plain = new byte[ReceivedShares.Size];
            if (!Aead.TryOpen(key, entry.Sealed, PairKeys.AssociatedData(_context1, dealer, holder), plain)) return;
            Add(dealer, holder, SharedSecret.SelfSeed, plain.AsSpan(0, Shamir.ShareSize));
            Add(dealer, holder, SharedSecret.RecoverySeed, plain.AsSpan(Shamir.ShareSize, Shamir.ShareSize));
        }

        private void Add(uint dealer, uint holder, SharedSecret kind, ReadOnlySpan<byte> share)
        {
            if (share.Length != Shamir.ShareSize) return;
            if (!_shares.TryGetValue((dealer, kind), out var known)) _shares.Add((dealer, kind), known = []);
            known[holder] = share.ToArray();
        }

        private bool IsDisputed(uint one, uint other) =>
            _dealt.TryGetValue(one, out var a) && _dealt.TryGetValue(other, out var b) && a.Entries.TryGetValue(other, out var ab) && b.Entries.TryGetValue(one, out var ba)
            && !ab.AgreesWith(ba);
    }
}
