using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Internal;
using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Fuzz.Targets;

/// <summary>Real rounds in memory, and everything that was said in them: what mutations begin with.</summary>
internal sealed class Round
{
    private const long Before = 3;

    private static readonly Lazy<IReadOnlyList<Round>> s_all = new(() =>
    [
        new(1, []),
        new(2, [new Fault(2, FaultKind.Silent, MessageKind.Unmask)]),
        new(3, [new Fault(3, FaultKind.Silent, MessageKind.Input)]),
        new(4, [new Fault(1, FaultKind.Declines, MessageKind.Join), new Fault(2, FaultKind.Silent, MessageKind.Join)]),
    ]);

    private Round(ulong seed, Fault[] faults)
    {
        using var harness = new RoundHarness(Consortium.Of(4), Shape, seed, faults);
        harness.OnSend = (party, e) => [Said(party, e)];
        harness.OnDeliver = (party, b) => [Heard(party, b)];
        harness.Run();
        (Log, Station, Contexts, Proposal, Now) = (harness.Station.Log, harness.Station, harness.Station.Record.Contexts, harness.Proposal, harness.Now);
        // What was silenced on its way never came.
        Messages.RemoveAll(m => !Log.Exists(e => e.Sender == m.Party + 1 && e.Envelope.Equals(m.Envelope)));
        using var input = harness.InputOf(0);
        FirstInput = input.Pack();
        Leaves = [.. Enumerable.Range(0, (int)Before).Select(i => new byte[] { (byte)i }), .. Log.Select(e => e.ToByteArray()), [0xFF]];
    }

    public static RoundShape Shape { get; } = new(19, 9);

    public static IReadOnlyList<Round> All => s_all.Value;

    public static Consortium Consortium => Consortium.Of(4);

    public List<Entry> Log { get; }

    public StationHost Station { get; }

    public RoundContexts Contexts { get; }

    public Envelope Proposal { get; }

    public DateTimeOffset Now { get; }

    /// <summary>What party 0 put in.</summary>
    public byte[] FirstInput { get; }

    /// <summary>What each party said, in order.</summary>
    public List<(uint Party, Envelope Envelope)> Messages { get; } = [];

    /// <summary>What each party was told, in order.</summary>
    public List<(uint Party, Broadcast Broadcast)> Broadcasts { get; } = [];

    /// <summary>The log with other entries before and after the round.</summary>
    public List<byte[]> Leaves { get; }

    /// <summary>Every message and body of all rounds.</summary>
    public static IEnumerable<IMessage> Everything() => All.SelectMany(r => r.Messages.Select(m => (IMessage)m.Envelope)
        .Concat(r.Broadcasts.Select(b => b.Broadcast))
        .Concat(r.Log));

    /// <summary>The bundle of the round, or of a log with other entries in the round's place, whose head the station signs.</summary>
    public byte[] Bundle(IReadOnlyList<byte[]>? entries = null)
    {
        List<byte[]> leaves = entries is null ? Leaves : [.. Leaves.Take((int)Before), .. entries, Leaves[^1]];
        var hashes = leaves.ConvertAll(l => MerkleTree.LeafHash(l));
        var stream = new MemoryStream();
        var writer = new BundleWriter(stream);
        writer.WriteHeader(Consortium.Roster, Head(leaves), Log[0].RoundId.ToByteArray());
        for (var i = (int)Before; i < leaves.Count - 1; i++) writer.WriteEntry(i, leaves[i], MerkleTree.InclusionProof(hashes, i));
        if (Station.Round.State == RoundState.Done)
        {
            foreach (var party in Station.Round.Survivors) writer.WriteVector(party, Station.Open(party));
        }

        return stream.ToArray();
    }

    public static Checkpoint Head(List<byte[]> leaves) => Checkpoint.Create(
        Consortium.Roster.LogOrigin, leaves.Count, MerkleTree.Root([.. leaves.Select(l => MerkleTree.LeafHash(l))]), Consortium.Station);

    /// <summary>The publication that a party gets after the round.</summary>
    public Publication Publication(uint party)
    {
        var hashes = Leaves.ConvertAll(l => MerkleTree.LeafHash(l));
        var publication = new Publication { RoundId = Log[0].RoundId, Checkpoint = Head(Leaves).Note, PreviousSize = 2 };
        publication.Consistency.Add(MerkleTree.ConsistencyProof(hashes, 2, hashes.Count).Select(ByteString.CopyFrom));
        for (var i = 0; i < Log.Count; i++)
        {
            if (Log[i].Sender != party + 1 || Log[i].Rejection != RejectionCode.None) continue;
            var own = new LoggedEntry { Index = (ulong)(Before + i), Leaf = ByteString.CopyFrom(Leaves[(int)Before + i]) };
            own.Path.Add(MerkleTree.InclusionProof(hashes, Before + i).Select(ByteString.CopyFrom));
            publication.Own.Add(own);
        }

        return publication;
    }

    /// <summary>The head that a party has seen before: of the first two entries.</summary>
    public LogPosition Last => new(2, MerkleTree.Root([.. Leaves.Take(2).Select(l => MerkleTree.LeafHash(l))]));

    /// <summary>Signs any bytes as a message of the round; whatever the kind, in every context that there is.</summary>
    public Envelope Signed(IdentityKey key, MessageKind kind, ByteString body)
    {
        var envelope = new Envelope { Kind = kind, Body = body };
        try
        {
            envelope.Signature = ByteString.CopyFrom(key.Sign(Digests.Message(kind, Contexts, body.Span)));
        }
        catch (Exception e) when (e is ArgumentOutOfRangeException or InvalidOperationException)
        {
            envelope.Signature = ByteString.CopyFrom(new byte[64]);
        }

        return envelope;
    }

    private Envelope Said(uint party, Envelope envelope)
    {
        Messages.Add((party, envelope));
        return envelope;
    }

    private Broadcast Heard(uint party, Broadcast broadcast)
    {
        Broadcasts.Add((party, broadcast));
        return broadcast;
    }
}
