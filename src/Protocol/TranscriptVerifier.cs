using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using Google.Protobuf;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Internal;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol;

/// <summary>
/// Replays a bundle: the same state machine that the station ran takes every entry, and the total is computed anew from the masked vectors. Uses
/// nothing that is not in the file but what the caller pinned (docs/transcript.md).
/// </summary>
public sealed class TranscriptVerifier
{
    // Of a round without a total no vector is read, so any shape does until step "privacy" looks at it.
    private static readonly RoundShape s_noShape = new(8, 1);

    private readonly BundleReader _reader;
    private readonly VerifyOptions _options;
    private readonly List<VerificationStep> _steps = [];
    private readonly List<(long Index, Entry Entry)> _entries = [];
    private readonly Dictionary<uint, (long Index, Input Input)> _inputs = [];
    private readonly WireManifest _manifest = new();
    private Roster? _roster;
    private Checkpoint? _checkpoint;
    private AggregatorRound? _round;
    private RingVector? _total;
    private List<VerificationFact> _facts = [];

    // What a fault would be laid to, while it is looked at.
    private long? _entry;
    private int? _record = 0;

    private TranscriptVerifier(Stream bundle, VerifyOptions options)
    {
        _reader = new BundleReader(bundle);
        _options = options;
    }

    /// <summary>Verifies a bundle. Never throws for what the file says: every fault is in the report.</summary>
    public static VerificationReport Verify(Stream bundle, VerifyOptions options)
    {
        ArgumentNullException.ThrowIfNull(bundle);
        ArgumentNullException.ThrowIfNull(options);
        return new TranscriptVerifier(bundle, options).Run();
    }

    [SuppressMessage("Design", "CA1031", Justification = "A verifier of hostile files reports, whatever the file makes happen.")]
    private VerificationReport Run()
    {
        TranscriptException? fault = null;
        try
        {
            _reader.ReadMagic();
            var header = _reader.Take()?.Header ?? throw new TranscriptException("Record 0 is not a header.");
            CheckHead(header);
            CheckInclusion(header);
            CheckConsistency(header);
            Replay(header);
            Recompute();
            CheckPrivacy();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            if (e is RecordException damage) (_entry, _record) = (null, damage.Record);
            var where = _entry is { } index ? $"Entry {index}: " : "";
            fault = e as TranscriptException;
            _steps.Add(new VerificationStep(VerificationSteps.All[_steps.Count], false, where + e.Message) { Facts = _facts });
        }

        var failed = _steps.Exists(s => s.Passed == false);
        _steps.AddRange(VerificationSteps.All.Skip(_steps.Count).Select(name => new VerificationStep(name, null, "not reached")));
        return new VerificationReport
        {
            Steps = _steps,
            FailedEntry = failed ? _entry : null,
            FailedRecord = failed ? _record : null,
            Expected = fault?.Expected,
            Found = fault?.Found,
            Entries = [.. _entries.Select(e => e.Index)],
            Roster = _roster,
            Checkpoint = _checkpoint,
            Round = _round,
            Manifest = _manifest,
            Total = failed ? null : _total,
        };
    }

    private void Pass(string detail)
    {
        _steps.Add(new VerificationStep(VerificationSteps.All[_steps.Count], true, detail) { Facts = _facts });
        _facts = [];
        (_entry, _record) = (null, null);
    }

    private void Look(string name, string value, long? entry = null) => _facts.Add(new VerificationFact(name, value, entry));

    private void Tell(int done, int? of) => _options.Progress?.Invoke(new VerificationProgress(VerificationSteps.All[_steps.Count], done, of));

    private static TranscriptException Differs(string message, object expected, object found) => new(message)
    {
        Expected = Convert.ToString(expected, CultureInfo.InvariantCulture), Found = Convert.ToString(found, CultureInfo.InvariantCulture),
    };

    private static string Lines(IEnumerable<byte[]> hashes) => string.Join('\n', hashes.Select(h => PublicBytes.Hex(h)));

    private void CheckHead(BundleHeader header)
    {
        Tell(0, null);
        var roster = Roster.Open(header.Roster.Span);
        Look("Roster's hash", PublicBytes.Hex(roster.Hash));
        Look("Pinned hash", _options.RosterHash is null ? "none pinned" : PublicBytes.Hex(_options.RosterHash));
        if (_options.RosterHash is { } pinned && !PublicBytes.Equal(pinned, roster.Hash))
        {
            throw Differs(
                $"The bundle's roster has hash {PublicBytes.Hex(roster.Hash)}; the pinned one is {PublicBytes.Hex(pinned)}.", PublicBytes.Hex(pinned), PublicBytes.Hex(roster.Hash));
        }

        _roster = roster;
        var checkpoint = Checkpoint.Parse(header.Checkpoint);
        Look("Checkpoint", checkpoint.Note);
        Look("Entries in the log", $"{checkpoint.Size}");
        Look("Root", PublicBytes.Hex(checkpoint.Root));
        Look("Station's key", roster.Aggregator.Fingerprint);
        checkpoint.CheckStation(roster);
        var cosigners = checkpoint.Cosigners(roster);
        _checkpoint = checkpoint;
        Look("Witnesses", $"{(cosigners.Count == 0 ? "nobody" : string.Join(", ", cosigners.Select(c => c.Name)))}: {cosigners.Count} of the {roster.Witnesses} that make it witnessed");
        Pass((_options.RosterHash is null
                ? $"roster signed by all founders of {roster.Consortium}, epoch {roster.Epoch}; compare its words yourself: {string.Join(' ', roster.Words)}"
                : $"roster is the pinned one: {roster.Consortium}, epoch {roster.Epoch}")
            + $"; log {checkpoint.Origin}, {checkpoint.Size} entries, root {PublicBytes.Hex(checkpoint.Root)}, signed by the station, cosigned by "
            + (cosigners.Count == 0 ? "nobody" : string.Join(", ", cosigners.Select(c => c.Name)))
            + $" ({roster.Witnesses} make it witnessed)");
    }

    private void CheckInclusion(BundleHeader header)
    {
        var leaves = new List<byte[]>();
        long last = -1;
        byte[][] path = [];
        Look("Entries in the log", $"{_checkpoint!.Size}");
        Look("Root", PublicBytes.Hex(_checkpoint.Root));
        Tell(0, null);
        while (_reader.Peek()?.Entry is { } record)
        {
            _reader.Take();
            var index = (long)Math.Min(record.Index, long.MaxValue);
            (_entry, _record) = (index, _reader.Number);
            var leaf = MerkleTree.LeafHash(record.Leaf.Span);
            if (index <= last) throw Differs("entries are not in ascending order.", $"an index above {last}", index);
            path = [.. record.Path.Select(p => p.ToByteArray())];
            if (!MerkleTree.VerifyInclusion(leaf, index, _checkpoint.Size, path, _checkpoint.Root))
            {
                Look("Leaf hash", PublicBytes.Hex(leaf), index);
                Look("Its path", Lines(path), index);
                throw new TranscriptException("the entry with its path does not lead to the root of the checkpoint: it was altered after it was logged.");
            }

            var entry = Canonical.Decode(Entry.Parser, record.Leaf.Span, record.Leaf.Length);
            if (!PublicBytes.Equal(entry.RoundId.Span, header.RoundId.Span))
                throw Differs("the entry belongs to another round.", PublicBytes.Hex(header.RoundId.Span), PublicBytes.Hex(entry.RoundId.Span));
            _entries.Add((index, entry));
            leaves.Add(leaf);
            last = index;
            Tell(leaves.Count, null);
        }

        if (leaves.Count == 0) throw new TranscriptException("The bundle holds no entry of the round.");
        Look("Entries of the round", $"{leaves.Count}: {_entries[0].Index} to {last}");
        Look("Path of the last", Lines(path), last);
        CheckComplete(leaves);
        Pass($"{leaves.Count} entries are in the tree at their places, and are all of the round");
    }

    /// <summary>The last entry of a round is signed over the ones before it: none can be left out, and none slipped in.</summary>
    private void CheckComplete(List<byte[]> leaves)
    {
        var envelope = _entries[^1].Entry.Envelope;
        var (count, root) = envelope?.Kind switch
        {
            MessageKind.Total when TotalBody.Decode(envelope.Body, envelope.Body.Length) is var total => (total.Entries, total.EntriesRoot),
            MessageKind.Abort when RoundRecord.Decode(Abort.Parser, envelope.Body, envelope.Body.Length) is var abort => (abort.Entries, abort.EntriesRoot),
            _ => throw new TranscriptException("the round has no end: entries are missing after this one."),
        };
        var before = leaves[..^1];
        if (count != before.Count)
            throw Differs($"the end of the round is over {count} entries before it; the bundle has {before.Count}: some are missing, or too many.", count, before.Count);
        var found = MerkleTree.Root(before);
        Look("Root of the round's entries, signed in its last", PublicBytes.Hex(root.Span), _entries[^1].Index);
        Look("Root of those in the bundle", PublicBytes.Hex(found));
        if (!PublicBytes.Equal(found, root.Span))
        {
            throw Differs(
                $"the end of the round is over entries with the root {PublicBytes.Hex(root.Span)}; those of the bundle have {PublicBytes.Hex(found)}.", PublicBytes.Hex(root.Span), PublicBytes.Hex(found));
        }
    }

    private void CheckConsistency(BundleHeader header)
    {
        var head = _checkpoint!;
        Tell(0, null);
        Look("Bundle's head", $"{head.Size} entries");
        Look("Its root", PublicBytes.Hex(head.Root));
        if (_options.Remembered is { } own)
        {
            Look("Remembered head", $"{own.Size} entries");
            Look("Its root", PublicBytes.Hex(own.Root));
        }

        if (header.Consistency.Count > 0) Look("Proof", Lines(header.Consistency.Select(h => h.ToByteArray())));
        var proven = ProvenHead(header);
        if (_options.Remembered is not { } remembered)
        {
            Pass("no head of this log is remembered");
            return;
        }

        if (remembered.Origin != head.Origin) throw Differs($"The remembered head is of the log '{remembered.Origin}'; the bundle's is of '{head.Origin}'.", remembered.Origin, head.Origin);
        if (remembered.Size == head.Size) MustHaveRoot(remembered, head.Root);
        else if (remembered.Size == proven?.Size) MustHaveRoot(remembered, proven.Root);
        else
        {
            throw new TranscriptException(
                $"The bundle's head of {head.Size} entries (root {PublicBytes.Hex(head.Root)}) comes with no proof for the remembered one of {remembered.Size} (root {PublicBytes.Hex(remembered.Root)}); "
                + "export it again with that head. If the station cannot, its log is another one.");
        }

        Pass(remembered.Size == head.Size
            ? $"the head is the remembered one, {head.Size} entries"
            : $"the log of {Math.Max(head.Size, remembered.Size)} entries extends the one of {Math.Min(head.Size, remembered.Size)}: the remembered head has {remembered.Size}, the bundle's {head.Size}");
    }

    /// <summary>The other head that the header speaks of, proven to be of the checkpoint's log; null if it speaks of none.</summary>
    private LogPosition? ProvenHead(BundleHeader header)
    {
        if (header.RememberedSize == 0)
        {
            return header.RememberedRoot.IsEmpty && header.Consistency.Count == 0
                ? null
                : throw new TranscriptException("The header has a proof of consistency, and does not say with what size.");
        }

        var (head, other) = (_checkpoint!, new LogPosition((long)Math.Min(header.RememberedSize, long.MaxValue), header.RememberedRoot.ToByteArray()));
        var (old, @new) = other.Size <= head.Size ? (other, new LogPosition(head.Size, head.Root)) : (new LogPosition(head.Size, head.Root), other);
        return MerkleTree.VerifyConsistency(old.Size, old.Root, @new.Size, @new.Root, [.. header.Consistency.Select(b => b.ToByteArray())])
            ? other
            : throw new TranscriptException(
                $"The log of {@new.Size} entries with root {PublicBytes.Hex(@new.Root)} is not shown to extend the one of {old.Size} entries with root {PublicBytes.Hex(old.Root)}.");
    }

    private static void MustHaveRoot(Checkpoint remembered, byte[] root)
    {
        if (!PublicBytes.Equal(remembered.Root, root))
        {
            throw Differs(
                $"At {remembered.Size} entries the remembered head has root {PublicBytes.Hex(remembered.Root)}, and the bundle's log {PublicBytes.Hex(root)}: the station has shown two histories. Keep both.",
                PublicBytes.Hex(remembered.Root),
                PublicBytes.Hex(root));
        }
    }

    private void Replay(BundleHeader header)
    {
        var shape = ShapeOfTotal(_entries[^1].Entry);
        Tell(0, _entries.Count);
        var round = new AggregatorRound(_roster!, (_, _) => shape, _options.Cores);
        var replayed = 0;
        foreach (var (index, entry) in _entries)
        {
            _entry = index;
            try
            {
                round.Apply(entry);
                _manifest.Add(entry);
            }
            catch (Exception e) when (e is TranscriptException or InvalidOperationException)
            {
                throw new TranscriptException($"{Describe(entry)}: {e.Message}");
            }

            _round = round;
            Tell(++replayed, _entries.Count);
            if (entry is { Sender: > 0, Rejection: RejectionCode.None, Envelope.Kind: MessageKind.Input })
                _inputs.Add(entry.Sender - 1, (index, Input.Parser.ParseFrom(entry.Envelope.Body)));
        }

        // What looks like an end may be a party's message that the log rightly rejects.
        if (round.State == RoundState.Running) throw new TranscriptException("the round has not ended after this entry: entries are missing.");

        _entry = _entries[0].Index;
        LookAtMessages(round);
        if (!PublicBytes.Equal(round.RoundId, header.RoundId.Span))
            throw Differs("the proposal is for another round than the header says.", PublicBytes.Hex(header.RoundId.Span), PublicBytes.Hex(round.RoundId));
        if (_options.RoundId is { } wanted && !PublicBytes.Equal(wanted, round.RoundId))
        {
            throw Differs($"the bundle is of round {PublicBytes.Hex(round.RoundId)}; {PublicBytes.Hex(wanted)} was asked for.", PublicBytes.Hex(wanted), PublicBytes.Hex(round.RoundId));
        }

        if (_options.QuestionHash is { } asked && !PublicBytes.Equal(asked, round.Question.Hash))
        {
            throw new TranscriptException($"the round answers another question, '{round.Question.Query.Title}', than the one that was asked.");
        }

        Pass($"'{round.Question.Query.Title}' by {round.Question.Coordinator.Name}: {_entries.Count} messages of {_manifest.Fields.Count} allowed fields, each signed by a key of the roster and in the order of the phases; "
            + $"{round.Invited.Count} invited, {round.Survivors.Count} survivors");
    }

    private void LookAtMessages(AggregatorRound round)
    {
        Look("Question", $"{round.Question.Query.Title} by {round.Question.Coordinator.Name}", _entries[0].Index);
        Look("Question's hash", PublicBytes.Hex(round.Question.Hash));
        foreach (var kind in _entries.Where(e => e.Entry.Rejection == RejectionCode.None).GroupBy(e => e.Entry.Envelope!.Kind))
            Look($"{kind}", $"{kind.Count()} by {(kind.First().Entry.Sender == 0 ? "the station" : "the outposts")}, entries {kind.First().Index} to {kind.Last().Index}", kind.First().Index);
        foreach (var (index, entry) in _entries.Where(e => e.Entry.Rejection != RejectionCode.None))
            Look("Rejected", $"{Describe(entry)}, {entry.Rejection}: the replay rejects it too", index);
        Look("In the total", round.Survivors.Count == 0 ? "nobody" : $"{string.Join(", ", round.Survivors.Select(NameOf))}: {round.Survivors.Count} of {round.Invited.Count} invited");
    }

    /// <summary>
    /// Replays a round from its proposal to one of its entries: that one is signed by its sender's key in the context of all before it, comes in its phase, and
    /// was taken or rejected rightly. Says nothing of the log that they are in.
    /// </summary>
    /// <param name="roster">Of the round.</param>
    /// <param name="entries">In the order of the log; all are of one round.</param>
    /// <exception cref="TranscriptException">An entry is not allowed at its place.</exception>
    public static void Replay(Roster roster, IReadOnlyList<Entry> entries)
    {
        ArgumentNullException.ThrowIfNull(entries);
        if (entries.Count == 0) throw new TranscriptException("There is nothing to replay.");
        try
        {
            var shape = ShapeOfTotal(entries[^1]);
            var round = new AggregatorRound(roster, (_, _) => shape);
            foreach (var entry in entries) round.Apply(entry);
        }
        catch (Exception e) when (e is InvalidOperationException or WireException)
        {
            throw new TranscriptException(e.Message);
        }
    }

    /// <summary>
    /// The total's own shape, to replay with: each survivor has signed it with its vector, and what the question gives is held against it in step "privacy".
    /// A verifier that knows nothing of statistics comes to the same up to there.
    /// </summary>
    private static RoundShape ShapeOfTotal(Entry last)
    {
        if (last.Envelope is not { Kind: MessageKind.Total } envelope) return s_noShape;
        var total = TotalBody.Decode(envelope.Body, envelope.Body.Length);
        return total is { Bits: >= 8 and <= 64, Length: >= 1 and <= Limits.Elements } ? new RoundShape((int)total.Bits, (int)total.Length) : s_noShape;
    }

    private string Describe(Entry entry) => $"{entry.Envelope?.Kind} by {(entry.Sender == 0 ? "the station" : NameOf(entry.Sender - 1))}";

    private string NameOf(uint party) => _roster!.FindParty(party)?.Name ?? $"party {party}";

    private void Recompute()
    {
        var round = _round!;
        if (round.Total is null)
        {
            Look("Aborted", $"{round.Abort!.Reason}", _entries[^1].Index);
            MustEnd();
            Pass($"none: the round was aborted ({round.Abort!.Reason})");
            return;
        }

        _entry = _entries[^1].Index;
        var taken = 0;
        Tell(0, round.Survivors.Count);
        var vectors = new BundleVectors(_reader, round.IntakeOf, party =>
        {
            Tell(taken++, round.Survivors.Count);
            (_entry, var input) = _inputs[party];
            Look($"Vector that {NameOf(party)} signed", PublicBytes.Hex(input.VectorDigest.Span), _entry);
            return NameOf(party);
        });
        var total = round.Recompute(vectors);
        _entry = null;
        MustEnd();
        _entry = _entries[^1].Index;
        using var published = RingVector.Unpack(round.Shape.Bits, round.Shape.Length, round.Total.Packed.Span);
        var (sum, said) = (PublicBytes.Hex(SHA256.HashData(total.Pack())), PublicBytes.Hex(SHA256.HashData(round.Total.Packed.Span)));
        Look("Sum computed here, SHA-256", sum);
        Look("Published total, SHA-256", said, _entry);
        if (!published.FixedTimeEquals(total)) throw Differs("the published total is not the sum of the masked vectors less the masks.", sum, said);
        Tell(round.Survivors.Count, round.Survivors.Count);
        _manifest.AddVectors(round.Survivors.Count, round.Shape.PackedLength);
        _total = total;
        Pass($"{round.Survivors.Count} masked vectors of {round.Shape.PackedLength} bytes, each the one that its party signed; less the masks of the revealed seeds their sum is the published total, {round.Shape.Length} cells of {round.Shape.Bits} bits");
    }

    private void MustEnd()
    {
        if (_reader.Peek() is not null) throw new RecordException(_reader.Number + 1, $"Record {_reader.Number + 1} has no place in the bundle of this round.");
    }

    private void CheckPrivacy()
    {
        var (round, query) = (_round!, _round!.Question.Query);
        _entry = _entries[0].Index;
        Tell(0, null);
        var shape = _options.ShapeOf(round.Question, round.Invited.Count).Checked();
        Look("Shape that the question gives", $"{shape.Length} cells of {shape.Bits} bits, of {round.Invited.Count} invited", _entry);
        if (round.Total is not null) Look("Shape of the total", $"{round.Shape.Length} cells of {round.Shape.Bits} bits", _entries[^1].Index);
        if (round.Total is not null && shape != round.Shape)
        {
            throw Differs(
                $"the question gives {shape.Length} cells of {shape.Bits} bits; the total has {round.Shape.Length} of {round.Shape.Bits}.",
                $"{shape.Length} cells of {shape.Bits} bits",
                $"{round.Shape.Length} cells of {round.Shape.Bits} bits");
        }

        Look("Noise", query.Noise.ToString().ToLowerInvariant(), _entry);
        Look("ε of the question", $"{query.EpsilonMicro / 1e6}", _entry);

        var charges = round.Survivors.Select(party =>
        {
            (_entry, var input) = _inputs[party];
            var least = round.Question.ChargeMicro;
            Look($"Charged, says {NameOf(party)}", $"ε {input.ChargedMicro / 1e6}, at least {least / 1e6}", _entry);
            return input.ChargedMicro >= least && (least > 0 || input.ChargedMicro == 0)
                ? $"{NameOf(party)} {input.ChargedMicro / 1e6}"
                : throw new TranscriptException($"{NameOf(party)} says that its ledger was charged {input.ChargedMicro / 1e6}; the query costs {least / 1e6}.");
        }).ToList();
        Pass($"{shape.Length} cells of {shape.Bits} bits follow from the query and {round.Invited.Count} invited parties; noise {query.Noise.ToString().ToLowerInvariant()}, ε = {query.EpsilonMicro / 1e6}; charged: "
            + (charges.Count == 0 ? "nobody in a total" : string.Join(", ", charges)));
    }
}
