using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Testing;

/// <summary>A small log that is true: the roster and rounds that really took place, under heads that the station signs.</summary>
public sealed class FakeLog
{
    private readonly Members _members;
    private readonly List<byte[]> _leaves = [];
    private readonly List<byte[]> _hashes = [];
    private readonly Dictionary<string, (RealRound Round, int First)> _rounds = [];
    private readonly ActOrder _order = new();

    public FakeLog(Members members)
    {
        _members = members;
        Append(new Entry { Envelope = new Envelope { Kind = MessageKind.Roster, Body = ByteString.CopyFrom(members.Roster.Signed) } }.ToByteArray());
    }

    public int Size => _leaves.Count;

    /// <summary>Signed by the station and cosigned by the parties.</summary>
    public Checkpoint Head
    {
        get
        {
            var head = Checkpoint.Create(_members.Roster.LogOrigin, Size, MerkleTree.Root(_hashes), _members.Station);
            return _members.Roster.Parties.Aggregate(head, (signed, party) => signed.TryAdd(_members.Roster, party, head.Cosign(_members.Parties[(int)party.Index]))!);
        }
    }

    /// <summary>Appends a round's entries and returns the index of the first.</summary>
    public int Play(RealRound round)
    {
        var first = Size;
        _rounds.Add(Convert.ToHexStringLower(round.RoundId.Span), (round, first));
        foreach (var leaf in round.Log) Append(leaf);
        return first;
    }

    /// <summary>Appends an act if it is its signer's next, as a station does.</summary>
    public RecordActReply Record(Envelope signed)
    {
        var act = ActEntry.Open(_members.Roster, signed);
        var signer = act.Signer.ToByteArray();
        if (act.Number == _order.Next(signer))
        {
            _order.Take(act);
            Append(ActEntry.Of(signed, DateTimeOffset.UnixEpoch).ToByteArray());
            return new RecordActReply { Entry = (ulong)Size - 1, Next = act.Number + 1 };
        }

        return new RecordActReply { Next = _order.Next(signer) };
    }

    public IEnumerable<byte[]> Read(int start, int limit) => _leaves.Skip(start).Take(limit);

    public byte[][] Consistency(long oldSize, long newSize) => MerkleTree.ConsistencyProof(_hashes, oldSize, newSize);

    public byte[][] Inclusion(long index, long size) => MerkleTree.InclusionProof(_hashes, index, size);

    /// <summary>From now on the station gives out another leaf at a place than the one that it hashed.</summary>
    public void Forge(int index, byte[] leaf) => _leaves[index] = leaf;

    /// <summary>The evidence of a round under the present head; null if it is not in this log.</summary>
    public byte[]? Bundle(ByteString roundId, long remembered)
    {
        if (!_rounds.TryGetValue(Convert.ToHexStringLower(roundId.Span), out var known)) return null;
        var stream = new MemoryStream();
        var writer = new BundleWriter(stream);
        var held = remembered is > 0 && remembered <= Size ? new LogPosition(remembered, MerkleTree.Root(_hashes, remembered)) : null;
        writer.WriteHeader(_members.Roster, Head, roundId.ToByteArray(), held, held is null ? [] : Consistency(held.Size, Size));
        for (var i = 0; i < known.Round.Log.Count; i++) writer.WriteEntry(known.First + i, known.Round.Log[i], MerkleTree.InclusionProof(_hashes, known.First + i));
        foreach (var party in known.Round.Survivors) writer.WriteVector(party, known.Round.Open(party));
        return stream.ToArray();
    }

    private void Append(byte[] leaf)
    {
        _leaves.Add(leaf);
        _hashes.Add(MerkleTree.LeafHash(leaf));
    }
}
