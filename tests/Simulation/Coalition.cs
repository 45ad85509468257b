using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Internal;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Simulation;

/// <summary>
/// The station and the corrupt parties put together everything that they hold of a round and take off every mask that they can. What they hold only grows,
/// so the end tells for every moment before it.
/// <para>
/// Of an honest party's vector a mask is known when its seed is: from the party's own Unmask, from that of its neighbour, as a colluder's own, out of a vault, or rebuilt
/// from the shares that colluders were dealt and honest holders have shown. An unknown mask falls away only in a sum in which it stands twice, under the
/// same contexts: so the sums that open are those over the connected groups, the unknown masks being the edges, that have no loose one and whose self masks
/// are all known.
/// </para>
/// </summary>
internal sealed class Coalition
{
    private readonly World _world;
    private readonly List<Incarnation> _honest;
    private readonly Dictionary<(string Context1, uint Low, uint High), byte[]> _pairSeeds = [];
    private readonly Dictionary<(string Context1, uint Party), byte[]> _selfSeeds = [];
    private readonly Dictionary<(string Context1, uint Dealer, SharedSecret Kind), Dictionary<uint, byte[]>> _shares = [];

    public Coalition(World world, string round)
    {
        _world = world;
        _honest = [.. world.Spoken[round].Where(o => world.Invariants.IsHonest(o.Party) && o.Said(MessageKind.Share))];
    }

    /// <summary>The groups of honest parties of whose inputs the coalition has the sum; each was computed.</summary>
    public IReadOnlyList<IReadOnlyList<uint>> Open()
    {
        foreach (var open in _honest)
        {
            AskColluders(open);
            Listen(open);
        }

        foreach (var open in _honest) Rebuild(open);
        var groups = new List<IReadOnlyList<uint>>();
        var left = _honest.Where(o => o.Vector is not null).ToList();
        while (left.Count > 0)
        {
            var group = new List<Incarnation> { left[0] };
            left.RemoveAt(0);
            var closed = true;
            for (var i = 0; i < group.Count; i++)
            {
                closed &= _selfSeeds.ContainsKey((Context1(group[i]), group[i].Party));
                foreach (var peer in Unknown(group[i]))
                {
                    if (group.Exists(o => AreEnds(group[i], peer, o))) continue;
                    var other = left.Find(o => AreEnds(group[i], peer, o));
                    closed &= other is not null;
                    if (other is null || !left.Remove(other)) continue;
                    group.Add(other);
                }
            }

            if (!closed) continue;
            Compute(group);
            groups.Add([.. group.Select(o => o.Party).Order()]);
        }

        return groups;
    }

    private static string Context1(Incarnation open) => Convert.ToHexString(Inside.Record(open.Round).Contexts.Context1);

    private static (string, uint, uint) Pair(Incarnation open, uint peer) => (Context1(open), Math.Min(open.Party, peer), Math.Max(open.Party, peer));

    private IEnumerable<uint> Masked(Incarnation open) => Inside.Record(open.Round).Peers(open.Party).Where(p => !Inside.Disputed(open.Round).Contains(p));

    private IEnumerable<uint> Unknown(Incarnation open) => Masked(open).Where(peer => !_pairSeeds.ContainsKey(Pair(open, peer)));

    /// <summary>Whether a vector of this other run holds the same mask with the other sign.</summary>
    private bool AreEnds(Incarnation one, uint peer, Incarnation other) =>
        other.Party == peer && PublicBytes.Equal(Inside.Record(one.Round).Contexts.Context2, Inside.Record(other.Round).Contexts.Context2)
        && Masked(other).Contains(one.Party);

    /// <summary>What colluders know of a party as its neighbours: the seed of the pair, and the shares that it dealt to them.</summary>
    private void AskColluders(Incarnation open)
    {
        var record = Inside.Record(open.Round);
        var context1 = record.Contexts.Context1;
        var own = record.Advertised[open.Party].PublicKey.ToByteArray();
        var entries = open.Round.Sent.First(e => e.Kind == MessageKind.Share).Detached;
        foreach (var (place, colluder) in record.Neighbours(open.Party).Index())
        {
            var publicKey = record.Advertised[colluder].PublicKey;
            if (_world.Outposts[(int)colluder].Liar?.Key(publicKey) is not { } lease) continue;
            using var key = PairKeys.Pair(record.Roster.Hash, colluder, publicKey.ToByteArray(), open.Party, own, lease.Agree(own), null);
            using var seed = PairKeys.PairSeed(key, context1);
            _pairSeeds[Pair(open, colluder)] = seed.Span.ToArray();
            using var seal = PairKeys.Seal(key, context1, open.Party, colluder);
            var plain = new byte[ReceivedShares.Size];
            var entry = ShareEntry.TryRead(entries[place], colluder)!;
            if (!Aead.TryOpen(seal.Span, entry.Sealed, PairKeys.AssociatedData(context1, open.Party, colluder), plain)) continue;
            Hold(context1, open.Party, SharedSecret.SelfSeed, colluder, plain[..Shamir.ShareSize]);
            Hold(context1, open.Party, SharedSecret.RecoverySeed, colluder, plain[Shamir.ShareSize..(2 * Shamir.ShareSize)]);
        }
    }

    /// <summary>What the party has said itself.</summary>
    private void Listen(Incarnation open)
    {
        foreach (var envelope in open.Round.Sent)
        {
            if (envelope.Kind == MessageKind.Unmask)
            {
                var unmask = Unmask.Parser.ParseFrom(envelope.Body);
                _selfSeeds[(Context1(open), open.Party)] = unmask.SelfSeed.ToByteArray();
                foreach (var pair in unmask.Dropped) _pairSeeds[Pair(open, pair.Neighbour)] = pair.Seed.ToByteArray();
            }
            else if (envelope.Kind == MessageKind.Recover)
            {
                var (recover, context1) = (Recover.Parser.ParseFrom(envelope.Body), Inside.Record(open.Round).Contexts.Context1);
                foreach (var share in recover.SelfShares) Hold(context1, share.Dealer, SharedSecret.SelfSeed, open.Party, share.Share.ToByteArray());
                foreach (var share in recover.RecoveryShares) Hold(context1, share.Dealer, SharedSecret.RecoverySeed, open.Party, share.Share.ToByteArray());
            }
        }
    }

    private void Hold(byte[] context1, uint dealer, SharedSecret kind, uint holder, byte[] share)
    {
        var key = (Convert.ToHexString(context1), dealer, kind);
        if (!_shares.TryGetValue(key, out var held)) _shares.Add(key, held = []);
        held[holder] = share;
    }

    /// <summary>Rebuilds what the shares give, however many there are: the commitment says whether it is the secret.</summary>
    private void Rebuild(Incarnation open)
    {
        var record = Inside.Record(open.Round);
        var context1 = record.Contexts.Context1;
        var share = Share.Parser.ParseFrom(open.Round.Sent.First(e => e.Kind == MessageKind.Share).Body);
        if (TryCombine(open, SharedSecret.SelfSeed) is { } self && PublicBytes.Equal(Commitments.SelfSeed(context1, open.Party, self), share.SelfCommitment.Span))
        {
            _selfSeeds[(Context1(open), open.Party)] = self;
            _world.Tally.Count("self seeds that the coalition rebuilt");
        }

        if (TryCombine(open, SharedSecret.RecoverySeed) is not { } recovery || !PublicBytes.Equal(Commitments.RecoverySeed(context1, open.Party, recovery), share.RecoveryCommitment.Span)) return;
        _world.Tally.Count("recovery seeds that the coalition rebuilt");
        var entries = open.Round.Sent.First(e => e.Kind == MessageKind.Share).Detached;
        foreach (var (place, neighbour) in record.Neighbours(open.Party).Index())
        {
            using var key = PairKeys.Vault(recovery, context1, open.Party, neighbour);
            var seed = new byte[PairKeys.SeedSize];
            var vault = ShareEntry.TryRead(entries[place], neighbour)!.Vault;
            if (Aead.TryOpen(key.Span, vault, PairKeys.AssociatedData(context1, open.Party, neighbour), seed)) _pairSeeds[Pair(open, neighbour)] = seed;
        }
    }

    private byte[]? TryCombine(Incarnation open, SharedSecret kind)
    {
        if (!_shares.TryGetValue((Context1(open), open.Party, kind), out var held)) return null;
        if (held.Count < Shamir.MinThreshold) return held.Values.First();
        var holders = held.Keys.Order().ToList();
        return new ShamirWeights(holders).Combine([.. holders.SelectMany(h => held[h])]).Span.ToArray();
    }

    /// <summary>Does it: the masked vectors less every known mask must be the plain sum, or the reckoning above is wrong.</summary>
    private void Compute(List<Incarnation> group)
    {
        using var sum = new RingVector(_world.Shape.Bits, _world.Shape.Length);
        using var masks = new MaskBatch();
        foreach (var open in group)
        {
            sum.AddPacked(0, sum.Length, open.Vector!);
            var context2 = Inside.Record(open.Round).Contexts.Context2;
            Remove(_selfSeeds[(Context1(open), open.Party)], MaskSign.Subtract, context2);
            foreach (var peer in Masked(open))
            {
                if (_pairSeeds.TryGetValue(Pair(open, peer), out var seed)) Remove(seed, peer > open.Party ? MaskSign.Subtract : MaskSign.Add, context2);
            }
        }

        masks.ApplyTo(sum);
        if (Inputs.Wrong(sum, group.Select(o => o.Party)) is { } wrong) throw new InvalidOperationException($"The coalition reckons that it holds the sum of [{string.Join(", ", group.Select(o => o.Party))}], but computes another: {wrong}.");

        void Remove(byte[] seed, MaskSign sign, byte[] context2)
        {
            using var key = PairKeys.Mask(seed, context2);
            masks.Add(key.Span, sign);
        }
    }
}
