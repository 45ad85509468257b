using System.Text;
using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Fuzz.Engine;
using SecureAggregation.Protocol;
using SecureAggregation.Protocol.Internal;
using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;
using static SecureAggregation.Fuzz.Engine.Outcome;
using Roster = SecureAggregation.Protocol.Roster;

namespace SecureAggregation.Fuzz.Targets;

/// <summary>
/// What is read under a signature. Half of the inputs are signed anew after they were changed, as whoever holds the key could: a signature is no
/// excuse for what stands below it.
/// </summary>
internal static class SignedTargets
{
    private static readonly byte[][] s_noteWords =
        [.. new[] { "—", "— ", "\n", "\n\n", " ", "=", "+", "/", "0", "00", "-1", "9223372036854775807", "9223372036854775808", "station.test/log", "station.test/log/party/1", "\r", "\u00a0", "AAAA" }
            .Select(Encoding.UTF8.GetBytes)];

    public static IEnumerable<Target> All =>
    [
        new("roster", 24_000, () => [Consortium.Of(3).Roster.Signed, Consortium.Of(4).Roster.Signed, Consortium.Of(7).Roster.Signed], () => AsRoster)
        {
            Make = Rosters, Words = CodecTargets.Points, Allowance = 512 * 1024, PerByte = 200,
        },
        new("query", 24_000, Queries, () => AsQuestion) { Make = Asked, Words = CodecTargets.Points, Allowance = 128 * 1024, PerByte = 80 },
        new("checkpoint", 30_000, Notes, () => AsNote) { Make = Mutation.OfText, Words = s_noteWords, Allowance = 256 * 1024, PerByte = 80 },
        new("publication", 24_000, Publications, () => AsPublication) { Make = Published, Words = CodecTargets.Points, Allowance = 256 * 1024, PerByte = 120 },
    ];

    private static byte[] Rosters(Draw draw)
    {
        if (draw.OneIn(2)) return Mutation.OfMessage(draw);
        var signed = SignedRoster.Parser.ParseFrom(draw.Seed);
        byte[] body;
        try
        {
            body = WireTree.Mutated(draw, signed.Body.ToByteArray(), harsh: draw.OneIn(6));
        }
        catch (Exception e) when (Unreadable.Is(e))
        {
            return draw.Seed;
        }

        var digest = Digests.RosterSignature(body);
        var again = new SignedRoster { Body = ByteString.CopyFrom(body) };
        again.Signatures.Add(Consortium.Founders(signed.Signatures.Count)
            .Select(k => new RosterSignature { PublicKey = ByteString.CopyFrom(k.Public.Point), Signature = ByteString.CopyFrom(k.Sign(digest)) })
            .OrderBy(s => Convert.ToHexString(s.PublicKey.Span), StringComparer.Ordinal));
        return draw.OneIn(8) ? WireTree.Mutated(draw, again.ToByteArray(), harsh: false) : again.ToByteArray();
    }

    private static bool AsRoster(byte[] input) => Or<RosterException>(() =>
    {
        var roster = Roster.Open(input);
        Must(roster.Signed.AsSpan().SequenceEqual(input), "a roster that was taken has other bytes");
        Must(roster.Parties.Count is >= 3 and <= Limits.Parties && roster.MinSurvivors >= 3 && roster.Witnesses <= roster.Parties.Count, "a roster that breaks its rules was taken");
        Must(roster.Words.Count == 12 && roster.NotAfter > DateTimeOffset.UnixEpoch, "a roster without words or end was taken");
    });

    private static byte[][] Queries() => [.. Enumerable.Range(1, 4).Select(i =>
    {
        var query = Round.Consortium.Query((ulong)i);
        if (i == 3) (query.Attempts, query.Study) = (0, "study");
        if (i == 4) query.Noise = QueryNoise.Distributed;
        return Question.Sign(query, Consortium.Coordinator).ToByteArray();
    })];

    private static byte[] Asked(Draw draw)
    {
        if (draw.OneIn(3)) return Mutation.OfMessage(draw);
        var body = WireTree.Mutated(draw, SignedQuery.Parser.ParseFrom(Queries()[draw.Below(4)]).Body.ToByteArray(), harsh: draw.OneIn(6));
        var signature = Consortium.Coordinator.Sign(Digests.QuerySignature(Round.Consortium.Roster.Hash, body));
        return new SignedQuery { Body = ByteString.CopyFrom(body), Signature = ByteString.CopyFrom(signature) }.ToByteArray();
    }

    private static bool AsQuestion(byte[] input)
    {
        SignedQuery signed;
        try
        {
            signed = SignedQuery.Parser.ParseFrom(input);
        }
        catch (Exception e) when (Unreadable.Is(e))
        {
            return false;
        }

        var run = Opens(() => Question.Open(signed, Round.Consortium.Roster, Consortium.Start));
        var plan = Opens(() => Question.OpenPlan(signed, Round.Consortium.Roster, Consortium.Start));
        Must(!(run && plan), "a query that is only planned can be run");
        return run || plan;
    }

    private static bool Opens(Func<Question> open) => Refused(() =>
    {
        var question = open();
        Must(question.Query.ToByteArray().AsSpan().SequenceEqual(question.Signed.Body.Span) && question.Id.Length == 16 && question.HonestFloor >= 2, "a question that was taken differs from its bytes");
    });

    /// <summary>Like <see cref="Or{T}"/>, and the refusal must have a code that can be told.</summary>
    public static bool Refused(Action decode)
    {
        try
        {
            decode();
            return true;
        }
        catch (RefusalException e)
        {
            Must(e.Code != RefusalCode.Unspecified && Enum.IsDefined(e.Code), $"a refusal without a code: {e.Message}");
            return false;
        }
    }

    private static byte[][] Notes()
    {
        var head = Round.Head(Round.All[0].Leaves);
        var cosigned = Round.Consortium.Roster.Parties.Take(3).Aggregate(head, (h, p) => h.TryAdd(Round.Consortium.Roster, p, h.Cosign(Consortium.PartyKey(p.Index)))!);
        return [Encoding.UTF8.GetBytes(head.Note), Encoding.UTF8.GetBytes(cosigned.Note)];
    }

    private static bool AsNote(byte[] input)
    {
        var text = Encoding.UTF8.GetString(input);
        return Or<TranscriptException>(() =>
        {
            var head = Checkpoint.Parse(text);
            Must(head.Note == text && head.Root.Length == 32 && head.Size >= 0, "a checkpoint that was taken is written in another way");
            _ = Or<TranscriptException>(() => head.CheckStation(Round.Consortium.Roster));
            _ = Or<TranscriptException>(() => Must(head.Cosigners(Round.Consortium.Roster).Count <= 4, "more cosigners than parties"));
        });
    }

    private static byte[][] Publications() => [.. Round.All.SelectMany(r => Enumerable.Range(0, 4).Select(p => Behind((byte)p, r, r.Publication((uint)p))))];

    /// <summary>A publication behind the numbers of round and party that it is checked against.</summary>
    private static byte[] Behind(byte party, Round round, Publication publication) => [(byte)Round.All.ToList().IndexOf(round), party, .. publication.ToByteArray()];

    private static byte[] Published(Draw draw)
    {
        var seed = draw.Seed;
        var message = WireTree.Mutated(draw, seed[2..], harsh: draw.OneIn(6));
        if (draw.OneIn(3)) return [.. seed[..2], .. Mutation.Changed(draw, message)];
        if (draw.OneIn(2)) return [.. seed[..2], .. message];

        // A head of its own making, over what the entries and proofs then are.
        Publication publication;
        try
        {
            publication = Publication.Parser.ParseFrom(message);
        }
        catch (Exception e) when (Unreadable.Is(e))
        {
            return [.. seed[..2], .. message];
        }

        var own = publication.Own.Select(o => o.Leaf.ToByteArray()).ToList();
        if (own.Count == 0) return [.. seed[..2], .. message];
        var hashes = own.ConvertAll(l => MerkleTree.LeafHash(l));
        publication.Checkpoint = Checkpoint.Create(Round.Consortium.Roster.LogOrigin, own.Count, MerkleTree.Root(hashes), Consortium.Station).Note;
        for (var i = 0; i < own.Count; i++)
        {
            publication.Own[i].Index = (ulong)i;
            publication.Own[i].Path.Clear();
            publication.Own[i].Path.Add(MerkleTree.InclusionProof(hashes, i).Select(ByteString.CopyFrom));
        }

        return [.. seed[..2], .. publication.ToByteArray()];
    }

    private static bool AsPublication(byte[] input)
    {
        if (input.Length < 2 || input[0] >= Round.All.Count || input[1] > 3) return false;
        Publication publication;
        try
        {
            publication = Publication.Parser.ParseFrom(input.AsSpan(2));
        }
        catch (Exception e) when (Unreadable.Is(e))
        {
            return false;
        }

        var (round, party) = (Round.All[input[0]], (uint)input[1]);
        var sent = round.Messages.Where(m => m.Party == party).Select(m => m.Envelope).ToList();
        return Refused(() =>
        {
            var head = PublicationCheck.Check(publication, Round.Consortium.Roster, party, sent, sent.Select(e => e.Kind).ToHashSet(), round.Last);
            Must(head.Size >= round.Last.Size, "a shorter log was taken for one that extends the last");
        });
    }
}
