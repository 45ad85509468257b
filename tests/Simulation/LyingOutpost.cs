using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Internal;
using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Simulation;

/// <summary>
/// What a corrupt outpost says in the place of what its state machine does. Messages are changed where they stand, so that the machine takes the lie for its
/// word and repeats it. Its agreement keys are kept: the coalition opens with them what others sealed for it.
/// </summary>
internal sealed class LyingOutpost(World world, uint index) : IDisposable
{
    private readonly List<(PartyLie Lie, uint About)> _armed = [];
    private readonly Dictionary<ByteString, KeyLease> _keys = [];

    public void Arm(PartyLie lie, uint about) => _armed.Add((lie, about));

    /// <summary>Keeps a key beyond the life of the outpost.</summary>
    public void Hold(KeyLease key)
    {
        if (!_keys.TryAdd(ByteString.CopyFrom(key.PublicKey), key)) key.Dispose();
    }

    public KeyLease? Key(ByteString publicKey) => _keys.GetValueOrDefault(publicKey);

    /// <summary>Its input, if it falsifies it, or null.</summary>
    public RingVector? Input(Incarnation open)
    {
        if (!Fire(open, PartyLie.FalseData, out _)) return null;
        var input = Inputs.Of(index, world.Shape);
        input[input.Length - 1] = 1;
        return input;
    }

    /// <summary>What it sends for a vector, if that is another one, or null.</summary>
    public byte[]? Vector(Incarnation open)
    {
        if (Fire(open, PartyLie.ShortVector, out _)) return open.Vector![..^1];
        if (Fire(open, PartyLie.LongVector, out _)) return [.. open.Vector!, 0];
        return Fire(open, PartyLie.OtherVector, out _) ? [(byte)(open.Vector![0] ^ 1), .. open.Vector[1..]] : null;
    }

    public IEnumerable<Envelope> Twist(Incarnation open, Envelope envelope)
    {
        foreach (var (lie, about) in _armed.ToList())
        {
            if (Tell(open, envelope, lie, about) is not { } told) continue;
            Fired(open, lie, about);
            return told;
        }

        return [envelope];
    }

    public void Dispose()
    {
        foreach (var key in _keys.Values) key.Dispose();
    }

    /// <summary>Null if the lie does not fit here, else what is sent.</summary>
    private Envelope[]? Tell(Incarnation open, Envelope envelope, PartyLie lie, uint about) => (lie, envelope.Kind) switch
    {
        (PartyLie.WrongSelfSeed, MessageKind.Unmask) => Change<Unmask>(open, envelope, m => m.SelfSeed = Flip(m.SelfSeed)),
        (PartyLie.WrongPairSeed, MessageKind.Unmask) => Change<Unmask>(open, envelope, m => m.Dropped.Count > 0, m => m.Dropped[0].Seed = Flip(m.Dropped[0].Seed)),
        (PartyLie.NoPairSeeds, MessageKind.Unmask) => Change<Unmask>(open, envelope, m => m.Dropped.Count > 0, m => m.Dropped.Clear()),
        (PartyLie.WrongShare, MessageKind.Recover) => Change<Recover>(open, envelope, m => (m.SelfShares.Concat(m.RecoveryShares).First()).Share = SomeBytes(32)),
        (PartyLie.NoShares, MessageKind.Recover) => Change<Recover>(open, envelope, m => m.SelfShares.Clear()),
        (PartyLie.OtherSet, MessageKind.Agree) => Change<Agree>(open, envelope, m => m.SurvivorsDigest = SomeBytes(32)),
        (PartyLie.UnderCharge, MessageKind.Input) => Change<Input>(open, envelope, m => m.ChargedMicro > 0, m => m.ChargedMicro--),
        (PartyLie.CopiedKey, MessageKind.Advertise) => CopyKey(open, envelope, about),
        (PartyLie.WrongSelfCommitment, MessageKind.Share) => Change<Share>(open, envelope, m => m.SelfCommitment = Flip(m.SelfCommitment)),
        (PartyLie.WrongRecoveryCommitment, MessageKind.Share) => Change<Share>(open, envelope, m => m.RecoveryCommitment = Flip(m.RecoveryCommitment)),
        (PartyLie.GarbageCiphertext, MessageKind.Share) => ChangeEntry(open, envelope, about, 4),
        (PartyLie.WrongShareCommitment, MessageKind.Share) => ChangeEntry(open, envelope, about, 4 + ShareEntry.SealedSize),
        (PartyLie.GarbageVault, MessageKind.Share) => ChangeEntry(open, envelope, about, 4 + ShareEntry.SealedSize + 32),
        (PartyLie.DisputedSeed, MessageKind.Share) => Dispute(open, envelope, about, ShareEntry.Size - 64),
        (PartyLie.DisputedSealKeys, MessageKind.Share) => Dispute(open, envelope, about, ShareEntry.Size - 32),
        (PartyLie.FalseComplaint, MessageKind.Input) => Complain(open, envelope, about),
        (PartyLie.WrongSignature, _) => WithSignature(envelope, SomeBytes(64)),
        (PartyLie.GarbageBody, _) => [new Envelope { Kind = envelope.Kind, Body = SomeBytes(80), Signature = envelope.Signature }, envelope],
        (PartyLie.SecondMessage, MessageKind.Advertise) => [envelope.Clone(), .. Change<Advertise>(open, envelope, m => m.Fresh = SomeBytes(32))!],
        (PartyLie.SecondMessage, MessageKind.Input) => [envelope.Clone(), .. Change<Input>(open, envelope, m => m.InputCommitment = SomeBytes(32))!],
        (PartyLie.OtherSender, MessageKind.Join) => Change<Join>(open, envelope, m => m.Party = about),
        (PartyLie.MessageOfAnother, _) => OfAnother(open, envelope, about),
        _ => null,
    };

    private bool Fire(Incarnation open, PartyLie lie, out uint about)
    {
        about = _armed.FirstOrDefault(a => a.Lie == lie).About;
        if (!_armed.Exists(a => a.Lie == lie)) return false;
        Fired(open, lie, about);
        return true;
    }

    private void Fired(Incarnation open, PartyLie lie, uint about)
    {
        _armed.Remove((lie, about));
        world.Facts(open.Id).PartiesLied = true;
        world.Tally.Count("lies of outposts");
    }

    private Envelope[]? Change<T>(Incarnation open, Envelope envelope, Action<T> change)
        where T : IMessage<T>, new() => Change<T>(open, envelope, _ => true, change);

    private Envelope[]? Change<T>(Incarnation open, Envelope envelope, Func<T, bool> fits, Action<T> change)
        where T : IMessage<T>, new()
    {
        var body = new T();
        body.MergeFrom(envelope.Body);
        if (!fits(body)) return null;
        change(body);
        return Resign(open, envelope, body);
    }

    private Envelope[] Resign(Incarnation open, Envelope envelope, IMessage body)
    {
        envelope.Body = body.ToByteString();
        var digest = Digests.Message(envelope.Kind, Inside.Record(open.Round).Contexts, envelope.Body.Span);
        return WithSignature(envelope, ByteString.CopyFrom(Consortium.PartyKey(index).Sign(digest)));
    }

    private static Envelope[] WithSignature(Envelope envelope, ByteString signature)
    {
        envelope.Signature = signature;
        return [envelope];
    }

    private Envelope[]? CopyKey(Incarnation open, Envelope envelope, uint about)
    {
        var other = world.Spoken[open.Id].Find(i => i.Party == about && i.Said(MessageKind.Advertise));
        if (other is null || about == index) return null;
        var key = Advertise.Parser.ParseFrom(other.Round.Sent.First(e => e.Kind == MessageKind.Advertise).Body).PublicKey;
        return Change<Advertise>(open, envelope, m => m.PublicKey = key);
    }

    private Envelope[]? ChangeEntry(Incarnation open, Envelope envelope, uint about, int at)
    {
        var place = Inside.Record(open.Round).Neighbours(index).ToList().IndexOf(about);
        if (place < 0) return null;
        var entries = envelope.Detached.Select(d => d.ToByteArray()).ToList();
        entries[place][at] ^= 1;
        envelope.Detached.Clear();
        envelope.Detached.Add(entries.Select(ByteString.CopyFrom));
        return Change<Share>(open, envelope, m => m.EntriesRoot = ByteString.CopyFrom(MerkleTree.Root([.. entries.Select(e => MerkleTree.LeafHash(e))])));
    }

    /// <summary>Commits to another seed than the pair's, and leaves the mask out, as a party does that sees the dispute: else the total would only be false.</summary>
    private Envelope[]? Dispute(Incarnation open, Envelope envelope, uint about, int commitment)
    {
        if (ChangeEntry(open, envelope, about, commitment) is not { } changed) return null;
        Inside.Disputed(open.Round).Add(about);
        return changed;
    }

    /// <summary>Complains of what was dealt rightly, with the true keys.</summary>
    private Envelope[]? Complain(Incarnation open, Envelope envelope, uint about)
    {
        var record = Inside.Record(open.Round);
        if (!record.Peers(index).Contains(about) || Key(record.Advertised[index].PublicKey) is not { } lease) return null;
        var (context1, peer) = (record.Contexts.Context1, record.Advertised[about].PublicKey.ToByteArray());
        using var pair = PairKeys.Pair(record.Roster.Hash, index, lease.PublicKey, about, peer, lease.Agree(peer), null);
        using var incoming = PairKeys.Seal(pair, context1, about, index);
        using var outgoing = PairKeys.Seal(pair, context1, index, about);
        envelope.Detached.Clear();
        envelope.Detached.Add(Complaint.Create(about, incoming.Span, Commitments.SealKey(context1, index, about, outgoing.Span)).Wire);
        return Change<Input>(open, envelope, m => m.ComplaintsRoot = Complaint.Root(envelope.Detached));
    }

    private Envelope[]? OfAnother(Incarnation open, Envelope envelope, uint about)
    {
        var other = world.Spoken[open.Id].Find(i => i.Party == about && i.Said(envelope.Kind));
        return other is null || about == index ? null : [other.Round.Sent.First(e => e.Kind == envelope.Kind).Clone(), envelope];
    }

    private static ByteString Flip(ByteString bytes)
    {
        var flipped = bytes.ToByteArray();
        flipped[0] ^= 1;
        return ByteString.CopyFrom(flipped);
    }

    private static ByteString SomeBytes(int count)
    {
        var bytes = new byte[count];
        new SeededRandom(99).GetBytes(bytes);
        return ByteString.CopyFrom(bytes);
    }
}
