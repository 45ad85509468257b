using SecureAggregation.Statistics;

namespace SecureAggregation.Client;

/// <summary>One check of a round's evidence.</summary>
/// <param name="Name">What was checked: one of <see cref="Protocol.VerificationSteps"/>.</param>
/// <param name="Passed">Whether it holds; null when an earlier one failed and it was not reached.</param>
/// <param name="Detail">A sentence: what was found, or what was expected and what was found instead.</param>
/// <param name="Entry">Index of the log entry at which it failed, if it failed at one.</param>
public sealed record ReportStep(string Name, bool? Passed, string Detail, ulong? Entry = null)
{
    /// <summary>The values that it looked at, as far as it came.</summary>
    public IReadOnlyList<Protocol.VerificationFact> Facts { get; init; } = [];
}

/// <summary>How evidence is to be checked, beyond what is always looked at.</summary>
public sealed record VerifyWishes
{
    /// <summary>The head of the log that the caller remembers; null for the one of <see cref="ConsortiumOptions.Heads"/>, and with a bundle for none.</summary>
    public Protocol.Checkpoint? Remembered { get; init; }

    /// <summary>Told as it goes on, on another thread and often.</summary>
    public Action<Protocol.VerificationProgress>? Progress { get; init; }
}

/// <summary>The signed totals of a round, noise included, and what they mean.</summary>
/// <param name="Layout">Which cell is what.</param>
/// <param name="Values">The totals.</param>
/// <param name="Contributors">How many outposts are in them.</param>
public sealed record ReleasedTotals(VectorLayout Layout, IReadOnlyList<Int128> Values, int Contributors);

/// <summary>What a round's evidence shows, computed here from its bundle and from nothing else.</summary>
public sealed record RoundReport
{
    /// <summary>16 bytes; empty when the bundle is too damaged to name its round.</summary>
    public required byte[] RoundId { get; init; }

    /// <summary>Hash of the question that the round answers, 32 bytes; empty when the bundle is too damaged to say.</summary>
    public byte[] QuestionHash { get; init; } = [];

    /// <summary>What that question asks (<see cref="Protocol.Question.ContentOf"/>), 32 bytes; empty when the bundle is too damaged to say.</summary>
    public byte[] QuestionContent { get; init; } = [];

    /// <summary>Whether every step passed and the total was computed again bit for bit.</summary>
    public required bool Passed { get; init; }

    /// <summary>The six steps in their order (docs/transcript.md section 3).</summary>
    public required IReadOnlyList<ReportStep> Steps { get; init; }

    /// <summary>What the question calls itself; empty when the bundle is too damaged to say.</summary>
    public string Title { get; init; } = "";

    /// <summary>Why the round opened no total, such as TooFewInputs; null when it did, or the evidence does not hold so far.</summary>
    public string? Aborted { get; init; }

    /// <summary>Indices in the log of the round's entries, as far as they were found in it.</summary>
    public IReadOnlyList<long> Entries { get; init; } = [];

    /// <summary>Number in the bundle of the record at fault; null when it was something else.</summary>
    public int? FailedRecord { get; init; }

    /// <summary>What should have been found at the fault, when two values were compared; else null.</summary>
    public string? Expected { get; init; }

    /// <summary>What was found there instead; else null.</summary>
    public string? Found { get; init; }

    /// <summary>Every field that crossed the wire in the round, as far as it was replayed, in the order of the phases.</summary>
    public IReadOnlyList<Protocol.WireField> Manifest { get; init; } = [];

    /// <summary>The field that crossed and may not; null when there was none.</summary>
    public Protocol.WireField? RefusedField { get; init; }

    /// <summary>The released numbers with their intervals; empty unless <see cref="Passed"/>.</summary>
    public IReadOnlyList<ReleasedStatistic> Statistics { get; init; } = [];

    /// <summary>SHA-256 of the packed total, 32 bytes, which a station says of each finished round too; empty unless <see cref="Passed"/>.</summary>
    public byte[] TotalHash { get; init; } = [];

    /// <summary>What they are computed from; null unless <see cref="Passed"/>.</summary>
    public ReleasedTotals? Totals { get; init; }

    /// <summary>The head of the log that the evidence is held by, for who remembers it; null unless <see cref="Passed"/>.</summary>
    public Protocol.Checkpoint? Head { get; init; }

    /// <summary>The first step that failed, or null.</summary>
    public ReportStep? Failure => Steps.FirstOrDefault(step => step.Passed == false);
}
