using FsCheck.Fluent;
using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Tests.Harness;
using SecureAggregation.Protocol.Wire;
using SecureAggregation.Testing;

namespace SecureAggregation.Protocol.Tests;

/// <summary>The bundle of a round: verifies as it is, and in no way that anybody might change it.</summary>
public sealed class TranscriptTests
{
    private const long Before = 5;
    private static readonly RoundShape s_shape = new(19, 9);
    private static readonly Consortium s_consortium = Consortium.Of(5);
    private static readonly Lazy<TestBundle> s_plain = new(() => TestBundle.Of(new RoundHarness(s_consortium, s_shape, seed: 3).Run()));
    private static readonly Lazy<TestBundle> s_recovered = new(() => TestBundle.Of(
        new RoundHarness(s_consortium, s_shape, 4, [new Fault(2, FaultKind.Silent, MessageKind.Unmask)]).Run()));

    [Fact]
    public void Bundle_of_a_round_verifies_and_gives_the_plain_sum()
    {
        var report = s_plain.Value.Verify();

        Assert.True(report.Passed, Text(report));
        using var expected = s_plain.Value.Harness.Expected([0, 1, 2, 3, 4]);
        Assert.Equal(expected.Pack(), report.Total!.Pack());
    }

    [Theory]
    [InlineData(MessageKind.Join)]
    [InlineData(MessageKind.Share)]
    [InlineData(MessageKind.Input)]
    [InlineData(MessageKind.Agree)]
    [InlineData(MessageKind.Unmask)]
    public void Bundle_of_a_round_that_lost_a_party_verifies(MessageKind silentFrom)
    {
        using var harness = new RoundHarness(s_consortium, s_shape, 5, [new Fault(3, FaultKind.Silent, silentFrom)]).Run();

        var report = TestBundle.Of(harness).Verify();

        Assert.True(report.Passed, Text(report));
        using var expected = harness.Expected(harness.Station.Round.Survivors);
        Assert.Equal(expected.Pack(), report.Total!.Pack());
    }

    [Fact]
    public void Bundle_of_an_aborted_round_verifies_and_has_no_total()
    {
        using var harness = new RoundHarness(
            s_consortium, s_shape, 6, [new Fault(3, FaultKind.Silent, MessageKind.Share), new Fault(4, FaultKind.Silent, MessageKind.Share)]).Run();

        var report = TestBundle.Of(harness).Verify();

        Assert.True(report.Passed, Text(report));
        Assert.Null(report.Total);
        Assert.Contains("aborted", report.Steps.Single(s => s.Name == "total").Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Flipping_one_bit_of_any_byte_fails_and_says_where()
    {
        var bundle = s_plain.Value.Bytes;
        Property.Holds(
            Gen.Choose(0, (bundle.Length * 8) - 1),
            bit =>
            {
                var changed = bundle.ToArray();
                changed[bit / 8] ^= (byte)(1 << (bit % 8));
                var report = s_plain.Value.Verify(changed);
                var failed = report.Steps.FirstOrDefault(s => s.Passed == false);
                return !report.Passed && failed is not null && failed.Detail.Length > 0 && report.Total is null;
            },
            cases: 300);
    }

    [Fact]
    public void Change_to_an_entry_is_reported_with_its_index()
    {
        foreach (var (index, offset) in s_plain.Value.LeafOffsets)
        {
            var changed = s_plain.Value.Bytes.ToArray();
            changed[offset] ^= 0x10;

            var report = s_plain.Value.Verify(changed);

            Assert.Equal(index, report.FailedEntry);
            Assert.Contains($"Entry {index}:", report.Steps.Single(s => s.Passed == false).Detail, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Change_to_a_vector_is_reported_with_the_party()
    {
        var changed = s_plain.Value.Bytes.ToArray();
        changed[^1] ^= 1;

        var report = s_plain.Value.Verify(changed);

        Assert.Equal("total", report.Failure?.Name);
        Assert.Contains("party-4", report.Failure!.Detail, StringComparison.Ordinal);
        Assert.Equal(s_plain.Value.IndexOf(4, MessageKind.Input), report.FailedEntry);
    }

    [Fact]
    public void Cutting_the_file_anywhere_fails()
    {
        var bundle = s_recovered.Value.Bytes;
        Property.Holds(Gen.Choose(0, bundle.Length - 1), length => !s_recovered.Value.Verify(bundle[..length]).Passed, cases: 100);
    }

    [Fact]
    public void Leaving_out_or_swapping_an_entry_fails_even_with_right_proofs()
    {
        for (var i = 0; i < s_plain.Value.Entries; i++)
        {
            var left = i;
            Assert.False(s_plain.Value.Rewritten(order => order.Where(e => e != left)).Passed, $"without entry {i}");
            if (i > 0) Assert.False(s_plain.Value.Rewritten(order => [.. order.Take(left - 1), left, left - 1, .. order.Skip(left + 1)]).Passed, $"swapped {i}");
        }
    }

    [Fact]
    public void A_station_that_logs_another_total_is_found_out()
    {
        using var harness = new RoundHarness(s_consortium, s_shape, seed: 7).Run();
        var entry = harness.Station.Log[^1];
        var total = Total.Parser.ParseFrom(entry.Envelope.Body);
        var packed = total.Packed.ToByteArray();
        packed[0] ^= 1;
        total.Packed = ByteString.CopyFrom(packed);
        entry.Envelope = harness.Lie(MessageKind.Total, total);

        var report = TestBundle.Of(harness).Verify();

        Assert.Equal("total", report.Failure?.Name);
        Assert.Equal(Before + harness.Station.Log.Count - 1, report.FailedEntry);
    }

    [Fact]
    public void Steps_are_six_and_in_their_order()
    {
        Assert.Equal(["checkpoint", "inclusion", "consistency", "messages", "total", "privacy"], VerificationSteps.All);
        Assert.Equal(VerificationSteps.All, s_plain.Value.Verify().Steps.Select(s => s.Name));
        Assert.Equal(VerificationSteps.All, s_plain.Value.Verify(s_plain.Value.Bytes[..40]).Steps.Select(s => s.Name));
    }

    [Fact]
    public void Changed_byte_is_laid_to_an_entry_or_a_record_or_the_head()
    {
        var bundle = s_recovered.Value.Bytes;
        Property.Holds(
            Gen.Choose(0, bundle.Length - 1),
            at =>
            {
                var changed = bundle.ToArray();
                changed[at] ^= 0x20;
                var report = s_recovered.Value.Verify(changed);
                return !report.Passed && (report.FailedEntry is not null || report.FailedRecord is not null);
            },
            cases: 300);
    }

    [Fact]
    public void Entry_that_is_left_out_is_missed_at_the_end_of_the_round()
    {
        var report = s_plain.Value.Rewritten(order => order.Where(e => e != 3));

        Assert.Equal("inclusion", report.Failure?.Name);
        Assert.Equal(Before + s_plain.Value.Entries - 1, report.FailedEntry);
        Assert.Contains("some are missing", report.Failure!.Detail, StringComparison.Ordinal);
        Assert.Equal("inclusion", s_plain.Value.Rewritten(order => order.SkipLast(1)).Failure?.Name);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(4)]
    [InlineData(8)]
    [InlineData(17)]
    public void Head_that_was_remembered_is_proven_to_be_of_the_log(int size)
    {
        var bundle = s_plain.Value;
        var report = bundle.Verify(bundle.WithHead(size), remembered: bundle.Head(size));

        Assert.True(report.Passed, Text(report));
        Assert.Contains($"remembered head has {size}", report.Steps[2].Detail, StringComparison.Ordinal);
        Assert.True(bundle.Verify(bundle.WithHead(size)).Passed);
    }

    [Fact]
    public void Head_that_was_remembered_may_be_the_bundle_s_own_or_a_later_one()
    {
        var bundle = s_plain.Value;

        Assert.True(bundle.Verify(remembered: bundle.Head(bundle.Leaves)).Passed);
        Assert.True(bundle.Verify(bundle.WithHead(bundle.Leaves, until: bundle.Leaves - 1), remembered: bundle.Head(bundle.Leaves)).Passed);
        Assert.True(bundle.Verify(bundle.WithHead(bundle.Leaves, until: bundle.Leaves - 1)).Passed);
    }

    [Fact]
    public void Forked_log_is_refused_with_both_values()
    {
        var bundle = s_plain.Value;
        foreach (var size in new[] { 3, 8, bundle.Leaves })
        {
            var fork = bundle.Head(size, other: true);
            var report = bundle.Verify(size == bundle.Leaves ? bundle.Bytes : bundle.WithHead(size), remembered: fork);

            Assert.Equal("consistency", report.Failure?.Name);
            Assert.Contains($"At {size} entries", report.Failure!.Detail, StringComparison.Ordinal);
            Assert.Contains(Convert.ToHexStringLower(fork.Root), report.Failure.Detail, StringComparison.Ordinal);
            Assert.Contains(Convert.ToHexStringLower(bundle.Head(size).Root), report.Failure.Detail, StringComparison.Ordinal);
        }

        // A station that proves consistency from another past than it had.
        Assert.Equal("consistency", bundle.Verify(bundle.WithHead(8, fork: true)).Failure?.Name);
    }

    [Fact]
    public void Bundle_that_does_not_speak_of_the_remembered_head_fails()
    {
        var bundle = s_plain.Value;
        var report = bundle.Verify(bundle.WithHead(4), remembered: bundle.Head(3));

        Assert.Equal("consistency", report.Failure?.Name);
        Assert.Contains("export it again", report.Failure!.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void Shape_that_the_question_does_not_give_fails_the_last_step()
    {
        using var stream = new MemoryStream(s_plain.Value.Bytes);
        var report = TranscriptVerifier.Verify(stream, new VerifyOptions { ShapeOf = (_, _) => new RoundShape(19, 10) });

        Assert.Equal("privacy", report.Failure?.Name);
        Assert.Equal(Before, report.FailedEntry);
        Assert.Null(report.Total);
    }

    [Fact]
    public void Another_roster_than_the_pinned_one_fails()
    {
        var report = s_plain.Value.Verify(s_plain.Value.Bytes, Consortium.Of(6).Roster.Hash);

        Assert.Equal("checkpoint", report.Failure?.Name);
    }

    [Fact]
    public void A_sound_bundle_of_another_question_fails_for_who_knows_what_was_asked()
    {
        var asked = new byte[32];

        Assert.Equal("messages", s_plain.Value.Verify(s_plain.Value.Bytes, questionHash: asked).Steps.Single(s => s.Passed == false).Name);
        Assert.True(s_plain.Value.Verify(s_plain.Value.Bytes, questionHash: s_plain.Value.Harness.Station.Round.Question.Hash).Passed);
    }

    [Fact]
    public void An_abort_that_blames_somebody_the_log_does_not_convict_fails()
    {
        using var harness = new RoundHarness(s_consortium, s_shape, 8).RunThrough(MessageKind.Shared);
        var abort = new Abort { Reason = AbortReason.Cancelled, Blamed = { new Blame { Party = 2, Code = BlameCode.BadShare } } };

        Assert.Throws<TranscriptException>(() => harness.Station.Broadcast(harness.Lie(MessageKind.Abort, abort), harness.Now));
    }

    [Fact]
    public void Survivors_bear_the_signatures_that_the_log_has_and_a_total_lists_them_in_order()
    {
        using var harness = new RoundHarness(s_consortium, s_shape, seed: 12).Run();

        Refused(MessageKind.Survivors, Survivors.Parser, survivors => survivors.Inputs[1].Signature = survivors.Inputs[2].Signature);
        Refused(MessageKind.Total, Total.Parser, total => (total.Survivors[0], total.Survivors[1]) = (total.Survivors[1], total.Survivors[0]));

        void Refused<T>(MessageKind kind, MessageParser<T> parser, Action<T> change)
            where T : IMessage<T>
        {
            var at = harness.Station.Log.FindIndex(e => e.Envelope.Kind == kind);
            var round = new AggregatorRound(s_consortium.Roster, (_, _) => s_shape);
            foreach (var before in harness.Station.Log.Take(at)) round.Apply(before);
            var (entry, body) = (harness.Station.Log[at].Clone(), parser.ParseFrom(harness.Station.Log[at].Envelope.Body));
            change(body);
            entry.Envelope = harness.Lie(kind, body);
            Assert.Throws<TranscriptException>(() => round.Apply(entry));
        }
    }

    [Fact]
    public void Something_after_the_end_fails()
    {
        var report = s_plain.Value.Verify([.. s_plain.Value.Bytes, 0]);

        Assert.False(report.Passed);
    }

    private static string Text(VerificationReport report) => string.Join('\n', report.Steps);

    /// <summary>A finished round in a log with other entries before and after it, exported.</summary>
    private sealed class TestBundle
    {
        private readonly List<byte[]> _leaves;
        private readonly Checkpoint _checkpoint;
        private readonly byte[] _roundId;

        private TestBundle(RoundHarness harness)
        {
            Harness = harness;
            var own = harness.Station.Log.ConvertAll(e => e.ToByteArray());
            _roundId = harness.Station.Log[0].RoundId.ToByteArray();
            _leaves = [.. Enumerable.Range(0, (int)Before).Select(i => new byte[] { (byte)i }), .. own, [0xff]];
            Entries = own.Count;
            _checkpoint = Checkpoint.Create(
                harness.Consortium.Roster.LogOrigin, _leaves.Count, MerkleTree.Root([.. _leaves.Select(l => MerkleTree.LeafHash(l))]), Consortium.Station);
            Bytes = Write(Enumerable.Range(0, Entries));
        }

        public RoundHarness Harness { get; }

        public int Entries { get; }

        public byte[] Bytes { get; }

        /// <summary>For each entry its index in the log, and a place inside its leaf.</summary>
        public IEnumerable<(long Index, int Offset)> LeafOffsets
        {
            get
            {
                for (var i = 0; i < Entries; i++)
                {
                    var leaf = _leaves[(int)Before + i];
                    yield return (Before + i, Bytes.AsSpan().IndexOf(leaf) + (leaf.Length / 2));
                }
            }
        }

        public static TestBundle Of(RoundHarness harness) => new(harness);

        public int Leaves => _leaves.Count;

        public VerificationReport Verify(Checkpoint? remembered = null) => Verify(Bytes, remembered: remembered);

        public VerificationReport Verify(byte[] bytes, byte[]? pinned = null, byte[]? questionHash = null, Checkpoint? remembered = null) => TranscriptVerifier.Verify(
            new MemoryStream(bytes),
            new VerifyOptions
            {
                ShapeOf = (_, _) => Harness.Shape, RosterHash = pinned ?? Harness.Consortium.Roster.Hash, QuestionHash = questionHash, Remembered = remembered,
            });

        /// <summary>The log's head at a size, or that of another history.</summary>
        public Checkpoint Head(int size, bool other = false) =>
            Checkpoint.Create(Harness.Consortium.Roster.LogOrigin, size, MerkleTree.Root(Hashes(other), size), Consortium.Station);

        /// <summary>The bundle as it is exported for who remembers a head of this size, with the log as long as it was then.</summary>
        public byte[] WithHead(int size, int? until = null, bool fork = false)
        {
            var newer = Math.Max(size, until ?? Leaves);
            var older = Math.Min(size, until ?? Leaves);
            return Write(
                Enumerable.Range(0, Entries), Head(until ?? Leaves), new LogPosition(size, MerkleTree.Root(Hashes(fork), size)), MerkleTree.ConsistencyProof(Hashes(fork), older, newer));
        }

        public long IndexOf(uint party, MessageKind kind) => Before + Harness.Station.Log.FindIndex(e => e.Sender == party + 1 && e.Envelope.Kind == kind);

        private List<byte[]> Hashes(bool other) => [.. _leaves.Select((l, i) => MerkleTree.LeafHash(other && i == 1 ? [7, 7] : l))];

        /// <summary>Verifies a bundle with the entries of the round in another order.</summary>
        public VerificationReport Rewritten(Func<IEnumerable<int>, IEnumerable<int>> order) => Verify(Write(order(Enumerable.Range(0, Entries))));

        private byte[] Write(IEnumerable<int> order, Checkpoint? head = null, LogPosition? remembered = null, IEnumerable<byte[]>? proof = null)
        {
            head ??= _checkpoint;
            var hashes = Hashes(other: false);
            var stream = new MemoryStream();
            var writer = new BundleWriter(stream);
            writer.WriteHeader(Harness.Consortium.Roster, head, _roundId, remembered, proof);
            foreach (var i in order.Select(i => i + (int)Before)) writer.WriteEntry(i, _leaves[i], MerkleTree.InclusionProof(hashes, i, head.Size));
            if (Harness.Station.Round.State == RoundState.Done)
            {
                foreach (var party in Harness.Station.Round.Survivors) writer.WriteVector(party, Harness.Station.Open(party));
            }

            return stream.ToArray();
        }
    }
}
