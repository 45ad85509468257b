using System.Diagnostics.CodeAnalysis;
using SecureAggregation.Crypto;
using SecureAggregation.Protocol.Internal;
using SecureAggregation.Protocol.Wire;

namespace SecureAggregation.Protocol;

/// <summary>What a verification is held against.</summary>
public sealed record VerifyOptions
{
    /// <summary>Hash of the roster that the verifier pinned; null to accept any roster that its founders signed, and only say which.</summary>
    public byte[]? RosterHash { get; init; }

    /// <summary>The round that the verifier asked for, 16 bytes; null to accept any.</summary>
    public byte[]? RoundId { get; init; }

    /// <summary>Hash of the question that the verifier asked (<see cref="Question.Hash"/>); null to accept any, and only say which.</summary>
    public byte[]? QuestionHash { get; init; }

    /// <summary>Shape of the vectors from the question and the number of invited parties.</summary>
    public required Func<Question, int, RoundShape> ShapeOf { get; init; }

    /// <summary>Threads to recompute with, 1 or more.</summary>
    public int Cores { get; init; } = 1;
}

/// <summary>One step of a verification.</summary>
/// <param name="Name">Short name.</param>
/// <param name="Passed">True, false, or null when an earlier step failed and it was not reached.</param>
/// <param name="Detail">What was compared, with the values; what is wrong and where, when it failed.</param>
public sealed record VerificationStep(string Name, bool? Passed, string Detail);

/// <summary>The outcome of a verification.</summary>
public sealed record VerificationReport
{
    /// <summary>All steps, in order.</summary>
    public required IReadOnlyList<VerificationStep> Steps { get; init; }

    /// <summary>Whether every step passed.</summary>
    public bool Passed => Steps.All(s => s.Passed == true);

    /// <summary>Index in the log of the entry that failed; null when it was something else.</summary>
    public long? FailedEntry { get; init; }

    /// <summary>The roster of the bundle, once it was accepted.</summary>
    public Roster? Roster { get; init; }

    /// <summary>The round as it was replayed, as far as it went.</summary>
    public AggregatorRound? Round { get; init; }

    /// <summary>The total that was recomputed from the masked vectors and the revealed seeds; null if the round has none or a step failed.</summary>
    public RingVector? Total { get; init; }
}

/// <summary>
/// Replays a bundle: the same state machine that the station ran takes every entry, and the total is computed anew from the masked vectors. Uses
/// nothing that is not in the file but the roster hash that the caller pinned.
/// </summary>
public sealed class TranscriptVerifier
{
    private static readonly string[] s_steps = ["roster", "checkpoint", "inclusion", "messages", "vectors", "total"];

    private readonly BundleReader _reader;
    private readonly VerifyOptions _options;
    private readonly List<VerificationStep> _steps = [];
    private Roster? _roster;
    private AggregatorRound? _round;
    private RingVector? _total;
    private long? _entry;

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
        try
        {
            _reader.ReadMagic();
            var header = _reader.Take()?.Header ?? throw new TranscriptException("Record 0 is not a header.");
            CheckRoster(header);
            var checkpoint = CheckCheckpoint(header);
            Replay(header, checkpoint);
            Recompute();
        }
        catch (Exception e) when (e is not OutOfMemoryException)
        {
            var where = _entry is { } index ? $"Entry {index}: " : "";
            _steps.Add(new VerificationStep(s_steps[_steps.Count], false, where + e.Message));
        }

        var failed = _steps.Exists(s => s.Passed == false);
        _steps.AddRange(s_steps.Skip(_steps.Count).Select(name => new VerificationStep(name, null, "not reached")));
        return new VerificationReport { Steps = _steps, FailedEntry = failed ? _entry : null, Roster = _roster, Round = _round, Total = failed ? null : _total };
    }

    private void Pass(string detail) => _steps.Add(new VerificationStep(s_steps[_steps.Count], true, detail));

    private void CheckRoster(BundleHeader header)
    {
        var roster = Roster.Open(header.Roster.Span);
        if (_options.RosterHash is { } pinned && !PublicBytes.Equal(pinned, roster.Hash))
        {
            throw new TranscriptException($"The bundle's roster has hash {PublicBytes.Hex(roster.Hash)}; the pinned one is {PublicBytes.Hex(pinned)}.");
        }

        _roster = roster;
        Pass(_options.RosterHash is null
            ? $"signed by all founders of {roster.Consortium}, epoch {roster.Epoch}; compare its words yourself: {string.Join(' ', roster.Words)}"
            : $"is the pinned one: {roster.Consortium}, epoch {roster.Epoch}");
    }

    private Checkpoint CheckCheckpoint(BundleHeader header)
    {
        var checkpoint = Checkpoint.Parse(header.Checkpoint);
        checkpoint.CheckStation(_roster!);
        var cosigners = checkpoint.Cosigners(_roster!);
        Pass($"log {checkpoint.Origin}, {checkpoint.Size} entries, root {PublicBytes.Hex(checkpoint.Root)}; signed by the station, cosigned by "
            + (cosigners.Count == 0 ? "nobody" : string.Join(", ", cosigners.Select(c => c.Name)))
            + $" ({_roster!.Witnesses} make it witnessed)");
        return checkpoint;
    }

    /// <summary>Steps "inclusion" and "messages" go through the entries together; the one that fails is the one that is reported.</summary>
    private void Replay(BundleHeader header, Checkpoint checkpoint)
    {
        var round = new AggregatorRound(_roster!, _options.ShapeOf, _options.Cores);
        TranscriptException? outOfStep = null;
        long? outOfStepAt = null;
        long last = -1;
        var count = 0;
        while (Peek()?.Entry is { } record)
        {
            _reader.Take();
            _entry = (long)Math.Min(record.Index, long.MaxValue);
            var entry = CheckInclusion(record, checkpoint, last, header.RoundId.Span);
            last = _entry.Value;
            count++;
            try
            {
                if (outOfStep is null) round.Apply(entry);
            }
            catch (Exception e) when (e is TranscriptException or InvalidOperationException)
            {
                (outOfStep, outOfStepAt) = (new TranscriptException($"{Describe(entry)}: {e.Message}"), _entry);
            }
        }

        Pass($"{count} entries are in the tree at their places");
        _round = round;
        if (outOfStep is not null)
        {
            _entry = outOfStepAt;
            throw outOfStep;
        }

        if (count == 0 || round.State is not (RoundState.Done or RoundState.Aborted)) throw new TranscriptException($"The round has no end: entries are missing after entry {last}.");
        if (!PublicBytes.Equal(round.RoundId, header.RoundId.Span)) throw new TranscriptException("The proposal is for another round than the header says.");
        if (_options.RoundId is { } wanted && !PublicBytes.Equal(wanted, round.RoundId))
        {
            throw new TranscriptException($"The bundle is of round {PublicBytes.Hex(round.RoundId)}; {PublicBytes.Hex(wanted)} was asked for.");
        }

        if (_options.QuestionHash is { } asked && !PublicBytes.Equal(asked, round.Question.Hash))
        {
            throw new TranscriptException($"The round answers another question, '{round.Question.Query.Title}', than the one that was asked.");
        }

        Pass($"'{round.Question.Query.Title}' by {round.Question.Coordinator.Name}: {count} messages, each signed by a key of the roster and in the order of the phases; {round.Invited.Count} invited, {round.Survivors.Count} in the total");
    }

    /// <summary>The next record; a fault in reading it is not one of the entry before.</summary>
    private BundleRecord? Peek()
    {
        _entry = null;
        return _reader.Peek();
    }

    private static Entry CheckInclusion(BundleEntry record, Checkpoint checkpoint, long last, ReadOnlySpan<byte> roundId)
    {
        var index = (long)Math.Min(record.Index, long.MaxValue);
        if (index <= last) throw new TranscriptException("entries are not in ascending order.");
        if (!MerkleTree.VerifyInclusion(MerkleTree.LeafHash(record.Leaf.Span), index, checkpoint.Size, [.. record.Path.Select(p => p.ToByteArray())], checkpoint.Root))
        {
            throw new TranscriptException("the entry with its path does not lead to the root of the checkpoint: it was altered after it was logged.");
        }

        var entry = Canonical.Decode(Entry.Parser, record.Leaf.Span, record.Leaf.Length);
        return PublicBytes.Equal(entry.RoundId.Span, roundId) ? entry : throw new TranscriptException("the entry belongs to another round.");
    }

    private string Describe(Entry entry) =>
        $"{entry.Envelope?.Kind} by {(entry.Sender == 0 ? "the station" : _roster!.FindParty(entry.Sender - 1)?.Name ?? $"party {entry.Sender - 1}")}";

    private void Recompute()
    {
        var round = _round!;
        if (round.Total is null)
        {
            Pass("none: the round opened nothing");
            MustEnd();
            Pass($"none: the round was aborted ({round.Abort!.Reason})");
            return;
        }

        var vectors = new BundleVectors(_reader, round.IntakeOf, p => _roster!.FindParty(p)!.Name);
        var total = round.Recompute(vectors);
        MustEnd();
        Pass($"{vectors.Checked} masked vectors of {round.Shape.PackedLength} bytes, each the one that its party signed");
        using var published = RingVector.Unpack(round.Shape.Bits, round.Shape.Length, round.Total.Packed.Span);
        if (!published.FixedTimeEquals(total)) throw new TranscriptException("The published total is not the sum of the masked vectors less the masks.");
        _total = total;
        Pass($"{round.Shape.Length} cells of {round.Shape.Bits} bits recomputed from {round.Survivors.Count} masked vectors and the revealed seeds: equal to the published total");
    }

    private void MustEnd()
    {
        if (_reader.Peek() is not null) throw new TranscriptException($"Record {_reader.Number + 1} has no place in the bundle of this round.");
    }
}
