using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Protocol.Tests.SecondVerifier;

/// <summary>Both verifiers hold the rules of rosters, queries, proposals and heads alike, each at its bounds.</summary>
public sealed class CraftedBundleTests
{
    private const ulong End = 253402300800;
    private static readonly ulong s_now = (ulong)Consortium.Start.ToUnixTimeSeconds();

    private static readonly (string Name, bool Allowed, Action<Query> Change)[] s_queries =
    [
        ("as it is", true, _ => { }),
        ("another roster", false, q => q.RosterHash = ByteString.CopyFrom(new byte[32])),
        ("id of 15", false, q => q.QueryId = ByteString.CopyFrom(new byte[15])),
        ("id of 17", false, q => q.QueryId = ByteString.CopyFrom(new byte[17])),
        ("over", false, q => q.NotAfter = s_now - 1),
        ("just not over", true, q => q.NotAfter = s_now),
        ("last second", true, q => q.NotAfter = End - 1),
        ("end of time", false, q => q.NotAfter = End),
        ("no end", false, q => q.NotAfter = 0),
        ("end in the past of all", false, q => q.NotAfter = ulong.MaxValue),
        ("no attempts", false, q => q.Attempts = 0),
        ("10 attempts", true, q => q.Attempts = 10),
        ("11 attempts", false, q => q.Attempts = 11),
        ("no title", true, q => q.Title = ""),
        ("title of 256", true, q => q.Title = new string('é', 256)),
        ("title of 257", false, q => q.Title = new string('é', 257)),
        ("title of 129 pairs", false, q => q.Title = string.Concat(Enumerable.Repeat("\U0001F600", 129))),
        ("title with controls", true, q => q.Title = "a\u0000\n\u202e"),
        ("no dataset", false, q => q.Dataset = ""),
        ("dataset of 128", true, q => q.Dataset = new string('d', 128)),
        ("dataset of 129", false, q => q.Dataset = new string('d', 129)),
        ("blank dataset", true, q => q.Dataset = " "),
        ("study of 64", true, q => q.Study = new string('s', 64)),
        ("study of 65", false, q => q.Study = new string('s', 65)),
        ("epsilon 0", false, q => q.EpsilonMicro = 0),
        ("epsilon least", true, q => q.EpsilonMicro = 1),
        ("epsilon most", true, q => q.EpsilonMicro = 100_000_000),
        ("epsilon over", false, q => q.EpsilonMicro = 100_000_001),
        ("epsilon huge", false, q => q.EpsilonMicro = ulong.MaxValue),
        ("noise 0", false, q => q.Noise = QueryNoise.Unspecified),
        ("noise 4", false, q => q.Noise = (QueryNoise)4),
        ("noise below 0", false, q => q.Noise = (QueryNoise)(-1)),
        ("noise none", true, q => q.Noise = QueryNoise.None),
        ("5 survivors", true, q => q.MinSurvivors = 5),
        ("6 survivors", false, q => q.MinSurvivors = 6),
        ("1025 survivors", false, q => q.MinSurvivors = 1025),
        ("no analysis", false, q => q.Analysis = ByteString.Empty),
        ("analysis of 255 KiB", true, q => q.Analysis = ByteString.CopyFrom(new byte[255 * 1024])),
        ("analysis of 256 KiB", false, q => q.Analysis = ByteString.CopyFrom(new byte[256 * 1024])),
        ("a stranger's key", false, q => q.CoordinatorKey = ByteString.CopyFrom(Consortium.PartyKey(1).Public.Point)),
        ("unknown field", false, q => q.MergeFrom([0xf8, 0x01, 0x01])),
    ];

    private static readonly (string Name, bool Allowed, Action<Proposal> Change)[] s_proposals =
    [
        ("suite 0", false, p => p.Suite = 0),
        ("suite 2", false, p => p.Suite = 2),
        ("round id of 15", false, p => p.RoundId = ByteString.CopyFrom(new byte[15])),
        ("round id of 17", false, p => p.RoundId = ByteString.CopyFrom(new byte[17])),
        ("no round id", false, p => p.RoundId = ByteString.Empty),
        ("nobody invited", false, p => p.Invited.Clear()),
        ("fewer invited", true, p => p.Invited.RemoveAt(0)),
        ("three invited", true, p => p.Invited.Remove(1)),
        ("too few invited", false, p => { p.Invited.RemoveAt(0); p.Invited.RemoveAt(0); p.Invited.RemoveAt(0); }),
        ("twice invited", false, p => p.Invited[1] = 0),
        ("out of order", false, p => (p.Invited[1], p.Invited[2]) = (p.Invited[2], p.Invited[1])),
        ("a stranger invited", false, p => p.Invited[4] = 9),
        ("six deadlines", false, p => p.DeadlinesMs.RemoveAt(0)),
        ("eight deadlines", false, p => p.DeadlinesMs.Add(1)),
        ("deadline 0", false, p => p.DeadlinesMs[3] = 0),
        ("deadline over", false, p => p.DeadlinesMs[3] = 600_001),
        ("deadline huge", false, p => p.DeadlinesMs[3] = uint.MaxValue),
        ("query cut", false, p => p.Query = ByteString.CopyFrom(p.Query.Span[..^1])),
        ("query unsigned", false, p => p.QuerySignature = ByteString.Empty),
        ("query signed by another", false, p => p.QuerySignature = ByteString.CopyFrom(Consortium.Station.Sign(new byte[32]))),
        ("unknown field", false, p => p.MergeFrom([0xf8, 0x01, 0x01])),
    ];

    private static readonly (string Name, bool Allowed, Action<Entry> Change)[] s_entries =
    [
        ("at the roster's end", false, e => e.TimeMs = ((s_now + 86_400) * 1000) + 1),
        ("at the query's end", true, e => e.TimeMs = (s_now + 86_400) * 1000),
        ("at no time", true, e => e.TimeMs = 0),
        ("at the end of time", false, e => e.TimeMs = ulong.MaxValue),
        ("by a party", false, e => e.Sender = 1),
        ("rejected", false, e => e.Rejection = RejectionCode.BadMessage),
        ("with a part", false, e => e.Envelope.Detached.Add(ByteString.CopyFrom(1))),
        ("unsigned", false, e => e.Envelope.Signature = ByteString.Empty),
        ("long signature", false, e => e.Envelope.Signature = ByteString.CopyFrom([.. e.Envelope.Signature.Span, 0])),
        ("of no kind", false, e => e.Envelope.Kind = MessageKind.Unspecified),
        ("of kind roster", false, e => e.Envelope.Kind = MessageKind.Roster),
        ("of kind act", false, e => e.Envelope.Kind = MessageKind.Act),
    ];

    private static readonly (string Name, bool Allowed, Action<Wire.Roster> Change)[] s_rosters =
    [
        ("epoch 0", false, r => r.Epoch = 0),
        ("epoch 1 with a hash", false, r => r.PreviousHash = ByteString.CopyFrom(new byte[32])),
        ("epoch 2", true, r => (r.Epoch, r.PreviousHash) = (2, ByteString.CopyFrom(new byte[32]))),
        ("epoch 2 without a hash", false, r => r.Epoch = 2),
        ("epoch 2 with a short hash", false, r => (r.Epoch, r.PreviousHash) = (2, ByteString.CopyFrom(new byte[31]))),
        ("epoch most", true, r => (r.Epoch, r.PreviousHash) = (ulong.MaxValue, ByteString.CopyFrom(new byte[32]))),
        ("no end", false, r => r.NotAfter = 0),
        ("end of time", false, r => r.NotAfter = End),
        ("last second", true, r => r.NotAfter = End - 1),
        ("indices with gaps", true, r => r.Parties[4].Index = uint.MaxValue - 2),
        ("index too large", false, r => r.Parties[4].Index = uint.MaxValue - 1),
        ("index largest", false, r => r.Parties[4].Index = uint.MaxValue),
        ("index twice", false, r => r.Parties[1].Index = 0),
        ("no coordinator", false, r => r.Coordinators.Clear()),
        ("no auditor", true, r => r.Auditors.Clear()),
        ("coordinator a founder", false, r => r.Coordinators[0].Founder = true),
        ("one founder fewer", false, r => r.Parties[2].Founder = false),
        ("key twice", false, r => r.Auditors[0].PublicKey = r.Parties[3].PublicKey),
        ("the station's key is a party's", false, r => r.AggregatorKey = r.Parties[3].PublicKey),
        ("no key", false, r => r.Auditors[0].PublicKey = ByteString.Empty),
        ("compressed key", false, r => r.Auditors[0].PublicKey = ByteString.CopyFrom([2, .. r.Auditors[0].PublicKey.Span[1..33]])),
        ("off the curve", false, r => r.Auditors[0].PublicKey = ByteString.CopyFrom([.. r.Auditors[0].PublicKey.Span[..64], (byte)(r.Auditors[0].PublicKey[64] ^ 1)])),
        ("origin with a blank", false, r => r.LogOrigin = "a b"),
        ("origin with a plus", false, r => r.LogOrigin = "a+b"),
        ("no origin", false, r => r.LogOrigin = ""),
        ("origin not ASCII", false, r => r.LogOrigin = "é"),
        ("survivors 2", false, r => r.MinSurvivors = 2),
        ("survivors 5", true, r => r.MinSurvivors = 5),
        ("survivors 6", false, r => r.MinSurvivors = 6),
        ("honest 1", false, r => r.MinHonest = 1),
        ("honest 4", true, r => r.MinHonest = 4),
        ("honest 5", false, r => r.MinHonest = 5),
        ("colluders 0", true, r => r.MaxColluders = 0),
        ("colluders 3", true, r => (r.MaxColluders, r.Witnesses) = (3, 5)),
        ("colluders 4", false, r => (r.MaxColluders, r.Witnesses) = (4, 5)),
        ("colluders huge", false, r => r.MaxColluders = uint.MaxValue),
        ("honest huge", false, r => r.MinHonest = uint.MaxValue),
        ("dropout 500", true, r => r.DropoutPermille = 500),
        ("dropout 501", false, r => r.DropoutPermille = 501),
        ("witnesses 5", true, r => r.Witnesses = 5),
        ("witnesses 6", false, r => r.Witnesses = 6),
        ("witnesses too few", false, r => r.Witnesses = 3),
        ("witnesses huge", false, r => r.Witnesses = uint.MaxValue),
        ("two parties", false, r => { while (r.Parties.Count > 2) r.Parties.RemoveAt(2); }),
        ("unknown field", false, r => r.MergeFrom([0xf8, 0x01, 0x01])),
    ];

    private static readonly (string Name, bool Allowed, Func<string, string[], string> Note)[] s_notes =
    [
        ("as it is", true, (text, lines) => Note(text, lines)),
        ("cosigned by all", true, (text, lines) => Note(text, [lines[0], .. Enumerable.Range(0, 5).Select(i => CraftedEvidence.Cosignature(text, (uint)i))])),
        ("cosigned out of order, the station last", true, (text, lines) => Note(text, [CraftedEvidence.Cosignature(text, 3), CraftedEvidence.Cosignature(text, 1), lines[0]])),
        ("cosigned twice", false, (text, lines) => Note(text, [lines[0], CraftedEvidence.Cosignature(text, 3), CraftedEvidence.Cosignature(text, 3)])),
        ("the station twice", false, (text, lines) => Note(text, [lines[0], lines[0]])),
        ("not by the station", false, (text, _) => Note(text, [CraftedEvidence.Cosignature(text, 3)])),
        ("by a stranger", false, (text, lines) => Note(text, [lines[0], CraftedEvidence.Cosignature(text, 9)])),
        ("under another's name", false, (text, lines) => Note(text, [lines[0], CraftedEvidence.Cosignature(text, 3, $"{Origin(text)}/party/2")])),
        ("with a leading zero", false, (text, lines) => Note(text, [lines[0], CraftedEvidence.Cosignature(text, 3, $"{Origin(text)}/party/03")])),
        ("by the auditor", false, (text, lines) => Note(text, [lines[0], CraftedEvidence.Cosignature(text, 3, $"{Origin(text)}/auditor", Consortium.Key("auditor"))])),
        ("by nobody", false, (text, _) => Note(text, [])),
        ("an empty line more", false, (text, lines) => $"{text}\n\n{lines[0]}\n"),
        ("no last line feed", false, (text, lines) => Note(text, lines)[..^1]),
        ("carriage returns", false, (text, lines) => Note(text, lines).Replace("\n", "\r\n", StringComparison.Ordinal)),
        ("a blank more", false, (text, lines) => Note(text, [lines[0] + " "])),
        ("a hyphen", false, (text, lines) => Note(text, [lines[0].Replace('\u2014', '-')])),
        ("base64 with a blank", false, (text, lines) => Note(text, [lines[0][..^8] + "\t" + lines[0][^8..]])),
        ("base64 without padding", false, (text, lines) => Note(text, [lines[0].TrimEnd('=')])),
        ("another size", false, (text, lines) => Note(text.Replace("\n", "\n1", StringComparison.Ordinal), lines)),
        ("a fourth line", false, (text, lines) => Note(text + "more\n", lines)),
        ("nothing", false, (_, _) => ""),
        ("long", false, (text, lines) => Note(text, [lines[0], new string('x', 2 << 20)])),
    ];

    [SecondVerifierFact]
    public Task Queries_that_break_a_rule_are_refused_by_both() =>
        AgreeAsync(s_queries.Select(c => (c.Name, c.Allowed, CraftedEvidence.Of(query: c.Change))), VerificationSteps.Messages);

    [SecondVerifierFact]
    public Task Proposals_that_break_a_rule_are_refused_by_both() =>
        AgreeAsync(s_proposals.Select(c => (c.Name, c.Allowed, CraftedEvidence.Of(proposal: c.Change))), VerificationSteps.Messages);

    [SecondVerifierFact]
    public Task Entries_that_no_station_writes_are_refused_by_both() =>
        AgreeAsync(s_entries.Select(c => (c.Name, c.Allowed, CraftedEvidence.Of(entry: c.Change))), VerificationSteps.Messages);

    [SecondVerifierFact]
    public Task Rosters_that_break_a_rule_are_refused_by_both() =>
        AgreeAsync(s_rosters.Select(c => (c.Name, c.Allowed, CraftedEvidence.Of(c.Change))), VerificationSteps.Checkpoint, VerificationSteps.Messages);

    [SecondVerifierFact]
    public Task Heads_that_are_no_notes_are_refused_by_both() =>
        AgreeAsync(s_notes.Select(c => (c.Name, c.Allowed, CraftedEvidence.OfNote(c.Note))), VerificationSteps.Checkpoint);

    [SecondVerifierFact]
    public async Task Head_that_is_remembered_is_held_against_the_bundle_by_both()
    {
        var round = new RoundHarness(Consortium.Of(5), new RoundShape(8, 1), seed: 78).Run();
        var bundles = Enumerable.Range(0, 80).Select(i => Evidence.Of(round, (ulong)i).Write()).Where(r => r[0].Header.RememberedSize > 0)
            .OrderBy(r => r[0].Header.RememberedSize).ToList();
        var newer = bundles.First(b => b[0].Header.RememberedSize > (ulong)Checkpoint.Parse(b[0].Header.Checkpoint).Size);
        foreach (var records in new[] { bundles[0], bundles[bundles.Count / 2], newer })
        {
            var (header, head) = (records[0].Header, Checkpoint.Parse(records[0].Header.Checkpoint));
            var (size, root) = ((long)header.RememberedSize, header.RememberedRoot.ToByteArray());
            (Checkpoint Remembered, bool Fits)[] heads =
            [
                (head, true),
                (Head(size, root), true),
                (Head(size, new byte[32]), false),
                (Head(head.Size, new byte[32]), false),
                (Head(head.Size + 1000, root), false),
                (Head(0, root), false),
                (Checkpoint.Create("another.log", head.Size, head.Root, Consortium.Station), false),
            ];
            foreach (var (remembered, fits) in heads)
            {
                var both = await BothVerifiers.VerifyAsync([new BothVerifiers.Case(remembered.Text, round.Shape, Evidence.Bytes(records))], remembered.Note);
                Assert.Equal(fits ? null : VerificationSteps.Consistency, Assert.Single(both).Verdict.FailedStep);
            }
        }

        Checkpoint Head(long size, byte[] root) => Checkpoint.Create(round.Consortium.Roster.LogOrigin, size, root, Consortium.Station);
    }

    [SecondVerifierFact]
    public async Task More_rejected_messages_than_a_station_keeps_are_no_fault()
    {
        using var round = new RoundHarness(Consortium.Of(5), new RoundShape(8, 1), 79, [new Fault(2, FaultKind.Garbage, MessageKind.Agree)]).Run();
        var evidence = Evidence.Of(round, 79);
        var at = evidence.Entries.FindIndex(e => e.Rejection != RejectionCode.None);
        for (var i = 0; i < 12; i++) evidence.Entries.Insert(at, evidence.Entries[at].Clone());

        var both = await BothVerifiers.VerifyAsync([new BothVerifiers.Case("", round.Shape, Evidence.Bytes(evidence.Write(e => LogMutations.End(e, round, evidence.Entries))))]);

        Assert.True(both[0].Verdict.Passed, both[0].Text);
    }

    [SecondVerifierFact]
    public async Task Rejected_message_that_looks_like_the_end_of_the_round_is_none()
    {
        using var round = new RoundHarness(Consortium.Of(5), new RoundShape(8, 1), seed: 80).Run();
        foreach (var kind in (MessageKind[])[MessageKind.Total, MessageKind.Abort])
        {
            var evidence = Evidence.Of(round, 80);
            var before = evidence.Entries.SkipLast(1).Select(e => MerkleTree.LeafHash(e.ToByteArray())).ToList();
            var (count, root) = ((uint)before.Count, ByteString.CopyFrom(MerkleTree.Root(before)));
            IMessage end = kind == MessageKind.Total ? new Total { Entries = count, EntriesRoot = root } : new Abort { Entries = count, EntriesRoot = root };
            evidence.Entries[^1].Sender = 1;
            evidence.Entries[^1].Rejection = RejectionCode.BadMessage;
            evidence.Entries[^1].Envelope = new Envelope { Kind = kind, Body = end.ToByteString() };

            var both = await BothVerifiers.VerifyAsync([new BothVerifiers.Case($"{kind}", round.Shape, Evidence.Bytes(evidence.Write()))]);

            Assert.Equal(VerificationSteps.Messages, both[0].Verdict.FailedStep);
            Assert.Contains("the round has not ended", both[0].Text, StringComparison.Ordinal);
        }
    }

    [SecondVerifierFact]
    public async Task Program_that_is_called_wrongly_says_so()
    {
        var file = Path.GetTempFileName();
        try
        {
            foreach (string[] arguments in (string[][])[[], ["--roster-hash", "12", file], ["--round", "zz", file], ["--head", file + ".none", file], [file + ".none"], ["/"], [file, "--what"]])
            {
                var (code, _, errors) = await Testing.SecondVerifier.RunAsync(arguments);
                Assert.Equal(2, code);
                Assert.DoesNotContain("Traceback", errors, StringComparison.Ordinal);
                Assert.NotEqual("", errors);
            }

            Assert.Equal(1, (await Testing.SecondVerifier.RunAsync([file])).Code);
        }
        finally
        {
            File.Delete(file);
        }
    }

    /// <param name="cases">Bundles, and whether they are allowed.</param>
    /// <param name="step">Where those that are not fail.</param>
    /// <param name="allowed">Where those that are allowed fail; null if they pass.</param>
    private static async Task AgreeAsync(IEnumerable<(string Name, bool Allowed, byte[] Bundle)> cases, string step, string? allowed = null)
    {
        var all = cases.ToList();
        var both = await BothVerifiers.VerifyAsync(all.ConvertAll(c => new BothVerifiers.Case(c.Name, new RoundShape(8, 1), c.Bundle)));
        Assert.All(all.Zip(both), c => Assert.True((c.First.Allowed ? allowed : step) == c.Second.Verdict.FailedStep, c.Second.Text));
    }

    private static string Note(string text, string[] lines) => $"{text}\n{string.Concat(lines.Select(l => l + "\n"))}";

    private static string Origin(string text) => text.Split('\n')[0];
}
