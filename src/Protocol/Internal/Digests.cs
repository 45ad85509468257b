using System.Text;
using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Internal;

/// <summary>Every labelled hash of the protocol except the commitments: one place to hold against docs/protocol.md sections 2 and 3.</summary>
internal static class Digests
{
    public static byte[] Roster(ReadOnlySpan<byte> body) => One("roster", body);

    public static byte[] RosterSignature(ReadOnlySpan<byte> body) => One("sign/roster", body);

    public static byte[] ActSignature(string origin, ReadOnlySpan<byte> body)
    {
        using var hash = new LabelHash("sign/act");
        return hash.Field(Encoding.ASCII.GetBytes(origin)).Field(body).Finish();
    }

    public static byte[] QuerySignature(ReadOnlySpan<byte> rosterHash, ReadOnlySpan<byte> body)
    {
        using var hash = new LabelHash("sign/query");
        return hash.Field(rosterHash).Field(body).Finish();
    }

    /// <summary>What a query asks, without who asks and when.</summary>
    public static byte[] QueryContent(Query query)
    {
        using var hash = new LabelHash("query/content");
        return hash.Field(query.Analysis.Span)
            .Field(Encoding.UTF8.GetBytes(query.Dataset))
            .Field(Encoding.UTF8.GetBytes(query.Study))
            .Field(query.EpsilonMicro)
            .Field((uint)query.Noise)
            .Finish();
    }

    public static byte[] Query(ReadOnlySpan<byte> body) => One("query", body);

    public static byte[] Context0(ReadOnlySpan<byte> rosterHash, Proposal proposal)
    {
        var deadlines = new byte[4 * proposal.DeadlinesMs.Count];
        for (var i = 0; i < proposal.DeadlinesMs.Count; i++)
        {
            System.Buffers.Binary.BinaryPrimitives.WriteUInt32BigEndian(deadlines.AsSpan(4 * i), proposal.DeadlinesMs[i]);
        }

        using var hash = new LabelHash("round");
        return hash.Field(proposal.Suite).Field(rosterHash).Field(proposal.Query.Span).Field(proposal.RoundId.Span)
            .Set(proposal.Invited).Field(deadlines).Finish();
    }

    public static byte[] Context1(ReadOnlySpan<byte> context0, RoundRules rules, IEnumerable<ByteString> advertiseBodies)
    {
        using var hash = new LabelHash("advertise");
        hash.Field(context0).Field((uint)rules.Advertised).Field((uint)rules.Threshold).Field((uint)rules.ShareThreshold).Field((uint)rules.Degree);
        foreach (var body in advertiseBodies) hash.Field(body.Span);
        return hash.Finish();
    }

    /// <summary>What the graph of a round is drawn from.</summary>
    public static byte[] Graph(ReadOnlySpan<byte> context1) => One("graph", context1);

    public static byte[] Context2(ReadOnlySpan<byte> context1, IReadOnlyCollection<uint> sharers, IEnumerable<ByteString> shareBodies)
    {
        using var hash = new LabelHash("share");
        hash.Field(context1).Set(sharers);
        foreach (var body in shareBodies) hash.Field(One("digest/share", body.Span));
        return hash.Finish();
    }

    /// <summary>D3: the set of survivors with the digest of each one's vector.</summary>
    public static byte[] Survivors(ReadOnlySpan<byte> context2, IReadOnlyCollection<uint> survivors, IEnumerable<ByteString> vectorDigests)
    {
        using var hash = new LabelHash("survivors");
        hash.Field(context2).Set(survivors);
        foreach (var digest in vectorDigests) hash.Field(digest.Span);
        return hash.Finish();
    }

    /// <summary>Begins the digest of a masked vector; the packed bytes follow through <see cref="LabelHash.Append"/>.</summary>
    public static LabelHash BeginVector(ReadOnlySpan<byte> context2, uint party, RoundShape shape) =>
        new LabelHash("input/y").Field(context2).Field(party).Field((uint)shape.Bits).Field((uint)shape.Length).BeginField(shape.PackedLength);

    /// <summary>What is signed for a message: its kind, the contexts that it belongs to, and its body.</summary>
    public static byte[] Message(MessageKind kind, RoundContexts contexts, ReadOnlySpan<byte> body)
    {
        using var hash = new LabelHash("sign/" + Name(kind));
        switch (kind)
        {
            case MessageKind.Share or MessageKind.Shared:
                hash.Field(contexts.Context1);
                break;
            case MessageKind.Input or MessageKind.VectorFault or MessageKind.Survivors or MessageKind.Agree:
                hash.Field(contexts.Context2);
                break;
            case MessageKind.Agreed or MessageKind.Unmask or MessageKind.Recovery or MessageKind.Recover or MessageKind.Total:
                hash.Field(contexts.Context2).Field(contexts.Survivors);
                break;
            default:
                hash.Field(contexts.Context0);
                break;
        }

        return hash.Field(body).Finish();
    }

    private static string Name(MessageKind kind) => kind switch
    {
        MessageKind.Propose => "propose",
        MessageKind.Join => "join",
        MessageKind.Decline => "decline",
        MessageKind.Advertise => "advertise",
        MessageKind.Advertised => "advertised",
        MessageKind.Share => "share",
        MessageKind.Shared => "shared",
        MessageKind.Input => "input",
        MessageKind.VectorFault => "vector_fault",
        MessageKind.Survivors => "survivors",
        MessageKind.Agree => "agree",
        MessageKind.Agreed => "agreed",
        MessageKind.Unmask => "unmask",
        MessageKind.Recovery => "recovery",
        MessageKind.Recover => "recover",
        MessageKind.Total => "total",
        MessageKind.Abort => "abort",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not a message of a round."),
    };

    private static byte[] One(string purpose, ReadOnlySpan<byte> field)
    {
        using var hash = new LabelHash(purpose);
        return hash.Field(field).Finish();
    }
}
