using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Internal;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Tests.Harness;

/// <summary>
/// What a corrupt party can do: anything that its own keys can sign. The envelope is changed in place, so that the party's own state machine
/// remembers the lie as its word.
/// </summary>
internal static class Corruption
{
    /// <summary>Lets one party say something else than it should, signed by it.</summary>
    public static void Corrupt<T>(this RoundHarness harness, uint party, MessageKind kind, Action<T> change)
        where T : IMessage<T>, new()
    {
        var before = harness.OnSend;
        harness.OnSend = (from, envelope) => before(from, envelope).Select(e =>
        {
            if (from != party || e.Kind != kind) return e;
            var body = new T();
            body.MergeFrom(e.Body);
            change(body);
            return Resign(harness, party, e, body);
        });
    }

    /// <summary>Lets a party deal other entries, under a root that fits them.</summary>
    public static void CorruptEntries(this RoundHarness harness, uint dealer, Action<uint, byte[]> change)
    {
        var before = harness.OnSend;
        harness.OnSend = (from, envelope) => before(from, envelope).Select(e =>
        {
            if (from != dealer || e.Kind != MessageKind.Share) return e;
            var entries = e.Detached.Select(d => d.ToByteArray()).ToList();
            foreach (var (holder, entry) in harness.Station.Record.Neighbours(dealer).Zip(entries)) change(holder, entry);
            var share = Share.Parser.ParseFrom(e.Body);
            share.EntriesRoot = ByteString.CopyFrom(MerkleTree.Root([.. entries.Select(b => MerkleTree.LeafHash(b))]));
            e.Detached.Clear();
            e.Detached.Add(entries.Select(b => ByteString.CopyFrom(b)));
            return Resign(harness, dealer, e, share);
        });
    }

    /// <summary>Lets a party seal for these what does not open, or what opens and does not fit its commitment.</summary>
    public static void DealBadly(this RoundHarness harness, uint dealer, bool opens, params uint[] holders) => harness.CorruptEntries(dealer, (holder, entry) =>
    {
        if (holders.Contains(holder)) entry[opens ? 4 + ShareEntry.SealedSize : 10] ^= 1;
    });

    /// <summary>Lets a party complain of what this gives of what it was going to complain of.</summary>
    public static void Complain(this RoundHarness harness, uint party, Func<IReadOnlyList<Complaint>, IEnumerable<Complaint>> change)
    {
        var before = harness.OnSend;
        harness.OnSend = (from, envelope) => before(from, envelope).Select(e =>
        {
            if (from != party || e.Kind != MessageKind.Input) return e;
            var parts = change(Complaint.TryRead(e.Detached)!).Select(c => c.Wire).ToList();
            var input = Input.Parser.ParseFrom(e.Body);
            input.ComplaintsRoot = Complaint.Root(parts);
            e.Detached.Clear();
            e.Detached.Add(parts);
            return Resign(harness, party, e, input);
        });
    }

    /// <summary>The complaint of a corrupt holder about a dealer, with the pair's own keys.</summary>
    public static Complaint ComplaintAbout(this RoundHarness harness, uint holder, uint dealer)
    {
        var context1 = harness.Station.Record.Contexts.Context1;
        using var pair = harness.PairKey(holder, dealer);
        using var received = PairKeys.Seal(pair, context1, dealer, holder);
        using var sent = PairKeys.Seal(pair, context1, holder, dealer);
        return Complaint.Create(dealer, received.Span, Commitments.SealKey(context1, holder, dealer, sent.Span));
    }

    /// <summary>
    /// Lets a party commit to other seeds than those of its pairs with these parties, and leave the masks of the pairs out, as a party does that sees the dispute.
    /// </summary>
    public static void Dispute(this RoundHarness harness, uint corrupt, params uint[] others)
    {
        harness.CorruptEntries(corrupt, (holder, entry) =>
        {
            if (others.Contains(holder)) entry[ShareEntry.Size - 1] ^= 1;
        });
        var before = harness.OnVector;
        harness.OnVector = (from, vector) => from == corrupt ? WithoutMasks(harness, corrupt, others, vector) : before(from, vector);
        harness.Corrupt<Input>(corrupt, MessageKind.Input, input =>
        {
            var vector = WithoutMasks(harness, corrupt, others, harness.Parties[corrupt].SentVector!.ToArray());
            using var digest = Digests.BeginVector(harness.Station.Record.Contexts.Context2, corrupt, harness.Shape);
            input.VectorDigest = ByteString.CopyFrom(digest.Append(vector).Finish());
        });
    }

    /// <summary>The seed of a pair, as either of the two computes it.</summary>
    public static SecretBytes PairSeed(this RoundHarness harness, uint self, uint peer)
    {
        using var key = harness.PairKey(self, peer);
        return PairKeys.PairSeed(key, harness.Station.Record.Contexts.Context1);
    }

    /// <summary>The key of a pair, as either of the two computes it.</summary>
    public static SecretBytes PairKey(this RoundHarness harness, uint self, uint peer)
    {
        var record = harness.Station.Record;
        using var lease = harness.Consortium.Ring(self).Take(harness.Now);
        var peerKey = record.Advertised[peer].PublicKey.ToByteArray();
        return PairKeys.Pair(record.Roster.Hash, self, lease.PublicKey, peer, peerKey, lease.Agree(peerKey), null);
    }

    private static Envelope Resign(RoundHarness harness, uint party, Envelope envelope, IMessage body)
    {
        var signed = harness.SignAs(party, envelope.Kind, body);
        (envelope.Body, envelope.Signature) = (signed.Body, signed.Signature);
        return envelope;
    }

    private static byte[] WithoutMasks(RoundHarness harness, uint self, IEnumerable<uint> others, byte[] packed)
    {
        using var vector = RingVector.Unpack(harness.Shape.Bits, harness.Shape.Length, packed);
        using var masks = new MaskBatch();
        foreach (var other in others.Where(harness.Station.Record.Shared.ContainsKey))
        {
            using var seed = harness.PairSeed(self, other);
            using var key = PairKeys.Mask(seed.Span, harness.Station.Record.Contexts.Context2);
            masks.Add(key.Span, other > self ? MaskSign.Subtract : MaskSign.Add);
        }

        masks.ApplyTo(vector);

        return vector.Pack();
    }
}
