using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Internal;
using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol.Tests.SecondVerifier;

/// <summary>
/// The evidence of a round that its station cancelled as soon as it had proposed it, all signed by the right keys whatever it says: proposals, queries,
/// rosters and heads that break a rule, which no program here would make.
/// </summary>
internal static class CraftedEvidence
{
    private static readonly Consortium s_consortium = Consortium.Of(5);

    /// <summary>A round of a query and a proposal, changed before they are signed.</summary>
    public static byte[] Of(Action<Query>? query = null, Action<Proposal>? proposal = null, Action<Entry>? entry = null)
    {
        var asked = s_consortium.Query(1);
        query?.Invoke(asked);
        var proposed = new Proposal
        {
            Suite = 1, RoundId = ByteString.CopyFrom(new byte[16]), Query = asked.ToByteString(), Invited = { 0, 1, 2, 3, 4 }, DeadlinesMs = { 1, 2, 3, 4, 5, 6, 600_000 },
        };
        proposed.QuerySignature = ByteString.CopyFrom(Consortium.Coordinator.Sign(Digests.QuerySignature(s_consortium.Roster.Hash, proposed.Query.Span)));
        proposal?.Invoke(proposed);
        var inOrder = new Proposal(proposed);
        inOrder.Invited.Clear();
        inOrder.Invited.Add(proposed.Invited.Distinct().Order());
        var contexts = new RoundContexts { Context0 = Digests.Context0(s_consortium.Roster.Hash, inOrder) };
        var first = new Entry
        {
            RoundId = proposed.RoundId, TimeMs = (ulong)Consortium.Start.ToUnixTimeMilliseconds(),
            Envelope = RoundHarness.Sign(Consortium.Station, MessageKind.Propose, proposed.ToByteString(), contexts),
        };
        entry?.Invoke(first);
        var abort = new Abort { Reason = AbortReason.Cancelled, Entries = 1, EntriesRoot = ByteString.CopyFrom(MerkleTree.Root([MerkleTree.LeafHash(first.ToByteArray())])) };
        var last = new Entry(first) { Envelope = RoundHarness.Sign(Consortium.Station, MessageKind.Abort, abort.ToByteString(), contexts), Rejection = RejectionCode.None };
        return Evidence.Bytes(new Evidence(s_consortium, first.RoundId.ToByteArray(), [first, last], [], 1).Write());
    }

    /// <summary>A sound round whose header has another roster, signed by its founders, and a head that its station signed: it holds up to step "messages" if the roster is one.</summary>
    public static byte[] Of(Action<Wire.Roster> roster)
    {
        var records = Records();
        var draft = Consortium.Draft(5, 1);
        roster(draft);
        var signed = new SignedRoster { Body = draft.ToByteString() };
        foreach (var key in Consortium.Founders(5).OrderBy(k => Convert.ToHexString(k.Public.Point), StringComparer.Ordinal))
        {
            signed.Signatures.Add(new RosterSignature
            {
                PublicKey = ByteString.CopyFrom(key.Public.Point), Signature = ByteString.CopyFrom(key.Sign(Digests.RosterSignature(signed.Body.Span))),
            });
        }

        records[0].Header.Roster = signed.ToByteString();
        return Evidence.Bytes(records);
    }

    /// <summary>A sound round with another note for a head. It gets what is signed, and the lines of signatures.</summary>
    public static byte[] OfNote(Func<string, string[], string> note)
    {
        var records = Records();
        var lines = records[0].Header.Checkpoint.Split('\n');
        records[0].Header.Checkpoint = note(string.Join('\n', lines[..3]) + "\n", lines[4..^1]);
        return Evidence.Bytes(records);
    }

    /// <summary>A line of a party's cosignature.</summary>
    public static string Cosignature(string text, uint party, string? name = null, IdentityKey? key = null)
    {
        var lines = text.Split('\n');
        var signer = key ?? Consortium.PartyKey(party);
        using var hash = new LabelHash("cosign");
        var signature = signer.Sign(hash.Field(System.Text.Encoding.UTF8.GetBytes(text)).Finish());
        var by = name ?? $"{lines[0]}/party/{party}";
        byte[] id = System.Security.Cryptography.SHA256.HashData([.. System.Text.Encoding.UTF8.GetBytes(by), (byte)'\n', 0xff, .. "secagg-p256"u8, .. signer.Public.Point])[..4];
        return $"\u2014 {by} {Convert.ToBase64String([.. id, .. signature])}";
    }

    private static List<BundleRecord> Records()
    {
        using var round = new RoundHarness(s_consortium, new RoundShape(8, 1), seed: 77).Run();
        return Evidence.Of(round, 77).Write();
    }
}
