using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Tests.Harness;

/// <summary>A round that is over, and what a station publishes of it to party 1: out of the true log, or out of one that it made up, with right proofs.</summary>
internal sealed class PublishedRound
{
    private static readonly Lazy<RoundHarness> s_played = new(() => new RoundHarness(Consortium.Of(5), new RoundShape(16, 3), seed: 9).Run());

    private readonly List<byte[]> _hashes;

    /// <param name="change">Makes another log out of the true one.</param>
    public PublishedRound(Func<IReadOnlyList<Entry>, IEnumerable<Entry>>? change = null)
    {
        Log = [.. change?.Invoke(s_played.Value.Station.Log.ConvertAll(e => e.Clone())) ?? s_played.Value.Station.Log];
        Leaves = Log.ConvertAll(e => e.ToByteArray());
        _hashes = Leaves.ConvertAll(l => MerkleTree.LeafHash(l));
        Own = [.. Enumerable.Range(0, Leaves.Count).Where(i => Log[i].Sender == 2)];
    }

    public static Roster Roster => Consortium.Of(5).Roster;

    public static IReadOnlyList<Envelope> Sent => s_played.Value.Parties[1].Sent;

    public static IReadOnlySet<MessageKind> Confirmed => s_played.Value.Parties[1].Confirmed;

    public List<Entry> Log { get; }

    public List<byte[]> Leaves { get; }

    /// <summary>Entries of party 1.</summary>
    public List<int> Own { get; }

    public LogPosition HeadAt(int size) => new(size, MerkleTree.Root(_hashes, size));

    public Publication Publication(int previous)
    {
        var publication = new Publication
        {
            RoundId = ByteString.CopyFrom(s_played.Value.RoundId), PreviousSize = (ulong)previous,
            Checkpoint = Checkpoint.Create(Roster.LogOrigin, Leaves.Count, MerkleTree.Root(_hashes), Consortium.Station).Note,
        };
        if (previous <= Leaves.Count) publication.Consistency.Add(MerkleTree.ConsistencyProof(_hashes, previous, Leaves.Count).Select(ByteString.CopyFrom));
        foreach (var i in Own)
        {
            var own = new LoggedEntry { Index = (ulong)i, Leaf = ByteString.CopyFrom(Leaves[i]) };
            own.Path.Add(MerkleTree.InclusionProof(_hashes, i).Select(ByteString.CopyFrom));
            publication.Own.Add(own);
        }

        return publication;
    }

    /// <summary>Party 1's check.</summary>
    /// <exception cref="RefusalException">The log is wrong.</exception>
    public static Checkpoint Check(Publication publication, LogPosition? last) => PublicationCheck.Check(publication, Roster, 1, Sent, Confirmed, last);
}
